"""Leaving and entering the picture, projected centres, visible fractions: against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simgen.labels import find_events
from simgen.labels.framing import picture_labels, projected_centres, visible_fraction
from simgen.render.frames import Frames
from simgen.scene.spec import Camera
from tests.labels.traces import GRAVITY, ORTHOGRAPHIC, ball, scene_of, trace_of


def of_kind(events, kind):
    return [(event.time_s, event.value) for event in events if event.kind == kind]


@pytest.mark.parametrize(("direction", "side"), [((1, 0), 1), ((-1, 0), 0), ((0, 1), 2), ((0, -1), 3)])
@pytest.mark.parametrize("speed", [1.7, 3.1])
def test_uniform_motion_leaves_after_half_the_picture(direction, side: int, speed: float) -> None:
    scene = scene_of(ball(), gravity=0.0)
    x, z = direction
    path = lambda t: ([speed * x * t, 0, 2 + speed * z * t], [speed * x, 0, speed * z])
    events = find_events(scene, trace_of(scene, {0: path}))
    assert of_kind(events, "leaves_frame") == [(pytest.approx(2 / speed, abs=1e-9), side)]
    assert of_kind(events, "enters_frame") == []


def test_a_fall_out_of_a_perspective_picture() -> None:
    """The camera stands 5 m away with a 40° field of view: the picture ends 5 tan 20° below its axis."""
    camera = Camera(position_m=(0.0, -5.0, 2.0), target_m=(0.0, 0.0, 2.0), vertical_fov_deg=40.0)
    scene = scene_of(ball(), camera=camera)
    path = lambda t: ([0, 0, 2 - GRAVITY * t**2 / 2], [0, 0, -GRAVITY * t])
    expected = math.sqrt(2 * 5 * math.tan(math.radians(20)) / GRAVITY)
    events = find_events(scene, trace_of(scene, {0: path}))
    assert of_kind(events, "leaves_frame") == [(pytest.approx(expected, abs=1e-9), 3)]


def test_a_throw_leaves_at_the_top_and_comes_back() -> None:
    speed = 7.0
    scene = scene_of(ball())
    path = lambda t: ([0, 0, 2 + speed * t - GRAVITY * t**2 / 2], [0, 0, speed - GRAVITY * t])
    root = math.sqrt(speed**2 - 2 * GRAVITY * 2)
    out, back = (speed - root) / GRAVITY, (speed + root) / GRAVITY
    events = find_events(scene, trace_of(scene, {0: path}))
    fall_out = (speed + math.sqrt(speed**2 + 2 * GRAVITY * 2)) / GRAVITY
    assert of_kind(events, "leaves_frame") == [
        (pytest.approx(out, abs=1e-9), 2),
        (pytest.approx(fall_out, abs=1e-9), 3),
    ]
    assert of_kind(events, "enters_frame") == [(pytest.approx(back, abs=1e-9), 2)]


def test_a_camera_that_follows_never_loses_its_body() -> None:
    camera = Camera(
        position_m=(0, -10, 2),
        target_m=(0, 0, 2),
        projection="orthographic",
        height_m=4.0,
        motion="follow",
        follow="ball",
    )
    scene = scene_of(ball(), ball("other"), gravity=0.0, camera=camera)
    moving = lambda t: ([3 * t, 0, 2], [3, 0, 0])
    standing = lambda t: ([1.0, 0, 2], [0, 0, 0])
    events = find_events(scene, trace_of(scene, {0: moving, 1: standing}))
    # the other one, 1 m to the right of the axis at first, is left behind at 2 m to the left: after 3 m
    assert [(e.kind, e.bodies, e.time_s, e.value) for e in events] == [
        ("leaves_frame", (1,), pytest.approx(1.0, abs=1e-9), 0.0)
    ]


def test_an_orbiting_camera_loses_what_does_not_move() -> None:
    """At 10 degrees a second a point 3 m right of the axis comes to 3 cos φ; the picture reaches to 2 m."""
    camera = Camera(
        position_m=(0, -10, 2),
        target_m=(0, 0, 2),
        projection="orthographic",
        height_m=4.0,
        motion="orbit",
        orbit_deg_s=40.0,
    )
    scene = scene_of(ball(), gravity=0.0, camera=camera)
    events = find_events(scene, trace_of(scene, {0: lambda t: ([3, 0, 2], [0, 0, 0])}))
    assert of_kind(events, "enters_frame") == [
        (pytest.approx(math.degrees(math.acos(2 / 3)) / 40, abs=1e-9), 1)
    ]


def test_projected_centres_by_hand() -> None:
    scene = scene_of(ball(), gravity=0.0, frames=3)
    trace = trace_of(scene, {0: lambda t: ([0.5, 3.0, 2.25], [0, 0, 0])})
    # 64 pixels a metre, y down, the axis in the middle; depth does not matter to an orthographic camera
    assert projected_centres(scene, trace, ORTHOGRAPHIC)[:, 0] == pytest.approx(
        np.tile([160.0, 112.0], (3, 1))
    )


def test_behind_the_camera_there_is_no_pixel() -> None:
    camera = Camera(position_m=(0.0, -5.0, 2.0), target_m=(0.0, 0.0, 2.0))
    scene = scene_of(ball(), gravity=0.0, frames=2, camera=camera)
    trace = trace_of(scene, {0: lambda t: ([0, -9, 2], [0, 0, 0])})
    assert np.isnan(projected_centres(scene, trace, camera)).all()


def frames_of(visible: list[list[int]], alone: list[list[int]]) -> Frames:
    shape = np.array(visible).shape
    return Frames(
        rgb=np.zeros((shape[0], 4, 4, 3), np.uint8),
        visible_pixels=np.array(visible, np.int32),
        alone_pixels=np.array(alone, np.int32),
        boxes=np.zeros((*shape, 4), np.float32),
        centroids=np.zeros((*shape, 2), np.float32),
    )


def test_visible_fraction() -> None:
    seen = visible_fraction(frames_of([[10, 0], [3, 5]], [[10, 0], [12, 5]]))
    assert seen.dtype == np.float32
    assert seen.tolist() == [[1.0, 0.0], [0.25, 1.0]]


def test_picture_labels_hold_every_body() -> None:
    scene = scene_of(ball(), gravity=0.0, frames=2)
    trace = trace_of(scene, {0: lambda t: ([0, 0, 2], [0, 0, 0])})
    labels = picture_labels(scene, trace, ORTHOGRAPHIC, frames_of([[9], [9]], [[9], [9]]))
    assert labels.projected_px.tolist() == [[[128.0, 128.0]], [[128.0, 128.0]]]
    assert labels.visible.tolist() == [[1.0], [1.0]]
    assert labels.world_to_camera.shape == (1, 4, 4)
    assert labels.intrinsics[0].tolist() == [64.0, 0.0, 128.0]
