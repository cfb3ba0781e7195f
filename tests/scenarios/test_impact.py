"""Bounces, billiards, orbits, charges, boxes, cradles, wrecking balls: by hand, and against integration."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from simgen.scenarios import get_scenario
from simgen.scene.spec import Video
from tests.scenarios.clips import draw, make


def law(made):
    """The first check of each law."""
    return {check.name: check for check in reversed(made.law)}


def kinds(made) -> list[str]:
    return [event.kind for event in made.events]


def test_every_bounce_by_hand() -> None:
    """e = 0.8 from 1 m: t, t + 1.6 t, + 1.28 t …; heights 0.64 and 0.4096 m."""
    made = make("bounce", *draw("bounce", 1, height_m=1.0, elasticity=0.8, speed_m_s=0.0))
    fall = math.sqrt(2 / 9.81)
    bounces = [event.time_s for event in made.events if event.kind == "bounce"]
    assert bounces == pytest.approx([fall, 2.6 * fall, 3.88 * fall], abs=1e-5)
    apexes = [check.predicted for check in made.law if check.name == "bounce_apex"]
    assert apexes == pytest.approx([0.64, 0.4096, 0.262144])
    assert max(check.residual for check in made.law) < 1e-5
    assert np.ptp(made.trace.position_m[:, 0, 0]) < 1e-9
    assert "thrown" not in " ".join(made.captions.values())


@pytest.mark.parametrize(("friction", "expected"), [(0.0, 0.7), (0.9, 0.5)])
def test_a_thrown_ball_slides_or_grips(friction: float, expected: float) -> None:
    made = make("bounce", *draw("bounce", 2, speed_m_s=0.7, friction=friction, direction="left"))
    landing = next(event for event in made.events if event.kind == "first_contact")
    assert -made.trace.velocity_m_s[landing.frame + 1, 0, 0] == pytest.approx(expected, rel=1e-6)
    assert law(made)["bounce_speed_across"].predicted == pytest.approx(expected)
    assert "left" in made.captions["qualitative"]


def test_balls_of_any_number_lie_apart() -> None:
    for index, count in itertools.product(range(6), (3, 10)):
        made = make(
            "billiards", *draw("billiards", index, count=count, radius_m=0.13), Video(64, 64, 24.0, 30)
        )
        places = made.trace.position_m[0, :count]
        assert len(made.scene.bodies) == count + 5
        for a, b in itertools.combinations(range(count), 2):
            assert np.linalg.norm(places[a] - places[b]) > 0.26 + 1e-3


def test_full_on_the_struck_ball_ends_at_five_sevenths_of_its_speed() -> None:
    """It leaves with (1 + e)/2 v without spin, and keeps 5/7 of that once it rolls."""
    fixed = {"count": 3, "offset": 0.0, "elasticity": 1.0, "friction": 0.5, "speed_m_s": 1.4}
    for index in range(20):
        made = make("billiards", *draw("billiards", index, **fixed))
        first = next(event for event in made.events if event.kind == "collision")
        struck = first.bodies[1]
        mine = [
            event for event in made.events if struck in event.bodies and event.time_s > first.time_s + 1e-9
        ]
        if mine and mine[0].kind == "starts_rolling":  # before anything else happens to it
            break
    rolls = mine[0]
    assert rolls.kind == "starts_rolling"
    assert rolls.value == pytest.approx(5 / 7 * 1.4, rel=2e-3)
    time = 2 / 7 * 1.4 / (0.5 * 9.81)
    assert rolls.time_s - first.time_s == pytest.approx(time, abs=1 / 24)


def test_two_stars_follow_the_integrated_motion() -> None:
    made = make("orbit", *draw("orbit", 3, centre="free", mass_ratio=0.6, period_s=1.3, eccentricity=0.3))
    planet, star = made.scene.bodies[0], made.scene.bodies[1]
    strength = made.scene.forces[0].strength_n_m2
    assert strength > 0

    def rate(_: float, state: np.ndarray) -> np.ndarray:
        apart = state[3:6] - state[0:3]
        pull = strength * apart / np.linalg.norm(apart) ** 3
        return np.concatenate([state[6:], pull / planet.mass_kg, -pull / star.mass_kg])

    start = np.concatenate([planet.position_m, star.position_m, planet.velocity_m_s, star.velocity_m_s])
    times = made.trace.time_s
    path = solve_ivp(rate, (0.0, times[-1]), start, t_eval=times, rtol=1e-10, atol=1e-11).y
    assert made.trace.position_m[:, 0] == pytest.approx(path[0:3].T, abs=3e-4)
    assert made.trace.position_m[:, 1] == pytest.approx(path[3:6].T, abs=3e-4)
    assert law(made)["orbit_period"].predicted == 1.3
    assert "once" in made.captions["outcome"]


def test_a_held_star_stays_and_says_so() -> None:
    made = make("orbit", *draw("orbit", 4, centre="fixed", mass_ratio=0.05))
    assert made.scene.body("star").fixed
    assert "orbit_centre_of_mass_over_axis" not in law(made)
    assert "fixed" in made.captions["numeric"]
    assert "does not move" in made.captions["qualitative"]


@pytest.mark.parametrize("count", [2, 4])
def test_charges_follow_the_integrated_motion(count: int) -> None:
    made = make("charges", *draw("charges", 6, count=count, charge_a=1.5, charge_b=-0.8))
    mass, charges = made.params["mass_kg"], [made.params[f"charge_{letter}"] for letter in "abcd"][:count]
    balls = made.scene.bodies[:count]

    def rate(_: float, state: np.ndarray) -> np.ndarray:
        places, speeds = state.reshape(2, count, 3)
        pulls = np.zeros((count, 3))
        for a, b in itertools.permutations(range(count), 2):
            apart = places[a] - places[b]
            pulls[a] += 0.5 * charges[a] * charges[b] * apart / np.linalg.norm(apart) ** 3 / mass
        return np.concatenate([speeds, pulls]).ravel()

    touch = min([event.time_s for event in made.events if event.kind == "first_contact"], default=9.0)
    times = made.trace.time_s[made.trace.time_s < touch]
    assert len(times) > 8
    start = np.array([[ball.position_m for ball in balls], [ball.velocity_m_s for ball in balls]])
    path = solve_ivp(rate, (0.0, times[-1]), start.ravel(), t_eval=times, rtol=1e-10, atol=1e-11).y
    expected = path.reshape(2, count, 3, len(times))[0].transpose(2, 0, 1)
    assert made.trace.position_m[: len(times), :count] == pytest.approx(expected, abs=2e-4)


def test_like_charges_repel_and_unlike_attract() -> None:
    fixed = {"count": 2, "charge_a": 1.5, "aside_deg": 0.0, "speed_m_s": 0.3}
    like = make("charges", *draw("charges", 7, charge_b=1.5, **fixed))
    unlike = make("charges", *draw("charges", 7, charge_b=-1.5, **fixed))
    apart = [np.linalg.norm(np.diff(m.trace.position_m[:, :2], axis=1)[:, 0], axis=1) for m in (like, unlike)]
    assert apart[0][-1] > apart[0][0]
    assert "collision" in kinds(unlike)
    assert "collision" not in kinds(like)
    assert "charges_nearest_distance" in law(like)
    assert like.captions["qualitative"] != unlike.captions["qualitative"]


def test_no_charge_no_force() -> None:
    none = {f"charge_{letter}": 0.0 for letter in "abcd"}
    made = make("charges", *draw("charges", 8, count=3, aside_deg=60.0, **none))
    free = made.trace.time_s < min([e.time_s for e in made.events if e.kind == "collision"], default=9.0)
    assert np.ptp(made.trace.velocity_m_s[free, :3], axis=0).max() < 1e-9
    assert "all of them" in made.captions["qualitative"]


def test_an_edge_landing_by_the_plane_formula() -> None:
    """J = (1 + e) m v / (1 + x²/k²), k² = (a² + b²)/12, x the edge's distance beside the centre."""
    made = make(
        "bouncing_box",
        *draw(
            "bouncing_box",
            1,
            landing="edge",
            tilt_deg=30.0,
            height_m=0.4,
            elasticity=0.5,
            size_m=0.4,
            flatness=1.0,
            direction="right",
        ),
        Video(64, 64, 120.0, 60),
    )
    speed, angle, half = math.sqrt(2 * 9.81 * 0.4), math.radians(30.0), 0.2
    beside = half * (math.cos(angle) - math.sin(angle))
    square = 2 * 0.4**2 / 12
    change = 1.5 * speed / (1 + beside**2 / square)
    checks = law(made)
    assert checks["bouncing_box_rebound_over_impact"].predicted == pytest.approx(change - speed)
    assert checks["bouncing_box_spin_over_impact"].predicted == pytest.approx(change * beside / square)
    assert all(check.residual < 1e-4 for check in made.law)


