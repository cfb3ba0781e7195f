"""Drop, projectile and collision: their laws by hand, and the cases that the formulas make special."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simgen.errors import Rejected
from simgen.labels import find_events
from simgen.physics import simulate
from simgen.scenarios import get_scenario
from simgen.scene.spec import Video
from tests.scenarios.clips import draw, make


def law(made):
    return {check.name: check for check in made.law}


def test_a_drop_by_hand() -> None:
    made = make("drop", *draw("drop", 1, height_m=1.0, elasticity=0.6, shape="sphere"))
    checks = law(made)
    assert checks["drop_fall_time"].predicted == pytest.approx(math.sqrt(2 / 9.81))
    assert checks["drop_restitution"].predicted == 0.6
    assert checks["drop_apex_height"].predicted == pytest.approx(0.36)
    assert all(check.residual < 1e-4 for check in made.law)


@pytest.mark.parametrize("elasticity", [0.0, 0.02])
def test_a_drop_without_a_bounce_to_measure(elasticity: float) -> None:
    made = make("drop", *draw("drop", 2, elasticity=elasticity, shape="box"))
    assert set(law(made)) == {"drop_fall_time"}
    assert "bounces" not in made.captions["outcome"]
    assert [event.kind for event in made.events] == ["comes_to_rest", "first_contact"]


@pytest.mark.parametrize("index", range(4))
def test_a_box_that_lands_flat_bounces_flat(index: int) -> None:
    made = make("drop", *draw("drop", index, shape="box", elasticity=0.8, height_m=0.7))
    assert np.abs(made.trace.angular_velocity_rad_s).max() < 1e-6
    assert sum(event.kind == "bounce" for event in made.events) >= 3


def test_a_video_that_ends_before_the_landing_is_refused_with_the_remedy() -> None:
    params, draws = draw("drop", 3, height_m=1.7)
    scenario = get_scenario("drop")
    scene = scenario.scene(params, draws, Video(frame_count=6))
    with pytest.raises(Rejected, match="lengthen the video") as refusal:
        scenario.measure(params, scene, simulate(scene))
    assert refusal.value.reason == "law-not-in-video"


def test_a_throw_by_hand() -> None:
    """45° and 5 m/s from 1 m: √2·2.5 m/s up and across."""
    made = make("projectile", *draw("projectile", 1, speed_m_s=5.0, angle_deg=45.0, height_m=1.0))
    part = 5 / math.sqrt(2)
    time = (part + math.sqrt(part**2 + 2 * 9.81 * 1.0)) / 9.81
    checks = law(made)
    assert checks["projectile_flight_time"].predicted == pytest.approx(time)
    assert checks["projectile_range"].predicted == pytest.approx(part * time)
    assert checks["projectile_apex"].predicted == pytest.approx(25 / 4 / 9.81)
    assert all(check.residual < 1e-4 for check in made.law)
    apex = next(event for event in made.events if event.kind == "apex")
    assert apex.time_s == pytest.approx(part / 9.81, abs=1e-9)
    assert apex.value == pytest.approx(made.params["height_m"] + made.params["radius_m"] + 25 / 4 / 9.81)


def test_a_horizontal_throw_has_no_apex() -> None:
    made = make("projectile", *draw("projectile", 2, angle_deg=0.0))
    assert set(law(made)) == {"projectile_flight_time", "projectile_range"}
    landing = next(event for event in made.events if event.kind == "first_contact")
    assert not [event for event in made.events if event.kind == "apex" and event.time_s < landing.time_s]


def test_the_path_is_the_parabola_at_every_frame() -> None:
    made = make("projectile", *draw("projectile", 3))
    landing = next(event.time_s for event in made.events if event.kind == "first_contact")
    body = made.scene.body("subject")
    time = made.trace.time_s[made.trace.time_s < landing][:, None]
    gravity = np.array([0.0, 0.0, -made.params["gravity_m_s2"]])
    expected = np.array(body.position_m) + np.array(body.velocity_m_s) * time + gravity * time**2 / 2
    assert np.abs(made.trace.position_m[: len(time), 0] - expected).max() < 1e-9


def test_equal_balls_head_on_swap_their_velocities() -> None:
    same = {"mass_a_kg": 1.0, "mass_b_kg": 1.0, "elasticity": 1.0, "offset": 0.0}
    made = make("collision", *draw("collision", 1, **same, speed_b_m_s=0.0, heading_deg=30.0))
    before = np.array(made.scene.body("ball_a").velocity_m_s)
    assert np.abs(made.trace.velocity_m_s[-1, 0]).max() < 1e-6
    assert made.trace.velocity_m_s[-1, 1] == pytest.approx(before, abs=1e-6)
    kinds = {(event.kind, event.bodies) for event in made.events}
    assert {("collision", (0, 1)), ("comes_to_rest", (0,)), ("starts_moving", (1,))} <= kinds
    assert "stops" in made.captions["outcome"]
    assert "at rest" in made.captions["plain"] + made.captions["qualitative"]


def test_equal_elastic_balls_part_at_a_right_angle() -> None:
    same = {"mass_a_kg": 1.0, "mass_b_kg": 1.0, "elasticity": 1.0}
    for offset in (-0.6, 0.2, 0.7):
        made = make("collision", *draw("collision", 2, **same, offset=offset, speed_b_m_s=0.0))
        a, b = made.trace.velocity_m_s[-1, 0], made.trace.velocity_m_s[-1, 1]
        assert abs(float(a @ b)) / np.linalg.norm(a) / np.linalg.norm(b) < 1e-5
        assert float(a @ a + b @ b) == pytest.approx(made.params["speed_a_m_s"] ** 2, rel=1e-6)


def test_inelastic_balls_keep_their_momentum_and_lose_the_most_energy() -> None:
    """e = 0 head-on: both go on at (m₁v₁ + m₂v₂)/(m₁ + m₂)."""
    made = make("collision", *draw("collision", 3, elasticity=0.0, offset=0.0))
    a, b = made.scene.body("ball_a"), made.scene.body("ball_b")
    common = a.mass_kg * np.array(a.velocity_m_s) + b.mass_kg * np.array(b.velocity_m_s)
    common /= a.mass_kg + b.mass_kg
    assert made.trace.velocity_m_s[-1, 0] == pytest.approx(common, abs=1e-6)
    assert made.trace.velocity_m_s[-1, 1] == pytest.approx(common, abs=1e-6)


def test_nothing_but_the_other_ball_touches_a_ball() -> None:
    made = make("collision", *draw("collision", 4))
    assert set(zip(made.trace.contacts.a.tolist(), made.trace.contacts.b.tolist(), strict=True)) == {(0, 1)}
    assert np.ptp(made.trace.position_m[:, :2, 2], axis=0).max() < 1e-9


def test_a_mirror_image_is_the_same_clip_mirrored() -> None:
    """Left and right differ in nothing else: same events at the same times on the other side."""
    right, left = (make("projectile", *draw("projectile", 5, direction=side)) for side in ("right", "left"))
    assert left.trace.position_m[:, 0, 0] == pytest.approx(-right.trace.position_m[:, 0, 0], abs=1e-9)
    events = [[(event.kind, round(event.time_s, 6)) for event in made.events] for made in (right, left)]
    assert events[0] == events[1]
    assert find_events(left.scene, left.trace) == left.events
