"""Pendulums: their laws by hand and against integrated equations of motion, and what captions say of every outcome."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.special import ellipk

from simgen.scenarios import get_scenario
from simgen.scenarios.double_pendulum import times_over_the_top
from simgen.scene.spec import Video
from tests.scenarios.clips import draw, make


def law(made):
    return {check.name: check for check in made.law}


def test_a_pendulum_by_hand() -> None:
    """A ball of 1 kg and 0.2 m at 1 m, and a rod of 0.3 kg from 0.04 m above the pivot to the ball: 0.84 m long."""
    chosen = {"shape": "sphere", "mass_kg": 1.0, "rod_mass_kg": 0.3, "length_m": 1.0, "radius_m": 0.2}
    made = make("pendulum", *draw("pendulum", 1, **chosen, angle_deg=90.0))
    rod = 0.3 * ((0.84**2 + 0.04**2) / 12 + 0.38**2)
    about_pivot = 1.0 + 2 / 5 * 0.2**2 + rod
    small = 2 * math.pi * math.sqrt(about_pivot / (9.81 * (1.0 * 1.0 + 0.3 * 0.38)))
    period = law(made)["pendulum_period"]
    assert period.predicted == pytest.approx(small * ellipk(0.5) / (math.pi / 2), rel=1e-12)
    assert period.measured == pytest.approx(period.predicted, rel=1e-5)


@pytest.mark.parametrize("shape", ["sphere", "box", "disc", "hoop"])
def test_every_bob_swings_by_its_own_moment(shape: str) -> None:
    """A light rod, a large bob on a short rod: its own moment is a tenth of the whole, and each shape's is its own."""
    chosen = {"shape": shape, "mass_kg": 10.0, "rod_mass_kg": 0.01, "length_m": 0.5, "radius_m": 0.24}
    made = make("pendulum", *draw("pendulum", 2, **chosen, angle_deg=10.0))
    r = 0.24
    own = {
        "sphere": 2 / 5 * r**2,
        "box": (2 * r) ** 2 / 6,
        "disc": r**2 / 2,
        "hoop": (r**2 + (0.75 * r) ** 2) / 2,
    }
    simple = 2 * math.pi * math.sqrt((0.5**2 + own[shape]) / 0.5 / 9.81) * (1 + math.radians(10) ** 2 / 16)
    assert law(made)["pendulum_period"].measured == pytest.approx(simple, rel=1e-3)


@pytest.mark.parametrize("gravity", [1.62, 3.71, 25.0])
def test_pendulums_on_other_worlds(gravity: float) -> None:
    made = make("pendulum", *draw("pendulum", 3, gravity_m_s2=gravity, angle_deg=160.0))
    assert all(check.residual < 1e-5 for check in made.law)
    assert "gravity" in made.captions["numeric"]


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"angle_deg": 60.0, "length_m": 0.6}, "in all"),
        ({"angle_deg": 120.0, "length_m": 0.8}, "on the left after"),
        ({"angle_deg": 10.0, "gravity_m_s2": 25.0, "length_m": 0.5}, "four times"),
        ({"angle_deg": 90.0, "gravity_m_s2": 3.71, "length_m": 1.2}, "left"),
        ({"angle_deg": 170.0, "gravity_m_s2": 1.62}, "way down|lowest point"),
    ],
)
def test_what_a_pendulum_did(params: dict, words: str) -> None:
    made = make("pendulum", *draw("pendulum", 4, direction="right", **params))
    assert any(word in made.captions["outcome"] for word in words.split("|")), made.captions["outcome"]


def test_nothing_of_a_pendulum_touches_anything() -> None:
    for name in ("pendulum", "double_pendulum"):
        for index in range(6):
            assert len(make(name, *draw(name, index)).trace.contacts) == 0