def test_a_flat_box_does_not_turn() -> None:
    made = make("bouncing_box", *draw("bouncing_box", 2, landing="flat", elasticity=0.7))
    assert np.abs(made.trace.angular_velocity_rad_s).max() < 1e-6
    assert law(made)["bouncing_box_rebound_over_impact"].residual < 1e-5
    assert "flat" in made.captions["outcome"]


@pytest.mark.parametrize("lifted", [1, 2, 3])
def test_as_many_balls_leave_as_were_lifted(lifted: int) -> None:
    made = make(
        "newtons_cradle",
        *draw("newtons_cradle", 1, count=5, lifted=lifted, elasticity=1.0, direction="left"),
    )
    hit = next(event for event in made.events if event.kind == "collision")
    speeds = made.trace.velocity_m_s[hit.frame, :5, 0]
    leaving, left = speeds[-lifted:], speeds[: 5 - lifted]
    assert np.ptp(leaving) < 2e-3 * leaving.mean()
    assert np.abs(left).max() < 1e-2 * leaving.mean()
    assert {1: "one ", 2: "two ", 3: "three "}[lifted] in made.captions["outcome"]


def test_an_inelastic_cradle_passes_on_less() -> None:
    """Through three impacts with e = 0.8: 0.9³ of the speed, 0.9⁶ of the height."""
    made = make(
        "newtons_cradle", *draw("newtons_cradle", 2, count=4, lifted=1, elasticity=0.8, angle_deg=35.0)
    )
    length = made.params["length_m"]
    rises = [
        event.value - (1.05 - length) for event in made.events if event.kind == "apex" and 3 in event.bodies
    ]
    assert rises[0] == pytest.approx(0.9**6 * length * (1 - math.cos(math.radians(35.0))), rel=2e-3)


