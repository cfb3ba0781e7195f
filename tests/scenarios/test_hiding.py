"""Occlusion and collide_and_hide: when bodies go out of sight and come back, by hand and in rendered pictures."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from simgen.labels.framing import visible_fraction
from simgen.render import render
from simgen.scene.appearance import dress
from simgen.scene.camera import intrinsics, project, world_to_camera
from simgen.scene.spec import Video
from tests.scenarios.clips import Clip, draw, make

VIDEO = Video(128, 128, 24.0, 48)


def moments(made: Clip, kind: str, body: int) -> list[float]:
    return [event.time_s for event in made.events if event.kind == kind and body in event.bodies]


def law(made: Clip) -> dict[str, float]:
    return {check.name: check.predicted for check in made.law}


def test_a_ball_comes_out_where_similar_triangles_say() -> None:
    """Straight past one screen in the middle, seen from straight in front."""
    made = make(
        "occlusion",
        *draw("occlusion", 1, shape="sphere", count=1, screen_place=0.0, heading_deg=0.0, direction="right"),
    )
    p, camera, screen = made.params, made.scene.cameras[0], made.scene.body("screen_1")
    width, thickness, _ = screen.shape.size_m
    distance = -camera.position_m[1]
    # the line of sight past the front edge of the screen, seen from above; a ball touches it before its centre does
    slope = (width / 2) / (distance - thickness / 2)
    edge = slope * (distance + p["behind_m"])
    aside = p["radius_m"] * math.sqrt(1 + slope**2)
    hidden, back = (
        (-edge + aside + p["start_m"]) / p["speed_m_s"],
        (edge - aside + p["start_m"]) / p["speed_m_s"],
    )
    assert moments(made, "hidden", 0) == pytest.approx([hidden], abs=1e-9)
    assert moments(made, "reappears", 0) == pytest.approx([back], abs=1e-9)
    event = next(event for event in made.events if event.kind == "reappears")
    assert event.value == pytest.approx(back - hidden, abs=1e-9)
    assert next(event for event in made.events if event.kind == "hidden").value == 0  # last seen at its left
    assert law(made)["occlusion_emergence_time"] == pytest.approx(back)


@pytest.mark.parametrize(
    ("name", "index", "fixed"),
    [
        ("occlusion", 1, {"shape": "sphere"}),
        ("occlusion", 2, {"shape": "cylinder", "count": 2}),
        ("occlusion", 3, {"shape": "hoop"}),
        ("occlusion", 4, {"shape": "box"}),
        ("collide_and_hide", 1, {"meets": "ball"}),
        ("collide_and_hide", 2, {"meets": "resting_ball"}),
        ("collide_and_hide", 3, {"meets": "wall"}),
    ],
)
def test_the_pictures_agree_with_the_events(name: str, index: int, fixed: dict) -> None:
    """Between the events not a pixel of the body is seen, a little before and after them some are."""
    made = make(name, *draw(name, index, **fixed), VIDEO)
    frames = render(dress(made.scene, {}, made.draws), made.trace)
    visible, camera = visible_fraction(frames), made.scene.cameras[0]
    pixels, _ = project(
        made.trace.position_m,
        intrinsics(camera, VIDEO),
        world_to_camera(camera, made.scene, made.trace),
        camera.projection,
    )
    seen_both = [0, 0]
    for body, spec in enumerate(made.scene.bodies):
        if spec.fixed:
            continue
        changes = sorted(
            (event.time_s, event.kind == "hidden")
            for event in made.events
            if event.kind in ("hidden", "reappears") and body in event.bodies
        )
        for frame, time_s in enumerate(made.trace.time_s):
            if not 0 <= pixels[frame, body, 0] <= VIDEO.width:
                continue
            before = [hides for moment, hides in changes if moment <= time_s]
            hidden = before[-1] if before else spec.role == "prop"  # a prop waits behind the screen
            if hidden:
                assert visible[frame, body] == 0, (spec.name, frame)
            elif all(abs(time_s - moment) > 0.05 for moment, _ in changes):
                assert visible[frame, body] > 0, (spec.name, frame)
            seen_both[hidden] += 1
    assert min(seen_both) >= 3


@pytest.mark.parametrize("count", [1, 2])
def test_what_is_hidden_at_the_end_is_said_to_be(count: int) -> None:
    params, draws = draw("occlusion", 5, count=count, speed_m_s=2.0)
    whole = make("occlusion", params, draws)
    leaves = moments(whole, "hidden", 0)[-1]
    cut = make("occlusion", params, draws, Video(64, 64, 24.0, int(leaves * 24) + 3))
    assert "is still hidden when the video ends" in cut.captions["outcome"]
    assert whole.captions["outcome"].count(" later") == count
    early = make("occlusion", params, draws, Video(64, 64, 24.0, 4))
    assert "is still in sight" in early.captions["outcome"]
    assert [check.name for check in early.law] == ["occlusion_distance"]


def test_what_cannot_be_seen_of_it_does_not_change_its_path() -> None:
    light, heavy = (
        make("occlusion", *draw("occlusion", 6, mass_kg=mass, gravity_m_s2=gravity, shape="hoop"))
        for mass, gravity in ((0.1, 1.62), (50.0, 25.0))
    )
    for kind in ("hidden", "reappears"):
        assert moments(light, kind, 0) == pytest.approx(moments(heavy, kind, 0), abs=1e-4)


def test_equal_elastic_balls_seem_to_pass_through_each_other() -> None:
    """They swap their velocities, so something comes out where and when a ball that met nothing would."""
    same = {"mass_a_kg": 1.0, "mass_b_kg": 1.0, "elasticity": 1.0, "radius_a_m": 0.22, "radius_b_m": 0.22}
    made = make("collide_and_hide", *draw("collide_and_hide", 4, meets="ball", direction="right", **same))
    p = made.params
    assert made.trace.velocity_m_s[-1, 0, 0] == pytest.approx(-p["speed_m_s"] * p["speed_ratio"])
    assert made.trace.velocity_m_s[-1, 1, 0] == pytest.approx(p["speed_m_s"])
    assert "on the left" in made.captions["outcome"]
    assert "on the right" in made.captions["outcome"]


@pytest.mark.parametrize("elasticity", [0.0, 0.5, 1.0])
def test_a_wall_throws_back_as_much_as_its_elasticity(elasticity: float) -> None:
    made = make(
        "collide_and_hide",
        *draw("collide_and_hide", 5, meets="wall", elasticity=elasticity, direction="right", speed_m_s=3.0),
    )
    assert made.trace.velocity_m_s[-1, 0, 0] == pytest.approx(-elasticity * 3.0, abs=1e-6)
    outcome = made.captions["outcome"]
    assert ("bounces once" in outcome) == (elasticity > 0)
    assert ("on the left" in outcome) == (elasticity > 0)
    assert ("until the video ends" in outcome) == (elasticity == 0)
    assert set(law(made)) <= {
        "collide_and_hide_velocity_a_over_closing_speed",
        "collide_and_hide_emergence_time_a",
    }


def test_a_heavy_ball_drives_a_resting_one_out_and_follows_it() -> None:
    made = make(
        "collide_and_hide",
        *draw("collide_and_hide", 6, meets="resting_ball", mass_a_kg=10.0, mass_b_kg=0.5, direction="left"),
    )
    out_a, out_b = (moments(made, "reappears", ball)[0] for ball in (0, 1))
    assert out_b < out_a
    assert len(re.findall("on the left", made.captions["outcome"])) == 2
    assert moments(made, "hidden", 1) == []  # it was never seen going in
    stay = next(event for event in made.events if event.kind == "reappears" and 1 in event.bodies)
    assert stay.value == stay.time_s


def test_the_meeting_is_never_seen() -> None:
    """At the ends of what places it, both bodies are out of sight when they touch."""
    for meets in ("ball", "resting_ball"):
        for ratio, place, width in ((0.7, -0.25, 1.95), (1.4, 0.25, 1.95)):
            fixed = {"speed_ratio": ratio, "place_m": place, "screen_width_m": width, "radius_a_m": 0.25}
            made = make("collide_and_hide", *draw("collide_and_hide", 7, meets=meets, **fixed))
            touch = next(event.time_s for event in made.events if event.kind == "first_contact")
            assert moments(made, "hidden", 0)[0] < touch
            assert all(moment > touch for moment in moments(made, "reappears", 1))
            if meets == "ball":
                assert moments(made, "hidden", 1)[0] < touch


def test_the_screen_hides_the_wall_from_the_first_picture_on() -> None:
    for place in (-0.25, 0.25):
        made = make("collide_and_hide", *draw("collide_and_hide", 8, meets="wall", place_m=place), VIDEO)
        frames = render(dress(made.scene, {}, made.draws), made.trace)
        assert np.all(visible_fraction(frames)[:, 1] == 0)
