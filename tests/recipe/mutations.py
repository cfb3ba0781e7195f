"""Broken recipes: the shipped ones with lines, values and characters changed the way people and malice change
them.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import yaml
from hypothesis import strategies as st

from simgen.recipe import Recipe, shipped_recipes
from simgen.recipe.distributions import DISTRIBUTIONS
from simgen.recipe.force_parts import ForcePart, LinkPart
from simgen.recipe.parts import BodyPart, CameraPart, JointPart
from simgen.recipe.sections import CameraView, MixedScenario, VideoSection

TEXTS = {name: path.read_text() for name, path in shipped_recipes().items()}

TOKENS = sorted({word for text in TEXTS.values() for word in re.findall(r"[\w.#=+*/-]+", text)})

KEYS = sorted(
    {*Recipe.model_fields, *BodyPart.model_fields, *JointPart.model_fields, *CameraPart.model_fields}
    | {*ForcePart.model_fields, *LinkPart.model_fields}
    | {
        *VideoSection.model_fields,
        *CameraView.model_fields,
        *MixedScenario.model_fields,
        *DISTRIBUTIONS,
        "clips",
        "preset",
        "unlit",
        "train",
    }
)

# What takes the place of a value, a word or a whole line.
VALUES = (
    *(
        "",
        "~",
        "null",
        "true",
        "on",
        "no",
        "0",
        "-0",
        "-1",
        "1.5",
        "1e6",
        "1e12",
        "1e400",
        "-1e308",
        ".nan",
        ".inf",
    ),
    *(
        "9" * 30,
        "9" * 5000,
        "0x1F",
        "0o17",
        "1_000",
        "3:20",
        "2024-01-01",
        "=",
        "=1/0",
        "=speed_m_s",
        "=nothing + 1",
    ),
    *(
        "=9**9**9",
        "=" + "(" * 200 + "1",
        "='a'",
        "=__import__('os')",
        '"\\ud800"',
        '"\\Uffffffff"',
        "'",
        '"',
        "[",
        "]",
    ),
    *(
        "{",
        "}",
        "[]",
        "{}",
        "[[[[[[]]]]]]",
        "[1, 2]",
        "[2, 1]",
        "[1, a]",
        "{uniform: [5, 5]}",
        "{uniform: [0, 1e30]}",
    ),
    *(
        "{uniform: [[1, 2], [1.5, 3]]}",
        "{choice: []}",
        "{choice: [1, a]}",
        "{choice: [a, a]}",
        "{normal: [0, 0]}",
    ),
    *(
        "{choice: [a, b], weights: [0, 0]}",
        "{normal: [0, 1], min: 50}",
        "{integer: [1.5, 2]}",
        "{log_uniform: [0, 1]}",
    ),
    *(
        "{constant: {constant: 1}}",
        "{uniform: [1, 2], choice: [3]}",
        "{unifrom: [1, 2]}",
        "*a",
        "&a 1",
        "!!python/name:os",
    ),
    *(
        "!!int 3",
        "|",
        ">-",
        "---",
        "...",
        "# x",
        "\t",
        "%YAML 9",
        "? [1]",
        "\u2028",
        "é",
        "\u202e",
        "名",
        "a\x85b",
    ),
    *(
        "x" * 300,
        "<<: 3",
        "raycast",
        "sphere",
        "scene",
        "mix",
        "all",
        "[incline, drop]",
        "{incline: 2, drop: {weight: 0}}",
        "incline",
        "red",
        "#ff0000",
        "world",
        "ball",
        "follow",
    ),
)
ALPHABET = "".join(map(chr, range(32, 127))) + "\n\t\r\x00\x07\x85\u2028é名🙂"


def parts(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every value of a recipe with its path, the recipe itself left out."""
    entries = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, entry in entries:
        yield (*path, step), entry
        yield from parts(entry, (*path, step))


DATA = {name: yaml.safe_load(text) for name, text in TEXTS.items()}
PIECES = [entry for data in DATA.values() for _, entry in parts(data)]
NUMBERS = (
    0,
    -1,
    1,
    2,
    0.5,
    1e-9,
    1e9,
    1e15,
    1e16,
    10**30,
    -1e300,
    255,
    4096,
    True,
    None,
    "",
    "=",
    "=1/0",
    "=-1",
)