def equations(masses, lengths, inertias, gravity):
    """Of two rigid arms, the second hinged at a point of the first: Lagrange's, in the angles from straight down.

    masses, distances of the centres from their pivots, inertias about the centres, for (arm 1, arm 2); the last of
    `lengths` is the distance from the first pivot to the second.
    """
    (m1, m2), (d1, d2, span), (i1, i2) = masses, lengths, inertias

    def slope(_, y):
        a, b, wa, wb = y
        mass = np.array(
            [
                [i1 + m1 * d1**2 + m2 * span**2, m2 * span * d2 * math.cos(a - b)],
                [m2 * span * d2 * math.cos(a - b), i2 + m2 * d2**2],
            ]
        )
        force = np.array(
            [
                -m2 * span * d2 * math.sin(a - b) * wb**2 - gravity * (m1 * d1 + m2 * span) * math.sin(a),
                m2 * span * d2 * math.sin(a - b) * wa**2 - gravity * m2 * d2 * math.sin(b),
            ]
        )
        return [wa, wb, *np.linalg.solve(mass, force)]

    return slope


@pytest.mark.parametrize("index", range(3))
def test_a_double_pendulum_moves_as_lagrange_says(index: int) -> None:
    """Rod and bob of each arm as one rigid body, from the sums over the scene's bodies."""
    made = make("double_pendulum", *draw("double_pendulum", index, shape="sphere", direction="right"))
    arms = []
    pivots = ((0.0, 1.75), (made.scene.body("bob_a").position_m[0], made.scene.body("bob_a").position_m[2]))
    for arm, pivot in zip("ab", pivots, strict=True):
        bob, rod = made.scene.body(f"bob_{arm}"), made.scene.body(f"rod_{arm}")
        mass = bob.mass_kg + rod.mass_kg
        reach = [math.dist(pivot, (body.position_m[0], body.position_m[2])) for body in (bob, rod)]
        centre = (bob.mass_kg * reach[0] + rod.mass_kg * reach[1]) / mass
        own = 2 / 5 * bob.mass_kg * bob.shape.size_m[0] ** 2
        own += rod.mass_kg / 12 * (rod.shape.size_m[0] ** 2 + rod.shape.size_m[2] ** 2)
        inertia = own + bob.mass_kg * (reach[0] - centre) ** 2 + rod.mass_kg * (reach[1] - centre) ** 2
        arms.append((mass, centre, inertia))
    (m1, d1, i1), (m2, d2, i2) = arms
    span = made.params["length_a_m"]
    slope = equations((m1, m2), (d1, d2, span), (i1, i2), 9.81)
    start = [math.radians(made.params["angle_a_deg"]), math.radians(made.params["angle_b_deg"]), 0.0, 0.0]
    time = made.trace.time_s
    exact = solve_ivp(slope, (0, time[-1]), start, t_eval=time, rtol=1e-10, atol=1e-10).y
    upper = np.stack([span * np.sin(exact[0]), 1.75 - span * np.cos(exact[0])], axis=1)
    far = made.params["length_b_m"]
    lower = upper + far * np.stack([np.sin(exact[1]), -np.cos(exact[1])], axis=1)
    for name, path in (("bob_a", upper), ("bob_b", lower)):
        seen = made.trace.position_m[:, made.scene.body_index(name)][:, [0, 2]]
        assert np.abs(seen - path).max() < 2e-3


def test_over_the_top_is_counted_at_any_frame_rate() -> None:
    counts = []
    for fps in (24.0, 96.0):
        params, draws = draw("double_pendulum", 1)
        made = make("double_pendulum", params, draws, Video(64, 64, fps, int(2 * fps)))
        counts.append([times_over_the_top(made.scene, made.trace, f"rod_{bob}") for bob in "ab"])
    assert counts[0] == counts[1]
    assert max(counts[0]) >= 1
    assert "over the top" in made.captions["outcome"]


def test_every_parameter_says_what_shows_it() -> None:
    for name in ("pendulum", "double_pendulum"):
        for parameter in get_scenario(name).parameters:
            assert parameter.role != "hidden" or parameter.revealed, parameter.name
