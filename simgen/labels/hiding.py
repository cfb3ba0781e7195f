"""Bodies that go wholly behind a screen and come out again, as the main camera sees it.

This is geometry, not pixels: a body of role `screen` hides a part of space from the camera
(`simgen.scene.sight`), and the moments are those at which a body is just inside it. Hidden by two screens
together, where neither hides it alone, does not count; nor does what begins and ends between two frames.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simgen.labels.events import SIDES
from simgen.labels.framing import between
from simgen.labels.touches import Found
from simgen.physics.trace import Trace
from simgen.scene.camera import world_to_camera
from simgen.scene.presence import is_drawn
from simgen.scene.sight import Region, hidden_region
from simgen.scene.spec import SceneSpec

__all__ = ["Stretch", "events", "stretches"]

BISECTIONS = 40  # halvings of the time between two frames: to 1e-14 s


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time during which all of a body is behind one screen."""

    start_s: float  # 0 if it is hidden from the start
    end_s: float | None  # None if it is still hidden when the video ends
    side: int  # of the screen where the last of it was seen, an index into SIDES; -1 if hidden from the start


def events(scene: SceneSpec, trace: Trace) -> Iterator[Found]:
    """`hidden` and `reappears` of every body that can move, with every screen."""
    screens = [index for index, body in enumerate(scene.bodies) if body.role == "screen" and is_drawn(body)]
    if not screens:
        return
    for index, body in enumerate(scene.bodies):
        if body.fixed or not is_drawn(body):
            continue
        for screen in screens:
            pair = (min(index, screen), max(index, screen))
            for stretch in stretches(scene, trace, index, screen):
                if stretch.side >= 0:
                    yield "hidden", stretch.start_s, pair, float(stretch.side)
                if stretch.end_s is not None:
                    yield "reappears", stretch.end_s, pair, stretch.end_s - stretch.start_s


def stretches(scene: SceneSpec, trace: Trace, body: int, screen: int) -> list[Stretch]:
    """When the body is wholly behind that fixed box, in order of time.

    Between two frames it moves on the cubic through its positions and velocities at both, which is exact
    under a constant force; the crossings are found by halving.
    """
    poses = world_to_camera(scene.cameras[0], scene, trace)
    regions = [hidden_region(scene.bodies[screen], pose, scene.cameras[0].projection) for pose in poses]

    def at(frame: int) -> Region | None:
        return regions[min(frame, len(regions) - 1)]

    shape = scene.bodies[body].shape
    inside = []
    for frame in range(len(trace.time_s)):
        region = at(frame)
        pose = trace.position_m[frame, body], trace.orientation_xyzw[frame, body]
        inside.append(region is not None and float(region.outside_m(shape, *pose).max()) <= 0)
    found: list[Stretch] = []
    start, side = (0.0, -1) if inside[0] else (None, -1)
    for frame in range(len(inside) - 1):
        if inside[frame] == inside[frame + 1]:
            continue
        # A camera that moves is taken to stand where it does at the frame at which the body is inside.
        region = at(frame if inside[frame] else frame + 1)
        assert region is not None
        time_s, plane = _crossing(scene, trace, body, frame, region, entering=not inside[frame])
        if start is None:
            pose = poses[min(frame, len(poses) - 1)]
            start, side = time_s, _side(pose, region.normals[plane])
        else:
            found.append(Stretch(start, time_s, side))
            start = None
    if start is not None:
        found.append(Stretch(start, None, side))
    return found


def _crossing(
    scene: SceneSpec, trace: Trace, body: int, frame: int, region: Region, entering: bool
) -> tuple[float, int]:
    """When between `frame` and the next the body crosses the region's border, and at which plane."""
    shape = scene.bodies[body].shape
    low, high = float(trace.time_s[frame]), float(trace.time_s[frame + 1])
    plane = 0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        place = between(trace, body, frame, middle)
        distance = region.outside_m(shape, place, _turn(trace, body, frame, middle))
        if (float(distance.max()) <= 0) == entering:
            high = middle
        else:
            low = middle
        if distance.max() > 0:
            plane = int(distance.argmax())
    return high, plane


def _turn(trace: Trace, body: int, frame: int, time_s: float) -> NDArray[np.float64]:
    """The orientation on the way from `frame` to the next, as if it turned steadily."""
    part = (time_s - float(trace.time_s[frame])) / float(trace.time_s[frame + 1] - trace.time_s[frame])
    first, second = trace.orientation_xyzw[frame, body], trace.orientation_xyzw[frame + 1, body]
    mixed: NDArray[np.float64] = (1 - part) * first + part * second
    return mixed / np.linalg.norm(mixed)


def _side(pose: NDArray[np.float64], normal: NDArray[np.float64]) -> int:
    """The side of the picture to which a plane's outward normal points."""
    right, down = float(pose[0, :3] @ normal), float(pose[1, :3] @ normal)
    sides = {"left": -right, "right": right, "top": -down, "bottom": down}
    return SIDES.index(max(sides, key=lambda name: sides[name]))
