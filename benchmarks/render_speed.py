"""What a frame costs: simgen's ray caster against PyBullet's TinyRenderer, same scene, same poses, one run,
one core.

    python benchmarks/render_speed.py [--rounds 5] [--sizes 256 512] [--recipe incline] [--no-start]

The renderers take turns; figures are processor milliseconds per frame (medians over the rounds), ratios
are medians of the ratios within a round. TinyRenderer is `getCameraImage` with its depth and labels, once
without and once with its shadows (the ray caster's picture has shadows). The ray caster films with all
five passes, or the picture alone: `full` draws every frame anew, as for a moving camera; `still` is what
it does by default when the camera stands still. Above 256 px TinyRenderer and `full` film every fourth
frame, `still` always the whole clip.

Start: a new process that compiles the kernels (cold; with a second process where there are two cores) or
loads them (warm), import of numba included.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace

import pybullet as p

from simgen.physics import simulate
from simgen.physics.trace import Trace
from simgen.recipe import load_recipe
from simgen.render.frames import PASSES
from simgen.render.raycast.clip import film_clip
from simgen.render.settings import RenderSettings
from simgen.scene.spec import SceneSpec

# The targets that the ray caster was built to: (size, renderer) → part of TinyRenderer's time, all five
# passes
TARGETS = {(256, "full"): 0.6, (256, "still"): 0.15, (512, "full"): 0.5, (512, "still"): 0.12}


def clip(recipe_name: str, size: int) -> tuple[SceneSpec, Trace]:
    """The recipe's first clip, filmed in another size."""
    from simgen.build import generate

    scene = generate(load_recipe(recipe_name), 0).scene
    scene = replace(scene, video=replace(scene.video, width=size, height=size))
    return scene, simulate(scene)


class Tiny:
    """The scene as PyBullet's own shapes in a client of its own."""

    def __init__(self, scene: SceneSpec, trace: Trace) -> None:
        self.client = p.connect(p.DIRECT)
        self.trace = trace
        self.bodies = []
        for body in scene.bodies:
            s = body.shape.size_m
            shape = {
                "sphere": {"shapeType": p.GEOM_SPHERE, "radius": s[0]},
                "box": {"shapeType": p.GEOM_BOX, "halfExtents": [edge / 2 for edge in s]},
                "cylinder": {
                    "shapeType": p.GEOM_CYLINDER,
                    "radius": s[0],
                    "length": s[1] if len(s) > 1 else 0,
                },
            }.get(body.shape.kind)
            if shape is None:
                sys.exit(f"TinyRenderer has no {body.shape.kind}; choose another recipe")
            colour = (*(body.look.colour if body.look else (0.7, 0.7, 0.7)), 1.0)
            visual = p.createVisualShape(**shape, rgbaColor=colour, physicsClientId=self.client)
            self.bodies.append(p.createMultiBody(0, -1, visual, physicsClientId=self.client))
        camera, video = scene.cameras[0], scene.video
        self.size = (video.width, video.height)
        self.view = p.computeViewMatrix(camera.position_m, camera.target_m, camera.up)
        self.lens = p.computeProjectionMatrixFOV(
            camera.vertical_fov_deg, video.width / video.height, camera.near_m, camera.far_m
        )
        self.light = [-x for x in scene.lights[0].direction]

    def film(self, frames: range, shadow: int) -> None:
        for f in frames:
            for index, body in enumerate(self.bodies):
                p.resetBasePositionAndOrientation(
                    body, self.trace.position_m[f, index], self.trace.orientation_xyzw[f, index], self.client
                )
            p.getCameraImage(
                *self.size, self.view, self.lens, lightDirection=self.light, shadow=shadow,
                renderer=p.ER_TINY_RENDERER, physicsClientId=self.client,
            )  # fmt: skip


def processor_ms(step: Callable[[], object], frames: int) -> float:
    start = time.process_time()
    step()
    return (time.process_time() - start) / frames * 1e3


def compare(recipe: str, size: int, rounds: int) -> None:
    scene, trace = clip(recipe, size)
    tiny, count = Tiny(scene, trace), len(trace.time_s)
    some = range(0, count, 1 if size <= 256 else 4)
    part = replace(trace, time_s=trace.time_s[:: some.step], state=trace.state[:: some.step])
    how, camera = RenderSettings(), scene.cameras[0]
    steps: dict[str, tuple[Callable[[], object], int]] = {
        "tiny": (lambda: tiny.film(some, 0), len(some)),
        "tiny with shadows": (lambda: tiny.film(some, 1), len(some)),
        "full, five passes": (lambda: film_clip(scene, part, how, PASSES, camera, every=True), len(some)),
        "still, five passes": (lambda: film_clip(scene, trace, how, PASSES, camera), count),
        "full, rgb": (lambda: film_clip(scene, part, how, (), camera, every=True), len(some)),
        "still, rgb": (lambda: film_clip(scene, trace, how, (), camera), count),
    }
    for step, _ in steps.values():
        step()  # once before the clock: memory that the process has never touched is slow
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, (step, frames) in steps.items():
            times[name].append(processor_ms(step, frames))
    print(f"\n{recipe}, {size} × {size}, {count} frames, {len(scene.bodies)} bodies, {rounds} rounds")
    print(f"  {'':22} ms per frame   of tiny   of tiny with shadows   target")
    for name, measured in times.items():
        ratios = [
            statistics.median(a / b for a, b in zip(measured, times[reference], strict=True))
            for reference in ("tiny", "tiny with shadows")
        ]
        target = TARGETS.get((size, name.split(",")[0])) if name.endswith("passes") else None
        print(
            f"  {name:22} {statistics.median(measured):12.2f} {ratios[0]:9.3f} {ratios[1]:22.3f}"
            + (f"   ≤ {target}" if target else "")
        )


def start_up(cache: str) -> tuple[float, float]:
    """Wall and processor seconds of a process that imports the renderer and gets its kernels ready, less
    Python's own.
    """

    def run(code: str) -> tuple[float, float]:
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "NUMBA_CACHE_DIR": cache})
        wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    bare, full = run("import numpy"), run("from simgen.render.raycast import warm_up; warm_up()")
    return full[0] - bare[0], full[1] - bare[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512])
    parser.add_argument("--recipe", default="incline")
    parser.add_argument("--no-start", action="store_true", help="leave out the cold and warm start")
    arguments = parser.parse_args()
    for size in arguments.sizes:
        compare(arguments.recipe, size, arguments.rounds)
    if not arguments.no_start:
        print(f"\nstart, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}: wall (processor) seconds")
        with tempfile.TemporaryDirectory() as cache:
            for name, target in (("cold", 20.0), ("warm", 1.5)):
                wall, processor = start_up(cache)
                print(f"  {name}   {wall:6.2f} ({processor:.2f})   target ≤ {target}")


if __name__ == "__main__":
    main()
