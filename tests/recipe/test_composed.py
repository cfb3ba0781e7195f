"""A composed scene is what its recipe says: values, draws named after their place, expressions of the
parameters.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import numpy as np
import pytest

from simgen.errors import Rejected
from simgen.recipe import Recipe, load_recipe, recipe_from_data
from simgen.recipe.distributions import normal, uniform
from simgen.recipe.draws import Draws
from simgen.scene.colour import NAMED
from simgen.scene.rotation import matrix
from simgen.scene.spec import Force, Link, SceneSpec, Shape

BALL = {"shape": "sphere", "size": 0.1, "position": [0, 0, 1]}


def recipe(**changes: Any) -> Recipe:
    right = {
        "name": "demo",
        "scenario": "scene",
        "clips": 10,
        "bodies": {"ball": BALL},
        "video": {"seconds": 1},
    }
    return recipe_from_data({**right, **changes})


def scene_of(made: Recipe, index: int = 0) -> SceneSpec:
    split = next(iter(made.splits))
    draws = Draws(made.seed, split, index)
    clip = made.clip(split, index)
    return made.scenario_object(clip).scene(made.draw_params(clip, draws), draws, made.video_spec())


def ball(**changes: Any) -> dict[str, Any]:
    return {"ball": {**BALL, **changes}}


def test_plain_values() -> None:
    made = recipe(
        bodies={
            "drum": {
                "shape": "cylinder",
                "size": [0.2, 0.5],
                "position": [1, 2, 3],
                "velocity": [4, 5, 6],
                "angular_velocity": [7, 8, 9],
                "mass": 2,
                "friction": 0.3,
                "rolling_friction": 0.01,
                "elasticity": 0.9,
                "colour": "teal",
                "texture": "stripes",
            },
            "wall": {"shape": "box", "size": [1, 2, 3], "position": [9, 0, 1.5], "fixed": True},
        },
        gravity=1.62,
    )
    scene = scene_of(made)
    drum, wall, ground = scene.bodies
    assert (drum.name, drum.shape.kind, drum.shape.size_m, drum.position_m) == (
        "drum",
        "cylinder",
        (0.2, 0.5),
        (1, 2, 3),
    )
    assert (drum.velocity_m_s, drum.angular_velocity_rad_s, drum.mass_kg) == ((4, 5, 6), (7, 8, 9), 2)
    assert (drum.friction, drum.rolling_friction_m, drum.elasticity) == (0.3, 0.01, 0.9)
    assert drum.look is not None
    assert (drum.look.colour_name, drum.look.texture) == ("teal", "stripes")
    assert (drum.role, wall.role, ground.role) == ("subject", "support", "ground")
    assert (wall.fixed, wall.friction, wall.elasticity, wall.look) == (True, 1.0, 1.0, None)
    assert scene.gravity_m_s2 == (0, 0, -1.62)
    assert ground.position_m[2] + ground.shape.size_m[2] / 2 == 0, "its top is at z = 0"


def test_what_is_left_out() -> None:
    scene = scene_of(recipe())
    body = scene.body("ball")
    assert (body.mass_kg, body.friction, body.elasticity, body.rolling_friction_m) == (1, 0.5, 0.5, 0)
    assert (body.velocity_m_s, body.orientation_xyzw) == ((0, 0, 0), (0, 0, 0, 1))
    assert scene.gravity_m_s2 == (0, 0, -9.81)
    assert [entry.name for entry in scene_of(recipe(ground=False)).bodies] == ["ball"]
    own = {
        "ground": {
            "shape": "box",
            "size": [5, 5, 1],
            "position": [0, 0, -0.5],
            "fixed": True,
            "friction": 0.2,
        }
    }
    scene = scene_of(recipe(bodies={**ball(), **own}))
    assert [(entry.name, entry.role) for entry in scene.bodies] == [("ball", "subject"), ("ground", "ground")]
    assert scene.body("ground").friction == 0.2


def test_draws_are_named_after_their_place() -> None:
    made = recipe(
        seed=5,
        bodies=ball(
            size={"uniform": [0.1, 0.2]},
            position=[0, {"uniform": [-1, 1]}, 5],
            mass={"normal": [1, 0.1], "min": 0.5, "max": 2},
        ),
        gravity=[0, 0, {"uniform": [-12, -8]}],
    )
    for index in range(5):
        draws, scene = Draws(5, "train", index), scene_of(made, index)
        body = scene.body("ball")
        assert body.shape.size_m[0] == uniform(0.1, 0.2).value(draws("scene.bodies.ball.size.0"))
        assert body.position_m[1] == uniform(-1, 1).value(draws("scene.bodies.ball.position.1"))
        assert body.mass_kg == normal(1, 0.1, 0.5, 2).value(draws("scene.bodies.ball.mass"))
        assert scene.gravity_m_s2[2] == uniform(-12, -8).value(draws("scene.gravity.2"))


def test_fixing_one_number_leaves_all_others() -> None:
    drawn = ball(position=[{"uniform": [0, 1]}, {"uniform": [0, 1]}, 5], mass={"uniform": [1, 2]})
    fixed = ball(position=[0.5, {"uniform": [0, 1]}, 5], mass={"uniform": [1, 2]})
    more = {**drawn, "other": {**BALL, "position": [{"uniform": [3, 4]}, 0, 5]}}
    bodies = [scene_of(recipe(bodies=chosen), 3).body("ball") for chosen in (drawn, fixed, more)]
    assert len({body.position_m[1] for body in bodies}) == 1
    assert len({body.mass_kg for body in bodies}) == 1
    assert bodies[0].position_m[0] == bodies[2].position_m[0] != 0.5


def test_expressions_share_the_parameters() -> None:
    made = recipe(
        params={
            "radius_m": {"uniform": [0.05, 0.1]},
            "n": {"integer": [2, 4]},
            "tint": {"choice": ["red", "blue"]},
        },
        bodies={
            "ball": {
                **BALL,
                "size": "=radius_m",
                "position": ["=-2*radius_m", 0, "=0.5 + n*radius_m"],
                "colour": "=tint",
            },
            "plate": {"shape": "box", "size": ["=n", "=n", 0.5], "position": [0, 0, 0.25], "fixed": True},
        },
    )
    for index in range(5):
        params, scene = (
            made.draw_params(made.clip("train", index), Draws(0, "train", index)),
            scene_of(made, index),
        )
        r, n = params["radius_m"], params["n"]
        assert scene.body("ball").shape.size_m == (r,)
        assert scene.body("ball").position_m == (-2 * r, 0, 0.5 + n * r)
        assert scene.body("plate").shape.size_m == (n, n, 0.5)
        look = scene.body("ball").look
        assert look is not None
        assert look.colour_name == params["tint"]


@pytest.mark.parametrize(
    ("orientation", "axis", "points_to"),
    [
        ([90, 0, 0], (0, 0, 1), (0, -1, 0)),
        ([0, 90, 0], (0, 0, 1), (1, 0, 0)),
        ([0, 0, 90], (1, 0, 0), (0, 1, 0)),
        ([90, 90, 0], (0, 0, 1), (0, -1, 0)),  # about the world's y, which z no longer leaves
        ([0, 90, 90], (0, 0, 1), (0, 1, 0)),
        ([0, 0, 2, 0], (1, 0, 0), (-1, 0, 0)),  # a quaternion of any length
    ],
)
def test_orientations(
    orientation: list[float], axis: tuple[float, ...], points_to: tuple[float, ...]
) -> None:
    turn = scene_of(recipe(bodies=ball(orientation=orientation))).body("ball").orientation_xyzw
    assert math.hypot(*turn) == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(matrix(turn) @ np.array(axis), points_to, atol=1e-12)


def test_joints() -> None:
    scene = scene_of(
        recipe(
            bodies={
                **ball(),
                "post": {"shape": "box", "size": [0.1, 0.1, 0.1], "position": [0, 0, 2], "fixed": True},
            },
            joints={
                "swing": {
                    "kind": "hinge",
                    "parent": "post",
                    "child": "ball",
                    "pivot": [0, 0, 2],
                    "axis": [0, 3, 4],
                }
            },
        )
    )
    (joint,) = scene.joints
    assert (joint.name, joint.kind, joint.parent, joint.child) == ("swing", "hinge", "post", "ball")
    assert (joint.pivot_m, joint.axis) == ((0, 0, 2), (0, 0.6, 0.8))
    assert scene.profile == "joints"
    world = scene_of(recipe(joints=[{"name": "swing", "kind": "point", "child": "ball", "pivot": [0, 0, 2]}]))
    assert world.joints[0].parent == ""


def test_profiles() -> None:
    assert scene_of(recipe()).profile == "universal"
    assert scene_of(recipe(bodies=ball(friction=0))).profile == "restitution"


def test_a_camera_of_one_s_own() -> None:
    made = recipe(
        camera={
            "position": [0, -5, "=h"],
            "target": [0, 0, 1],
            "vertical_fov_deg": {"uniform": [30, 40]},
            "motion": "orbit",
            "orbit_deg_s": 30,
        },
        params={"h": 2},
    )
    (camera,) = scene_of(made).cameras
    assert (camera.position_m, camera.target_m, camera.motion, camera.orbit_deg_s) == (
        (0, -5, 2),
        (0, 0, 1),
        "orbit",
        30,
    )
    assert camera.vertical_fov_deg == uniform(30, 40).value(
        Draws(0, "train", 0)("scene.camera.vertical_fov_deg")
    )
    (camera,) = scene_of(
        recipe(camera={"projection": "orthographic", "height": 3, "target": [1, 2, 3]})
    ).cameras
    assert (camera.projection, camera.height_m, camera.target_m) == ("orthographic", 3, (1, 2, 3))
    (camera,) = scene_of(recipe(camera={"motion": "follow", "follow": "ball"})).cameras
    assert (camera.motion, camera.follow) == ("follow", "ball")


def test_the_default_camera_knows_the_recipe_and_not_the_clip() -> None:
    made = load_recipe("ledge")
    assert len({scene_of(made, index).cameras for index in range(5)}) == 1
    other = made.model_copy(update={"seed": 9})
    assert scene_of(other).cameras == scene_of(made).cameras


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        (
            {"bodies": {**ball(), "other": {**BALL, "position": [0, 0, 1.1]}}},
            "overlap: ball and other are inside each other at the start",
        ),
        ({"bodies": ball(position=[0, 0, 0])}, "overlap: ball and ground are inside each other at the start"),
        (
            {"bodies": ball(orientation=[0, 0, 0, 0])},
            "out-of-range: bodies.ball.orientation: a quaternion of length 0 is no orientation",
        ),
        (
            {"joints": {"j": {"kind": "hinge", "child": "ball", "pivot": [0, 0, 2], "axis": [0, 0, 0]}}},
            "out-of-range: joints.j.axis has no direction",
        ),
        (
            {"bodies": {"pipe": {"shape": "tube", "size": [0.1, 1, 0.2], "position": [0, 0, 3]}}},
            "out-of-range: bodies.pipe.size: the wall is thicker than the outer radius",
        ),
        (
            {"camera": {"position": [0, 0, 1], "target": [0, 0, 1]}},
            "out-of-range: camera.position and camera.target are the same point",
        ),
    ],
)
def test_scenes_that_are_not_fit(changes: dict[str, Any], verdict: str) -> None:
    with pytest.raises(Rejected) as caught:
        scene_of(recipe(**changes))
    assert str(caught.value) == verdict


def test_expressions_that_fail_for_some_draws() -> None:
    """They are no mistake of the recipe as a whole; the draw is rejected, in a sentence with its place."""
    made = recipe(
        params={"x": {"uniform": [-1, 1]}},
        bodies=ball(size="=sqrt(x) / 5 + 0.1", mass="=max(x, 0) * 2"),
        ground=False,
    )
    verdicts = set()
    for index in range(40):
        x = made.draw_params(made.clip("train", index), Draws(0, "train", index))["x"]
        try:
            scene = scene_of(made, index)
            assert x > 0
            assert scene.body("ball").mass_kg == 2 * x
        except Rejected as verdict:
            assert x < 0
            verdicts.add((verdict.reason, re.sub(r"[-\d.]+\)?$", "", verdict.detail)))
    assert verdicts == {("expression", "bodies.ball.size.0: =sqrt(x) / 5 + 0.1 has no value where x = ")}


def test_forces_and_links() -> None:
    made = recipe(
        params={"stiffness_n_m": 40.0},
        bodies={**ball(), "other": {**BALL, "position": [1, 0, 1]}},
        forces={
            "pull": {
                "kind": "spring",
                "a": "ball",
                "b": "other",
                "stiffness": "=stiffness_n_m",
                "damping": 0.1,
            },
            "hang": {"kind": "spring", "a": "ball", "anchor": [0, 0, 2], "stiffness": 5, "length": 0.5},
            "air": {"kind": "drag", "a": "other", "linear": 0.2, "quadratic": 0.01, "wind": [-3, 0, 0]},
            "charge": {"kind": "attraction", "a": "ball", "b": "other", "strength": {"uniform": [-2, -1]}},
        },
        links=[
            {"name": "coil", "kind": "spring", "a": "ball", "b": "other", "colour": "red"},
            {
                "name": "line",
                "kind": "string",
                "at_a": [0, 0, 2],
                "b": "ball",
                "at_b": [0, 0, 0.1],
                "radius": 0.02,
            },
        ],
    )
    scene = scene_of(made, 3)
    strength = uniform(-2, -1).value(Draws(0, "train", 3)("scene.forces.charge.strength"))
    assert scene.forces == (
        Force("spring", "ball", "other", stiffness_n_m=40.0, damping_kg_s=0.1),
        Force("spring", "ball", anchor_m=(0, 0, 2), stiffness_n_m=5, length_m=0.5),
        Force("drag", "other", linear_kg_s=0.2, quadratic_kg_m=0.01, wind_m_s=(-3, 0, 0)),
        Force("attraction", "ball", "other", strength_n_m2=strength),
    )
    coil, line = scene.links
    assert (coil.kind, coil.a, coil.b, coil.at_a_m, coil.at_b_m) == (
        "spring",
        "ball",
        "other",
        (0, 0, 0),
        (0, 0, 0),
    )
    assert coil.radius_m == 0.03
    assert coil.look is not None
    assert coil.look.colour == NAMED["red"]
    assert line == Link("string", "", "ball", (0, 0, 2), (0, 0, 0.1), 0.02)
    assert recipe_from_data(json.loads(made.model_dump_json(exclude_defaults=True))).hash == made.hash


def test_meshes() -> None:
    same = scene_of(recipe(bodies=ball(shape="mesh", mesh="star", size=0.3))).body("ball")
    assert same.shape == Shape("mesh", (0.3, 0.3, 0.3), "star")
    flat = scene_of(recipe(bodies=ball(shape="mesh", mesh="torus", size=[0.3, 0.3, 0.1]))).body("ball")
    assert flat.shape == Shape("mesh", (0.3, 0.3, 0.1), "torus")
    drawn = recipe(bodies=ball(shape="mesh", mesh={"choice": ["star", "bowl"]}, size=0.3))
    assert {scene_of(drawn, index).body("ball").shape.mesh for index in range(12)} == {"star", "bowl"}
