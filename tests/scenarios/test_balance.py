"""Balance: verdicts on both sides of the verge, laws against integrated equations of motion, every outcome's caption."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from simgen.physics.laws_balance import edge_friction
from tests.scenarios.clips import Clip, draw, make

EARTH = 9.81


def law(made: Clip):
    return {check.name: check for check in made.law}


def lean(made: Clip, name: str) -> np.ndarray:
    """Tilt (T,) towards +x in radians, from the quaternion of a turn about y."""
    turns = made.trace.orientation_xyzw[:, made.scene.body_index(name)]
    return 2 * np.arctan2(turns[:, 1], turns[:, 3])


# Topple


@pytest.mark.parametrize(("past_deg", "falls"), [(-0.3, False), (0.3, True)])
@pytest.mark.parametrize("direction", ["left", "right"])
def test_a_block_falls_over_just_past_the_verge_and_back_just_before(
    past_deg: float, falls: bool, direction: str
) -> None:
    verge = math.degrees(math.atan2(0.4, 1.0))
    chosen = {"width_m": 0.4, "height_m": 1.0, "angle_deg": verge + past_deg, "direction": direction}
    made = make("topple", *draw("topple", 1, **chosen))
    kinds = [event.kind for event in made.events]
    assert ("topples" in kinds) == falls
    assert law(made)["topple_decision"].predicted == falls
    assert (direction in made.captions["outcome"]) == falls
    assert ("back onto its base" in made.captions["outcome"]) == (not falls)


def test_a_toppling_block_follows_its_equation_of_motion() -> None:
    """φ'' = (3 g / 2 d) sin φ about the edge, integrated independently, until friction may fail."""
    width, height, start = 0.35, 1.2, 20.0
    chosen = {"width_m": width, "height_m": height, "angle_deg": start, "direction": "right", "friction": 1.0}
    made = make("topple", *draw("topple", 2, **chosen))
    diagonal, beta = math.hypot(width, height), math.atan2(width, height)
    time = made.trace.time_s
    solution = solve_ivp(
        lambda _, y: (y[1], 1.5 * EARTH / diagonal * math.sin(y[0])),
        (0.0, time[-1]),
        (math.radians(start) - beta, 0.0),
        t_eval=time,
        rtol=1e-10,
        atol=1e-12,
    )
    path = lean(made, "subject")
    early = path < math.radians(50)
    assert early.sum() > 8
    assert path[early] == pytest.approx(solution.y[0][early] + beta, abs=5e-4)


def test_the_friction_that_an_edge_needs() -> None:
    """F / N from the acceleration of the centre of mass, by differences along the integrated motion."""
    width, height, start, g = 0.3, 1.1, 25.0, 3.0
    diagonal, beta = math.hypot(width, height), math.atan2(width, height)
    time = np.linspace(0, 0.9, 9001)
    y0 = (math.radians(start) - beta, 0.0)
    motion = solve_ivp(
        lambda _, y: (y[1], 1.5 * g / diagonal * math.sin(y[0])),
        (0, 0.9),
        y0,
        t_eval=time,
        rtol=1e-12,
        atol=1e-14,
    ).y[0]
    x, z = diagonal / 2 * np.sin(motion), diagonal / 2 * np.cos(motion)
    ax, az = (np.gradient(np.gradient(path, time), time) for path in (x, z))
    for index in (1000, 4000, 8000):
        tilt = math.degrees(motion[index] + beta)
        expected = abs(ax[index]) / (g + az[index])
        assert edge_friction(width, height, start, tilt) == pytest.approx(expected, rel=1e-4)


# Support


@pytest.mark.parametrize(("past_m", "tips"), [(-0.005, False), (0.005, True)])
def test_a_plank_alone_tips_past_its_middle(past_m: float, tips: bool) -> None:
    made = make("support", *draw("support", 1, count=1, length_m=1.0, overhang=0.5 + past_m))
    assert law(made)["support_decision"].measured == tips
    assert ("over" in made.captions["outcome"]) == tips
    if not tips:
        assert np.abs(made.trace.position_m - made.trace.position_m[0]).max() < 1e-4


@pytest.mark.parametrize(("place", "tips"), [(0.0, False), (1.0, True)])
def test_a_counterweight_holds_a_plank_and_a_burden_tips_it(place: float, tips: bool) -> None:
    """The same plank, a little past the edge; the block decides."""
    for index in range(3):
        chosen = {
            "count": 2,
            "overhang": 0.55 if not tips else 0.45,
            "load_place": place,
            "load_size_m": 0.34,
        }
        made = make("support", *draw("support", index, **chosen, thickness_m=0.1))
        assert law(made)["support_decision"].measured == tips, made.captions


def test_plank_and_block_turn_about_the_edge_by_their_torques() -> None:
    """I θ'' = g Σ m (x cos θ + z sin θ), integrated independently."""
    chosen = {"count": 2, "overhang": 0.5, "load_place": 0.56, "load_size_m": 0.3, "friction": 0.9}
    made = make("support", *draw("support", 4, **chosen, length_m=1.2, thickness_m=0.15, direction="right"))
    plank, load = made.scene.body("plank"), made.scene.body("load")
    top = made.scene.body("table").position_m[2] + made.scene.body("table").shape.size_m[2] / 2
    across = up = moment = 0.0
    for body in (plank, load):
        x, z = body.position_m[0], body.position_m[2] - top
        length, _, height = body.shape.size_m
        across, up = across + body.mass_kg * x, up + body.mass_kg * z
        moment += body.mass_kg * ((length**2 + height**2) / 12 + x**2 + z**2)
    assert across > 0
    time = made.trace.time_s
    solution = solve_ivp(
        lambda _, y: (y[1], EARTH / moment * (across * math.cos(y[0]) + up * math.sin(y[0]))),
        (0.0, time[-1]),
        (0.0, 0.0),
        t_eval=time,
        rtol=1e-10,
        atol=1e-12,
    )
    path = lean(made, "plank")
    early = solution.y[0] < math.radians(6)
    assert early.sum() > 4
    assert path[early] == pytest.approx(solution.y[0][early], abs=1e-4)
    assert "support_angular_speed" in law(made)


# Seesaw


def test_a_seesaw_by_hand() -> None:
    """8 kg at 0.5 m against 5 kg at 0.7 m on 12 kg: 0.5 kg m of net moment."""
    chosen = {"count": 2, "mass_a_kg": 8.0, "arm_a_m": 0.5, "mass_b_kg": 5.0, "arm_b_m": 0.7, "mass_kg": 12.0}
    made = make("seesaw", *draw("seesaw", 1, **chosen))
    moment = 12 * (2.2**2 + 0.06**2) / 12
    for mass, arm in ((8.0, 0.5), (5.0, 0.7)):
        edge = (mass / 450) ** (1 / 3)
        moment += mass * (edge**2 / 6 + arm**2 + (0.03 + edge / 2) ** 2)
    check = law(made)["seesaw_angular_acceleration"]
    assert check.predicted == pytest.approx(EARTH * 0.5 / moment, rel=1e-12)
    assert check.measured == pytest.approx(check.predicted, rel=3e-4)


@pytest.mark.parametrize("direction", ["left", "right"])
def test_a_light_cube_far_out_outweighs_a_heavy_one_near_the_pivot(direction: str) -> None:
    chosen = {"count": 2, "mass_a_kg": 6.0, "arm_a_m": 0.85, "mass_b_kg": 15.0, "arm_b_m": 0.3}
    made = make("seesaw", *draw("seesaw", 2, **chosen, direction=direction))
    assert law(made)["seesaw_decision"].measured == 1
    assert direction in made.captions["outcome"]
    assert any(event.kind == "first_contact" for event in made.events)


def test_equal_moments_balance() -> None:
    chosen = {"count": 2, "mass_a_kg": 10.0, "arm_a_m": 0.6, "mass_b_kg": 20.0, "arm_b_m": 0.3}
    made = make("seesaw", *draw("seesaw", 3, **chosen))
    assert set(law(made)) == {"seesaw_angular_acceleration_over_gross"}
    assert np.abs(lean(made, "plank")).max() < 1e-3
    assert "level" in made.captions["outcome"] or "balance" in made.captions["outcome"]
