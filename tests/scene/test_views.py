"""Further cameras: where they stand, what they keep, what is said of a mistake."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simgen.errors import RecipeError
from simgen.scene.camera import look_at
from simgen.scene.spec import Body, Camera, SceneSpec, Shape, Video
from simgen.scene.views import add_cameras, placement

MAIN = Camera(position_m=(0.0, -3.0, 1.0), target_m=(0.0, 0.0, 1.0), vertical_fov_deg=40.0)
SCENE = SceneSpec((Body("ball", Shape("sphere", (0.1,)), (0.2, 0.1, 1.3)),), Video(), (MAIN,))


def views(**cameras: dict[str, object]) -> dict[str, Camera]:
    return {camera.name: camera for camera in add_cameras(SCENE, cameras).cameras}


def test_names_say_where_an_empty_view_stands() -> None:
    made = views(front={}, side={}, back={}, top={})
    assert list(made) == ["main", "front", "side", "back", "top"]
    assert made["main"] == MAIN
    assert np.allclose(made["side"].position_m, (3.0, 0.0, 1.0), atol=1e-6)
    assert np.allclose(made["back"].position_m, (0.0, 3.0, 1.0), atol=1e-6)
    assert np.allclose(made["top"].position_m, (0.0, 0.0, 4.0), atol=1e-6)
    elevation = math.radians(3)
    expected = (0.0, -3 * math.cos(elevation), 1 + 3 * math.sin(elevation))
    assert np.allclose(made["front"].position_m, expected, atol=1e-6)
    for camera in made.values():
        assert camera.target_m == MAIN.target_m
        assert math.dist(camera.position_m, camera.target_m) == pytest.approx(3.0, abs=1e-5)


def test_from_the_top_the_picture_is_the_way_round_that_one_expects() -> None:
    """What is right in the main picture is right from the top, and what is further away is higher up."""
    top = views(top={})["top"]
    pose = look_at(top.position_m, top.target_m, top.up)
    right, away = pose[:3, :3] @ (1.0, 0.0, 0.0), pose[:3, :3] @ (0.0, 1.0, 0.0)
    assert np.allclose(right, (1.0, 0.0, 0.0), atol=1e-6)
    assert np.allclose(away, (0.0, -1.0, 0.0), atol=1e-6)  # y is down


def test_main_is_changed_in_place_and_others_start_from_the_scenarios_camera() -> None:
    made = views(main={"elevation_deg": 30.0, "distance": 2.0}, side={"azimuth_deg": 45.0})
    assert placement(made["main"]) == pytest.approx((-90.0, 30.0, 6.0), abs=1e-4)
    assert placement(made["side"]) == pytest.approx((-45.0, 0.0, 3.0), abs=1e-4)


def test_another_projection_keeps_the_targets_size() -> None:
    flat = views(flat={"projection": "orthographic"})["flat"]
    assert flat.height_m == pytest.approx(2 * 3.0 * math.tan(math.radians(20)), abs=1e-5)
    near = views(flat={"projection": "orthographic", "distance": 0.5})["flat"]
    assert near.height_m == pytest.approx(flat.height_m / 2, abs=1e-5)


def test_motion() -> None:
    made = views(
        round={"motion": "orbit", "orbit_deg_s": 30.0},
        chase={"motion": "follow", "follow": "ball", "distance": 0.5},
    )
    assert (made["round"].motion, made["round"].orbit_deg_s) == ("orbit", 30.0)
    assert (made["chase"].motion, made["chase"].follow) == ("follow", "ball")
    assert made["main"].motion == "static"
    assert made["chase"].target_m == (
        0.2,
        0.1,
        1.3,
    )  # the ball in the middle, from where the target would be seen
    assert placement(made["chase"]) == pytest.approx((-90.0, 0.0, 1.5), abs=1e-4)


def test_a_speed_or_a_body_says_how_a_camera_moves() -> None:
    made = views(
        round={"orbit_deg_s": 30.0}, chase={"follow": "ball"}, still={"motion": "static", "follow": "ball"}
    )
    assert [made[name].motion for name in ("round", "chase", "still")] == ["orbit", "follow", "static"]


def test_what_is_none_is_as_the_scenario_has_it() -> None:
    nothing = {
        "azimuth_deg": None,
        "vertical_fov_deg": None,
        "projection": None,
        "motion": None,
        "follow": None,
    }
    assert views(main=nothing)["main"] == MAIN


def test_a_body_that_is_not_there_cannot_be_followed() -> None:
    with pytest.raises(RecipeError) as caught:
        views(chase={"motion": "follow", "follow": "bal"}, other={"motion": "follow"})
    assert str(caught.value) == (
        "recipe: cameras.chase.follow: there is no body 'bal'; the scene has ball.\n"
        "recipe: cameras.other.follow: `motion: follow` needs the name of a body; the scene has ball."
    )
