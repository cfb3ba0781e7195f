"""What the ray caster takes for the part of the picture that a solid can touch, against projected points of its surface.

A rectangle that is too small cuts the solid off, with and without the fast path; one that is too large costs time.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from simgen.render.raycast import layout as at
from simgen.render.raycast import stage as rows
from simgen.render.raycast.placing import cameras_of, placed
from simgen.render.settings import RenderSettings
from simgen.scene.camera import intrinsics, project, world_to_camera
from simgen.scene.rotation import about_axis, matrix
from simgen.scene.spec import Camera
from tests.render.stages import body, stage, still

Array = NDArray[np.float64]
SHAPES = {
    "sphere": (0.4,),
    "box": (0.5, 0.7, 0.4),
    "cylinder": (0.4, 0.6),
    "capsule": (0.2, 0.5),
    "cone": (0.4, 0.7),
    "tube": (0.4, 0.1, 0.05),
}
CIRCLE = np.stack([np.cos(np.linspace(0, 2 * np.pi, 3001)), np.sin(np.linspace(0, 2 * np.pi, 3001))], axis=1)
TURNS = (np.arange(40000) + 0.5) / 40000  # a sphere of points, evenly spread
HEIGHT, ANGLE = 1 - 2 * TURNS, 40000 * TURNS * 2.399963229728653
BALL = np.stack(
    [np.sqrt(1 - HEIGHT**2) * np.cos(ANGLE), np.sqrt(1 - HEIGHT**2) * np.sin(ANGLE), HEIGHT], axis=1
)


def outline(kind: str) -> Array:
    """Points (K, 3) of the surface in the body's frame, among them all that can be outermost in a picture."""
    size = SHAPES[kind]
    if kind == "sphere":
        return BALL * size[0]
    if kind == "box":
        return np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * np.array(size) / 2
    if kind == "capsule":
        return np.concatenate([BALL * size[0] + (0.0, 0.0, z) for z in (-size[1] / 2, size[1] / 2)])

    def ring(z: float) -> Array:
        return np.column_stack([CIRCLE * size[0], np.full(len(CIRCLE), z)])

    if kind == "cone":
        return np.concatenate([ring(-0.25 * size[1]), np.array([[0.0, 0.0, 0.75 * size[1]]])])
    return np.concatenate([ring(-size[1] / 2), ring(size[1] / 2)])


def rectangle_and_points(kind: str, turn: tuple[float, ...], camera: Camera) -> tuple[Array, Array, Array]:
    """The rectangle (4,), and the pixels (K, 2) and depths (K,) of the outline."""
    scene = stage(body("it", kind, SHAPES[kind], (0.1, 0.2, 0.3), orientation_xyzw=turn), camera=camera)
    trace = still(scene)
    set_up = rows.stage(scene, RenderSettings())
    rectangle = placed(scene, trace, set_up, cameras_of(scene, trace, camera))[0, 0, at.RECT : at.SIZE]
    points = outline(kind) @ matrix(np.asarray(turn)).T + (0.1, 0.2, 0.3)
    pixels, depth = project(
        points[None],
        intrinsics(camera, scene.video),
        world_to_camera(camera, scene, trace),
        camera.projection,
    )
    return rectangle, pixels[0], depth[0]


cameras = st.builds(
    Camera,
    position_m=st.tuples(st.floats(-2, 2), st.floats(-6, -0.6), st.floats(-1, 3)),
    target_m=st.tuples(st.floats(-0.5, 0.5), st.floats(0, 0.5), st.floats(0, 1)),
    projection=st.sampled_from(["perspective", "orthographic"]),
    vertical_fov_deg=st.floats(20, 100),
)
turns = st.builds(
    about_axis, st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.floats(0.1, 1)), st.floats(0, 6.3)
)


@pytest.mark.parametrize("kind", SHAPES)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(turn=turns, camera=cameras)
def test_a_rectangle_holds_the_solid_and_no_more(kind: str, turn: tuple[float, ...], camera: Camera) -> None:
    rectangle, pixels, depth = rectangle_and_points(kind, turn, camera)
    ahead = camera.projection == "orthographic" or depth.min() > camera.near_m
    seen = pixels if ahead else pixels[depth > camera.near_m]
    if not len(seen):
        return
    width, height = 96, 80
    low, high = seen.min(axis=0), seen.max(axis=0)
    held_low, held_high = rectangle[:2], rectangle[2:]
    if ahead:
        assert np.all(held_low <= low)
        assert np.all(held_high >= high)
        # closer than a fiftieth of a pixel and a hundredth of the solid, which a thousand points a turn leave
        assert np.all(low - held_low <= 0.02 + 0.01 * (high - low))
        assert np.all(held_high - high <= 0.02 + 0.01 * (high - low))
    else:  # partly behind the camera: whatever can be seen of it
        assert np.all(held_low <= np.clip(low, 0, (width, height)))
        assert np.all(held_high >= np.clip(high, 0, (width, height)))
