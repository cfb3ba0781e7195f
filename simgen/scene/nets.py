"""Nets: many bodies that springs hold together, which are one thing to whoever looks.

The beads of a net or a cloth touch, part, rise and sink all the time. Told one by one, that would be hundreds of
events of which none means anything; told of the net as a whole they are few and say what happened.
"""

from __future__ import annotations

from simgen.scene.spec import SceneSpec

__all__ = ["nets"]

FEWEST = 16  # bodies


def nets(scene: SceneSpec) -> dict[int, int]:
    """The first body of the net that a body belongs to, by the body's index; bodies of no net are left out.

    A net is 16 moving bodies or more that springs join to each other, with more springs than bodies: a chain, a
    ring or a tree of springs is none.
    """
    springs = [
        (scene.body_index(force.a), scene.body_index(force.b))
        for force in scene.forces
        if force.kind == "spring" and force.b
    ]
    if len(springs) <= FEWEST:
        return {}
    springs = [pair for pair in springs if not any(scene.bodies[index].fixed for index in pair)]
    group = {index: index for pair in springs for index in pair}

    def first(index: int) -> int:
        while group[index] != index:
            group[index] = index = group[group[index]]
        return index

    for a, b in springs:
        low, high = sorted((first(a), first(b)))
        group[high] = low
    found: dict[int, list[int]] = {}
    for index in sorted(group):
        found.setdefault(first(index), []).append(index)
    held: dict[int, int] = {}
    for name, members in found.items():
        joined = sum(first(a) == name for a, _ in springs)
        if len(members) >= FEWEST and joined > len(members):
            held |= dict.fromkeys(members, name)
    return held
