"""Pendulums, chains and springs: their laws by hand and against integrated equations of motion, and what captions say of every outcome."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.special import ellipk

from simgen.errors import Rejected
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


@pytest.mark.parametrize("direction", ["horizontal", "vertical"])
@pytest.mark.parametrize("start", ["stretched", "compressed"])
def test_a_spring_by_hand(direction: str, start: str) -> None:
    """1 kg on 100 N/m: ω = 10 rad/s; hanging, it swings about 9.81 cm below where the spring has no force."""
    chosen = {
        "mass_kg": 1.0,
        "stiffness_n_m": 100.0,
        "damping_kg_s": 0.0,
        "displacement_m": 0.2,
        "length_m": 1.1,
    }
    made = make("spring", *draw("spring", 1, direction=direction, start=start, **chosen))
    assert law(made)["spring_period"].predicted == pytest.approx(2 * math.pi / 10)
    assert law(made)["spring_period"].measured == pytest.approx(2 * math.pi / 10, rel=2e-5)
    assert law(made)["spring_amplitude_ratio"].measured == pytest.approx(1.0, abs=1e-5)
    held = 0.2 if start == "stretched" else -0.2
    swing = held - (0.0981 if direction == "vertical" else 0.0)
    moved = swing * (np.cos(10 * made.trace.time_s) - 1)
    column, sign = (2, -1.0) if direction == "vertical" else (0, 1.0)
    seen = sign * (made.trace.position_m[:, 0, column] - made.trace.position_m[0, 0, column])
    assert seen == pytest.approx(moved, abs=1e-3 * abs(swing))


def test_a_damped_spring_as_integrated() -> None:
    chosen = {
        "mass_kg": 0.5,
        "stiffness_n_m": 80.0,
        "damping_kg_s": 1.6,
        "displacement_m": 0.3,
        "start": "stretched",
    }
    made = make("spring", *draw("spring", 2, direction="horizontal", **chosen))
    time = made.trace.time_s
    exact = solve_ivp(
        lambda _, y: [y[1], (-80 * y[0] - 1.6 * y[1]) / 0.5],
        (0, 2),
        [0.3, 0.0],
        t_eval=time,
        rtol=1e-10,
        atol=1e-12,
    ).y[0]
    seen = made.trace.position_m[:, 0, 0] - made.trace.position_m[0, 0, 0] + 0.3
    assert seen == pytest.approx(exact, abs=3e-4)
    assert "less and less" in made.captions["qualitative"]


def test_a_spring_that_starts_in_balance_is_refused() -> None:
    params, draws = draw(
        "spring", 3, direction="vertical", start="stretched", mass_kg=1.0, stiffness_n_m=98.1
    )
    params = {**params, "displacement_m": 0.1}
    with pytest.raises(Rejected, match="balance"):
        make("spring", params, draws)


@pytest.mark.parametrize("count", [2, 3])
def test_coupled_springs_as_integrated(count: int) -> None:
    """Hooke's law for every spring, written out, against the whole motion."""
    made = make("coupled_springs", *draw("coupled_springs", 4, count=count, direction="right"))
    params = made.params
    mass = [params[f"mass_{name}_kg"] for name in "abc"[:count]]
    start = [params[f"displacement{name}_m"] for name in ("", "_b", "_c")[:count]]
    springs = [
        params["stiffness_n_m"],
        *[params["middle_stiffness_n_m"]] * (count - 1),
        params["stiffness_n_m"],
    ]

    def slope(_, y):
        place = [0.0, *y[:count], 0.0]
        pulls = [k * (place[i + 1] - place[i]) for i, k in enumerate(springs)]
        return [*y[count:], *((pulls[i + 1] - pulls[i]) / mass[i] for i in range(count))]

    time = made.trace.time_s
    exact = (
        solve_ivp(slope, (0, 2), [*start, *[0.0] * count], t_eval=time, rtol=1e-10, atol=1e-12).y[:count].T
    )
    seen = made.trace.position_m[:, :count, 0] - made.trace.position_m[0, :count, 0] + np.array(start)
    assert seen == pytest.approx(exact, abs=1e-4)


def test_two_equal_bodies_swing_in_step_or_against_each_other() -> None:
    """Taylor's two modes: √(k/m) and √((k + 2k′)/m), and each alone when let go in its own way."""
    same = {
        "count": 2,
        "mass_a_kg": 1.0,
        "mass_b_kg": 1.0,
        "stiffness_n_m": 50.0,
        "middle_stiffness_n_m": 75.0,
    }
    for other, mode, rate in ((0.1, 1, math.sqrt(50)), (-0.1, 2, math.sqrt(200))):
        made = make(
            "coupled_springs", *draw("coupled_springs", 5, displacement_m=0.1, displacement_b_m=other, **same)
        )
        modes = {name for name in law(made) if "mode" in name}
        assert modes == {f"coupled_springs_mode_{mode}"}
        assert law(made)[f"coupled_springs_mode_{mode}"].measured == pytest.approx(rate, rel=2e-5)
