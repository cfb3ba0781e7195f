"""One clip from beginning to end: `generate(recipe, index, split)` is what every other part of simgen serves.

Nothing is written here and nothing is remembered: the sample follows from the recipe, the split and the
index alone, so a notebook, a test, a worker process and a cluster task all get the same one.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simgen import GENERATOR_VERSION
from simgen.dataset.sample import CameraLabel, Sample
from simgen.errors import BuildError, Problem, RecipeError, Rejected, SimulationError
from simgen.recipe.draws import Draws
from simgen.scene.camera import intrinsics, project, world_to_camera

if TYPE_CHECKING:
    from simgen.physics.trace import Trace
    from simgen.recipe import Recipe
    from simgen.scenarios.base import LawCheck, Scenario
    from simgen.scene.spec import SceneSpec

__all__ = ["ATTEMPTS", "STAGES", "clip_key", "compose", "generate"]

ATTEMPTS = 20  # draws of one clip before the recipe is held to be at fault
STAGES = ("scene", "simulate", "render", "label")  # keys of `Sample.seconds`


def generate(recipe: Recipe, index: int, split: str = "train") -> Sample:
    """Clip `index` of `split`: the first of at most 20 addressed draws that is fit to be kept.

    `index` may be beyond the recipe's clip count: the clips of a larger build begin with those of a smaller
    one. Raises RecipeError for a split that the recipe does not have, BuildError when every draw was
    rejected, and MissingDependencyError when the physics engine or the renderer is not installed.
    """
    if split not in recipe.splits:
        there = " and ".join(recipe.splits)
        raise RecipeError([Problem(recipe.name, 0, "splits", f"there is no split {split!r}, only {there}")])
    if index < 0:
        raise ValueError(f"clips are numbered from 0; there is no clip {index}")
    seconds = dict.fromkeys(STAGES, 0.0)
    rejected: list[Rejected] = []
    drawn: list[Mapping[str, Any]] = []
    for attempt in range(ATTEMPTS):
        draws = Draws(recipe.seed, split, index, attempt)
        params = recipe.draw_params(split, draws)
        drawn.append(params)
        try:
            sample = _attempt(recipe, split, index, draws, params, seconds)
        except Rejected as verdict:
            rejected.append(verdict)
        except SimulationError as error:
            rejected.append(Rejected("simulation", str(error)))
        else:
            return replace(sample, rejections=tuple(verdict.reason for verdict in rejected))
    raise BuildError(_advice(recipe, split, index, rejected, drawn))


def _attempt(
    recipe: Recipe, split: str, index: int, draws: Draws, params: Mapping[str, Any], seconds: dict[str, float]
) -> Sample:
    from simgen.labels import find_events
    from simgen.labels.decision import decide
    from simgen.labels.horizon import FINER, horizon_s
    from simgen.labels.tiers import complete
    from simgen.physics import simulate
    from simgen.render import render

    scenario = recipe.scenario_object(split, index)
    with _clock(seconds, "scene"):
        scene = compose(recipe, params, draws)
    with _clock(seconds, "simulate"):
        trace = simulate(scene)
    with _clock(seconds, "label"):
        law = scenario.measure(params, scene, trace)
        _hold_to_law(scenario, law)
        events = find_events(scene, trace)
    with _clock(seconds, "simulate"):
        known_s = float(trace.time_s[-1])
        if scenario.qualitative:
            known_s = 0.0  # nothing is claimed of where exactly anything is
        elif scenario.is_chaotic(params):
            known_s = horizon_s(scene, trace, simulate(scene, FINER))
    with _clock(seconds, "render"):
        settings = recipe.render_settings()
        frames = {
            camera.name: render(scene, trace, settings, recipe.passes, camera) for camera in scene.cameras
        }
    with _clock(seconds, "label"):
        told = scenario.captions(params, scene, trace, events, draws)
        captions = complete(told, scenario, params, scene)
        revealed = scenario.revealed_by(params)
        decision = decide(scenario.decisive, revealed, events, len(trace.time_s), known_s)
        cameras = {
            camera.name: _camera_label(scene, trace, place) for place, camera in enumerate(scene.cameras)
        }
        main, label = frames[scene.cameras[0].name], cameras[scene.cameras[0].name]
        pixels, _ = project(trace.position_m, label.intrinsics, label.world_to_camera, label.projection)
        assert main.visible_pixels is not None
        assert main.alone_pixels is not None
        assert main.boxes is not None
        assert main.centroids is not None
        return Sample(
            key=clip_key(recipe.name, split, index),
            index=index,
            split=split,
            scenario=scenario.name,
            captions=captions,
            fps=scene.video.fps,
            params=params,
            scene=scene,
            state=trace.state.astype(np.float32),
            contacts=trace.contacts,
            events=events,
            law=law,
            frames=frames,
            cameras=cameras,
            visible=(main.visible_pixels / np.maximum(main.alone_pixels, 1)).astype(np.float32),
            boxes=main.boxes,
            centroids=main.centroids,
            projected_px=pixels.astype(np.float32),
            recipe_hash=recipe.hash,
            generator_version=GENERATOR_VERSION,
            attempt=draws.attempt,
            decision=decision,
            seconds=seconds,
        )


def compose(recipe: Recipe, params: Mapping[str, Any], draws: Draws) -> SceneSpec:
    """The scene of one attempt at a clip: laid out by its scenario, dressed, with the recipe's cameras."""
    from simgen.scene.appearance import dress
    from simgen.scene.views import add_cameras

    scenario = recipe.scenario_object(draws.split, draws.index)
    scene = scenario.scene(params, draws, recipe.video_spec())
    return add_cameras(dress(scene, recipe.look, draws), recipe.cameras)


