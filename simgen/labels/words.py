"""The words of captions: names of bodies, numbers with units, articles, counts, sides of the picture.

Everything is a plain function of labels and of addressed draws, so that a caption can be made again and be
checked. A number goes through `quantity` (or `number`), which rounds as it prints: what stands in a caption
is the label at the printed precision.
"""

from __future__ import annotations

from collections.abc import Sequence

from simgen.labels.events import SIDES, Event
from simgen.recipe.draws import Draws
from simgen.scene.materials import MATERIALS
from simgen.scene.spec import Body

__all__ = [
    "Scale",
    "article",
    "called",
    "count",
    "grade",
    "introduce",
    "join",
    "last_clauses",
    "noun",
    "number",
    "number_word",
    "pair",
    "plural",
    "quantity",
    "sentence",
    "side",
    "the",
    "tiers",
    "times",
    "until_gone",
]

# What a shape may be called; the first is the usual word.
NOUNS: dict[str, tuple[str, ...]] = {
    "sphere": ("ball", "sphere"),
    "box": ("box", "block"),
    "cube": ("cube", "box", "block"),
    "cylinder": ("cylinder", "drum"),
    "disc": ("disc", "disk"),
    "rod": ("rod", "bar"),
    "capsule": ("capsule", "pill"),
    "cone": ("cone",),
    "hoop": ("hoop", "ring"),
    "tube": ("tube", "pipe"),
    "mesh": ("object",),
}

NUMBER_WORDS = (
    *(
        "no",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
    ),
)

# Words that start with a vowel letter and a consonant sound, and the other way round.
CONSONANT_SOUND = ("one", "uni", "use", "usu", "eu", "ewe", "u-")
VOWEL_SOUND = ("hour", "honest", "heir", "honour")

Scale = Sequence[tuple[float, str]]  # (below this, the word), increasing; the last bound is infinity


def noun(body: Body) -> str:
    """The usual word for a body's shape: ball, cube, disc …"""
    return nouns(body)[0]


def nouns(body: Body) -> tuple[str, ...]:
    """Every word for a body's shape, the usual one first."""
    kind, size = body.shape.kind, body.shape.size_m
    if kind == "box" and max(size) < 1.001 * min(size):
        return NOUNS["cube"]
    if kind == "cylinder":
        radius, length = size[0], size[1]
        return NOUNS["disc" if length < 0.6 * radius else "rod" if length > 8 * radius else "cylinder"]
    if kind == "tube":
        return NOUNS["hoop" if size[1] <= size[0] else "tube"]
    if kind == "mesh" and body.shape.mesh:
        return (body.shape.mesh.replace("_", " "),)
    return NOUNS[kind]


def called(body: Body, draws: Draws | None = None, extra: str = "", draw: str = "") -> str:
    """A body without its article: "red rubber ball". `extra` is a word put first.

    With draws it may be a synonym, by the draw named `draw` (its own if ""; two bodies with the same draw and
    shape get the same word).
    """
    words = nouns(body)
    name = draws.choice(draw or f"noun.{body.name}", words) if draws is not None else words[0]
    colour = _colour(body)
    return " ".join(word for word in (extra, colour, _material(body), name) if word)


def article(phrase: str) -> str:
    """The phrase with a or an by its sound: "an orange ball", "a unicycle", "an 8 kg ball"."""
    first = phrase.lower()
    if first[:1].isdigit():
        digits = first.split()[0].split(".")[0].rstrip("-°")
        vowel = digits.startswith("8") or digits in ("11", "18")
    else:
        vowel = first.startswith(VOWEL_SOUND) or (
            first[:1] in tuple("aeiou") and not first.startswith(CONSONANT_SOUND)
        )
    return f"{'an' if vowel else 'a'} {phrase}"


def pair(first: Body, second: Body, draws: Draws | None = None) -> tuple[str, str]:
    """Two bodies without articles, told apart by colour or shape, else by size, else as first and second."""
    extra = ("", "")
    if (
        _colour(first) == _colour(second)
        and nouns(first) == nouns(second)
        and first.material == second.material
    ):
        sizes = first.shape.size_m[0], second.shape.size_m[0]
        if max(sizes) > 1.05 * min(sizes):
            extra = ("larger", "smaller") if sizes[0] > sizes[1] else ("smaller", "larger")
        else:
            extra = ("first", "second")
    return called(first, draws, extra[0], "noun.pair"), called(second, draws, extra[1], "noun.pair")


