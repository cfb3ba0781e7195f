"""One clip from beginning to end: `generate(recipe, index, split)` is what every other part of simgen serves.

Nothing is written here and nothing is remembered: the sample follows from the recipe, the split and the
index alone, so a notebook, a test, a worker process and a cluster task all get the same one.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simgen import GENERATOR_VERSION
from simgen.build.staging import Staged, clock, compose, stage
from simgen.dataset.sample import CameraLabel, Sample
from simgen.dataset.study_columns import StudyPlace
from simgen.errors import BuildError, Problem, RecipeError, Rejected, SimulationError
from simgen.recipe.distributions import Constant
from simgen.recipe.drawing import LOOK
from simgen.scene.camera import intrinsics, project, world_to_camera

if TYPE_CHECKING:
    from simgen.labels.question import Question
    from simgen.physics.trace import Trace
    from simgen.recipe import Recipe
    from simgen.recipe.designs import ClipDesign
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
    if split not in recipe.designs:
        there = " and ".join(recipe.designs)
        raise RecipeError([Problem(recipe.name, 0, "splits", f"there is no split {split!r}, only {there}")])
    if index < 0:
        raise ValueError(f"clips are numbered from 0; there is no clip {index}")
    clip = recipe.clip(split, index)
    seconds = dict.fromkeys(STAGES, 0.0)
    rejected: list[Rejected] = []
    for attempt in range(ATTEMPTS):
        try:
            staged = stage(recipe, clip, attempt, seconds)
            sample = _filmed(recipe, staged, seconds)
        except Rejected as verdict:
            rejected.append(verdict)
        except SimulationError as error:
            rejected.append(Rejected("simulation", str(error)))
        else:
            return replace(sample, rejections=tuple(verdict.reason for verdict in rejected))
    drawn = [recipe.draw_params(clip, clip.draws(attempt)) for attempt in range(ATTEMPTS)]
    raise BuildError(_advice(recipe, clip, rejected, drawn))


def _filmed(recipe: Recipe, staged: Staged, seconds: dict[str, float]) -> Sample:
    from simgen.labels.decision import decide
    from simgen.labels.tiers import complete
    from simgen.study.take import film

    clip, scenario, params, take = staged.clip, staged.scenario, staged.params, staged.take
    scene, trace = take.scene, take.trace
    with clock(seconds, "render"):
        settings = recipe.render_settings()
        frames = {camera.name: film(take, settings, recipe.passes, camera) for camera in scene.cameras}
    with clock(seconds, "label"):
        revealed = scenario.revealed_by(params)
        decision = decide(scenario.decisive, revealed, staged.events, len(trace.time_s), staged.known_s)
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
            key=clip_key(recipe.name, clip.split.name, clip.index),
            index=clip.index,
            split=clip.split.name,
            scenario=scenario.name,
            captions=complete(staged.captions, scenario, params, scene),
            fps=scene.video.fps,
            params=params,
            scene=scene,
            state=trace.state.astype(np.float32),
            contacts=trace.contacts,
            events=staged.events,
            law=staged.law,
            frames=frames,
            cameras=cameras,
            visible=(main.visible_pixels / np.maximum(main.alone_pixels, 1)).astype(np.float32),
            boxes=main.boxes,
            centroids=main.centroids,
            projected_px=pixels.astype(np.float32),
            recipe_hash=recipe.hash,
            generator_version=GENERATOR_VERSION,
            attempt=staged.draws.attempt,
            decision=decision,
            study=_study_place(recipe, staged),
            questions=_questions(recipe, staged),
            seconds=seconds,
        )


def _questions(recipe: Recipe, staged: Staged) -> tuple[Question, ...]:
    """Of clips that stand for themselves: those of a group are fit together, which a pilot cannot be."""
    if not recipe.questions or staged.clip.split.in_groups:
        return ()
    from simgen.study.questions import ask

    return ask(recipe, staged, count=recipe.questions, context_frames=recipe.context_frames)


def _study_place(recipe: Recipe, staged: Staged) -> StudyPlace:
    from simgen.scene.json import scene_to_json

    clip, take = staged.clip, staged.take
    return StudyPlace(
        group=clip.group,
        varied=clip.split.varied,
        level=clip.level,
        intervention=staged.intervention,
        intervention_frame=staged.intervention_frame,
        plausible=not staged.violation,
        violation=staged.violation,
        violation_frame=staged.violation_frame,
        present=take.present().astype(np.int8),
        later_frame=-1 if take.cut is None else take.cut,
        later_scene="" if take.later is None else scene_to_json(take.later),
        ood=_out_of_distribution(recipe, staged) if recipe.compares else (),
    )


def _out_of_distribution(recipe: Recipe, staged: Staged) -> tuple[str, ...]:
    """What of a clip no clip of the training split can have: its scenario, parameters, looks that are not drawn."""
    from simgen.study.ranges import out_of_range

    train = recipe.training_of(staged.clip.split.name)
    if train is None:
        return ()
    if staged.scenario.name not in recipe.scenario_weights(train):
        return ("scenario",)
    look = recipe.look_of(staged.clip, staged.draws)
    boxes = recipe.boxes(train, staged.scenario.name)
    fixed = {
        f"{LOOK}{name}": entry.constant
        for name, entry in look.items()
        if isinstance(entry, Constant) and f"{LOOK}{name}" in boxes[0]
    }
    decided = staged.scenario.of_material(
        staged.params
    )  # the material is in range or not, not what it decides
    drawn = {name: value for name, value in staged.params.items() if decided.get(name) != value}
    return tuple(out_of_range({**drawn, **fixed}, boxes))


def clip_key(name: str, split: str, index: int) -> str:
    """The clip's name, unique in the dataset."""
    return f"{name}-{split}-{index:08d}"


def _camera_label(scene: SceneSpec, trace: Trace, place: int) -> CameraLabel:
    camera = scene.cameras[place]
    return CameraLabel(
        intrinsics(camera, scene.video), world_to_camera(camera, scene, trace), camera.projection
    )


def _advice(
    recipe: Recipe, clip: ClipDesign, rejected: Sequence[Rejected], drawn: Sequence[Mapping[str, Any]]
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
    shows = f", a clip of {recipe.scenario_name(clip)}" if recipe.mixed else ""
    return (
        f"{clip.split.name} clip {clip.index}{shows}: all {len(rejected)} draws were rejected ({reasons}).{detail}"
        f" Change the ranges under `params` of {recipe.name}{where}."
    )
