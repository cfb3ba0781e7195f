"""Motion along a way: special cases by hand, the captions of every outcome, and independent integrations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from simgen.errors import Rejected
from simgen.physics import simulate
from simgen.scenarios import get_scenario
from simgen.scenarios.lane import rolling_spin
from simgen.scene.spec import Video
from tests.scenarios.clips import Clip, draw, make

ROUND = ("sphere", "cylinder", "hoop")


def law(made: Clip) -> dict:
    return {check.name: check for check in made.law}


def event(made: Clip, kind: str):
    return next((event for event in made.events if event.kind == kind), None)


@pytest.mark.parametrize("shape", [*ROUND, "box"])
def test_nothing_slows_uniform_motion(shape: str) -> None:
    made = make("uniform_motion", *draw("uniform_motion", 1, shape=shape, speed_m_s=1.0, heading_deg=30.0))
    time = made.trace.time_s
    side = 1.0 if made.params["direction"] == "right" else -1.0
    way = made.trace.position_m[:, 0] - made.trace.position_m[0, 0]
    assert way[:, 0] == pytest.approx(side * math.cos(math.pi / 6) * time, abs=1e-4)
    assert way[:, 1] == pytest.approx(0.5 * time, abs=1e-4)
    spin = np.linalg.norm(made.trace.angular_velocity_rad_s[-1, 0]) * made.params["radius_m"]
    assert spin == pytest.approx(0.0 if shape == "box" else 1.0, abs=1e-3)
    assert "away from the camera" in made.captions["qualitative"]
    assert ("roll" in made.captions["numeric"]) == (shape != "box")


def test_the_outcome_of_uniform_motion_says_where_it_leaves() -> None:
    made = make("uniform_motion", *draw("uniform_motion", 2, speed_m_s=3.5, direction="left"))
    assert event(made, "leaves_frame").value == 0
    assert "leaves the picture on the left" in made.captions["outcome"]


def test_a_rolling_body_does_not_slip() -> None:
    """v + ω × (−r n) = 0 where it touches, whatever the slope and the way."""
    velocity, normal = np.array([0.3, -1.1, 0.2]), np.array([0.0, 2.0, 11.0]) / math.hypot(2, 11)
    spin = np.array(rolling_spin(velocity, 0.4, tuple(normal)))
    assert velocity @ normal == pytest.approx(0.0, abs=1e-12)
    assert velocity + np.cross(spin, -0.4 * normal) == pytest.approx(np.zeros(3), abs=1e-12)


def test_a_box_sent_up_by_hand() -> None:
    """30°, μ = 0.2, 3 m/s: up with g (½ + 0.2 √3/2), back with g (½ − 0.2 √3/2), whatever the mass."""
    given = {"shape": "box", "angle_deg": 30.0, "friction": 0.2, "speed_m_s": 3.0, "elasticity": 0.5}
    made = make("incline_up", *draw("incline_up", 1, **given))
    up, back = 9.81 * (0.5 + 0.1 * math.sqrt(3)), 9.81 * (0.5 - 0.1 * math.sqrt(3))
    checks = law(made)
    assert checks["incline_up_deceleration"].predicted == pytest.approx(up)
    assert checks["incline_up_distance"].predicted == pytest.approx(9 / 2 / up)
    assert checks["incline_up_return_acceleration"].predicted == pytest.approx(back)
    hit = 3 / up + math.sqrt(2 * (9 / 2 / up + 0.2) / back)
    assert checks["incline_up_return_time"].predicted == pytest.approx(hit)
    assert event(made, "first_contact").time_s == pytest.approx(hit, rel=1e-3)
    assert "board" in made.captions["outcome"]
    assert "slid" in made.captions["numeric"]


def test_friction_keeps_a_box_where_it_stops() -> None:
    given = {"shape": "box", "angle_deg": 20.0, "friction": 0.6}
    made = make("incline_up", *draw("incline_up", 2, **given))
    checks = law(made)
    assert checks["incline_up_return_acceleration_over_g_sin"].predicted == 0.0
    assert "incline_up_return_time" not in checks
    stop = event(made, "comes_to_rest")
    assert stop.value == pytest.approx(checks["incline_up_distance"].predicted, rel=1e-3)
    assert "friction" in made.captions["outcome"]


@pytest.mark.parametrize("shape", ["sphere", "cylinder"])
def test_what_rolls_up_comes_back_as_fast_as_it_went(shape: str) -> None:
    given = {"angle_deg": 20.0, "friction": 0.7, "speed_m_s": 1.5}
    made = make("incline_up", *draw("incline_up", 3, shape=shape, **given))
    uphill = np.array(made.scene.body("subject").velocity_m_s) / 1.5
    way = (made.trace.position_m[:, 0] - made.trace.position_m[0, 0]) @ uphill
    speed = made.trace.velocity_m_s[:, 0] @ uphill
    hit = event(made, "first_contact").time_s
    back = np.flatnonzero((made.trace.time_s < hit) & (speed < 0))
    passes = np.interp(0.0, -way[back], -speed[back])
    assert passes == pytest.approx(1.5, rel=1e-2)  # interpolated between two frames
    assert "turn" in made.captions["outcome"] or "back" in made.captions["outcome"]


def test_what_goes_up_out_of_the_picture_is_told() -> None:
    given = {"angle_deg": 12.0, "speed_m_s": 4.0, "friction": 0.0, "shape": "sphere"}
    made = make("incline_up", *draw("incline_up", 4, **given))
    assert "leaves the picture" in made.captions["outcome"]
    assert "skids" in made.captions["numeric"]


def test_a_video_that_ends_on_the_way_up() -> None:
    made = make("incline_up", *draw("incline_up", 5, angle_deg=15.0, speed_m_s=2.5), Video(64, 64, 24.0, 8))
    assert set(law(made)) == {"incline_up_deceleration"}
    assert "on its way up" in made.captions["outcome"]


def test_off_a_table_by_hand() -> None:
    """2 m/s, 0.8 m to go, 1 m down: it flies for √(2 h / g) and lands 2 m/s times that further on."""
    given = {"angle_deg": 0.0, "speed_m_s": 2.0, "run_m": 0.8, "height_m": 1.0, "shape": "sphere"}
    made = make("ramp_jump", *draw("ramp_jump", 1, **given))
    checks, fall = law(made), math.sqrt(2 / 9.81)
    assert checks["ramp_jump_edge_speed"].predicted == pytest.approx(2.0)
    assert checks["ramp_jump_landing_time"].predicted == pytest.approx(0.4 + fall)
    assert checks["ramp_jump_distance"].predicted == pytest.approx(2 * fall)
    assert event(made, "first_contact").time_s == pytest.approx(0.4 + fall, rel=1e-3)
    assert any(word in made.captions["plain"] for word in ("table", "ledge"))


def test_off_a_ramp_by_energy() -> None:
    """A ball that rolls: 7/10 v² + g z is the same at the start and at the edge; in the air 1/2 v² + g z."""
    given = {"angle_deg": 32.0, "friction": 0.7, "shape": "sphere", "speed_m_s": 2.0, "run_m": 0.9}
    made = make("ramp_jump", *draw("ramp_jump", 2, **given))
    edge = math.sqrt(4.0 + 10 / 7 * 9.81 * 0.9 * math.sin(math.radians(32)))
    assert law(made)["ramp_jump_edge_speed"].predicted == pytest.approx(edge)
    landing = event(made, "first_contact").time_s
    frame = int(np.flatnonzero(made.trace.time_s < landing)[-1])
    height = made.params["height_m"] + made.params["radius_m"] * math.cos(math.radians(32))
    fallen = height - made.trace.position_m[frame, 0, 2]
    assert np.linalg.norm(made.trace.velocity_m_s[frame, 0]) == pytest.approx(
        math.sqrt(edge**2 + 2 * 9.81 * fallen), rel=1e-3
    )


@pytest.mark.parametrize("direction", ["left", "right"])
def test_it_jumps_to_the_side_that_the_caption_names(direction: str) -> None:
    made = make("ramp_jump", *draw("ramp_jump", 3, direction=direction))
    way = made.trace.position_m[-1, 0, 0] - made.trace.position_m[0, 0, 0]
    assert (way > 0) == (direction == "right")
    assert direction in made.captions["qualitative"]


def test_a_video_that_ends_before_the_jump_lands_is_refused() -> None:
    params, draws = draw("ramp_jump", 4)
    scenario = get_scenario("ramp_jump")
    scene = scenario.scene(params, draws, Video(64, 64, 24.0, 6))
    with pytest.raises(Rejected, match="lengthen the video"):
        scenario.measure(params, scene, simulate(scene))


@pytest.mark.parametrize("mass", [0.1, 10.0])
@pytest.mark.parametrize("shape", ["cube", "slab", "disc"])
def test_a_sliding_stop_by_hand(shape: str, mass: float) -> None:
    """3 m/s and μ = 0.45: 1.02 m in 0.68 s, whatever the mass, the turn and the shape."""
    given = {"speed_m_s": 3.0, "friction": 0.45, "shape": shape, "mass_kg": mass}
    made = make("sliding_stop", *draw("sliding_stop", 1, **given))
    checks = law(made)
    assert checks["sliding_stop_deceleration"].predicted == pytest.approx(0.45 * 9.81)
    assert checks["sliding_stop_distance"].predicted == pytest.approx(9 / 2 / 0.45 / 9.81)
    stop = event(made, "comes_to_rest")
    assert stop.time_s == pytest.approx(3 / 0.45 / 9.81, abs=2e-3)
    assert stop.value == pytest.approx(1.0194, rel=1e-3)
    assert f"rest after {stop.time_s:.2f} s" in made.captions["outcome"]
    way = made.trace.position_m[-1, 0] - made.trace.position_m[0, 0]
    assert abs(way[1]) < 1e-3  # straight, however it is turned


def test_a_box_that_slides_on_when_the_video_ends() -> None:
    given = {"speed_m_s": 1.2, "friction": 0.06, "gravity_m_s2": 5.0}
    made = make("sliding_stop", *draw("sliding_stop", 2, **given))
    assert set(law(made)) == {"sliding_stop_deceleration"}
    assert "when the video ends" in made.captions["outcome"]
    assert "gravity is 5.00 m/s²" in made.captions["numeric"]


@pytest.mark.parametrize(("shape", "factor"), [("sphere", 2 / 5), ("cylinder", 1 / 2), ("hoop", 0.86125)])
def test_rolling_resistance_by_hand(shape: str, factor: float) -> None:
    """μ_r = 5 cm, r = 25 cm: a = 0.2 g / (1 + k); a hoop's k is (1 + 0.85²)/2 for its wall."""
    given = {"speed_m_s": 1.2, "rolling_friction_m": 0.05, "radius_m": 0.25, "shape": shape}
    made = make("rolling_resistance", *draw("rolling_resistance", 1, **given))
    slows = 0.2 * 9.81 / (1 + factor)
    checks = law(made)
    assert checks["rolling_resistance_deceleration"].predicted == pytest.approx(slows)
    assert checks["rolling_resistance_distance"].predicted == pytest.approx(1.44 / 2 / slows)
    stop = event(made, "comes_to_rest")
    assert stop.time_s == pytest.approx(1.2 / slows, abs=5e-3)
    assert f"rest after {stop.time_s:.2f} s" in made.captions["outcome"]
    # it rolls: ω r = v in every frame
    spin = np.linalg.norm(made.trace.angular_velocity_rad_s[:, 0], axis=1) * 0.25
    assert spin == pytest.approx(np.linalg.norm(made.trace.velocity_m_s[:, 0], axis=1), abs=1e-3)