def test_the_stack_stands_until_it_is_hit() -> None:
    made = make("wrecking_ball", *draw("wrecking_ball", 1, count=5))
    hit = next(event for event in made.events if event.kind == "collision")
    before = made.trace.time_s < hit.time_s
    assert np.ptp(made.trace.position_m[before, 1:6], axis=0).max() < 1e-4
    length, angle = made.params["length_m"], math.radians(made.params["angle_deg"])
    point = math.sqrt(2 * 9.81 * length * (1 - math.cos(angle)))  # as if all its mass were in the centre
    assert law(made)["wrecking_ball_impact_speed"].measured == pytest.approx(point, rel=0.01)
    assert law(made)["wrecking_ball_impact_speed"].measured < point


def test_what_plays_no_part_and_what_is_chaotic() -> None:
    def ways(name: str, **fixed):
        params, _ = draw(name, 0, **fixed)
        scenario = get_scenario(name)
        return scenario.revealed_by(params), scenario.is_chaotic(params)

    assert ways("bounce", speed_m_s=0.0)[0]["friction"] == "never"
    assert ways("bouncing_box", landing="flat") == (
        {**ways("bouncing_box", landing="corner")[0], "tilt_deg": "never", "roll_deg": "never"},
        False,
    )
    assert ways("bouncing_box", landing="corner")[1]
    assert ways("charges", count=2)[0]["charge_c"] == "never"
    assert [ways("charges", count=count)[1] for count in (2, 3)] == [False, True]
    assert ways("orbit", centre="fixed")[0]["mass_ratio"] == "never"
    assert ways("billiards")[1]
