"""Worlds: a clip as far as physics goes, its pilots, and what would have happened instead.

A pilot is a fresh draw of the very distribution that the clip came from: same recipe, split, scenario and rules
of acceptance, another address for every draw. Nobody films it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simgen.errors import Rejected, SimulationError
from simgen.labels.decision import Decision, decide
from simgen.labels.events import Event
from simgen.recipe.draws import Draws
from simgen.scene.camera import intrinsics, project, world_to_camera

if TYPE_CHECKING:
    from simgen.physics.trace import Trace
    from simgen.recipe import Recipe
    from simgen.recipe.designs import ClipDesign
    from simgen.scenarios.base import Scenario
    from simgen.scene.spec import Body, SceneSpec

__all__ = ["World", "changed", "pilot", "world"]


@dataclass(frozen=True, slots=True)
class World:
    """One course of events. T frames, N bodies."""

    clip: ClipDesign
    scenario: Scenario
    params: Mapping[str, Any]
    draws: Draws  # the address that scene and looks were drawn from
    scene: SceneSpec
    trace: Trace
    events: tuple[Event, ...]
    place: NDArray[
        np.float64
    ]  # (T, N, 2) of the centre in the main camera's picture: 0 … 1 from left, from top
    decision: Decision

    @property
    def subjects(self) -> tuple[int, ...]:
        """The bodies that the clip is about: free to move, drawn, of the role subject."""
        return tuple(
            index
            for index, body in enumerate(self.scene.bodies)
            if body.role == "subject" and not body.fixed and body.visible
        )

    def body(self, index: int) -> Body:
        return self.scene.bodies[index]

    def events_of(self, body: int, *kinds: str) -> tuple[Event, ...]:
        """The events of these kinds in which the body has a part, in order of time."""
        return tuple(event for event in self.events if event.kind in kinds and body in event.bodies)


def world(
    clip: ClipDesign,
    scenario: Scenario,
    params: Mapping[str, Any],
    draws: Draws,
    scene: SceneSpec,
    trace: Trace,
    events: tuple[Event, ...],
) -> World:
    """What is known of a clip, with where its bodies are in the picture."""
    camera = scene.cameras[0]
    pixels, depth = project(
        trace.position_m,
        intrinsics(camera, scene.video),
        world_to_camera(camera, scene, trace),
        camera.projection,
    )
    place = pixels / (scene.video.width, scene.video.height)
    place[depth <= 0] = np.nan  # behind the camera
    last_s = float(trace.time_s[-1])
    decision = decide(scenario.decisive, scenario.revealed_by(params), events, len(trace.time_s), last_s)
    return World(clip, scenario, params, draws, scene, trace, events, place, decision)


def pilot(recipe: Recipe, clip: ClipDesign, number: int) -> World | None:
    """Pilot `number` of a clip: the first of as many attempts as a clip has that is fit to be kept.

    None where all are rejected, in which case the clip would not exist either. Attempts count from 1, since a Sobol
    sequence gives every draw of the first attempt at an index the same point.
    """
    from simgen.build.clip import ATTEMPTS

    for attempt in range(1, ATTEMPTS + 1):
        draws = clip.draws(attempt).under(f"questions.pilot.{number}")
        found = _run(recipe, clip, recipe.draw_params(clip, draws), draws)
        if found is not None:
            return found
    return None


def changed(recipe: Recipe, base: World, name: str, value: Any) -> World | None:
    """The same world with another value of one parameter from the start on, everything else as it is drawn.

    None where that is no world that a clip could show.
    """
    return _run(recipe, base.clip, {**base.params, name: value}, base.draws)


def _run(recipe: Recipe, clip: ClipDesign, params: Mapping[str, Any], draws: Draws) -> World | None:
    """The world of these parameters, None where a clip of them would be rejected."""
    from simgen.build.staging import compose, hold_to_law
    from simgen.labels import find_events
    from simgen.physics import simulate

    scenario = recipe.scenario_object(clip)
    try:
        scene = compose(recipe, clip, params, draws)
        trace = simulate(scene)
        hold_to_law(scenario, scenario.measure(params, scene, trace))
    except (Rejected, SimulationError):
        return None
    return world(clip, scenario, params, draws, scene, trace, find_events(scene, trace))