def clip_key(name: str, split: str, index: int) -> str:
    """The clip's name, unique in the dataset."""
    return f"{name}-{split}-{index:08d}"


@contextmanager
def _clock(seconds: dict[str, float], stage: str) -> Iterator[None]:
    """Adds the core seconds (not wall time) of the block; a rejected attempt's count too."""
    start = time.process_time()
    try:
        yield
    finally:
        seconds[stage] += time.process_time() - start


def _hold_to_law(scenario: Scenario, law: Sequence[LawCheck]) -> None:
    """Raises Rejected when a residual is above its law's tolerance, or not a number."""
    tolerance = {entry.name: entry.tolerance for entry in scenario.laws}
    for check in law:
        if not check.residual <= tolerance[check.name]:
            raise Rejected(
                f"law-{check.name}",
                f"measured {check.measured:.6g}, predicted {check.predicted:.6g},"
                f" residual {check.residual:.2%} is above {tolerance[check.name]:.2%}",
            )


def _camera_label(scene: SceneSpec, trace: Trace, place: int) -> CameraLabel:
    camera = scene.cameras[place]
    return CameraLabel(
        intrinsics(camera, scene.video), world_to_camera(camera, scene, trace), camera.projection
    )


def _advice(
    recipe: Recipe, split: str, index: int, rejected: Sequence[Rejected], drawn: Sequence[Mapping[str, Any]]
) -> str:
    """Why no draw was kept, and which ranges the draws came from."""
    reasons = ", ".join(
        f"{reason} {count}" for reason, count in Counter(v.reason for v in rejected).most_common()
    )
    detail = next(
        (f" The last one: {verdict.detail}." for verdict in reversed(rejected) if verdict.detail), ""
    )
    ranges = []
    for name, first in drawn[0].items():
        values = [params[name] for params in drawn]
        if isinstance(first, bool) or any(value != first for value in values):
            if isinstance(first, (int, float)) and not isinstance(first, bool):
                finite = [value for value in values if math.isfinite(value)]
                ranges.append(f"{name} {min(finite):.4g} to {max(finite):.4g}" if finite else name)
            else:
                ranges.append(f"{name} {'/'.join(sorted({str(value) for value in values}))}")
    where = (
        f"; they drew {', '.join(ranges)}" if ranges else "; every parameter has the same value in every draw"
    )
    shows = f", a clip of {recipe.scenario_name(split, index)}" if recipe.mixed else ""
    return (
        f"{split} clip {index}{shows}: all {len(rejected)} draws were rejected ({reasons}).{detail}"
        f" Change the ranges under `params` of {recipe.name}{where}."
    )
