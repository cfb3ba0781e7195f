"""What captions call the bodies of a scene whose scenario does not speak for it."""

from __future__ import annotations

from collections import Counter

from simgen.labels import words
from simgen.scene.spec import Body, SceneSpec

__all__ = ["bodies_called", "introduced", "the_bodies"]

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
# A part of a body's name that says where it is, as it stands in front of the noun.
PLACES = ("left", "right", "front", "back", "near", "far", "top", "bottom")


def bodies_called(scene: SceneSpec) -> tuple[str, ...]:
    """Every body without an article, told apart: "red ball", "ramp", "second screen", "larger blue ball".

    What moves is called by its looks, what is fixed by its name. Of two that look the same one may be larger;
    all others are numbered in the order of the scene.
    """
    plain = [_called(body) for body in scene.bodies]
    count = Counter(plain)
    told = list(plain)
    for name, number in count.items():
        if number == 1:
            continue
        alike = [index for index, other in enumerate(plain) if other == name]
        sizes = [scene.bodies[index].shape.size_m[0] for index in alike]
        sized = number == 2 and not scene.bodies[alike[0]].fixed and max(sizes) > 1.05 * min(sizes)
        for place, index in enumerate(alike):
            if sized:
                told[index] = f"{'larger' if sizes[place] == max(sizes) else 'smaller'} {name}"
            elif place < len(ORDINALS):
                told[index] = f"{ORDINALS[place]} {name}"
            else:
                told[index] = f"{name} number {place + 1}"
    return tuple(told)


def the_bodies(scene: SceneSpec) -> tuple[str, ...]:
    """Every body with its article: "the red ball", "the ground", "box number 12"."""
    return tuple(name if " number " in name else words.the(name) for name in bodies_called(scene))


def introduced(called: str) -> str:
    """As it is first spoken of: "a red ball", "the ground", "one of ..." for what is numbered."""
    if called in ("ground", "floor") or called.split()[0] in ORDINALS[2:] or " number " in called:
        return called if " number " in called else words.the(called)
    return words.introduce(called)


def _called(body: Body) -> str:
    if body.role == "ground":
        return "ground"
    if not body.fixed:
        return words.called(body)
    first, *rest = body.name.split("_")
    places = [part for part in rest if part in PLACES]
    rest = [part for part in rest if part not in PLACES and len(part) > 1 and not part.isdigit()]
    return " ".join((*places, first, *rest))