def test_a_ball_that_rolls_on_when_the_video_ends() -> None:
    given = {"speed_m_s": 1.0, "rolling_friction_m": 0.005, "shape": "sphere"}
    made = make("rolling_resistance", *draw("rolling_resistance", 2, **given))
    assert set(law(made)) == {"rolling_resistance_deceleration"}
    assert "roll" in made.captions["outcome"]
    assert "0.0050 m" in made.captions["numeric"]


@pytest.mark.parametrize(("inside", "part"), [("solid", 5 / 7), ("hollow", 3 / 5)])
@pytest.mark.parametrize("friction", [0.1, 0.4])
def test_a_ball_without_spin_rolls_at_its_part_of_the_speed(
    inside: str, part: float, friction: float
) -> None:
    given = {"speed_m_s": 2.0, "spin": 0.0, "inside": inside, "friction": friction}
    made = make("slip_to_roll", *draw("slip_to_roll", 1, **given))
    checks = law(made)
    assert checks["slip_to_roll_speed_over_start_speed"].predicted == pytest.approx(2 * part)
    assert np.linalg.norm(made.trace.velocity_m_s[-1, 0]) == pytest.approx(2 * part, rel=1e-6)
    when = 2 * (1 - part) / friction / 9.81  # slowed down by μ g until then
    assert checks["slip_to_roll_time"].predicted == pytest.approx(when)
    rolls = event(made, "starts_rolling")
    assert rolls.time_s == pytest.approx(when, abs=1e-3)
    assert f"after {rolls.time_s:.2f} s" in made.captions["outcome"]
    assert inside in made.captions["numeric"]
    assert "without spin" in made.captions["numeric"]


