"""Captions of composed scenes: nothing is known about them but their bodies, their motion and their
events.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from simgen.labels import words
from simgen.labels.events import Event
from simgen.physics.trace import Trace
from simgen.recipe.draws import Draws
from simgen.scene.spec import SceneSpec

__all__ = ["captions"]

MOVED_M = (
    0.02  # a body that gets no further than this from its start, and turns no more than that, stays in place
)
TURNED_RAD = 0.1
MOST_CLAUSES = 3  # of an outcome

SPEEDS = ((0.5, "slowly"), (2.0, "at a moderate speed"), (math.inf, "fast"))


def captions(scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws) -> dict[str, str]:
    """A sentence or two per tier: plain, qualitative, numeric, outcome."""
    free = [index for index, body in enumerate(scene.bodies) if not body.fixed]
    moving = [index for index in free if _moves(trace, index)]
    still = [index for index in free if index not in moving]
    shown = [
        i for i, body in enumerate(scene.bodies) if body.fixed and body.role != "ground" and body.visible
    ]
    among = f" near {_several(scene, shown)}" if shown else ""
    return {
        "plain": _plain(scene, moving, still, among, draws),
        "qualitative": _qualitative(scene, trace, moving, still, among),
        "numeric": _numeric(scene, trace, free),
        "outcome": _outcome(scene, events, moving, draws),
    }


def _moves(trace: Trace, index: int) -> bool:
    path, turns = trace.position_m[:, index], trace.orientation_xyzw[:, index]
    turned = 2 * np.arccos(np.clip(np.abs(turns @ turns[0]), 0.0, 1.0))
    return bool(np.linalg.norm(path - path[0], axis=1).max() > MOVED_M or turned.max() > TURNED_RAD)


def _several(scene: SceneSpec, indices: Sequence[int]) -> str:
    """ "a red ball, two grey boxes and a cone"."""
    counts = Counter(words.called(scene.bodies[index]) for index in indices)
    return words.join([words.article(name) if n == 1 else _number_of(n, name) for name, n in counts.items()])


def _number_of(count: int, name: str) -> str:
    *rest, noun = name.split()
    return " ".join((words.number_word(count), *rest, words.plural(noun)))


def _the(scene: SceneSpec, index: int) -> str:
    """ "the red ball"; with its place in the scene when another body is called the same."""
    name = words.called(scene.bodies[index])
    alike = [i for i, body in enumerate(scene.bodies) if words.called(body) == name and body.role != "ground"]
    if scene.bodies[index].role == "ground":
        return "the ground"
    if len(alike) == 1:
        return f"the {name}"
    place = alike.index(index)
    ordinals = ("first", "second", "third", "fourth", "fifth", "sixth")
    return f"the {ordinals[place]} {name}" if place < len(ordinals) else f"{name} number {place + 1}"


def _plain(scene: SceneSpec, moving: Sequence[int], still: Sequence[int], among: str, draws: Draws) -> str:
    if not moving:
        verb = "lies" if len(still) == 1 else "lie"
        return words.sentence(f"{_several(scene, still)} {verb} still{among}" if still else "nothing moves")
    verb = draws.choice("plain", ("moves", "is in motion") if len(moving) == 1 else ("move", "are in motion"))
    rest = (
        f" while {_several(scene, still)} {'stays' if len(still) == 1 else 'stay'} in place" if still else ""
    )
    return words.sentence(f"{_several(scene, moving)} {verb}{among}{rest}")


def _qualitative(
    scene: SceneSpec, trace: Trace, moving: Sequence[int], still: Sequence[int], among: str
) -> str:
    if not moving:
        return words.sentence(
            f"{_several(scene, still)} {'does' if len(still) == 1 else 'do'} not move{among}"
        )
    clauses = []
    for index in moving[:MOST_CLAUSES]:
        speed = float(np.linalg.norm(trace.velocity_m_s[:, index], axis=1).max())
        clauses.append(f"{_the(scene, index)} moves {words.grade(speed, SPEEDS)}")
    if len(moving) > MOST_CLAUSES:
        rest = len(moving) - MOST_CLAUSES
        clauses.append(f"{words.count(rest, 'other body')} {'moves' if rest == 1 else 'move'} too")
    return words.sentence(words.join(clauses) + among)


def _numeric(scene: SceneSpec, trace: Trace, free: Sequence[int]) -> str:
    if not free:
        return "Nothing is free to move."
    clauses = []
    for index in free[:MOST_CLAUSES]:
        body = scene.bodies[index]
        clause = f"{_the(scene, index)} has a mass of {words.quantity(body.mass_kg, 'kg')}"
        height = float(trace.position_m[0, index, 2])
        clauses.append(f"{clause} and starts with its centre at a height of {words.quantity(height, 'm')}")
    return words.sentence("; ".join(clauses))


def _outcome(scene: SceneSpec, events: Sequence[Event], moving: Sequence[int], draws: Draws) -> str:
    clauses: dict[tuple[str, tuple[int, ...]], str] = {}
    for event in events:
        meeting = event.kind in ("first_contact", "collision")
        about = ("meets" if meeting else event.kind, event.bodies)  # two bodies' meeting is told once
        clause = _clause(scene, event)
        if clause and about not in clauses and len(clauses) < MOST_CLAUSES:
            clauses[about] = clause
    if clauses:
        return words.sentence("; ".join(clauses.values()))
    if not moving:
        return draws.choice("outcome", ("Nothing moves.", "Everything stays where it is."))
    them = _the(scene, moving[0]) if len(moving) == 1 else "what moves"
    return words.sentence(f"{them} touches nothing new before the video ends")


def _clause(scene: SceneSpec, event: Event) -> str:
    when = f"after {words.quantity(event.time_s, 's')}"
    first = _the(scene, event.bodies[0])
    if event.kind in ("first_contact", "collision"):
        a, b = sorted(event.bodies, key=lambda index: scene.bodies[index].fixed)
        if scene.bodies[b].fixed:
            return f"{_the(scene, a)} touches {_the(scene, b)} {when}"
        return f"{_the(scene, a)} and {_the(scene, b)} {'collide' if event.kind == 'collision' else 'touch'} {when}"
    if event.kind == "comes_to_rest":
        return f"{first} comes to rest {when}"
    if event.kind == "topples":
        return f"{first} topples {when}"
    if event.kind == "leaves_frame":
        return f"{first} leaves the picture {words.side(event.value)} {when}"
    return ""
