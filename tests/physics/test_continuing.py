"""A motion that goes on from one of its frames: in the same scene as if nothing had been, in another as formulas say."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from simgen.errors import SimulationError
from simgen.labels import find_events
from simgen.physics import continue_from, simulate
from simgen.scene.json import scene_from_json, scene_to_json
from simgen.scene.spec import Body, Force, Joint, Link, Shape
from tests.physics.scenes import GROUND, G, ball, on_slope, scene
from tests.study.clips import FRAMES, clip

# Metres within which the motion goes on as it did. The double pendulum is chaotic; forces that depend on velocities
# are foreseen from the last two steps, and the first step after the frame has only one before it.
CLOSE_M = {
    "double_pendulum": 1e-5,
    "spring": 1e-8,
    "coupled_springs": 1e-8,
    "chain": 1e-8,
    "terminal_velocity": 1e-7,
}
SAME = (
    "drop",
    "bounce",
    "incline",
    "collision",
    "projectile",
    "occlusion",
    "collide_and_hide",
    "pendulum",
    "double_pendulum",
    "chain",
    "spring",
    "coupled_springs",
    "atwood",
    "newtons_cradle",
    "slip_to_roll",
    "billiards",
    "terminal_velocity",
    "orbit",
)


@pytest.mark.parametrize("name", SAME)
def test_in_the_same_scene_everything_goes_on_as_it_did(name: str) -> None:
    before, trace, _ = clip(name)
    for frame in (1, FRAMES // 3, FRAMES - 2):
        after = continue_from(before, trace, frame)
        assert np.array_equal(after.state[: frame + 1], trace.state[: frame + 1])
        assert np.array_equal(after.time_s, trace.time_s)
        assert np.abs(after.position_m - trace.position_m).max() < CLOSE_M.get(name, 1e-10)
        then, now = trace.contacts, after.contacts
        kept = then.frame <= frame
        for field in ("frame", "time_s", "a", "b", "position_m", "normal", "impulse_n_s"):
            assert np.array_equal(getattr(now, field)[: kept.sum()], getattr(then, field)[kept])
        assert len(now) == len(then)
        for field in ("frame", "a", "b"):
            assert np.array_equal(getattr(now, field), getattr(then, field))
        np.testing.assert_allclose(now.time_s, then.time_s, atol=1e-6)


def test_stacks_stay_near_what_they_did() -> None:
    # Many bodies that lean on each other: the solver starts without the forces of the step before.
    before, trace, _ = clip("dominoes")
    after = continue_from(before, trace, FRAMES // 2)
    assert np.abs(after.position_m - trace.position_m).max() < 0.02


def test_friction_that_ends_in_mid_slide_leaves_g_sin_theta() -> None:
    block = Body("block", Shape("box", (0.2, 0.2, 0.2)), (0.0, 0.0, 0.0), friction=0.3, elasticity=0.0)
    ramp, block, downhill = on_slope(30.0, block, 0.1)
    before = scene(ramp, block)
    trace, frame = simulate(before), 20
    after = continue_from(scene(ramp, replace(block, friction=0.0)), trace, frame)
    lapse = trace.time_s[frame:] - trace.time_s[frame]
    way = (after.position_m[frame:, 1] - trace.position_m[frame, 1]) @ downhill
    speed = float(trace.velocity_m_s[frame, 1] @ downhill)
    assert speed == pytest.approx(
        (math.sin(math.pi / 6) - 0.3 * math.cos(math.pi / 6)) * G * trace.time_s[frame], rel=1e-3
    )
    expected = speed * lapse + G * math.sin(math.pi / 6) * lapse**2 / 2
    np.testing.assert_allclose(way, expected, atol=1e-4)


def test_gravity_that_changes_in_mid_flight_bends_the_parabola_anew() -> None:
    thrown = ball(height=1.0, velocity_m_s=(1.5, 0.0, 4.0))
    before = scene(thrown)
    trace, frame = simulate(before), 7
    gravity = (0.0, 2.0, -1.62)
    after = continue_from(replace(before, gravity_m_s2=gravity), trace, frame)
    lapse = (trace.time_s[frame:] - trace.time_s[frame])[:, None]
    start, velocity = trace.position_m[frame, 0], trace.velocity_m_s[frame, 0]
    np.testing.assert_allclose(
        after.position_m[frame:, 0], start + velocity * lapse + np.array(gravity) * lapse**2 / 2, atol=1e-10
    )
    np.testing.assert_allclose(
        after.velocity_m_s[frame:, 0], velocity + np.array(gravity) * lapse, atol=1e-10
    )


def test_what_would_have_been_hit_and_is_gone_is_not_hit() -> None:
    one = ball("one", velocity_m_s=(2.0, 0.0, 0.0), position_m=(-1.0, 0.0, 0.0), elasticity=1.0)
    two = ball("two", position_m=(0.5, 0.0, 0.0), elasticity=1.0)
    before = replace(scene(one, two, profile="restitution"), gravity_m_s2=(0.0, 0.0, 0.0))
    trace, frame = simulate(before), 10
    assert [event.kind for event in find_events(before, trace)][:1] == ["collision"]
    later = replace(before, bodies=(one, replace(two, present=False)))
    after = continue_from(later, trace, frame)
    np.testing.assert_allclose(after.position_m[:, 0, 0], -1.0 + 2.0 * trace.time_s, atol=1e-12)
    assert not len(after.contacts)
    np.testing.assert_array_equal(
        after.position_m[frame:, 1],
        np.broadcast_to(trace.position_m[frame, 1], after.position_m[frame:, 1].shape),
    )
    assert not after.velocity_m_s[frame:, 1].any()


def test_a_spring_that_is_gone_lets_its_body_fly_on() -> None:
    spring = Force("spring", "bob", anchor_m=(0.0, 0.0, 0.0), stiffness_n_m=20.0)
    bob = ball("bob", position_m=(0.5, 0.0, 0.0))
    before = replace(scene(bob, forces=(spring,)), gravity_m_s2=(0.0, 0.0, 0.0))
    trace, frame = simulate(before), 9
    after = continue_from(replace(before, forces=()), trace, frame)
    lapse = (trace.time_s[frame:] - trace.time_s[frame])[:, None]
    np.testing.assert_allclose(
        after.position_m[frame:, 0],
        trace.position_m[frame, 0] + trace.velocity_m_s[frame, 0] * lapse,
        atol=1e-12,
    )


def test_the_upper_bob_swings_on_by_itself_when_the_lower_one_is_gone() -> None:
    # By itself it is a pendulum, whose energy does not change.
    hinge = Joint("top", "hinge", "", "upper", (0.0, 0.0, 2.0))
    below = Joint("middle", "hinge", "upper", "lower", (0.5, 0.0, 2.0))
    upper, lower = ball("upper", position_m=(0.5, 0.0, 2.0)), ball("lower", position_m=(1.0, 0.0, 2.0))
    before = scene(upper, lower, joints=(hinge, below), profile="joints")
    trace, frame = simulate(before), 8
    after = continue_from(replace(before, bodies=(upper, replace(lower, present=False))), trace, frame)
    place, velocity, spin = (
        after.position_m[frame:, 0],
        after.velocity_m_s[frame:, 0],
        after.angular_velocity_rad_s[frame:, 0],
    )
    arm = np.linalg.norm(place - np.array([0.0, 0.0, 2.0]), axis=1)
    np.testing.assert_allclose(arm, 0.5, atol=1e-6)
    energy = (velocity**2).sum(axis=1) / 2 + 0.4 * 0.1**2 * (spin**2).sum(axis=1) / 2 + G * place[:, 2]
    assert np.ptp(energy) < 1e-3 * energy.max()


def test_frames_that_there_are_not() -> None:
    before, trace, _ = clip("drop")
    with pytest.raises(ValueError, match="the trace has frames 0 to 29, so nothing goes on from frame 30"):
        continue_from(before, trace, 30)


def test_an_absent_body_takes_no_part() -> None:
    there = ball("there", height=1.0)
    gone = replace(ball("gone", height=0.3), present=False)  # in the other one's way
    alone, both = simulate(scene(there, GROUND)), simulate(scene(gone, there, GROUND))
    assert np.array_equal(both.state[:, 1:], alone.state)
    assert np.array_equal(both.contacts.a, alone.contacts.a + 1)
    assert np.array_equal(both.state[:, 0, :3], np.broadcast_to(gone.position_m, (len(both.time_s), 3)))
    assert not both.state[:, 0, 7:].any()
    assert find_events(scene(there, GROUND), alone) == tuple(
        replace(event, bodies=tuple(index - 1 for index in event.bodies))
        for event in find_events(scene(gone, there, GROUND), both)
    )


def test_what_hangs_on_an_absent_body_goes_with_it() -> None:
    bob = ball("bob", position_m=(0.5, 0.0, 2.0))
    post = Body("post", Shape("box", (0.1, 0.1, 0.1)), (0.0, 0.0, 2.0), fixed=True, present=False)
    joint = Joint("pivot", "point", "post", "bob", (0.0, 0.0, 2.0))
    spring = Force("spring", "bob", "post", stiffness_n_m=50.0)
    hung = scene(bob, post, joints=(joint,), forces=(spring,), profile="joints")
    trace = simulate(hung)
    np.testing.assert_allclose(trace.position_m[:, 0, 2], 2.0 - G * trace.time_s**2 / 2, atol=1e-9)


def test_a_pair_can_pass_through_each_other_and_nothing_else() -> None:
    one = ball("one", velocity_m_s=(2.0, 0.0, 0.0), position_m=(-0.5, 0.0, 0.1))
    two, three = ball("two", position_m=(0.2, 0.0, 0.1)), ball("three", position_m=(0.8, 0.0, 0.1))
    through = replace(scene(one, two, three, GROUND), passing=(("two", "one"),))
    trace = simulate(through)
    touching = set(zip(trace.contacts.a.tolist(), trace.contacts.b.tolist(), strict=True))
    assert (0, 1) not in touching
    assert (0, 2) in touching
    assert np.abs(trace.position_m[:, 1] - np.array(two.position_m)).max() < 1e-4


def test_passing_bodies_must_be_there() -> None:
    with pytest.raises(SimulationError, match="passing: there is no body named 'ghost'"):
        simulate(replace(scene(ball(), GROUND), passing=(("ball", "ghost"),)))


def test_scenes_of_before_are_written_with_the_same_bytes() -> None:
    old = scene(ball(), GROUND, links=(Link("rod", "ball"),))
    text = scene_to_json(old)
    assert "present" not in text
    assert "passing" not in text
    assert scene_from_json(text) == old
    new = replace(old, bodies=(replace(ball(), present=False), GROUND), passing=(("ball", "ground"),))
    assert scene_from_json(scene_to_json(new)) == new
    assert '"present":false' in scene_to_json(new)