def _colour(body: Body) -> str:
    return body.look.colour_name if body.look is not None else ""


def _material(body: Body) -> str:
    """As it stands in front of a noun: "rubber", "wooden"."""
    return MATERIALS[body.material].adjective if body.material in MATERIALS else body.material


def side(value: float) -> str:
    """Where `leaves_frame` happened, from its value: "on the left", "at the top"."""
    name = SIDES[int(value)]
    return f"{'on' if name in ('left', 'right') else 'at'} the {name}"


def until_gone(events: Sequence[Event], body: int) -> list[Event]:
    """The events up to the one with which a body leaves the picture for good: what an outcome may tell of."""
    seen: list[Event] = []
    for event in events:
        if event.kind == "enters_frame" and body in event.bodies:
            return list(events)  # it comes back: tell everything
    for event in events:
        seen.append(event)
        if event.kind == "leaves_frame" and body in event.bodies:
            break
    return seen


def last_clauses(events: Sequence[Event]) -> list[str]:
    """How a body's story ends: "comes to rest after 1.20 s", "leaves the picture on the left after …"."""
    clauses = []
    for event in events:
        if event.kind == "comes_to_rest":
            clauses.append(f"comes to rest after {quantity(event.time_s, 's')}")
        elif event.kind == "leaves_frame":
            clauses.append(f"leaves the picture {side(event.value)} after {quantity(event.time_s, 's')}")
        elif event.kind == "enters_frame":
            clauses.append(f"comes back into it after {quantity(event.time_s, 's')}")
    return clauses


def introduce(phrase: str) -> str:
    """The phrase with the article of its first mention; of two that nothing tells apart: "one ball", "another ball"."""
    for word, instead in (("first ", "one "), ("second ", "another ")):
        if phrase.startswith(word):
            return instead + phrase.removeprefix(word)
    return article(phrase)


def the(phrase: str) -> str:
    return f"the {phrase}"


def number(value: float, decimals: int) -> str:
    """A number as captions print it: fixed decimals, never a negative zero."""
    text = f"{value:.{decimals}f}"
    return text.lstrip("-") if float(text) == 0 else text


def quantity(value: float, unit: str, decimals: int = 2) -> str:
    """A number with its unit: "23.5°", "1.20 kg", "0.45" for the unit "1"."""
    text = number(value, decimals)
    if unit == "deg":
        return f"{text}°"
    return text if unit in ("1", "") else f"{text} {unit}"


def number_word(value: int) -> str:
    """ "no", "one" … "twelve", then digits."""
    return NUMBER_WORDS[value] if 0 <= value < len(NUMBER_WORDS) else str(value)


def times(value: int) -> str:
    """ "never", "once", "twice", "three times"."""
    return ("never", "once", "twice")[value] if 0 <= value < 3 else f"{number_word(value)} times"


def plural(word: str) -> str:
    """The regular plural: balls, boxes, bodies."""
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return f"{word}es"
    if word.endswith("y") and word[-2:-1] not in tuple("aeiou"):
        return f"{word[:-1]}ies"
    return f"{word}s"


def count(value: int, word: str) -> str:
    """ "one ball", "three boxes"."""
    return f"{number_word(value)} {word if value == 1 else plural(word)}"


def join(parts: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join((", ".join(parts[:-1]), parts[-1])) if len(parts) > 1 else "".join(parts)


def grade(value: float, scale: Scale) -> str:
    """The word of a scale for a value: the first whose bound is above it."""
    return next(word for bound, word in scale if value < bound)


def sentence(text: str) -> str:
    """With a capital first letter and a full stop."""
    text = " ".join(text.split())
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def tiers(plain: str, qualitative: str, numeric: str, outcome: str) -> dict[str, str]:
    """What `Scenario.captions` gives back, of phrases that begin small and have no full stop."""
    told = {"plain": plain, "qualitative": qualitative, "numeric": numeric, "outcome": outcome}
    return {tier: sentence(phrase) for tier, phrase in told.items()}
