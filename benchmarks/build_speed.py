"""How much processor time a clip costs: simgen, a plain PyBullet loop, and the floor, in one run.

    python benchmarks/build_speed.py [--recipe recipes/incline.yaml] [--rounds 3]

* simgen: `simgen build` of the recipe, 256 px, 48 frames, no dense passes stored, one worker; also with `engine: tiny`.
* plain: `benchmarks/plain_loop.py`, what one would write today (getCameraImage, imageio.mimwrite, JSON).
* floor: PyBullet stepping of the same scenes with the same solver settings, plus the x264 encoding of the same pictures; no
  rendering, no labels, no files.

Each is run as a process of its own with two clip counts, in turns; the figure is the difference of the processor
seconds (user + system, children included) over the difference of the counts, so start-up does not count. Start-up is
printed beside it. Wall time appears only for two workers against one.
"""

from __future__ import annotations

import argparse
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
FEW, MANY = 4, 20


def processor_seconds(command: list[str]) -> tuple[float, float, float]:
    """(user + system seconds, wall seconds, peak memory in MB of the largest process) of a finished command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent, wall, after.ru_maxrss / 1024


def floor(recipe_name: str, clips: int) -> None:
    """Step and encode `clips` clips of the recipe and nothing else (runs in a process of its own)."""
    from simgen.build import generate
    from simgen.dataset.video import encode_video
    from simgen.physics.engine import step_only
    from simgen.recipe import load_recipe

    recipe = load_recipe(recipe_name)
    sample = generate(recipe, 0)
    for _ in range(clips):
        step_only(sample.scene)
        encode_video(sample.rgb, sample.fps)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--recipe", default=str(HERE.parent / "recipes" / "incline.yaml"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--floor", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.floor is not None:
        floor(arguments.recipe, arguments.floor)
        return

    scratch = Path(tempfile.mkdtemp())
    tiny = scratch / "tiny.yaml"
    tiny.write_text(Path(arguments.recipe).read_text() + "\nrender: {engine: tiny}\n")

    def build(recipe: str, clips: int, workers: int = 1) -> list[str]:
        output = scratch / f"dataset-{os.urandom(4).hex()}"
        options = ["-o", str(output), "--clips", str(clips), "--workers", str(workers)]
        return [sys.executable, "-m", "simgen", "build", recipe, *options]

    commands = {
        "floor": lambda clips: [
            sys.executable,
            __file__,
            "--recipe",
            arguments.recipe,
            "--floor",
            str(clips),
        ],
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
    for _ in range(arguments.rounds):
        for name, command in commands.items():
            few, _, _ = processor_seconds(command(FEW))
            many, _, _ = processor_seconds(command(MANY))
            per_clip[name].append((many - few) / (MANY - FEW))
            start_up[name].append(few - FEW * per_clip[name][-1])
    median = {name: statistics.median(values) for name, values in per_clip.items()}
    print(f"{'':12} core s/clip   range              × floor   × plain   start-up core s")
    for name, values in per_clip.items():
        print(
            f"{name:12} {median[name]:11.4f}   {min(values):.4f} .. {max(values):.4f}   "
            f"{median[name] / median['floor']:7.2f}   {median[name] / median['plain']:7.2f}   "
            f"{statistics.median(start_up[name]):.2f}"
        )
    print(f"clips per core-second, simgen over plain: {median['plain'] / median['simgen']:.2f}")

    rates = []
    for _ in range(arguments.rounds):
        _, one, _ = processor_seconds(build(arguments.recipe, 8 * MANY, 1))
        _, two, memory["peak"] = processor_seconds(build(arguments.recipe, 8 * MANY, 2))
        rates.append(one / two)
    print(
        f"two workers against one ({8 * MANY} clips, wall, start-up included): {statistics.median(rates):.2f}"
    )
    print(f"largest process: {memory['peak']:.0f} MB")
    shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
