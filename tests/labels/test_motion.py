"""Apex, rest, rolling, toppling: against closed forms."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from simgen.labels import find_events
from simgen.scene.spec import Body, Joint, Shape
from tests.labels.traces import GRAVITY, UP, ball, floor, lasting, scene_of, trace_of


def of_kind(events, kind):
    return [event for event in events if event.kind == kind]


@pytest.mark.parametrize("speed", [1.0, 3.7, 6.2])
@pytest.mark.parametrize("fps", [10.0, 24.0, 240.0])
def test_apex_of_a_throw(speed: float, fps: float) -> None:
    scene = scene_of(ball(), fps=fps, frames=int(fps))
    path = lambda t: ([t, 0, 0.5 + speed * t - GRAVITY * t**2 / 2], [1, 0, speed - GRAVITY * t])
    apexes = of_kind(find_events(scene, trace_of(scene, {0: path})), "apex")
    assert [apex.time_s for apex in apexes] == pytest.approx([speed / GRAVITY], abs=1e-12)
    assert apexes[0].value == pytest.approx(0.5 + speed**2 / (2 * GRAVITY), abs=1e-12)


def test_a_body_let_go_has_no_apex_and_does_not_start() -> None:
    scene = scene_of(ball(), frames=12)
    path = lambda t: ([0, 0, 3 - GRAVITY * t**2 / 2], [0, 0, -GRAVITY * t])
    assert find_events(scene, trace_of(scene, {0: path})) == ()


@pytest.mark.parametrize("acceleration", [0.02, 0.3, 2.0])
def test_a_body_let_go_that_is_slow_does_not_start_either(acceleration: float) -> None:
    scene = scene_of(ball(), floor(), frames=24)
    path = lambda t: ([acceleration * t**2 / 2, 0, 0.1], [acceleration * t, 0, 0])
    rolling = {0: lambda t: (0.0, acceleration * t / 0.1, 0.0)}
    trace = trace_of(scene, {0: path}, lasting(0.0, 1.0, 0, 1, UP), spins=rolling)
    assert find_events(scene, trace) == ()


def test_a_body_let_go_near_balance_does_not_start_later() -> None:
    """It leaves an upright position ever faster, and nothing touches it: a centimetre after 0.46 s."""
    scene = scene_of(ball(), frames=24)
    path = lambda t: ([1e-4 * (math.cosh(10 * t) - 1), 0, 3], [1e-3 * math.sinh(10 * t), 0, 0])
    assert find_events(scene, trace_of(scene, {0: path})) == ()


@pytest.mark.parametrize("speed", [0.5, 1.3, 2.2])
@pytest.mark.parametrize("friction", [0.1, 0.25, 0.6])
def test_a_sliding_box_stops_when_the_formula_says(speed: float, friction: float) -> None:
    """t = v / (μ g), x = v² / (2 μ g)."""
    stop = speed / (friction * GRAVITY)
    scene = scene_of(
        Body("box", Shape("box", (0.2, 0.2, 0.2)), (0, 0, 0.1)), floor(), frames=int(24 * (stop + 1))
    )

    def path(t):
        t = min(t, stop)
        return [-1 + speed * t - friction * GRAVITY * t**2 / 2, 0, 0.1], [
            speed - friction * GRAVITY * t,
            0,
            0,
        ]

    trace = trace_of(scene, {0: path}, lasting(0.0, stop + 1, 0, 1, UP))
    events = find_events(scene, trace)
    assert [event.kind for event in events] == ["comes_to_rest"]
    assert events[0].time_s == pytest.approx(stop, abs=1e-9)
    assert events[0].value == pytest.approx(speed**2 / (2 * friction * GRAVITY), rel=1e-9)


def test_a_link_is_not_at_rest_while_what_hangs_on_it_swings() -> None:
    bodies = (ball("upper"), ball("lower"))
    scene = replace(scene_of(*bodies, frames=25), joints=(Joint("j", "point", "upper", "lower", (0, 0, 0)),))
    still = lambda t: ([max(0.0, 0.2 - t), 0, 2], [-1 if t < 0.2 else 0, 0, 0])
    swinging = lambda t: ([math.sin(t), 0, 1], [math.cos(t), 0, 0])
    assert of_kind(find_events(scene, trace_of(scene, {0: still, 1: swinging})), "comes_to_rest") == []
    (rest,) = of_kind(
        find_events(scene, trace_of(scene, {0: still, 1: lambda t: ([0, 0, 1], [0, 0, 0])})), "comes_to_rest"
    )
    assert rest.bodies == (0,)


def test_a_stop_too_near_the_end_is_not_yet_rest() -> None:
    stop = 1.0
    scene = scene_of(ball(), floor(), frames=26)  # 1.04 s
    path = lambda t: ([min(t, stop), 0, 0.1], [1.0 if t < stop else 0.0, 0, 0])
    events = find_events(scene, trace_of(scene, {0: path}, lasting(0, 1.1, 0, 1, UP)))
    assert of_kind(events, "comes_to_rest") == []


@pytest.mark.parametrize("speed", [1.0, 2.5])
@pytest.mark.parametrize("friction", [0.1, 0.3])
def test_a_sliding_ball_begins_to_roll_when_the_formula_says(speed: float, friction: float) -> None:
    """A ball thrown along the ground without spin: t = 2 v / (7 μ g), it then rolls at 5/7 v."""
    begin = 2 * speed / (7 * friction * GRAVITY)
    scene = scene_of(ball(), floor(), frames=int(24 * (begin + 1)))

    def path(t):
        sliding = min(t, begin)
        x = speed * sliding - friction * GRAVITY * sliding**2 / 2 + 5 / 7 * speed * max(0.0, t - begin)
        return [x - 1, 0, 0.1], [speed - friction * GRAVITY * sliding, 0, 0]

    spin = {0: lambda t: (0.0, 5 * friction * GRAVITY * min(t, begin) / (2 * 0.1), 0.0)}
    trace = trace_of(scene, {0: path}, lasting(0.0, begin + 1, 0, 1, UP), spins=spin)
    rolls = of_kind(find_events(scene, trace), "starts_rolling")
    assert [event.time_s for event in rolls] == pytest.approx([begin], abs=1e-9)
    assert rolls[0].value == pytest.approx(5 / 7 * speed)


def test_a_rolling_ball_and_a_sliding_box_do_not_start_to_roll() -> None:
    for body, spin in ((ball(), 5.0), (Body("box", Shape("box", (0.2, 0.2, 0.2)), (0, 0, 0.1)), 0.0)):
        scene = scene_of(body, floor())
        path = lambda t: ([0.5 * t, 0, 0.1], [0.5, 0, 0])
        spins = {0: lambda t, spin=spin: (0.0, spin, 0.0)}
        assert find_events(scene, trace_of(scene, {0: path}, lasting(0, 2, 0, 1, UP), spins=spins)) == ()


def tipping(angle: float) -> tuple[float, float, float, float]:
    return (0.0, math.sin(angle / 2), 0.0, math.cos(angle / 2))


@pytest.mark.parametrize("shape", [Shape("box", (0.1, 0.1, 0.6)), Shape("cylinder", (0.1, 0.6))])
def test_a_tipping_body_topples_at_45_degrees(shape: Shape) -> None:
    rate = 0.9  # rad/s
    scene = scene_of(Body("post", shape, (0, 0, 0.3)), floor())
    trace = trace_of(
        scene,
        {0: lambda t: ([0, 0, 0.3], [0, 0, 0])},
        lasting(0, 2, 0, 1, UP),
        turns={0: lambda t: tipping(rate * t)},
        spins={0: lambda t: (0.0, rate, 0.0)},
    )
    (topples,) = of_kind(find_events(scene, trace), "topples")
    assert topples.time_s == pytest.approx(math.pi / 4 / rate, abs=1e-9)
    assert topples.value == pytest.approx(math.degrees(rate * trace.time_s[-1]))


def test_turning_without_tipping_is_not_toppling() -> None:
    yaw = lambda t: (0.0, 0.0, math.sin(t), math.cos(t))
    lying = lambda t: (0.0, math.sin(t), 0.0, math.cos(t))
    box = Body("box", Shape("box", (0.2, 0.3, 0.4)), (0, 0, 0.2))
    flying = lambda t: ([0, 0, 1], [0, 0, 0])
    for body, turn, rows in ((box, yaw, lasting(0, 2, 0, 1, UP)), (box, lying, []), (ball(), lying, [])):
        scene = scene_of(body, floor())
        assert (
            of_kind(find_events(scene, trace_of(scene, {0: flying}, rows, turns={0: turn})), "topples") == []
        )


def test_a_rolling_cylinder_does_not_topple() -> None:
    """Its axis lies across the way; the axes that turn are not the one that counts."""
    across = (math.sin(math.pi / 4), 0.0, 0.0, math.cos(math.pi / 4))
    scene = scene_of(Body("drum", Shape("cylinder", (0.1, 0.2)), (0, 0, 0.1)), floor())

    def turn(t):
        x, y, z, w = tipping(5 * t)
        ax, ay, az, aw = across  # tipping ∘ across
        vector = aw * np.array([x, y, z]) + w * np.array([ax, ay, az]) + np.cross([x, y, z], [ax, ay, az])
        return (*vector, w * aw - np.dot([x, y, z], [ax, ay, az]))

    trace = trace_of(
        scene,
        {0: lambda t: ([0.5 * t - 1, 0, 0.1], [0.5, 0, 0])},
        lasting(0, 2, 0, 1, UP),
        turns={0: turn},
        spins={0: lambda t: (0.0, 5.0, 0.0)},
    )
    assert find_events(scene, trace) == ()
