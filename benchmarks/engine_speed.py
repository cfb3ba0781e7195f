"""What a frame costs with each engine: python benchmarks/engine_speed.py [--clips 4]

Processor milliseconds per 256 px frame (children included) on clips of recipes/incline.yaml, scene and trace
made beforehand, in turns within one run, beside the ray caster. `opengl` on a GPU also waits for it: its wall
time is given. An engine that is not installed here is left out, with the reason."""

from __future__ import annotations

import argparse
import resource
import statistics
import time
import warnings

from simgen.build import generate
from simgen.errors import SimgenError
from simgen.physics import simulate
from simgen.recipe import load_recipe
from simgen.render import ENGINES, RenderSettings, render


def processor_seconds() -> float:
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clips", type=int, default=4)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", RuntimeWarning)
    recipe = load_recipe("incline")
    scenes = [generate(recipe, index).scene for index in range(arguments.clips)]
    clips = [(scene, simulate(scene)) for scene in scenes]
    spent: dict[str, list[float]] = {}
    waited: dict[str, list[float]] = {}
    for engine in ENGINES:
        settings = RenderSettings(engine)  # type: ignore[arg-type]
        try:
            render(*clips[0], settings) if engine != "cycles" else None  # starts it
            for scene, trace in clips[: 1 if engine == "cycles" else None]:
                before, wall = processor_seconds(), time.perf_counter()
                render(scene, trace, settings)
                frames = scene.video.frame_count
                spent.setdefault(engine, []).append((processor_seconds() - before) / frames)
                waited.setdefault(engine, []).append((time.perf_counter() - wall) / frames)
        except SimgenError as error:
            print(f"{engine:8} {error}")
    reference = statistics.median(spent["raycast"])
    print(f"{'engine':8} processor ms/frame   x raycast   wall ms/frame")
    for engine, values in spent.items():
        median = statistics.median(values)
        wall_ms = 1000 * statistics.median(waited[engine])
        print(f"{engine:8} {1000 * median:18.2f} {median / reference:11.1f} {wall_ms:15.2f}")


if __name__ == "__main__":
    main()
