"""What gravity and forces do to bodies, from states: against the engine, and against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from simgen.physics import simulate
from simgen.physics.pulls import accelerations, carried, quickest_rad_s
from simgen.scene.spec import Force
from tests.physics.scenes import ball, scene

BALLS = (
    ball("ball", mass_kg=2.0, position_m=(0.0, 0.0, 1.0), velocity_m_s=(1.0, 0.3, 0.5)),
    ball("other", radius=0.05, mass_kg=0.5, position_m=(1.4, 0.1, 1.3), velocity_m_s=(0.6, 0.0, 0.0)),
    ball("post", position_m=(0.0, 2.0, 1.0), fixed=True),
)
FORCES = {
    "spring to a point": (
        Force("spring", "ball", anchor_m=(0.0, 0.5, 2.0), stiffness_n_m=30.0, length_m=0.4),
    ),
    "damped spring between two": (
        Force("spring", "ball", "other", stiffness_n_m=40.0, length_m=1.1, damping_kg_s=0.8),
    ),
    "drag in wind": (Force("drag", "ball", linear_kg_s=0.3, quadratic_kg_m=0.2, wind_m_s=(3.0, 0.0, 1.0)),),
    "attraction to a fixed body": (Force("attraction", "ball", "post", strength_n_m2=3.0),),
    "repulsion": (Force("attraction", "other", "ball", strength_n_m2=-2.0),),
}


@pytest.mark.parametrize("name", FORCES)
def test_bodies_are_carried_to_where_the_engine_has_them(name: str) -> None:
    told = scene(*BALLS, forces=FORCES[name], seconds=0.5)
    trace = simulate(told)
    for frame in (1, 6, 11):
        later = carried(told, trace.state[0], float(trace.time_s[frame]))
        # the engine's steps: a phase of ω t (ω h)² / 24 for ω = 10 rad/s at 960 Hz, on swings of half a metre
        np.testing.assert_allclose(later[:, :3], trace.position_m[frame], atol=1e-5)
        np.testing.assert_allclose(later[:, 7:10], trace.velocity_m_s[frame], atol=1e-4)
        back = carried(told, later, -float(trace.time_s[frame]))
        np.testing.assert_allclose(back[:, :10], trace.state[0][:, :10], atol=1e-6)


def test_all_forces_together_against_scipy() -> None:
    """The formulas written out again: Newton's third law, Hooke's, 1/r², drag."""
    told = scene(*BALLS, forces=tuple(force for forces in FORCES.values() for force in forces))
    post = np.array([0.0, 2.0, 1.0])

    def change(_: float, y: np.ndarray) -> np.ndarray:
        p, q, v, w = y.reshape(4, 3)
        on_p, on_q = 2.0 * np.array([0, 0, -9.81]), 0.5 * np.array([0, 0, -9.81])
        d = np.array([0.0, 0.5, 2.0]) - p
        on_p = on_p + 30.0 * (np.linalg.norm(d) - 0.4) * d / np.linalg.norm(d)
        d = q - p
        n = d / np.linalg.norm(d)
        f = (40.0 * (np.linalg.norm(d) - 1.1) + 0.8 * (w - v) @ n) * n
        on_p, on_q = on_p + f, on_q - f
        u = v - np.array([3.0, 0.0, 1.0])
        on_p = on_p - (0.3 + 0.2 * np.linalg.norm(u)) * u
        on_p = on_p + 3.0 * (post - p) / np.linalg.norm(post - p) ** 3
        f = -2.0 * (p - q) / np.linalg.norm(p - q) ** 3
        return np.concatenate([v, w, (on_p - f) / 2.0, (on_q + f) / 0.5])

    start = np.concatenate(
        [BALLS[0].position_m, BALLS[1].position_m, BALLS[0].velocity_m_s, BALLS[1].velocity_m_s]
    )
    exact = solve_ivp(change, (0, 0.4), start, rtol=1e-11, atol=1e-12).y[:, -1].reshape(4, 3)
    state = np.zeros((3, 13))
    state[:, 6] = 1.0
    state[:, :3], state[:, 7:10] = [b.position_m for b in BALLS], [b.velocity_m_s for b in BALLS]
    later = carried(told, state, 0.4)
    np.testing.assert_allclose(later[:2, :3], exact[:2], atol=1e-7)
    np.testing.assert_allclose(later[:2, 7:10], exact[2:], atol=1e-6)  # fourth order at 240 Hz
    np.testing.assert_array_equal(later[2], state[2])
    np.testing.assert_allclose(
        accelerations(told, state)[:2], change(0.0, start).reshape(4, 3)[2:], rtol=1e-12
    )


def test_the_quickest_rate_is_that_of_the_stiffest_spring() -> None:
    told = scene(*BALLS, forces=FORCES["spring to a point"])
    assert quickest_rad_s(told) == pytest.approx(np.sqrt(30.0 / 2.0))
    assert quickest_rad_s(scene(*BALLS, forces=FORCES["drag in wind"])) == pytest.approx(0.3 / 2.0)
    assert quickest_rad_s(scene(*BALLS)) == 0.0


def test_many_springs_at_once_do_what_each_does_by_itself() -> None:
    """Hooke's law and damping, spring by spring, for a crowd in which everything moves."""
    random = np.random.default_rng(3)
    balls = [
        ball(
            f"ball_{k}",
            radius=0.01,
            mass_kg=0.5 + 0.1 * k,
            position_m=tuple(random.uniform(0, 3, 3)),
            fixed=k == 4,
        )
        for k in range(10)
    ]
    pairs = [(a, b) for a in range(10) for b in range(a + 1, 10)]
    springs = [
        Force(
            "spring", f"ball_{a}", f"ball_{b}", stiffness_n_m=3.0 + a, length_m=0.2 * b, damping_kg_s=0.1 * a
        )
        for a, b in pairs
    ]
    told = scene(*balls, forces=tuple(springs))
    state = random.normal(size=(4, 10, 13))
    expected = np.tile(told.gravity_m_s2, (4, 10, 1))
    for (a, b), spring in zip(pairs, springs, strict=True):
        for moment in range(4):
            way = state[moment, b, :3] - state[moment, a, :3]
            length = float(np.sqrt(way @ way))
            growth = float((state[moment, b, 7:10] - state[moment, a, 7:10]) @ way) / length
            pull = spring.stiffness_n_m * (length - spring.length_m) + spring.damping_kg_s * growth
            expected[moment, a] += pull * way / length / balls[a].mass_kg
            expected[moment, b] -= pull * way / length / balls[b].mass_kg
    expected[:, 4] = 0.0
    np.testing.assert_allclose(accelerations(told, state), expected, rtol=1e-12, atol=1e-12)
