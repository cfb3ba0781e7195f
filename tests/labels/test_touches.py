"""First contact, bounce, collision: against closed forms, and without chatter."""

from __future__ import annotations

import numpy as np
import pytest

from simgen.labels import find_events
from simgen.physics import simulate
from simgen.scene.spec import Body, Camera, SceneSpec, Shape, Video
from tests.labels.traces import GRAVITY, STEP_S, UP, ball, bouncing, floor, lasting, scene_of, trace_of


def of_kind(events, kind):
    return [event for event in events if event.kind == kind]


@pytest.mark.parametrize("elasticity", [0.9, 0.7, 0.5])
@pytest.mark.parametrize("fps", [24.0, 60.0, 12.0])
def test_bounces_of_a_dropped_ball(elasticity: float, fps: float) -> None:
    path, hits, speeds = bouncing(1.2, elasticity)
    scene = scene_of(ball(), floor(), fps=fps, frames=int(3 * fps))
    rows = [(hit, 0, 1, UP) for hit in hits] + lasting(hits[-1], 3.0, 0, 1, UP)
    trace = trace_of(scene, {0: path}, rows)
    bounces = of_kind(find_events(scene, trace), "bounce")
    end = trace.time_s[-1]
    # those that last at least as long as lies between two frames, and of the last interval those that show at
    # its end
    expected = [
        (hit, speed)
        for hit, speed in zip(hits, speeds, strict=True)
        if 2 * speed / GRAVITY > 1 / fps and hit < end - 1 / fps
    ]
    bounces = [bounce for bounce in bounces if bounce.time_s < end - 1 / fps]
    assert [bounce.time_s for bounce in bounces] == pytest.approx([hit for hit, _ in expected], abs=1e-12)
    assert [bounce.value for bounce in bounces] == pytest.approx([speed for _, speed in expected], rel=1e-9)
    for bounce in bounces:
        assert trace.time_s[bounce.frame - 1] < bounce.time_s <= trace.time_s[bounce.frame]


def test_first_contact_tells_the_impact_speed() -> None:
    path, hits, _ = bouncing(0.8, 0.6)
    scene = scene_of(ball(), floor())
    (contact,) = of_kind(
        find_events(scene, trace_of(scene, {0: path}, [(h, 0, 1, UP) for h in hits])), "first_contact"
    )
    assert contact.bodies == (0, 1)
    assert contact.time_s == pytest.approx(np.sqrt(2 * 0.8 / GRAVITY), abs=1e-12)
    assert contact.value == pytest.approx(np.sqrt(2 * GRAVITY * 0.8), rel=1e-9)


def test_a_resting_body_makes_no_event() -> None:
    scene = scene_of(ball(), floor())
    trace = trace_of(scene, {0: lambda t: ([0, 0, 0.1], [0, 0, 0])}, lasting(0.0, 2.0, 0, 1, UP))
    assert find_events(scene, trace) == ()


@pytest.mark.parametrize("seed", range(5))
def test_the_hops_of_an_elastic_body_at_rest_make_no_event(seed: int) -> None:
    """Contact only now and then, a few steps apart, with a trembling velocity of a few mm/s."""
    random = np.random.default_rng(seed)
    times = np.cumsum(random.integers(1, 4, 4000)) * STEP_S
    trembling = {round(frame / 24, 9): random.uniform(-4e-3, 4e-3) for frame in range(48)}
    scene = scene_of(ball(), floor())
    trace = trace_of(
        scene,
        {0: lambda t: ([0, 0, 0.1 + 1e-6 * trembling[round(t, 9)]], [0, 0, trembling[round(t, 9)]])},
        [(float(time), 0, 1, UP) for time in times if time < 2],
    )
    assert find_events(scene, trace) == ()