def test_backspin_stops_a_solid_ball_and_brings_a_hollow_one_back() -> None:
    given = {"speed_m_s": 1.5, "spin": -2.5, "friction": 0.3}
    solid = make("slip_to_roll", *draw("slip_to_roll", 2, inside="solid", **given))
    assert np.linalg.norm(solid.trace.velocity_m_s[-1, 0]) < 1e-6
    assert event(solid, "comes_to_rest").time_s == pytest.approx(1.5 / 0.3 / 9.81, abs=1e-2)
    assert "rest" in solid.captions["outcome"]
    hollow = make("slip_to_roll", *draw("slip_to_roll", 2, inside="hollow", **given))
    assert "back" in hollow.captions["outcome"]
    start, end = hollow.trace.velocity_m_s[[0, -1], 0, 0]
    assert end / start == pytest.approx((1 - 2.5 * 2 / 3) / (1 + 2 / 3), rel=1e-6)


def test_a_ball_that_slips_until_the_video_ends() -> None:
    given = {"speed_m_s": 1.2, "spin": -2.5, "friction": 0.05}
    made = make("slip_to_roll", *draw("slip_to_roll", 3, **given))
    assert set(law(made)) == {"slip_to_roll_deceleration"}
    assert "slips until" in made.captions["outcome"]


