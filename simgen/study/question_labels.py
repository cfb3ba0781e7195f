"""Answers: what the labels of a world say to a question about one of its bodies.

Each is a function of one world and nothing else, and gives the answer in words, or None where the labels do not
settle it: a body near a line that it is asked about, a speed that is neither. `Measured` answers are numbers, and
are asked only where they are far enough apart to be told by eye.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simgen.labels import words
from simgen.labels.events import Event
from simgen.study.worlds import World

__all__ = ["Answer", "Label", "Measured", "other"]

EDGE = 0.02  # of the picture: nearer to a line than this, a centre is on neither side of it
SHIFT = 0.05  # of the picture: what counts as another place
FASTER = 1.3  # ratio of speeds that counts as faster
SLOW_M_S = 0.1  # below this, a body that is not at rest is not clearly moving either
LARGER = 1.2  # ratio of sizes that can be seen
HEAVIER = 1.5  # ratio of masses that can be told from a collision
MOST_COUNTED = 5  # bounces and collisions that can be counted by eye; of more nothing is asked


@dataclass(frozen=True, slots=True)
class Measured:
    """A number as printed; two of them are different where they are `apart` or more."""

    text: str
    value: float
    apart: float


Answer = str | Measured
Label = Callable[[World, int], Answer | None]  # of a world, about the body of that index


def other(world: World, body: int, indices: tuple[int, ...]) -> str | None:
    """What the body meets, in words: "the ground", "the board", "another ball"; None where it is not drawn."""
    rest = [index for index in indices if index != body]
    if len(rest) != 1 or not world.body(rest[0]).visible:
        return None
    met = world.body(rest[0])
    if not met.fixed:
        noun = words.noun(met)
        return f"another {noun}" if noun == words.noun(world.body(body)) else words.article(noun)
    return FIXED.get(met.name.split("_")[0], words.the(met.name.split("_")[0]))


# What fixed bodies are called whose name says it badly; the others are called by the first part of their name.
FIXED = {
    "stop": "the board",
    "wall": "a wall",
    "screen": "a screen",
    "leg": "a leg of the table",
    "body": "what lies there",
}


# What is seen


def colour(world: World, body: int) -> Answer | None:
    look = world.body(body).look
    return look.colour_name or None if look is not None and _is_seen(world, body) else None


def shape(world: World, body: int) -> Answer | None:
    return words.article(words.noun(world.body(body))) if _is_seen(world, body) else None


def subject_count(world: World, body: int) -> Answer | None:
    return words.number_word(len(world.subjects)) if _is_seen(world, body) else None


def bounces(world: World, body: int) -> Answer | None:
    if "bounce" not in world.scenario.events:
        return None
    return _counted(_shown(world, body, "bounce"))


def topple_count(world: World, body: int) -> Answer | None:
    inside = all(_inside(world, index, -1) for index in world.subjects)
    if "topples" not in world.scenario.events or len(world.subjects) < 2 or not inside:
        return None
    fallen = {index for event in world.events if event.kind == "topples" for index in event.bodies}
    count = len(fallen & set(world.subjects))
    return words.number_word(count) if count else "zero"


def collision_count(world: World, body: int) -> Answer | None:
    if "collision" not in world.scenario.events or len(world.subjects) < 3:
        return None
    return _counted(_shown(world, body, "collision"))


def leaves(world: World, body: int) -> Answer | None:
    """How it is at the end: in the picture, or gone through one of its sides."""
    moves = world.events_of(body, "leaves_frame", "enters_frame")
    if moves and moves[-1].kind == "leaves_frame":
        return f"it leaves the picture {words.side(moves[-1].value)}"
    return "it stays in the picture" if _inside(world, body, -1) else None


def direction(world: World, body: int) -> Answer | None:
    """Where it goes first, as seen in the picture."""
    shift = world.place[:, body] - world.place[0, body]
    far = np.flatnonzero(np.abs(shift).max(axis=1) > SHIFT)
    if not len(far):
        return None
    x, y = shift[far[0]] * (world.scene.video.width, world.scene.video.height)
    if abs(x) > 1.5 * abs(y):
        return "to the right" if x > 0 else "to the left"
    if abs(y) > 1.5 * abs(x):
        return "downwards" if y > 0 else "upwards"
    return None


def turn(world: World, body: int) -> Answer | None:
    """Which way round it goes about the middle of its path, seen from above."""
    if world.scenario.name not in ("circular_motion", "orbit"):
        return None
    out = world.trace.position_m[:, body, :2] - world.trace.position_m[:, body, :2].mean(axis=0)
    along = world.trace.velocity_m_s[:, body, :2]
    round_ = out[:, 0] * along[:, 1] - out[:, 1] * along[:, 0]
    if np.mean(round_ > 0) > 0.95:
        return "anticlockwise"
    return "clockwise" if np.mean(round_ < 0) > 0.95 else None


def larger(world: World, body: int) -> Answer | None:
    """Of two of the same shape: whether the one that starts further left is the larger one."""
    if len(world.subjects) != 2:
        return None
    one, another = (world.body(index).shape for index in _by_place(world))
    if one.kind != another.kind or words.noun(world.body(world.subjects[0])) != words.noun(
        world.body(world.subjects[1])
    ):
        return None
    return _of_two(one.size_m[0], another.size_m[0], LARGER)


def first_event(world: World, body: int) -> Answer | None:
    """What happens to it first."""
    shown = _shown(world, body, *FIRST)
    if not shown:
        return None
    if shown[0].kind in ("first_contact", "collision"):
        what = other(world, body, shown[0].bodies)
        return None if what is None else f"it touches {what}"
    return FIRST[shown[0].kind]


FIRST = {
    "first_contact": "",
    "collision": "",
    "leaves_frame": "it leaves the picture",
    "comes_to_rest": "it comes to rest",
    "topples": "it tips over",
    "hidden": "it goes behind a screen",
}


def first_touch_time(world: World, body: int) -> Answer | None:
    touches = _shown(world, body, "first_contact")
    if not touches:
        return None
    time_s = touches[0].time_s
    return Measured(f"{words.quantity(time_s, 's', 1)} after the start", time_s, max(0.3, 0.3 * time_s))


def hidden_time(world: World, body: int) -> Answer | None:
    """How long it was behind screens, of what comes out again."""
    back = world.events_of(body, "reappears")
    if not back:
        return None
    total_s = sum(event.value for event in back)
    return Measured(f"for {words.quantity(total_s, 's', 1)}", total_s, max(0.3, 0.3 * total_s))


def rests(world: World, body: int) -> Answer | None:
    """At rest or moving at the end, of what is in the picture then."""
    if not _inside(world, body, -1) or "comes_to_rest" not in world.scenario.events:
        return None
    if world.events_of(body, "comes_to_rest"):
        return "yes"
    speed = float(np.linalg.norm(world.trace.velocity_m_s[-1, body]))
    return "no" if speed > SLOW_M_S else None


# Why it happens


def touched_first(world: World, body: int) -> Answer | None:
    if "first_contact" not in world.scenario.events:
        return None
    touches = _shown(world, body, "first_contact")
    if touches is None:
        return None
    return other(world, body, touches[0].bodies) if touches else "nothing new"


def colour_hit_first(world: World, body: int) -> Answer | None:
    """The colour of the first body that it collides with."""
    hits = _shown(world, body, "collision")
    if not hits:
        return None
    partner = next(index for index in hits[0].bodies if index != body)
    return colour(world, partner)


def set_in_motion(world: World, body: int) -> Answer | None:
    if "starts_moving" not in world.scenario.events:
        return None
    if float(np.linalg.norm(world.trace.velocity_m_s[0, body])) > SLOW_M_S:
        return "nothing does: it moves from the beginning"
    starts = _shown(world, body, "starts_moving")
    if starts is None:
        return None
    if not starts:
        still = (
            np.linalg.norm(world.trace.position_m[:, body] - world.trace.position_m[0, body], axis=1).max()
            < 0.01
        )
        return "nothing does: it stays where it is" if still else None
    hits = [event for event in world.events_of(body, "collision") if event.frame <= starts[0].frame]
    what = other(world, body, hits[-1].bodies) if hits else None
    return None if what is None else f"{what} that runs into it"


def why_it_rests(world: World, body: int) -> Answer | None:
    """Whether it ran into anything that stands there before it came to rest."""
    if "comes_to_rest" not in world.scenario.events:
        return None
    ends = world.events_of(body, "comes_to_rest")
    if not ends:
        return "it does not come to rest" if rests(world, body) is not None else None
    standing = [
        event
        for event in world.events_of(body, "first_contact")
        if event.time_s < ends[0].time_s
        and all(
            world.body(index).fixed and world.body(index).role != "ground"
            for index in event.bodies
            if index != body
        )
    ]
    if standing:
        what = other(world, body, standing[-1].bodies)
        return None if what is None else f"it runs into {what} before"
    return "it is slowed down without running into anything"


def heavier(world: World, body: int) -> Answer | None:
    """Of two that collide, or hang on one rope: which one has the larger mass."""
    if len(world.subjects) != 2:
        return None
    pair = _by_place(world)
    one, another = (world.body(index).mass_kg for index in pair)
    if world.scenario.name == "atwood":
        return _of_two(one, another, LARGER)
    if not any(_shown(world, index, "collision") for index in pair):
        return None
    return _of_two(one, another, HEAVIER)


def charges(world: World, body: int) -> Answer | None:
    if world.scenario.name != "charges" or len(world.subjects) != 2:
        return None
    attract = world.params["charge_a"] * world.params["charge_b"] < 0
    return "they attract each other" if attract else "they repel each other"


def why_it_tips(world: World, body: int) -> Answer | None:
    """Of a block on its edge: on which side of the edge its weight acts."""
    if world.scenario.name != "topple":
        return None
    if world.events_of(body, "topples"):
        return "its weight acts beyond the edge on which it stands, so it tips over"
    if world.events_of(body, "comes_to_rest"):
        return "its weight acts on the inner side of the edge on which it stands, so it falls back"
    return None


def bounced_off(world: World, body: int) -> Answer | None:
    """Everything that it bounces off while it is in the picture."""
    if "bounce" not in world.scenario.events:
        return None
    shown = _shown(world, body, "bounce")
    if shown is None:
        return None
    found: list[str] = []
    for event in shown:
        what = other(world, body, event.bodies)
        if what is None:
            return None
        if what not in found:
            found.append(what)
    return words.join(found) if found else "nothing"


# What comes next, and what would


def end_third(world: World, body: int) -> Answer | None:
    """Where its centre is in the last frame."""
    if not _inside(world, body, -1):
        x, y = world.place[-1, body]
        outside = not (-EDGE <= x <= 1 + EDGE and -EDGE <= y <= 1 + EDGE)  # and so where it is not a number
        return "outside the picture" if outside else None
    return _third(float(world.place[-1, body, 0]))


def touches_something(world: World, body: int) -> Answer | None:
    if "first_contact" not in world.scenario.events:
        return None
    return _whether(_shown(world, body, "first_contact"))


def tips_over(world: World, body: int) -> Answer | None:
    if "topples" not in world.scenario.events:
        return None
    return _whether(_shown(world, body, "topples"))


def comes_out(world: World, body: int) -> Answer | None:
    if "reappears" not in world.scenario.events or not world.events_of(body, "hidden"):
        return None
    return "yes" if world.events_of(body, "reappears") else "no"


def lowest_last(world: World, body: int) -> Answer | None:
    """Of two: which one is lower in the picture in the last frame."""
    if len(world.subjects) != 2 or not all(_inside(world, index, -1) for index in world.subjects):
        return None
    one, another = (float(world.place[-1, index, 1]) for index in _by_place(world))
    if abs(one - another) < SHIFT:
        return None
    return LEFT if one > another else RIGHT


LEFT, RIGHT = "the one that starts further left", "the one that starts further right"


def faster(frame: int) -> Label:
    """Faster or slower at the end than at a frame."""

    def label(world: World, body: int) -> Answer | None:
        if not (_inside(world, body, -1) and _inside(world, body, frame)):
            return None
        then, last = (float(np.linalg.norm(world.trace.velocity_m_s[at, body])) for at in (frame, -1))
        if max(then, last) < SLOW_M_S or not (last > FASTER * then or then > FASTER * last):
            return None
        return "faster" if last > then else "slower"

    return label


def higher(frame: int) -> Label:
    """Higher or lower in the picture at the end than at a frame."""

    def label(world: World, body: int) -> Answer | None:
        if not (_inside(world, body, -1) and _inside(world, body, frame)):
            return None
        rise = float(world.place[frame, body, 1] - world.place[-1, body, 1])
        return None if abs(rise) < SHIFT else "higher" if rise > 0 else "lower"

    return label


def _shown(world: World, body: int, *kinds: str) -> list[Event] | None:
    """The events of the body while it can be seen, up to its leaving the picture for good; None where nothing of that
    kind is seen but something happens: nobody can say then. So it is, too, where one happens behind a screen.
    """
    every = world.events_of(body, *kinds)
    until = words.until_gone(world.events, body)
    shown = [event for event in every if event in until]
    behind = False
    for event in world.events_of(body, *kinds, "hidden", "reappears"):
        if event.kind in ("hidden", "reappears"):
            behind = event.kind == "hidden"
        elif behind:
            return None
    return None if every and not shown else shown


def _counted(events: list[Event] | None) -> str | None:
    return words.times(len(events)) if events is not None and len(events) <= MOST_COUNTED else None


def _whether(events: list[Event] | None) -> str | None:
    return None if events is None else "yes" if events else "no"


def _third(x: float) -> str | None:
    """In which third of the picture's width, None near a line between two."""
    if min(abs(x - 1 / 3), abs(x - 2 / 3)) < EDGE:
        return None
    return f"in the {('left', 'middle', 'right')[min(int(3 * x), 2)]} third of the picture"


def _inside(world: World, body: int, frame: int) -> bool:
    """Whether its centre is well within the picture."""
    x, y = world.place[frame, body]
    return bool(EDGE < x < 1 - EDGE and EDGE < y < 1 - EDGE)


def _is_seen(world: World, body: int) -> bool:
    """Whether it can be seen: drawn, in the picture at the start, and not behind a screen throughout."""
    if not world.body(body).visible or not _inside(world, body, 0):
        return False
    screens = any(entry.role == "screen" for entry in world.scene.bodies)
    return not screens or bool(world.events_of(body, "hidden", "reappears"))


def _by_place(world: World) -> list[int]:
    """The subjects from left to right, as they are in the first frame."""
    return sorted(world.subjects, key=lambda index: float(world.place[0, index, 0]))


def _of_two(one: float, another: float, ratio: float) -> str | None:
    if max(one, another) < ratio * min(one, another):
        return None
    return LEFT if one > another else RIGHT
