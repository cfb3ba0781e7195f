"""Touches between bodies and the events they make: first contact, bounce, collision.

The trace has one row per touching pair and interval between two frames. A touch is a row whose pair was apart
before: no row in the interval before, or the row begins some steps after the interval does. So a body that
lies, rolls or slides makes one touch however long it does so, and the small hops of an elastic body that has
come to rest make none. A net (`simgen.scene.nets`) touches another body once, with the first of its bodies.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simgen.physics.pulls import accelerations, carried, forced
from simgen.physics.trace import Trace
from simgen.scene.nets import nets
from simgen.scene.rotation import cross
from simgen.scene.spec import SceneSpec

__all__ = ["Found", "Touch", "events", "find"]

Found = tuple[str, float, tuple[int, ...], float]  # kind, time_s, bodies, value

APART_STEPS = 4.5  # a pair that touches this many engine steps into an interval was apart before
IMPACT_STEPS = 10.5  # an impact is over after so many steps
START_STEPS = 3.5  # a pair that touches within so many steps of t = 0 touched at the start
SLOWEST_M_S = 0.05  # a rebound or a collision that is slower is none


@dataclass(frozen=True, slots=True)
class Touch:
    """A pair of bodies begins to touch in the interval that ends with `frame`."""

    frame: int
    time_s: float
    bodies: tuple[int, int]
    at_start: bool
    closing_m_s: float  # along the normal, just before
    leaving_m_s: float  # along the normal, just after; means nothing unless it bounces
    bounces: bool  # apart again for at least as long as lies between two frames


def find(scene: SceneSpec, trace: Trace) -> list[Touch]:
    """Every touch between two bodies of which at least one can move, ordered by (frame, bodies)."""
    whole = nets(scene)
    contacts = trace.contacts
    kept: list[int] = []
    of_nets: dict[frozenset[int], int] = {}
    for row in _begins(scene, trace):
        a, b = int(contacts.a[row]), int(contacts.b[row])
        if a not in whole and b not in whole:
            kept.append(row)
            continue
        pair = frozenset((whole.get(a, a), whole.get(b, b)))  # a single one where a net touches itself
        first = of_nets.setdefault(pair, row)
        if contacts.time_s[row] < contacts.time_s[first]:
            of_nets[pair] = row
    firsts = {row for pair, row in of_nets.items() if len(pair) == 2}
    return [_touch(scene, trace, row, single=row not in firsts) for row in sorted((*kept, *firsts))]


def events(scene: SceneSpec, trace: Trace, touches: list[Touch]) -> Iterator[Found]:
    met: set[tuple[int, int]] = set()
    for touch in touches:
        moving = [index for index in touch.bodies if not scene.bodies[index].fixed]
        if touch.bodies not in met and not touch.at_start:
            yield "first_contact", touch.time_s, touch.bodies, touch.closing_m_s
        met.add(touch.bodies)
        if touch.at_start:
            continue
        if len(moving) == 2 and touch.closing_m_s >= SLOWEST_M_S:
            yield "collision", touch.time_s, touch.bodies, touch.closing_m_s
        if len(moving) == 1 and touch.bounces:
            yield "bounce", touch.time_s, touch.bodies, touch.leaving_m_s


def _begins(scene: SceneSpec, trace: Trace) -> Iterator[int]:
    """Rows of the contact table with which a touch begins."""
    contacts = trace.contacts
    last_frame: dict[tuple[int, int], int] = {}
    for row in range(len(contacts)):
        frame, pair = int(contacts.frame[row]), (int(contacts.a[row]), int(contacts.b[row]))
        if scene.bodies[pair[0]].fixed and scene.bodies[pair[1]].fixed:
            continue
        delay = contacts.time_s[row] - trace.time_s[frame - 1]
        if last_frame.get(pair, -2) < frame - 1 or delay > APART_STEPS * trace.step_s:
            yield row
        last_frame[pair] = frame


def _touch(scene: SceneSpec, trace: Trace, row: int, single: bool) -> Touch:
    contacts = trace.contacts
    frame, time_s = int(contacts.frame[row]), float(contacts.time_s[row])
    pair = (int(contacts.a[row]), int(contacts.b[row]))
    normal, point = contacts.normal[row], contacts.position_m[row]
    before = [_carried(scene, trace, body, row, frame - 1) for body in pair]
    leaving = 0.0
    if single:  # a part of a net does not bounce: the rest of it holds it back
        after = [_carried(scene, trace, body, row, frame) for body in pair]
        leaving = _separation(after, point, normal)
    return Touch(
        frame=frame,
        time_s=time_s,
        bodies=pair,
        at_start=time_s <= START_STEPS * trace.step_s,
        closing_m_s=max(0.0, -_separation(before, point, normal)),
        leaving_m_s=max(0.0, leaving),
        bounces=single and _bounces(scene, trace, row, leaving),
    )


def _bounces(scene: SceneSpec, trace: Trace, row: int, leaving_m_s: float) -> bool:
    """Whether the pair of a touch parts again for at least as long as lies between two frames.

    The speed with which it leaves, carried back from the frame after, says how long the flight must last.
    That is to be believed if the pair does not touch again much sooner: it does when it rests, or hops
    several times between two frames.
    """
    contacts = trace.contacts
    frame, time_s = int(contacts.frame[row]), float(contacts.time_s[row])
    pair = (int(contacts.a[row]), int(contacts.b[row]))
    pull = accelerations(scene, trace.state[frame])
    # m/s² with which gravity and forces bring the two together
    pressing = -float((pull[pair[0]] - pull[pair[1]]) @ contacts.normal[row])
    lapse = float(trace.time_s[frame] - trace.time_s[frame - 1])
    if leaving_m_s < max(SLOWEST_M_S, pressing * lapse / 2):
        return False
    # An impact takes some steps, which may lie on both sides of a frame and so make two rows.
    later = (contacts.a == pair[0]) & (contacts.b == pair[1])
    later &= contacts.time_s > time_s + IMPACT_STEPS * trace.step_s
    if later.any():
        parted = float(contacts.time_s[later].min()) - time_s
        return parted > (1.8 * leaving_m_s / pressing if pressing > 0 else lapse)
    if frame < len(trace.time_s) - 1:
        return True
    now = [
        (
            trace.position_m[frame, body],
            trace.velocity_m_s[frame, body],
            trace.angular_velocity_rad_s[frame, body],
        )
        for body in pair
    ]
    return _separation(now, contacts.position_m[row], contacts.normal[row]) >= SLOWEST_M_S


Motion = tuple[
    NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]
]  # position, velocity, angular velocity


def _separation(motions: list[Motion], point: NDArray[np.float64], normal: NDArray[np.float64]) -> float:
    """Speed at which the first body's surface leaves the second's at `point`, along the normal, m/s."""
    (place_a, speed_a, spin_a), (place_b, speed_b, spin_b) = motions
    first = speed_a + cross(spin_a, point - place_a)
    second = speed_b + cross(spin_b, point - place_b)
    return float((first - second) @ normal)


def _carried(scene: SceneSpec, trace: Trace, body: int, row: int, frame: int) -> Motion:
    """The motion of a body at the time of a contact row, carried there from the frame before or after it.

    In between it falls freely (exact) or as forces push it, unless something else touches it there or a joint holds
    it; then the change of its velocity over the interval on the far side of the frame is taken to go on, if nothing
    new touched it there.
    """
    contacts = trace.contacts
    time_s, interval = float(contacts.time_s[row]), int(contacts.frame[row])
    lapse = time_s - float(
        trace.time_s[frame]
    )  # positive from the frame before, negative from the frame after
    place, speed = trace.position_m[frame, body], trace.velocity_m_s[frame, body]
    pull = np.zeros(3)
    if not scene.bodies[body].fixed:
        mine = (contacts.a == body) | (contacts.b == body)
        here = mine & (contacts.frame == interval)
        here[row] = False
        busy = here & (contacts.time_s < time_s) if frame < interval else here
        if busy.any() or _jointed(scene, body):
            towards = -1 if frame < interval else 1
            pull = _steady_change(trace, mine, body, frame, towards)
            if _jointed(scene, body):  # the pull turns with the body: its trend goes on
                beyond = frame + towards
                before = _steady_change(trace, mine, body, beyond, towards)
                if before.any() and pull.any():
                    spacing = float(trace.time_s[beyond] - trace.time_s[frame])
                    pull = pull + (pull - before) * (spacing - lapse) / (2 * spacing)
        elif forced(scene, body):
            then = carried(scene, trace.state[frame], lapse)[body]
            return then[0:3], then[7:10], trace.angular_velocity_rad_s[frame, body]
        else:
            pull = np.asarray(scene.gravity_m_s2)
    spin = trace.angular_velocity_rad_s[frame, body]
    return place + speed * lapse + pull * lapse**2 / 2, speed + pull * lapse, spin


def _jointed(scene: SceneSpec, body: int) -> bool:
    name = scene.bodies[body].name
    return any(name in (joint.parent, joint.child) for joint in scene.joints)


def _steady_change(
    trace: Trace, mine: NDArray[np.bool_], body: int, frame: int, towards: int
) -> NDArray[np.float64]:
    """Acceleration over the interval away from the contact; 0 at the ends and where a touch begins in it."""
    other = frame + towards
    if not 0 <= other < len(trace.time_s):
        return np.zeros(3)
    contacts = trace.contacts
    interval = max(frame, other)
    rows = mine & (contacts.frame == interval)
    if (contacts.time_s[rows] - trace.time_s[interval - 1] > APART_STEPS * trace.step_s).any():
        return np.zeros(3)
    change = trace.velocity_m_s[other, body] - trace.velocity_m_s[frame, body]
    step: NDArray[np.float64] = change / (trace.time_s[other] - trace.time_s[frame])
    return step
