"""The camera that a composed scene gets when it names none: everything that moves is in the picture."""

from __future__ import annotations

import numpy as np
import pytest

from simgen.physics import simulate
from simgen.scene.camera import intrinsics, project, world_to_camera
from simgen.scene.overview import foreseen, overview
from simgen.scene.spec import Body, Camera, Force, Joint, SceneSpec, Shape, Video

pytest.importorskip("pybullet", reason="the true motion is needed to judge the camera")

GROUND = Body("ground", Shape("box", (60, 60, 1)), (0, 0, -0.5), fixed=True, role="ground")
TABLE = Body("table", Shape("box", (1.2, 0.8, 0.1)), (-0.6, 0, 0.75), fixed=True, role="support")


def ball(*place: float, velocity: tuple[float, float, float] = (0, 0, 0), name: str = "ball") -> Body:
    x, y, z = place
    return Body(name, Shape("sphere", (0.1,)), (x, y, z), velocity_m_s=velocity, friction=0.3, elasticity=0.5)


BALL_IN = {"a": "ball", "anchor_m": (0.3, 0.0, 1.5)}
FORCED = {
    "on a spring": ((ball(0, 0, 1),), (Force("spring", **BALL_IN, stiffness_n_m=60.0, length_m=0.2),), -9.81),
    "shot up by a spring": (
        (ball(0, 0, 0.2), GROUND),
        (Force("spring", "ball", anchor_m=(0, 0, 2.5), stiffness_n_m=50.0),),
        -9.81,
    ),
    "blown away": ((ball(0, 0, 1),), (Force("drag", "ball", linear_kg_s=2.0, wind_m_s=(-6.0, 0, 0)),), 0.0),
    "repelled": (
        (ball(0, 0, 1), ball(0.4, 0, 1, name="other")),
        (Force("attraction", "ball", "other", strength_n_m2=-0.5),),
        0.0,
    ),
    "around a point": (
        (ball(0.5, 0, 1, velocity=(0, 0.5, 1.5)),),
        (Force("attraction", "ball", anchor_m=(0, 0, 1), strength_n_m2=1.2),),
        0.0,
    ),
}
SCENES = {
    "rolls off a table": ((TABLE, ball(-0.9, 0, 0.9, velocity=(1.5, 0, 0)), GROUND), ()),
    "thrown": ((ball(0, 0, 0.5, velocity=(3, 1, 4)), GROUND), ()),
    "falls": ((ball(0, 0, 2), GROUND), ()),
    "at rest": ((ball(0, 0, 0.1), GROUND), ()),
    "pendulum": ((ball(0.5, 0, 0.8),), (Joint("j", "hinge", "", "ball", (0, 0, 1.5)),)),
    "two links": (
        (ball(0.5, 0, 1.5), ball(1.0, 0, 1.5, name="end")),
        (Joint("j", "hinge", "", "ball", (0, 0, 1.5)), Joint("k", "hinge", "ball", "end", (0.5, 0, 1.5))),
    ),
    "slides along": (
        (ball(0, 0, 1, velocity=(1, 0, 0)),),
        (Joint("j", "slider", "", "ball", (0, 0, 1), (1, 0, 0)),),
    ),
    "behind a wall": (
        (
            ball(0, 0, 0.1, velocity=(2, 0, 0)),
            Body("wall", Shape("box", (0.2, 2, 1)), (1, 0, 0.5), fixed=True),
            GROUND,
        ),
        (),
    ),
}
VIDEOS = [Video(256, 256, 24, 36), Video(320, 180, 24, 36), Video(180, 320, 24, 36)]


@pytest.mark.parametrize("projection", ["perspective", "orthographic"])
@pytest.mark.parametrize("video", VIDEOS, ids=lambda video: f"{video.width}x{video.height}")
@pytest.mark.parametrize("name", SCENES)
def test_all_that_moves_stays_in_the_picture(name: str, video: Video, projection: str) -> None:
    """Judged by the true simulation, with the whole body and not only its centre."""
    bodies, joints = SCENES[name]
    scene = SceneSpec(bodies, video, (Camera(),), joints, profile="joints" if joints else "universal")
    camera = overview([foreseen(scene)], video, 20.0, 15.0, 35.0, projection)
    trace = simulate(scene)
    matrix, pose = intrinsics(camera, video), world_to_camera(camera, scene, trace)
    extremes = [np.zeros(3), *(0.1 * sign * axis for axis in np.eye(3) for sign in (-1, 1))]
    movers = [index for index, body in enumerate(bodies) if not body.fixed]
    for offset in extremes:
        pixels, depth = project(trace.position_m[:, movers] + offset, matrix, pose, projection)
        assert np.all(depth > camera.near_m)
        assert np.all(pixels >= 0)
        assert np.all(pixels <= [video.width, video.height])


@pytest.mark.parametrize("name", FORCED)
def test_all_that_forces_move_stays_in_the_picture(name: str) -> None:
    bodies, forces, gravity = FORCED[name]
    video = VIDEOS[0]
    scene = SceneSpec(bodies, video, (Camera(),), forces=forces, gravity_m_s2=(0.0, 0.0, gravity))
    camera = overview([foreseen(scene)], video, 20.0, 15.0, 35.0, "perspective")
    trace = simulate(scene)
    movers = [index for index, body in enumerate(bodies) if not body.fixed]
    pixels, depth = project(
        trace.position_m[:, movers],
        intrinsics(camera, video),
        world_to_camera(camera, scene, trace),
        "perspective",
    )
    assert np.all(depth > camera.near_m)
    assert np.all((pixels >= 0) & (pixels <= 256))
    assert np.ptp(pixels, axis=(0, 1)).max() > 60  # and is not lost in it


def test_a_small_scene_fills_the_picture() -> None:
    """It is framed, not just somewhere in the picture: what moves spans most of one direction."""
    bodies, _ = SCENES["thrown"]
    video = VIDEOS[0]
    scene = SceneSpec(bodies, video, (Camera(),))
    camera = overview([foreseen(scene)], video, 0.0, 10.0, 35.0, "perspective")
    trace = simulate(scene)
    pixels, _ = project(
        trace.position_m[:, :1],
        intrinsics(camera, video),
        world_to_camera(camera, scene, trace),
        "perspective",
    )
    assert np.ptp(pixels, axis=0).max() > 0.5 * video.width


def test_nothing_that_moves() -> None:
    video = VIDEOS[0]
    scene = SceneSpec((TABLE, GROUND), video, (Camera(),))
    camera = overview([foreseen(scene)], video, 20.0, 15.0, 35.0, "perspective")
    pixels, _ = project(
        np.array([[TABLE.position_m]]),
        intrinsics(camera, video),
        world_to_camera(camera, scene, simulate(scene))[:1],
        "perspective",
    )
    assert np.all(np.abs(pixels - 128) < 64)
