"""Reads the YAML of a recipe into plain data and remembers on which line everything stands.

A recipe may come from a stranger, so this reads no other file, runs nothing and does bounded work: the size
of the text, the number of values and the depth of nesting are limited, and anchors, aliases and tags are
refused in a sentence.

Values are read as YAML 1.2 does, which is what people mean: `1e6` is a number; `on`, `no`, `3:20`, `1_000`
and `2024-01-01` are words; `true` and `false` are the only booleans; `0o17` and `0x1F` are whole numbers;
`.inf` and `.nan` are read as such, so that whoever asks for a number can refuse them; keys are always
words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from simgen.errors import Problem, RecipeError
from simgen.recipe.wording import printable

__all__ = ["LARGEST_FILE", "MOST_VALUES", "Document", "Path", "decode", "dotted", "read_document"]

LARGEST_FILE = 200_000  # bytes
MOST_VALUES = 20_000
DEEPEST = 16

Path = tuple[str | int, ...]

_WHOLE = re.compile(r"[-+]?[0-9]+")
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NO_CHARACTER = re.compile(r"\\U(?!000|0010)[0-9a-fA-F]{8}")  # above the last one, U+10FFFF
_CONSTANTS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}


@dataclass
class Document:
    """A recipe as plain data: dicts with string keys, lists, words, numbers, booleans, None."""

    file: str
    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict)  # 1-based line of each key and list entry
    problems: list[Problem] = field(default_factory=list)  # what is wrong but did not stop the reading
    renamed: dict[Path, Path] = field(default_factory=dict)  # see `rename`

    def line(self, path: Path) -> int:
        """The line of a value, or of the nearest thing around it that is in the file; 0 if nothing is."""
        path = self._written(path)
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)

    def problem(self, path: Path, message: str) -> Problem:
        """What is wrong with the value at `path`, under the name by which the file calls it."""
        return Problem(self.file, self.line(path), dotted(self._written(path)), message)

    def rename(self, written: Path, path: Path) -> None:
        """From here on the data has at `path` what the file has at `written`."""
        self.renamed[path] = written

    def _written(self, path: Path) -> Path:
        for length in range(len(path), 0, -1):
            if path[:length] in self.renamed:
                return self.renamed[path[:length]] + path[length:]
        return path


def dotted(path: Path) -> str:
    """`params.angle_deg.uniform.0`, on one line whatever the keys hold."""
    return ".".join(printable(str(step)) for step in path)


def decode(content: bytes, file: str) -> str:
    """The text of a recipe file. Raises RecipeError when it is too large or not UTF-8."""
    if len(content) > LARGEST_FILE:
        raise _stop(file, 0, f"the file has {len(content)} bytes; a recipe has at most {LARGEST_FILE}.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        wrong = f"byte 0x{content[error.start]:02x} is not UTF-8 text; save the file as UTF-8."
        raise _stop(file, line, wrong) from None


def read_document(text: str, file: str) -> Document:
    """The data of a recipe with its lines. Raises RecipeError when it cannot be read at all.

    Keys written twice and tags are listed in `Document.problems`, so that they are reported together with
    the rest.
    """
    if len(text) > LARGEST_FILE:
        raise _stop(file, 0, f"the recipe has {len(text)} characters; a recipe has at most {LARGEST_FILE}.")
    document = Document(file)
    events = _events(text, file)
    try:
        for event in events:
            if isinstance(event, DocumentEndEvent):
                break
            if not isinstance(event, (StreamStartEvent, DocumentStartEvent, StreamEndEvent)):
                document.data = _Builder(document, events).build(event)
        for event in events:
            if isinstance(event, DocumentStartEvent):
                wrong = "a recipe is one YAML document; remove everything from this '---' on."
                raise _stop(file, _line(event), wrong)
    except RecipeError as error:
        raise RecipeError([*document.problems, *error.problems]) from None
    if document.data is None:
        raise _stop(file, 1, "the recipe is empty; it starts with `name:` and `scenario:`.")
    if not isinstance(document.data, Mapping):
        wrong = (
            "a recipe is a mapping of keys to values such as `name: my_recipe`, not a list or a single value."
        )
        raise _stop(file, document.lines.get((), 1), wrong)
    return document


def _line(event: Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


def _stop(file: str, line: int, message: str) -> RecipeError:
    return RecipeError([Problem(file, line, "", message)])


def _events(text: str, file: str) -> Iterator[Event]:
    """PyYAML's parser as an iterator, its complaints as located sentences."""
    try:
        yield from yaml.parse(text, Loader=yaml.SafeLoader)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        wrong = f"the character {printable(chr(error.character))} cannot be in YAML; remove it."
        raise _stop(file, line, wrong) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _stop(file, mark.line + 1 if mark else 0, _syntax(error)) from None
    except (yaml.YAMLError, ValueError, OverflowError):  # what PyYAML itself trips over
        escape = _NO_CHARACTER.search(text)
        line = text.count("\n", 0, escape.start()) + 1 if escape else 1
        raise _stop(file, line, "cannot be read as YAML: an escape or a directive has no meaning.") from None


