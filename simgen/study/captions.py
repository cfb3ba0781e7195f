"""Captions of clips that their scenario does not speak for: one without a body, one in which something impossible
happens. All they say comes from labels: what bodies do at the start, what happens to them, where they end up."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simgen.labels import words
from simgen.labels.detection import find_events
from simgen.labels.events import Event
from simgen.physics.trace import Trace
from simgen.recipe.draws import Draws
from simgen.scene.nets import nets
from simgen.scene.presence import acting, is_drawn
from simgen.scene.rotation import cross
from simgen.scene.spec import Body, SceneSpec
from simgen.study.names import bodies_called, introduced, the_bodies
from simgen.study.take import Take
from simgen.study.violations import Violated

__all__ = ["clause", "firsts", "impossible_captions", "take_captions", "told_bodies"]

Floats = NDArray[np.float64]

MOST_TOLD = 3  # bodies, or clauses of an outcome
MOVES_M_S = 0.03
ROUND = ("sphere", "cylinder", "tube", "capsule")
STEEP = 0.05  # of its speed: a body on something that goes down this fast goes down it
SPEEDS = ((0.5, "slowly"), (2.0, "at a moderate speed"), (math.inf, "fast"))

# What is said of an event: infinitive and third person; {other} is the other body of a pair, {side} a side.
PHRASES: dict[str, tuple[str, str]] = {
    "first_contact": ("touch {other}", "touches {other}"),
    "bounce": ("bounce off {other}", "bounces off {other}"),
    "collision": ("collide with {other}", "collides with {other}"),
    "starts_moving": ("begin to move", "begins to move"),
    "comes_to_rest": ("come to rest", "comes to rest"),
    "topples": ("topple", "topples"),
    "leaves_frame": ("leave the picture {side}", "leaves the picture {side}"),
    "enters_frame": ("come into the picture", "comes into the picture"),
    "hidden": ("go out of sight behind {other}", "goes out of sight behind {other}"),
    "reappears": ("come out from behind {other}", "comes out from behind {other}"),
}


def take_captions(take: Take, events: Sequence[Event], draws: Draws) -> dict[str, str]:
    """A sentence or two per tier (plain, qualitative, numeric, outcome) of a clip whose events are `events`.

    They speak of the bodies that are there in the first frame, and say of one that is taken away that it is.
    """
    captions = _before(take, draws)
    told = told_bodies(take.scene, take.trace)
    outcome = _outcome_in_order(take.scene, events, told)
    gone = _taken_away(take)
    if gone and take.cut is not None:
        the = the_bodies(take.scene)
        when = words.quantity(float(take.trace.time_s[take.cut]), "s")
        for tier in ("plain", "qualitative"):
            captions[tier] += " " + words.sentence(f"then {the[gone[0]]} is taken away")
        clause_of_it = f"{the[gone[0]]} is taken away after {when}"
        before = _outcome_in_order(take.scene, [e for e in events if e.frame < take.cut], told, empty=False)
        after = _outcome_in_order(take.scene, [e for e in events if e.frame >= take.cut], told, empty=False)
        outcome = [*before, clause_of_it, *after][: MOST_TOLD + 1]
    return {**captions, "outcome": words.sentence("; ".join(outcome))}


def impossible_captions(violated: Violated, events: Sequence[Event], draws: Draws) -> dict[str, str]:
    """The same tiers of an impossible clip, whose events are `events`: what is seen, the impossible included."""
    take = violated.take
    assert take.later is not None
    captions = _before(take, draws)
    told = told_bodies(take.scene, take.trace)
    when = words.quantity(float(take.trace.time_s[violated.frame]), "s")
    screen = _screen(violated)
    # what happens behind the screen is told once, with the violation
    early = [
        event
        for event in events
        if event.frame < violated.frame
        and not (screen >= 0 and event.kind == "reappears" and {violated.body, screen} == set(event.bodies))
    ]
    late = [event for event in events if event.frame > violated.frame]
    it = "it" if told == [violated.body] else ""
    seen = _seen(violated, screen, it, whole=True)
    before = _outcome_in_order(take.scene, early, told, empty=False)
    after = _outcome_in_order(take.later, late, told_bodies(take.later, take.trace), empty=False)
    name = "it" if before and it else ""
    clauses = [*before, f"after {when}, {_seen(violated, screen, name, whole=False)}", *after[:1]]
    return {
        "plain": f"{captions['plain']} {words.sentence(f'then {seen}')}",
        "qualitative": f"{captions['qualitative']} {words.sentence(f'then {seen}')}",
        "numeric": f"{captions['numeric']} {words.sentence(f'after {when}, {_seen(violated, screen, it, whole=False)}')}",
        "outcome": words.sentence("; ".join(clauses)),
    }


def _before(take: Take, draws: Draws) -> dict[str, str]:
    """The tiers that tell how a clip begins."""
    draws = draws.under("caption.take")
    told = told_bodies(take.scene, take.trace)
    return {
        "plain": words.sentence(_doing(take, told, draws)),
        "qualitative": words.sentence(_doing(take, told, draws, speed=True)),
        "numeric": words.sentence(_numeric(take.scene, take.trace, told)),
    }


def _taken_away(take: Take) -> list[int]:
    if take.later is None:
        return []
    return [
        index
        for index, (first, second) in enumerate(zip(take.scene.bodies, take.later.bodies, strict=True))
        if first.present and not second.present
    ]


def _seen(violated: Violated, screen: int, name: str, whole: bool) -> str:
    """The violation as a clause: "the red ball vanishes". `name`: what the body is called, "" for its own words;
    `whole`: with its going behind the screen, where there is one."""
    take = violated.take
    assert take.later is not None
    the = the_bodies(take.scene)
    body = name or the[violated.body]
    goes = f"{body} goes behind {the[screen]} and" if whole else body
    new = words.article(words.called(take.later.bodies[violated.body]))
    if violated.kind == "vanish":
        if screen < 0:
            return f"{body} vanishes"
        return (
            f"{goes} never comes out again"
            if whole
            else f"{body} does not come out from behind {the[screen]}"
        )
    if violated.kind == "appear":
        return f"{words.article(bodies_called(take.scene)[violated.body])} appears out of nowhere"
    if violated.kind == "teleport":
        return f"{body} is suddenly somewhere else"
    if violated.kind == "pass_through":
        return f"{'out of sight, ' if violated.hidden else ''}{body} goes through {the[violated.other]}"
    if violated.kind in ("swap_colour", "swap_shape"):
        if screen < 0:
            return f"{body} turns into {new}"
        return (
            f"{goes} comes out as {new}" if whole else f"{body} comes out from behind {the[screen]} as {new}"
        )
    if violated.kind == "reverse_gravity":
        return "gravity turns round and pulls upwards"
    if violated.kind == "gain_energy":
        return f"{body} {'bounces back faster than it came' if violated.bounce else 'gets much faster by itself'}"
    return "everything runs backwards"


def _screen(violated: Violated) -> int:
    """The screen from behind which the body comes, or should; -1 when what happens to it happens in the open."""
    if not violated.hidden or violated.kind == "pass_through":
        return -1
    scene = violated.possible.scene
    for event in reversed(find_events(scene, violated.possible.trace)):
        if event.kind == "reappears" and violated.body in event.bodies and event.frame <= violated.frame:
            return next(index for index in event.bodies if index != violated.body)
    return -1


def told_bodies(scene: SceneSpec, trace: Trace) -> list[int]:
    """The bodies that captions speak of: free, drawn, seen in the first frame; those that move come first."""
    held = nets(acting(scene))
    free = [
        index
        for index, body in enumerate(scene.bodies)
        if is_drawn(body) and not body.fixed and index not in held
    ]
    speed = np.linalg.norm(trace.velocity_m_s, axis=2).max(axis=0)
    return sorted(free, key=lambda index: speed[index] < MOVES_M_S)


def _doing(take: Take, told: Sequence[int], draws: Draws, speed: bool = False) -> str:
    """What the bodies do at first: "a red ball rolls down the ramp and a blue ball lies still"."""
    scene = take.scene
    called = bodies_called(scene)
    if not told:
        return draws.choice("empty", ("nothing moves", "there is nothing that moves"))
    last = min((take.cut or len(take.trace.time_s)) - 1, len(take.trace.time_s) - 1)
    clauses = []
    for index in told[:MOST_TOLD]:
        manner = _manner(scene, take.trace, index, max(last, 1), speed)
        clauses.append(f"{introduced(called[index])} {manner}")
    if len(told) > MOST_TOLD:
        rest = len(told) - MOST_TOLD
        clauses.append(f"there {'is' if rest == 1 else 'are'} {words.count(rest, 'other body')}")
    return words.join(clauses)


def _manner(scene: SceneSpec, trace: Trace, index: int, last: int, graded: bool) -> str:
    """What a body does in the first frames, up to `last`, as a verb and where: "rolls down the ramp"."""
    few = min(last, max(2, len(trace.time_s) // 8), len(trace.time_s) - 1)
    velocity = trace.velocity_m_s[few, index]
    fastest = float(np.linalg.norm(trace.velocity_m_s[: last + 1, index], axis=1).max())
    tied = _tied(scene, scene.bodies[index])
    if float(np.linalg.norm(trace.velocity_m_s[: few + 1, index], axis=1).max()) < MOVES_M_S:
        return "hangs still" if tied else "is at rest"
    how = f" {words.grade(fastest, SPEEDS)}" if graded else ""
    if tied:
        return f"moves{how}"
    contacts = trace.contacts
    mine = (contacts.a == index) | (contacts.b == index)
    rows = np.flatnonzero((contacts.frame <= few) & mine).tolist()
    under = [
        row
        for row in rows
        if scene.bodies[int(contacts.b[row] if contacts.a[row] == index else contacts.a[row])].fixed
    ]
    if under:
        row = under[-1]
        other = int(contacts.b[row] if contacts.a[row] == index else contacts.a[row])
        verb = "rolls" if _rolls(scene.bodies[index], trace, few, index, row) else "slides"
        down = -velocity[2] / max(float(np.linalg.norm(velocity)), 1e-9)
        way = "down" if down > STEEP else "up" if down < -STEEP else "along"
        return f"{verb}{how} {way} {the_bodies(scene)[other]}"
    if len(rows):
        return f"moves{how}"
    gravity = np.asarray(scene.gravity_m_s2)
    if not gravity.any():
        return f"glides{how}"
    across = velocity - (velocity @ gravity) / (gravity @ gravity) * gravity
    falls = velocity @ gravity > 0 and np.linalg.norm(across) < 0.2 * np.linalg.norm(velocity)
    return f"falls{how}" if falls else f"flies through the air{how}"


def _tied(scene: SceneSpec, body: Body) -> bool:
    there = acting(scene)
    held = {name for joint in there.joints for name in (joint.parent, joint.child)}
    held |= {
        name for force in there.forces if force.kind != "drag" for name in (force.a, force.b, force.pulley)
    }
    return body.name in held


def _rolls(body: Body, trace: Trace, frame: int, index: int, row: int) -> bool:
    """Whether the point of a round body that touches moves much slower than its centre."""
    if body.shape.kind not in ROUND:
        return False
    contacts = trace.contacts
    normal = contacts.normal[row] if contacts.a[row] == index else -contacts.normal[row]
    arm = -body.shape.size_m[0] * normal
    surface = trace.velocity_m_s[frame, index] + cross(trace.angular_velocity_rad_s[frame, index], arm)
    return float(np.linalg.norm(surface)) < 0.3 * float(np.linalg.norm(trace.velocity_m_s[frame, index]))


def _numeric(scene: SceneSpec, trace: Trace, told: Sequence[int]) -> str:
    if not told:
        return "nothing is free to move"
    the, clauses = the_bodies(scene), []
    for index in told[:MOST_TOLD]:
        mass = words.quantity(scene.bodies[index].mass_kg, "kg")
        speed = float(np.linalg.norm(trace.velocity_m_s[0, index].astype(np.float32)))
        begins = f"starts at {words.quantity(speed, 'm/s')}" if speed >= 0.005 else "starts at rest"
        clauses.append(f"{the[index]} has a mass of {mass} and {begins}")
    return "; ".join(clauses)


def _outcome_in_order(
    scene: SceneSpec, events: Sequence[Event], told: Sequence[int], empty: bool = True
) -> list[str]:
    """What happened, told once for every two that meet, of the bodies that captions speak of.

    `empty`: a clause that says so where nothing did.
    """
    the = the_bodies(scene)
    found: dict[tuple[object, ...], str] = {}
    for event in firsts(events, told).values():
        subject, _, third = clause(scene, event, the, told)
        if len(found) < MOST_TOLD:
            found[event.kind, event.bodies] = f"{subject} {third} after {words.quantity(event.time_s, 's')}"
    if found or not empty:
        return list(found.values())
    if not told:
        return ["nothing happens"]
    who = f"{the[told[0]]} is" if len(told) == 1 else "all that was there at first is"
    return [f"{who} still in the picture when the video ends"]


def firsts(events: Sequence[Event], told: Sequence[int]) -> dict[tuple[object, ...], Event]:
    """The first event of each kind and of each body or pair among those told of, as far as captions speak of them.

    A touch that is also a bounce or a collision is told as that.
    """
    more = {event.bodies for event in events if event.kind in ("bounce", "collision")}
    found: dict[tuple[object, ...], Event] = {}
    for event in events:
        if event.kind not in PHRASES or not set(event.bodies) & set(told):
            continue
        if event.kind == "first_contact" and event.bodies in more:
            continue
        side = event.value if event.kind == "leaves_frame" else 0.0
        found.setdefault((event.kind, event.bodies, side), event)
    return found


def clause(
    scene: SceneSpec, event: Event, the: Sequence[str], told: Sequence[int] = ()
) -> tuple[str, str, str]:
    """An event's subject and what it does, as an infinitive and in the third person.

    Of two bodies the subject is one that is free to move, and one of `told` before any other.
    """
    first, *rest = sorted(event.bodies, key=lambda index: (scene.bodies[index].fixed, index not in told))
    other = the[rest[0]] if rest else ""
    side = words.side(event.value) if event.kind in ("leaves_frame", "enters_frame") else ""
    infinitive, third = PHRASES[event.kind]
    return the[first], infinitive.format(other=other, side=side), third.format(other=other, side=side)