@pytest.mark.parametrize("drag", ["quadratic", "linear"])
@pytest.mark.parametrize("shape", ["sphere", "box"])
def test_a_fall_against_drag_is_the_integrated_equation_of_motion(drag: str, shape: str) -> None:
    """m dv/dt = m g − ½ ρ C A v² (or the same strength at 1 m/s, times v), A = π r² of a ball, 4 r² of a box."""
    given = {"mass_kg": 0.01, "radius_m": 0.25, "drag_coefficient": 0.6, "height_m": 1.8}
    made = make("terminal_velocity", *draw("terminal_velocity", 1, drag=drag, shape=shape, **given))
    strength = 1.2 * 0.6 / 2 * 0.0625 * (math.pi if shape == "sphere" else 4)
    power = 2 if drag == "quadratic" else 1
    landing = event(made, "first_contact").time_s
    time = made.trace.time_s[made.trace.time_s < landing]
    path = solve_ivp(
        lambda _, y: (y[1], 9.81 - strength / 0.01 * y[1] ** power),
        (0.0, time[-1]),
        (0.0, 0.0),
        t_eval=time,
        rtol=1e-10,
        atol=1e-12,
    )
    fallen = made.trace.position_m[0, 0, 2] - made.trace.position_m[: len(time), 0, 2]
    assert fallen == pytest.approx(path.y[0], abs=2e-5)
    assert -made.trace.velocity_m_s[: len(time), 0, 2] == pytest.approx(path.y[1], abs=5e-5)  # steps of 1 ms
    limit = (0.01 * 9.81 / strength) ** (1 / power)
    assert law(made)["terminal_velocity_limit"].predicted == pytest.approx(limit)
    assert "steady" in made.captions["qualitative"]


