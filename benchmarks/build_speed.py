"""How much processor time a clip costs: simgen, a plain PyBullet loop, and the floor, in one run.

    python benchmarks/build_speed.py [--recipe recipes/incline.yaml] [--rounds 3]

* simgen: `simgen build` of the recipe, 256 px, 48 frames, no dense passes stored, one worker; also with `engine: tiny`.
* plain: `benchmarks/plain_loop.py`, what one would write today (getCameraImage, imageio.mimwrite, JSON).
* floor: PyBullet stepping of the same scenes with the same solver settings, plus the x264 encoding of the same pictures; no
  rendering, no labels, no files.

The first two are run as processes of their own with two clip counts, in turns; the figure is the difference of the
processor seconds (user + system, children included) over the difference of the counts, so start-up does not count; it is
printed beside it. The floor is the processor time of the two calls alone. Wall time appears only for two workers against one.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
# Clips that are built and clips whose cost counts: a clip of simgen costs so little that start-up would drown the
# difference of small counts. The floor is that of the very clips that simgen's figure is about.
COUNTS = {"plain": (4, 20), "simgen": (16, 96), "simgen tiny": (4, 20)}
PAIR = 480  # clips of two workers against one


def processor_seconds(command: list[str]) -> tuple[float, float, float]:
    """(user + system seconds, wall seconds, peak memory in MB of the largest process) of a finished command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent, wall, after.ru_maxrss / 1024


def floor(recipe_name: str) -> None:
    """Print the core seconds per clip of stepping and of encoding, nothing else (runs in a process of its own)."""
    from simgen.build import generate
    from simgen.dataset.video import encode_video
    from simgen.physics import engine, placement, profiles
    from simgen.physics.simulation import steps_per_frame
    from simgen.recipe import load_recipe

    recipe = load_recipe(recipe_name)
    stepping = encoding = 0.0
    few, many = COUNTS["simgen"]
    for index in range(few, many):
        sample = generate(recipe, index)
        scene = sample.scene
        bullet, client = engine.empty()
        per_frame = steps_per_frame(scene)
        profiles.apply(bullet, client, scene, 1.0 / (scene.video.fps * per_frame))
        placement.place(bullet, client, scene)
        bullet.setGravity(*scene.gravity_m_s2, physicsClientId=client)
        start = time.process_time()
        for _ in range((scene.video.frame_count - 1) * per_frame):
            bullet.stepSimulation(client)
        middle = time.process_time()
        encode_video(sample.rgb, sample.fps)
        stepping += middle - start
        encoding += time.process_time() - middle
    print(json.dumps({"stepping": stepping / (many - few), "encoding": encoding / (many - few)}))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--recipe", default=str(HERE.parent / "recipes" / "incline.yaml"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clips-only", action="store_true", help="leave out two workers against one")
    parser.add_argument("--floor", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.floor:
        floor(arguments.recipe)
        return

    scratch = Path(tempfile.mkdtemp())
    tiny = scratch / "tiny.yaml"
    tiny.write_text(Path(arguments.recipe).read_text() + "\nrender: {engine: tiny}\n")

    def build(recipe: str, clips: int, workers: int = 1) -> list[str]:
        output = scratch / f"dataset-{os.urandom(4).hex()}"
        options = ["-o", str(output), "--clips", str(clips), "--workers", str(workers)]
        return [sys.executable, "-m", "simgen", "build", recipe, *options]

    commands = {
        "plain": lambda clips: [
            sys.executable,
            str(HERE / "plain_loop.py"),
            str(scratch / f"plain-{clips}"),
            str(clips),
        ],
        "simgen": lambda clips: build(arguments.recipe, clips),
        "simgen tiny": lambda clips: build(str(tiny), clips),
    }
    processor_seconds(commands["simgen"](1))  # compiles the ray caster where it is not yet in the cache
    per_clip: dict[str, list[float]] = {name: [] for name in commands}
    start_up: dict[str, list[float]] = {name: [] for name in commands}
    memory: dict[str, float] = {}
    floors: list[dict[str, float]] = []
    for _ in range(arguments.rounds):
        measure_floor = [sys.executable, __file__, "--recipe", arguments.recipe, "--floor"]
        floors.append(json.loads(subprocess.run(measure_floor, check=True, capture_output=True).stdout))
        for name, command in commands.items():
            few, many = COUNTS[name]
            less, _, _ = processor_seconds(command(few))
            more, _, _ = processor_seconds(command(many))
            per_clip[name].append((more - less) / (many - few))
            start_up[name].append(less - few * per_clip[name][-1])
    median = {name: statistics.median(values) for name, values in per_clip.items()}
    parts = {part: statistics.median(entry[part] for entry in floors) for part in ("stepping", "encoding")}
    totals = [sum(entry.values()) for entry in floors]
    median["floor"] = statistics.median(totals)
    print(f"{'':12} core s/clip   range              × floor   × plain   start-up core s")
    print(
        f"{'floor':12} {median['floor']:11.4f}   {min(totals):.4f} .. {max(totals):.4f}   {1:7.2f}   "
        f"{median['floor'] / median['plain']:7.2f}   (stepping {parts['stepping']:.4f}, encoding {parts['encoding']:.4f})"
    )
    for name, values in per_clip.items():
        print(
            f"{name:12} {median[name]:11.4f}   {min(values):.4f} .. {max(values):.4f}   "
            f"{median[name] / median['floor']:7.2f}   {median[name] / median['plain']:7.2f}   "
            f"{statistics.median(start_up[name]):.2f}"
        )
    print(f"clips per core-second, simgen over plain: {median['plain'] / median['simgen']:.2f}")

    rates = []
    for _ in range(0 if arguments.clips_only else arguments.rounds):
        _, one, _ = processor_seconds(build(arguments.recipe, PAIR, 1))
        _, two, memory["peak"] = processor_seconds(build(arguments.recipe, PAIR, 2))
        rates.append(one / two)
    if rates:
        figure = f"{statistics.median(rates):.2f} ({min(rates):.2f} .. {max(rates):.2f})"
        print(f"two workers against one ({PAIR} clips, wall, start-up included): {figure}")
        print(f"largest process: {memory['peak']:.0f} MB")
    shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
