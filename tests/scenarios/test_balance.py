"""Balance: verdicts on both sides of the verge, laws against integrated equations of motion, every outcome's caption."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from simgen.physics import simulate
from simgen.physics.laws_balance import edge_friction
from simgen.physics.profiles import PROFILES
from simgen.scenarios import get_scenario
from simgen.scenarios.tower import unstable_levels
from simgen.scene.spec import Video
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


# Tower


def test_a_tower_of_three_by_hand() -> None:
    """Equal boxes; the top one decides: its centre is 0.9 or 1.1 half widths from the middle of the box below."""
    for balance, unstable in (("stable", []), ("unstable", [3])):
        chosen = {"count": 3, "variety": 0.0, "crookedness": 0.0, "worst_level": 1.0, "margin": 0.1}
        made = make("tower", *draw("tower", 1, **chosen, balance=balance, heading_deg=0.0, width_m=0.4))
        place = [made.scene.body(f"box_{number}").position_m[0] for number in (1, 2, 3)]
        assert abs(place[2] - place[1]) == pytest.approx(0.2 * (1.1 if unstable else 0.9))
        assert place[0] == pytest.approx((place[1] + place[2]) / 2)
        assert unstable_levels(made.scene) == unstable
        assert law(made)["tower_decision"].measured == bool(unstable)


def test_the_level_that_gives_way_is_the_one_that_cannot_hold() -> None:
    levels = set()
    for index, worst in enumerate((0.4, 0.7, 1.0)):
        chosen = {"count": 6, "balance": "unstable", "margin": 0.1, "worst_level": worst, "crookedness": 0.1}
        made = make("tower", *draw("tower", 20 + index, **chosen))
        check = law(made)["tower_level"]
        assert check.measured == check.predicted
        levels.add(check.measured)
    assert len(levels) == 3


def test_a_standing_tower_stands_still() -> None:
    made = make("tower", *draw("tower", 3, balance="stable", margin=0.06, count=8))
    assert np.abs(made.trace.position_m - made.trace.position_m[0]).max() < 1e-3
    assert re.search("stands|stays up|holds", made.captions["outcome"])


def test_a_falling_tower_begins_as_a_rigid_body_about_the_edge() -> None:
    """Two of three boxes turn about the lowest one's edge: I θ'' = g (X cos θ + Z sin θ), until 3°."""
    chosen = {
        "count": 3,
        "variety": 0.0,
        "crookedness": 0.0,
        "worst_level": 0.0,
        "margin": 0.2,
        "friction": 1.0,
    }
    place = {"balance": "unstable", "heading_deg": 0.0, "direction": "right", "width_m": 0.4, "height_m": 0.2}
    made = make("tower", *draw("tower", 4, **chosen, **place), Video(64, 64, 120.0, 60))
    edge = made.scene.body("box_1").position_m[0] + 0.2
    across = up = moment = 0.0
    for name, height in (("box_2", 0.1), ("box_3", 0.3)):
        x = made.scene.body(name).position_m[0] - edge
        across, up = across + x, up + height
        moment += (0.4**2 + 0.2**2) / 12 + x**2 + height**2
    time = made.trace.time_s
    solution = solve_ivp(
        lambda _, y: (y[1], EARTH / moment * (across * math.cos(y[0]) + up * math.sin(y[0]))),
        (0.0, time[-1]),
        (0.0, 0.0),
        t_eval=time,
        rtol=1e-10,
        atol=1e-12,
    )
    early = solution.y[0] < math.radians(3)
    assert early.sum() > 4
    assert lean(made, "box_3")[early] == pytest.approx(solution.y[0][early], abs=2e-4)


# Dominoes


def test_a_whole_row_falls_in_its_order() -> None:
    made = make("dominoes", *draw("dominoes", 1, row="whole", count=9, direction="right"))
    assert sorted(event.bodies[0] for event in made.events if event.kind == "topples") == list(range(9))
    meetings = [event.bodies for event in made.events if event.kind == "first_contact"]
    assert [pair for pair in meetings if pair[1] < 9 and pair[1] == pair[0] + 1] == [
        (number, number + 1) for number in range(8)
    ]
    assert law(made)["dominoes_decision"].measured == 1
    assert "nine" in made.captions["outcome"]


@pytest.mark.parametrize(("place", "fallen"), [(0.0, 2), (0.5, 5), (1.0, 7)])
def test_the_wave_stops_at_a_gap_wider_than_the_dominoes_are_high(place: float, fallen: int) -> None:
    """Nine dominoes: the gap is behind the second, the fifth or the seventh."""
    made = make("dominoes", *draw("dominoes", 2, row="broken", wide_gap=1.2, count=9, gap_place=place))
    assert sum(event.kind == "topples" for event in made.events) == fallen
    assert law(made)["dominoes_decision"].measured == 0
    standing = made.trace.position_m[:, fallen:9]
    assert np.abs(standing - standing[0]).max() < 1e-4