def test_landing_without_a_rebound_is_no_bounce() -> None:
    for height in np.linspace(0.3, 1.5, 40):  # the landing at every place between two frames
        path, hits, _ = bouncing(height, 0.0)
        scene = scene_of(ball(), floor())
        kinds = [
            e.kind for e in find_events(scene, trace_of(scene, {0: path}, lasting(hits[0], 2.0, 0, 1, UP)))
        ]
        assert kinds == ["comes_to_rest", "first_contact"], height


def test_an_impact_on_both_sides_of_a_frame_is_one_bounce() -> None:
    """The engine may need some steps for an impact; two rows then stand for it."""
    hit = 10 / 24 - 1.5 * STEP_S
    height = GRAVITY * hit**2 / 2
    path, hits, speeds = bouncing(height, 0.8)
    scene = scene_of(ball(), floor(), frames=20)
    rows = lasting(hits[0], hits[0] + 4 * STEP_S, 0, 1, UP)
    bounces = of_kind(find_events(scene, trace_of(scene, {0: path}, rows)), "bounce")
    assert [bounce.time_s for bounce in bounces] == [hits[0]]
    assert bounces[0].value == pytest.approx(speeds[0], rel=1e-6)


def test_two_moving_balls_collide_once_and_the_resting_one_starts() -> None:
    meeting, speed = 0.713, 2.0

    def first(t):
        return (
            ([-0.2 + speed * (t - meeting), 0, 1], [speed, 0, 0])
            if t < meeting
            else ([-0.2, 0, 1], [0, 0, 0])
        )

    def second(t):
        return ([0, 0, 1], [0, 0, 0]) if t < meeting else ([speed * (t - meeting), 0, 1], [speed, 0, 0])

    scene = scene_of(ball("a"), ball("b"), gravity=0.0)
    events = find_events(scene, trace_of(scene, {0: first, 1: second}, [(meeting, 0, 1, (-1.0, 0.0, 0.0))]))
    assert [(event.kind, event.bodies) for event in events if event.kind != "leaves_frame"] == [
        ("collision", (0, 1)),
        ("comes_to_rest", (0,)),
        ("first_contact", (0, 1)),
        ("starts_moving", (1,)),
    ]
    assert all(
        event.time_s == pytest.approx(meeting, abs=1e-12) for event in events if event.kind != "leaves_frame"
    )
    assert {event.kind: event.value for event in events}["collision"] == pytest.approx(speed)
    assert {event.kind: event.value for event in events}["starts_moving"] == pytest.approx(speed)


def test_touching_at_the_start_is_no_first_contact() -> None:
    scene = scene_of(ball(), floor())
    rolling = trace_of(
        scene,
        {0: lambda t: ([0.3 * t, 0, 0.1], [0.3, 0, 0])},
        lasting(2 * STEP_S, 2.0, 0, 1, UP),
        spins={0: lambda t: (0.0, 3.0, 0.0)},
    )
    assert find_events(scene, rolling) == ()


def test_the_engine_s_bounces_fall_where_the_formula_says() -> None:
    """The same through the whole path: simulate, then find."""
    height, elasticity = 1.0, 0.7
    scene = SceneSpec(
        bodies=(
            Body("ball", Shape("sphere", (0.1,)), (0.0, 0.0, 0.1 + height), elasticity=elasticity),
            Body("floor", Shape("box", (9.0, 9.0, 1.0)), (0.0, 0.0, -0.5), fixed=True, role="ground"),
        ),
        video=Video(64, 64, 30.0, 60),
        cameras=(Camera(),),
        profile="restitution",
    )
    bounces = of_kind(find_events(scene, simulate(scene)), "bounce")
    _, hits, speeds = bouncing(height, elasticity)
    count = sum(
        2 * speed / GRAVITY > 1 / 30 and hit < 59 / 30 for hit, speed in zip(hits, speeds, strict=True)
    )
    assert [bounce.time_s for bounce in bounces] == pytest.approx(hits[:count], abs=1e-3)
    assert [bounce.value for bounce in bounces] == pytest.approx(speeds[:count], rel=5e-3)
