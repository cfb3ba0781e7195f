"""Events of bodies on which springs, drag and attraction act: from closed forms, without an engine."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from simgen.labels import find_events
from simgen.scene.spec import Force, SceneSpec
from tests.labels.traces import GRAVITY, UP, ball, floor, scene_of, trace_of


def of_kind(events, kind):
    return [event for event in events if event.kind == kind]


def forced(scene: SceneSpec, *forces: Force) -> SceneSpec:
    return replace(scene, forces=forces)


@pytest.mark.parametrize("omega", [1.5, 3.0, 12.0])
@pytest.mark.parametrize("amplitude", [0.02, 0.3])
@pytest.mark.parametrize("phase", [0.0, 0.7, 2.2])
def test_a_body_that_swings_in_a_vacuum_does_nothing_else(
    omega: float, amplitude: float, phase: float
) -> None:
    """No apex, no rest, no start, wherever the video begins and ends."""
    for frames in (40, 48, 55, 62):
        scene = scene_of(ball(mass_kg=2.0), frames=frames, gravity=0.0)
        scene = forced(scene, Force("spring", "ball", anchor_m=(0, 0, 2), stiffness_n_m=2.0 * omega**2))
        path = lambda t: (
            [amplitude * math.cos(omega * t + phase), 0, 2],
            [-amplitude * omega * math.sin(omega * t + phase), 0, 0],
        )
        assert find_events(scene, trace_of(scene, {0: path})) == ()


def test_a_spring_that_ends_its_video_where_it_turns_does_not_rest() -> None:
    """ω² A = 0.16 m/s²: slower than a centimetre per second for an eighth of a second."""
    omega, amplitude = 2.0, 0.04
    frames = round(24 * 2 * math.pi / omega) + 1
    scene = forced(
        scene_of(ball(mass_kg=1.0), frames=frames, gravity=0.0),
        Force("spring", "ball", anchor_m=(0, 0, 2), stiffness_n_m=omega**2),
    )
    path = lambda t: (
        [amplitude * math.cos(omega * t), 0, 2],
        [-amplitude * omega * math.sin(omega * t), 0, 0],
    )
    assert find_events(scene, trace_of(scene, {0: path})) == ()


def test_a_damped_body_does_come_to_rest() -> None:
    """Critically damped, x = A (1 + ω t) exp(−ω t): slower than 1 cm/s for good at a time that is solved for."""
    omega, amplitude = 8.0, 0.3
    scene = forced(
        scene_of(ball(mass_kg=0.5), frames=60, gravity=0.0),
        Force("spring", "ball", anchor_m=(0, 0, 2), stiffness_n_m=0.5 * omega**2, damping_kg_s=omega),
    )
    path = lambda t: (
        [amplitude * (1 + omega * t) * math.exp(-omega * t), 0, 2],
        [-amplitude * omega**2 * t * math.exp(-omega * t), 0, 0],
    )
    events = find_events(scene, trace_of(scene, {0: path}))
    assert [event.kind for event in events] == ["comes_to_rest"]
    assert events[0].value == pytest.approx(amplitude, abs=1e-3)
    assert 0.9 < events[0].time_s < 1.2  # |v| falls below 0.01 m/s at 0.985 s


@pytest.mark.parametrize("rate", [0.2, 1.0, 4.0])
@pytest.mark.parametrize(("fps", "tolerance"), [(24.0, 1e-4), (60.0, 1e-5)])
def test_apex_in_air(rate: float, fps: float, tolerance: float) -> None:
    """Linear drag, m dv/dt = −m g − c v: t = ln(1 + c v₀ / (m g)) m / c."""
    speed, mass = 4.0, 0.3
    scene = forced(
        scene_of(ball(mass_kg=mass), fps=fps, frames=int(fps)), Force("drag", "ball", linear_kg_s=mass * rate)
    )
    fall = GRAVITY / rate

    def path(t: float) -> tuple[list[float], list[float]]:
        left = (1 - math.exp(-rate * t)) / rate
        return [0, 0, 1 + (speed + fall) * left - fall * t], [
            0,
            0,
            (speed + fall) * math.exp(-rate * t) - fall,
        ]

    top = math.log(1 + rate * speed / GRAVITY) / rate
    apexes = of_kind(find_events(scene, trace_of(scene, {0: path})), "apex")
    assert [apex.time_s for apex in apexes] == pytest.approx([top], abs=tolerance)
    assert apexes[0].value == pytest.approx(path(top)[0][2], abs=1e-6)


def test_apex_on_a_spring() -> None:
    """z = z₀ − A cos ω t about where spring and weight balance: highest at every odd half period."""
    omega, amplitude, mass = 9.0, 0.25, 0.4
    stiffness = mass * omega**2
    scene = forced(
        scene_of(ball(mass_kg=mass), frames=48),
        Force("spring", "ball", anchor_m=(0, 0, 2 + mass * GRAVITY / stiffness), stiffness_n_m=stiffness),
    )
    path = lambda t: (
        [0, 0, 2 - amplitude * math.cos(omega * t)],
        [0, 0, amplitude * omega * math.sin(omega * t)],
    )
    apexes = of_kind(find_events(scene, trace_of(scene, {0: path})), "apex")
    expected = [math.pi / omega * (2 * k + 1) for k in range(3)]
    assert [apex.time_s for apex in apexes] == pytest.approx(expected, abs=3e-4)
    assert [apex.value for apex in apexes] == pytest.approx([2 + amplitude] * 3, abs=2e-4)


def test_weak_forces_let_go_of_a_body_at_the_start() -> None:
    """A force of 5 cm/s²: the body is not seen to move for some frames, but was not at rest."""
    pull = 0.05
    scene = forced(
        scene_of(ball(mass_kg=1.0), frames=48, gravity=0.0),
        Force("attraction", "ball", anchor_m=(10.0, 0, 2), strength_n_m2=pull * 100),
    )
    path = lambda t: ([pull * t**2 / 2, 0, 2], [pull * t, 0, 0])
    assert find_events(scene, trace_of(scene, {0: path})) == ()


def test_the_speeds_of_a_bounce_under_a_spring() -> None:
    """A spring of no length from below pulls the ball down: z = z₀ cos ω t, it hits with v² = ω² (z₀² − z²)."""
    omega, height, elasticity, rest = 6.0, 0.9, 0.8, 0.1
    scene = forced(
        scene_of(ball(mass_kg=1.0), floor(), frames=24, gravity=0.0),
        Force("spring", "ball", anchor_m=(0.0, 0.0, 0.0), stiffness_n_m=omega**2),
    )
    hit = math.acos(rest / height) / omega
    speed = omega * math.sqrt(height**2 - rest**2)

    def path(t: float) -> tuple[list[float], list[float]]:
        if t < hit:
            return [0, 0, height * math.cos(omega * t)], [0, 0, -height * omega * math.sin(omega * t)]
        s = t - hit
        up = elasticity * speed
        return (
            [0, 0, rest * math.cos(omega * s) + up / omega * math.sin(omega * s)],
            [0, 0, -rest * omega * math.sin(omega * s) + up * math.cos(omega * s)],
        )

    end = hit + (math.pi - math.atan2(rest, elasticity * speed / omega)) / omega  # next time at z = 0
    scene = replace(scene, video=replace(scene.video, frame_count=int(24 * end)))
    events = find_events(scene, trace_of(scene, {0: path}, [(hit, 0, 1, UP)]))
    assert [event.value for event in of_kind(events, "first_contact")] == pytest.approx([speed], rel=1e-6)
    assert [event.value for event in of_kind(events, "bounce")] == pytest.approx(
        [elasticity * speed], rel=1e-6
    )