def test_a_heavy_body_hardly_feels_the_air() -> None:
    given = {"mass_kg": 5.0, "radius_m": 0.2, "height_m": 2.0, "drag": "quadratic"}
    made = make("terminal_velocity", *draw("terminal_velocity", 2, **given))
    assert event(made, "first_contact").time_s == pytest.approx(math.sqrt(4 / 9.81), rel=0.01)
    assert "terminal_velocity_limit" not in law(made)
    assert "steady" not in made.captions["qualitative"]


def test_what_is_still_in_the_air_when_the_video_ends() -> None:
    given = {"mass_kg": 0.005, "radius_m": 0.32, "height_m": 2.8, "drag_coefficient": 1.5}
    made = make("terminal_velocity", *draw("terminal_velocity", 3, **given))
    assert "when the video ends" in made.captions["outcome"]
    assert event(made, "first_contact") is None


@pytest.mark.parametrize("turn", ["clockwise", "anticlockwise"])
def test_a_circle_on_the_floor_by_hand(turn: str) -> None:
    """3 m/s and 1.2 m: once round in 2.51 s, 7.5 m/s² towards the peg."""
    given = {"setup": "floor", "speed_m_s": 3.0, "length_m": 1.2, "turn": turn, "start_deg": 0.0}
    made = make("circular_motion", *draw("circular_motion", 1, **given))
    checks = law(made)
    assert checks["circular_motion_period"].predicted == pytest.approx(2 * math.pi * 1.2 / 3)
    assert checks["circular_motion_acceleration"].predicted == pytest.approx(7.5)
    angle = (1 if turn == "anticlockwise" else -1) * 2.5 * made.trace.time_s
    assert made.trace.position_m[:, 0, 0] == pytest.approx(1.2 * np.cos(angle), abs=1e-3)
    assert made.trace.position_m[:, 0, 1] == pytest.approx(1.2 * np.sin(angle), abs=1e-3)
    assert np.ptp(made.trace.position_m[:, 0, 2]) < 1e-6
    assert len(made.trace.contacts) == 0
    assert turn in made.captions["qualitative"]
    assert "not" in made.captions["outcome"]  # 1.96 s are less than a round


@pytest.mark.parametrize("gravity", [1.62, 9.81, 24.8])
def test_a_conical_pendulum_by_hand(gravity: float) -> None:
    """45°: tan θ = 1, so v² = g r; it turns with ω² = g / (L cos θ) and stays in its plane."""
    given = {"setup": "conical", "cone_deg": 45.0, "length_m": 1.35, "gravity_m_s2": gravity}
    made = make("circular_motion", *draw("circular_motion", 2, **given))
    radius = 1.35 / math.sqrt(2)
    checks = law(made)
    assert checks["circular_motion_acceleration"].predicted == pytest.approx(gravity)
    assert checks["circular_motion_period"].predicted == pytest.approx(
        2 * math.pi * math.sqrt(radius / gravity)
    )
    speed = np.linalg.norm(made.trace.velocity_m_s[:, 0], axis=1)
    assert speed == pytest.approx(np.full_like(speed, math.sqrt(gravity * radius)), rel=1e-3)
    assert np.ptp(made.trace.position_m[:, 0, 2]) < 1e-3
    assert "vertical" in made.captions["numeric"]


def test_full_circles_are_counted() -> None:
    given = {"setup": "floor", "speed_m_s": 5.0, "length_m": 0.7}  # 1.96 s: 2.2 times round
    made = make("circular_motion", *draw("circular_motion", 3, **given))
    assert "twice" in made.captions["outcome"]
