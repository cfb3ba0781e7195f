"""Where in a clip something impossible would be seen: which bodies, which frames, and from which frame on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simgen.errors import BuildError
from simgen.labels import hiding
from simgen.labels.detection import find_events
from simgen.labels.events import Event
from simgen.physics.trace import Trace
from simgen.recipe.draws import Draws
from simgen.render.raycast import Coverage, coverage
from simgen.scene.camera import intrinsics, project, world_to_camera
from simgen.scene.nets import nets
from simgen.scene.presence import acting, is_drawn
from simgen.scene.spec import SceneSpec
from simgen.study.take import Take, shoot

__all__ = ["Clip", "first_difference", "joined_bodies", "observe"]

FEWEST_BEFORE, FEWEST_AFTER = 2, 4  # frames before the violation, and from it on
BEFORE, AFTER = 1 / 8, 1 / 6  # of the video: the same for long ones
SEEN_PART = 0.5  # of a body, that is not hidden, for it to be in the open
SEEN_PIXELS = 12
DIFFERS_BY = 12  # levels of 255, in any channel: a pixel has changed
DIFFERS_PIXELS = 6


@dataclass(frozen=True, slots=True)
class Clip:
    """An undisturbed clip and what is known about it. T frames, N bodies."""

    scene: SceneSpec
    trace: Trace
    events: tuple[Event, ...]
    seen: Coverage
    centres_px: NDArray[np.float64]  # (T, N, 2)
    subjects: tuple[int, ...]  # bodies that something impossible may happen to, the first one first
    frames: tuple[int, ...]  # in which a violation may begin to show, in the order in which they are tried

    def in_the_open(self, body: int, frame: int) -> bool:
        """Whether at least half of the body is seen in that frame."""
        seen = int(self.seen.visible_pixels[frame, body])
        return seen >= max(SEEN_PIXELS, SEEN_PART * int(self.seen.alone_pixels[frame, body]))

    def reappears(self, body: int) -> list[int]:
        """The frames at which it comes out from behind a screen that has hidden all of it."""
        found = []
        for screen, other in enumerate(self.scene.bodies):
            if other.role == "screen" and is_drawn(other):
                for stretch in hiding.stretches(self.scene, self.trace, body, screen):
                    if stretch.end_s is not None and stretch.side >= 0:
                        found.append(int(np.searchsorted(self.trace.time_s, stretch.end_s - 1e-9)))
        return [frame for frame in self.frames if frame in found]


def observe(scene: SceneSpec, trace: Trace, draws: Draws, subject: str) -> Clip:
    """`subject`: the name of the only body in question, or "" for any. Raises BuildError for one that cannot be."""
    acts = acting(scene)
    movers = [
        index
        for index, body in enumerate(scene.bodies)
        if is_drawn(body) and not body.fixed and index not in nets(acts)
    ]
    if subject:
        named = [index for index in movers if scene.bodies[index].name == subject]
        if not named:
            there = ", ".join(scene.bodies[index].name for index in movers) or "none"
            raise BuildError(f"subject: no body named {subject!r} is free to move; those that are: {there}.")
        movers = named
    count = len(trace.time_s)
    first = max(FEWEST_BEFORE, round(BEFORE * count))
    last = count - max(FEWEST_AFTER, round(AFTER * count))
    camera = scene.cameras[0]
    pixels, _ = project(
        trace.position_m,
        intrinsics(camera, scene.video),
        world_to_camera(camera, scene, trace),
        camera.projection,
    )
    return Clip(
        scene,
        trace,
        find_events(scene, trace),
        coverage(scene, trace),
        pixels,
        tuple(_shuffled(movers, draws, "body")),
        tuple(_shuffled(range(first, last + 1), draws, "frame")),
    )


def _shuffled(items: range | list[int], draws: Draws, name: str) -> list[int]:
    """The items in the order of their own draws."""
    return sorted(items, key=lambda item: draws(f"{name}.{item}"))


def joined_bodies(scene: SceneSpec, body: int) -> tuple[set[int], bool]:
    """The other moving bodies that joints or ropes tie to a body, and whether anything at all is tied to it."""
    name, others, tied = scene.bodies[body].name, set(), False
    groups: list[tuple[str, ...]] = [(joint.parent, joint.child) for joint in scene.joints]
    groups += [(force.a, force.b, force.pulley) for force in scene.forces if force.kind == "rope"]
    for group in groups:
        if name in group:
            tied = True
            others |= {scene.body_index(other) for other in group if other not in ("", name)}
    return {index for index in others if not scene.bodies[index].fixed}, tied


def first_difference(
    undisturbed: Take, disturbed: Take, start: int, last: int, pixels: int = DIFFERS_PIXELS
) -> int | None:
    """The first frame from `start` to `last` that looks different in the main camera; None if none does.

    The two are filmed with the ray caster. A difference of fewer pixels than `pixels`, or of colours by less than can
    be seen, is none.
    """
    camera = undisturbed.scene.cameras[0]
    first, length = start, 1
    while first <= last:
        rows = (0, *range(first, min(first + length, last + 1)))
        one = shoot(undisturbed.scene, undisturbed.trace, rows, None, (), camera).rgb[1:]
        other = shoot(disturbed.later or disturbed.scene, disturbed.trace, rows, None, (), camera).rgb[1:]
        apart = np.abs(one.astype(np.int16) - other).max(axis=-1) > DIFFERS_BY  # (F, H, W)
        shows = np.flatnonzero(apart.sum(axis=(1, 2)) >= pixels)
        if len(shows):
            return first + int(shows[0])
        first, length = first + length, 2 * length
    return None


def replaced_body(scene: SceneSpec, index: int, **changes: object) -> SceneSpec:
    """The scene with one body changed."""
    bodies = list(scene.bodies)
    bodies[index] = replace(bodies[index], **changes)  # type: ignore[arg-type]
    return scene.with_bodies(tuple(bodies))