@st.composite
def misplaced_values(draw: st.DrawFn) -> str:
    """A shipped recipe, well formed, in which one to four values are replaced by pieces of others or odd numbers."""
    data = copy.deepcopy(DATA[draw(st.sampled_from(sorted(DATA)))])
    for _ in range(draw(st.integers(1, 4))):
        paths = [path for path, _ in parts(data)]
        if not paths:
            break
        *above, last = draw(st.sampled_from(paths))
        holder = data
        for step in above:
            holder = holder[step]
        change = draw(st.sampled_from(("piece", "number", "number", "drop", "key", "key")))
        if change == "drop":
            del holder[last]
        elif change == "key" and isinstance(holder, dict):
            holder[draw(st.sampled_from(KEYS))] = copy.deepcopy(
                draw(st.sampled_from([*PIECES, holder[last]]))
            )
        else:
            holder[last] = copy.deepcopy(draw(st.sampled_from(PIECES if change == "piece" else NUMBERS)))
    return json.dumps(data, indent=1) + "\n"


@st.composite
def mutated_recipes(draw: st.DrawFn) -> str:
    """The text of a shipped recipe after one to six changes."""
    lines = TEXTS[draw(st.sampled_from(sorted(TEXTS)))].splitlines()
    for _ in range(draw(st.integers(1, 6))):
        if not lines:
            break
        at = draw(st.integers(0, len(lines) - 1))
        value = draw(st.sampled_from(VALUES))
        change = draw(st.sampled_from(CHANGES))
        lines[at : at + 1] = change(draw, lines, at, value)
    return "\n".join(lines) + "\n"


def _delete(draw: st.DrawFn, lines: list[str], at: int, value: str) -> list[str]:
    return []


def _double(draw: st.DrawFn, lines: list[str], at: int, value: str) -> list[str]:
    return [lines[at]] * draw(st.sampled_from((2, 3, 50)))


def _move(draw: st.DrawFn, lines: list[str], at: int, value: str) -> list[str]:
    return [lines[at], lines[draw(st.integers(0, len(lines) - 1))]]


def _indent(draw: st.DrawFn, lines: list[str], at: int, value: str) -> list[str]:
    return [draw(st.sampled_from((" ", "  ", "      ", "\t", "- "))) + lines[at]]


def _outdent(draw: st.DrawFn, lines: list[str], at: int, value: str) -> list[str]:
    return [lines[at].lstrip()]


def _new_value(draw: st.DrawFn, lines: list[str], at: int, value: str) -> list[str]:
    key, colon, _ = lines[at].partition(":")
    return [f"{key}: {value}" if colon else value]


def _new_key(draw: st.DrawFn, lines: list[str], at: int, value: str) -> list[str]:
    _, colon, rest = lines[at].partition(":")
    return [f"{value}:{rest}" if colon else value]


def _misspelt(draw: st.DrawFn, lines: list[str], at: int, value: str) -> list[str]:
    line = lines[at]
    if len(line) < 2:
        return [line]
    place = draw(st.integers(0, len(line) - 2))
    return [line[:place] + line[place + 1] + line[place] + line[place + 2 :]]


def _character(draw: st.DrawFn, lines: list[str], at: int, value: str) -> list[str]:
    line = lines[at]
    place = draw(st.integers(0, len(line)))
    drop = draw(st.integers(0, 2))
    return [line[:place] + draw(st.sampled_from(ALPHABET)) + line[place + drop :]]


def _number(draw: st.DrawFn, lines: list[str], at: int, value: str) -> list[str]:
    line = lines[at]
    digits = [place for place, letter in enumerate(line) if letter.isdigit()]
    if not digits:
        return [line]
    place = draw(st.sampled_from(digits))
    return [line[:place] + value + line[place + 1 :]]


def _nest(draw: st.DrawFn, lines: list[str], at: int, value: str) -> list[str]:
    key, colon, rest = lines[at].partition(":")
    depth = draw(st.sampled_from((1, 5, 15, 40, 2000)))
    return [f"{key}: {'[' * depth}{rest}{']' * depth}" if colon else lines[at]]


def _token(draw: st.DrawFn, lines: list[str], at: int, value: str) -> list[str]:
    words = list(re.finditer(r"[\w.#=+*/-]+", lines[at]))
    if not words:
        return [lines[at]]
    word = draw(st.sampled_from(words))
    other = draw(st.sampled_from(TOKENS))
    return [
        lines[at][: word.start()] + draw(st.sampled_from((value, other, other))) + lines[at][word.end() :]
    ]


CHANGES = (
    _token,
    _token,
    _token,
    _token,
    _token,
    _token,
    _new_value,
    _delete,
    _double,
    _move,
    _indent,
    _outdent,
    _new_value,
    _new_value,
    _new_key,
    _misspelt,
    _character,
    _number,
    _nest,
)