def _syntax(error: yaml.MarkedYAMLError) -> str:
    wrong = printable(" ".join(str(error.problem or error.context).split()))
    if "\\t" in str(error.problem):
        return "a tab cannot indent YAML; use spaces."
    return (
        f"cannot be read as YAML: {wrong}. Check the indentation, brackets and quotes here and just before."
    )


class _Builder:
    """Turns the parser's events into data, counting what it builds."""

    def __init__(self, document: Document, events: Iterator[Event]) -> None:
        self.document = document
        self.events = events
        self.count = 0

    def build(self, event: Event, path: Path = ()) -> Any:
        """The value that starts with `event`. Recursion is bounded by DEEPEST."""
        self.document.lines.setdefault(path, _line(event))
        self._guard(event, path)
        if isinstance(event, ScalarEvent):
            return self._scalar(event, path)
        if isinstance(event, SequenceStartEvent):
            entries: list[Any] = []
            while not isinstance(event := next(self.events), SequenceEndEvent):
                entries.append(self.build(event, (*path, len(entries))))
            return entries
        mapping: dict[str, Any] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            self._guard(event, path)
            line = _line(event)
            if not isinstance(event, ScalarEvent):
                raise self._stop(line, path, "a key must be a word, not a list or a mapping.")
            key = self._whole_characters(event, path)
            here = (*path, key)
            if key in mapping:
                first = self.document.lines[here]
                self._note(line, here, f"is written twice, first on line {first}; keep one of the two.")
                kept = len(self.document.problems)
                self.build(next(self.events), (*here, "again"))
                del self.document.problems[kept:]  # what is wrong in the second one does not matter
            else:
                self.document.lines[here] = line
                mapping[key] = self.build(next(self.events), here)
        return mapping

    def _guard(self, event: Event, path: Path) -> None:
        line = _line(event)
        self.count += 1
        if self.count > MOST_VALUES:
            raise self._stop(line, (), f"a recipe has at most {MOST_VALUES} values.")
        if len(path) > DEEPEST:
            raise self._stop(line, path[:3], f"is nested more than {DEEPEST} levels deep.")
        if isinstance(event, AliasEvent):
            wrong = f"aliases such as *{printable(str(event.anchor))} are not read; write the value out."
            raise self._stop(line, path, wrong)
        if isinstance(event, (ScalarEvent, SequenceStartEvent, MappingStartEvent)):
            if event.anchor is not None:
                anchor = printable(str(event.anchor))
                wrong = f"anchors such as &{anchor} are not read; remove it and write values out."
                self._note(line, path, wrong)
            if event.tag is not None:
                tag = printable(event.tag.replace("tag:yaml.org,2002:", "!!"))
                self._note(line, path, f"tags such as {tag} are not read; write the plain value.")

    def _scalar(self, event: ScalarEvent, path: Path) -> Any:
        text = self._whole_characters(event, path)
        if event.style is not None:  # quoted: words, whatever they look like
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _WHOLE.fullmatch(text) or _OTHER_BASE.fullmatch(text):
            if len(text) > 400:  # Python refuses to read thousands of digits
                self._note(_line(event), path, f"has {len(text)} digits; no number here needs so many.")
                return 0
            return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
        return float(text) if _FLOAT.fullmatch(text) else text

    def _whole_characters(self, event: ScalarEvent, path: Path) -> str:
        """The scalar's text without halves of characters, which an escape in double quotes can make."""
        text = str(event.value)
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            self._note(_line(event), path, "holds half a character (a surrogate); write it whole.")
            return text.encode("utf-8", "replace").decode()
        return text

    def _note(self, line: int, path: Path, message: str) -> None:
        self.document.problems.append(Problem(self.document.file, line, dotted(path), message))

    def _stop(self, line: int, path: Path, message: str) -> RecipeError:
        return RecipeError([Problem(self.document.file, line, dotted(path), message)])