def wave(count: int, rate: float = 1.0) -> np.ndarray:
    """When each domino touches the next (count − 1,), s, with `rate` times the profile's steps."""
    made = draw("dominoes", 3, row="whole", count=count, spacing=0.33, thickness=0.12, direction="right")
    scene = get_scenario("dominoes").scene(*made, Video(64, 64, 24.0, 40))
    profile = PROFILES[scene.profile]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PROFILES, scene.profile, replace(profile, rate_hz=rate * profile.rate_hz))
        contacts = simulate(scene).contacts
    return np.array(
        [contacts.time_s[(contacts.a == a) & (contacts.b == a + 1)].min() for a in range(count - 1)]
    )


@pytest.mark.campaign
def test_the_wave_of_dominoes_is_that_of_a_ten_times_finer_step() -> None:
    coarse, fine = wave(8), wave(8, rate=10.0)
    print("\nspeed of the wave, coarse over fine:", (fine[-1] - fine[2]) / (coarse[-1] - coarse[2]))
    assert coarse == pytest.approx(fine, abs=2 / 960)
    assert coarse[-1] - coarse[2] == pytest.approx(fine[-1] - fine[2], rel=5e-3)


def test_the_wave_is_slower_on_the_moon() -> None:
    """All times scale with 1/√g."""
    earth, moon = (
        make(
            "dominoes",
            *draw("dominoes", 4, row="whole", count=5, gravity_m_s2=gravity),
            Video(64, 64, 24.0, 72),
        )
        for gravity in (9.81, 9.81 / 4)
    )
    times = [[event.time_s for event in made.events if event.kind == "topples"] for made in (earth, moon)]
    assert len(times[0]) == len(times[1]) == 5
    assert times[1] == pytest.approx([2 * time for time in times[0]], rel=0.01)


# Atwood


@pytest.mark.parametrize("shape", ["box", "sphere", "cylinder"])
def test_atwood_by_hand(shape: str) -> None:
    """3 kg against 2 kg over a disc of 1 kg: g / 5.5."""
    chosen = {"mass_a_kg": 3.0, "mass_b_kg": 2.0, "pulley_kg": 1.0, "shape": shape, "height_m": 0.4}
    made = make("atwood", *draw("atwood", 1, **chosen, direction="right"))
    check = law(made)["atwood_acceleration"]
    assert check.predicted == pytest.approx(EARTH / 5.5, rel=1e-12)
    assert check.residual < 1e-9
    landing = next(event for event in made.events if event.kind == "first_contact")
    assert landing.time_s == pytest.approx(math.sqrt(2 * 0.4 / (EARTH / 5.5)), abs=1e-6)
    assert made.scene.bodies[landing.bodies[0]].name == "body_a"
    assert "lands after" in made.captions["outcome"]


def test_equal_masses_hang_still() -> None:
    made = make("atwood", *draw("atwood", 2, mass_a_kg=2.5, mass_b_kg=2.5))
    assert law(made)["atwood_acceleration_over_g"].measured == pytest.approx(0.0, abs=1e-12)
    assert re.search("[Nn]either|stay", made.captions["outcome"])
    assert "equally heavy" in made.captions["qualitative"]


def test_the_rope_is_seen_where_it_pulls() -> None:
    made = make("atwood", *draw("atwood", 3))
    (rope,) = made.scene.forces
    strings = {link.a: link for link in made.scene.links if link.kind == "string" and link.a}
    assert strings["body_a"].at_b_m == rope.anchor_m
    assert strings["body_b"].at_b_m == rope.anchor_b_m
    straight = sum(
        math.dist(made.scene.body(name).position_m, strings[name].at_b_m) for name in ("body_a", "body_b")
    )
    assert straight == pytest.approx(rope.length_m, abs=1e-12)


def test_a_heavy_pulley_slows_the_fall_and_cannot_be_seen() -> None:
    times = []
    for pulley_kg in (0.05, 5.0):
        chosen = {"mass_a_kg": 3.0, "mass_b_kg": 2.0, "pulley_kg": pulley_kg, "height_m": 0.3}
        made = make("atwood", *draw("atwood", 4, **chosen))
        times.append(next(event.time_s for event in made.events if event.kind == "first_contact"))
    assert times[1] / times[0] == pytest.approx(math.sqrt((5 + 2.5) / (5 + 0.025)), rel=1e-6)
