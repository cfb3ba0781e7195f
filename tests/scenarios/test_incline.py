"""The incline: nothing but the ramp depends on the angle, and every regime obeys its law."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simgen.scenarios import get_scenario
from simgen.scene.spec import Video
from tests.scenarios.clips import draw, make

ANGLES = (5.0, 12.5, 23.0, 37.0, 60.0)


@pytest.mark.parametrize("shape", ["sphere", "cylinder", "hoop"])
def test_the_angle_changes_the_ramp_with_its_board_and_nothing_else(shape: str) -> None:
    """Place, turn and size of the body, the camera and the ground say nothing about the angle, to the bit."""
    scenes = []
    for angle in ANGLES:
        params, draws = draw("incline", 7, shape=shape, angle_deg=angle)
        scenes.append(get_scenario("incline").scene(params, draws, Video()))
    for scene in scenes[1:]:
        assert scene.cameras == scenes[0].cameras
        changed = {
            body.name for body, before in zip(scene.bodies, scenes[0].bodies, strict=True) if body != before
        }
        # these two act and tell: a control in which the cause cannot be seen hides both
        assert changed == {"ramp", "stop"}


def test_the_place_of_a_box_does_not_tell_the_angle_either() -> None:
    places = set()
    for angle in ANGLES:
        params, draws = draw("incline", 7, shape="box", angle_deg=angle)
        places.add(get_scenario("incline").scene(params, draws, Video()).body("subject").position_m)
    assert len(places) == 1


def test_the_body_starts_at_rest() -> None:
    params, draws = draw("incline", 3)
    subject = get_scenario("incline").scene(params, draws, Video()).body("subject")
    assert subject.velocity_m_s == subject.angular_velocity_rad_s == (0.0, 0.0, 0.0)


# a / g sin θ for a body that rolls, from the textbook's table: ball 5/7, cylinder 2/3; the hoop's wall is
# 0.15 of its radius, so k = (1 + 0.85²)/2 and a / g sin θ = 1/(1 + k)
ROLLING = {"sphere": 5 / 7, "cylinder": 2 / 3, "hoop": 1 / (1 + (1 + 0.85**2) / 2)}


@pytest.mark.parametrize(("shape", "part"), ROLLING.items())
def test_rolling(shape: str, part: float) -> None:
    made = make("incline", *draw("incline", 11, shape=shape, angle_deg=20.0, friction=0.6))
    (check,) = made.law
    assert check.predicted == pytest.approx(part * 9.81 * math.sin(math.radians(20)), rel=1e-12)
    assert check.measured == pytest.approx(check.predicted, rel=1e-3)
    assert "roll" in made.captions["plain"]


@pytest.mark.parametrize("shape", ["sphere", "cylinder", "hoop", "box"])
def test_slipping(shape: str) -> None:
    made = make("incline", *draw("incline", 12, shape=shape, angle_deg=40.0, friction=0.1))
    (check,) = made.law
    angle = math.radians(40)
    assert check.predicted == pytest.approx(9.81 * (math.sin(angle) - 0.1 * math.cos(angle)), rel=1e-12)
    assert check.measured == pytest.approx(check.predicted, rel=1e-3)
    spin = np.abs(made.trace.angular_velocity_rad_s[10, 0]).max()
    assert (spin > 0.1) == (shape != "box")
    assert ("slid" in made.captions["plain"]) == (shape == "box")


def test_a_box_that_friction_holds_stays_and_its_captions_say_so() -> None:
    made = make("incline", *draw("incline", 13, shape="box", angle_deg=20.0, friction=0.5))
    (check,) = made.law
    assert check.name == "incline_acceleration_over_g_sin"
    assert check.predicted == 0.0
    assert check.residual < 1e-5
    assert made.events == ()
    assert "riction" in made.captions["outcome"]
    assert np.abs(made.trace.position_m - made.trace.position_m[0]).max() < 1e-4


def test_a_box_on_the_verge_is_measured_against_g_sin() -> None:
    """μ a thousandth below tan θ: a predicted acceleration near 0 is no scale to judge an error by."""
    friction = math.tan(math.radians(25)) * 0.999
    (check,) = make("incline", *draw("incline", 14, shape="box", angle_deg=25.0, friction=friction)).law
    assert check.name == "incline_acceleration_over_g_sin"
    assert check.predicted > 0
    assert check.residual < 1e-4


@pytest.mark.parametrize("direction", ["left", "right"])
def test_it_descends_to_the_side_that_the_caption_names(direction: str) -> None:
    made = make("incline", *draw("incline", 15, shape="sphere", direction=direction))
    way = made.trace.position_m[-1, 0, 0] - made.trace.position_m[0, 0, 0]
    assert (way > 0) == (direction == "right")
    assert direction in made.captions["qualitative"]


@pytest.mark.parametrize("gravity", [1.62, 3.71, 24.8])
def test_other_gravities(gravity: float) -> None:
    """The Moon, Mars, Jupiter."""
    made = make("incline", *draw("incline", 16, gravity_m_s2=gravity, shape="sphere", friction=0.8))
    (check,) = made.law
    angle = math.radians(made.params["angle_deg"])
    assert check.measured == pytest.approx(5 / 7 * gravity * math.sin(angle), rel=1e-3)
    assert f"gravity is {gravity:.2f} m/s²" in made.captions["numeric"]
