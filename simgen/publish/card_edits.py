"""What a person wrote into a card, and how it gets through when simgen writes the card anew.

A card consists of sections that simgen writes, and in them of places that are a person's:

    <!-- simgen: limits 3f9a12cd04be -->        a section begins; the digits are the hash of what simgen wrote
    …
    <!-- yours: begin notes -->                 a place: what stands up to its end is kept
    …
    <!-- yours: end notes -->

In the front matter the same marks are YAML comments, `# yours: begin metadata`. The hash leaves the places
out, so a change anywhere else is noticed, and refused rather than lost.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from simgen.errors import DatasetError
from simgen.recipe.wording import did_you_mean, listed

__all__ = ["FRONT", "METADATA", "edits_of", "metadata_of", "place", "sealed", "section_mark", "with_edits"]

FRONT = "front matter"  # what the section at the top is called
METADATA = "metadata"  # the place in it
_DASHES = "---"
_NO_HASH = "0" * 12
_TEXT = r"(?:simgen: (?P<section>\w+(?: \w+)*) (?P<hash>[0-9a-f]{12})|yours: (?P<end>begin|end) (?P<place>\w+(?: \w+)*))"
_IN_FRONT = re.compile(rf"\s*# {_TEXT}\s*")  # a comment of YAML
_IN_BODY = re.compile(rf"\s*<!-- {_TEXT} -->\s*")  # a comment of Markdown
_NEARLY = re.compile(r"\s*(?:#|<!--)\s*yours\b.*")
_REMEDY = (
    "Move what you wrote between <!-- yours: begin … --> and <!-- yours: end … --> and put the rest back, or "
    "save it elsewhere and say --overwrite to have the whole card written anew."
)


def section_mark(name: str) -> str:
    """The line before a section; its hash is filled in by `sealed`."""
    return f"# simgen: {name} {_NO_HASH}" if name == FRONT else f"<!-- simgen: {name} {_NO_HASH} -->"


def place(name: str, content: Sequence[str] = ()) -> list[str]:
    """The lines of a place that is a person's, with what stands there until somebody changes it."""
    if name == METADATA:
        return [f"# yours: begin {name}", *content, f"# yours: end {name}"]
    return [f"<!-- yours: begin {name} -->", *content, f"<!-- yours: end {name} -->"]


def sealed(text: str) -> str:
    """A card with the hash of every section in its mark."""
    lines = text.split("\n")
    for section in _sections(lines):
        lines[section.first] = lines[section.first].replace(_NO_HASH, section.digest(lines))
    return "\n".join(lines)


def with_edits(text: str, edits: Mapping[str, Sequence[str]]) -> str:
    """A new card with a person's lines in its places."""
    lines = text.split("\n")
    marks = _marks(lines)
    kept, inside = [], ""
    for at, line in enumerate(lines):
        if at in marks:
            begins = marks[at]["end"] == "begin" and marks[at]["place"] in edits
            inside = marks[at]["place"] if begins else ""
            kept += [line, *edits[inside]] if inside else [line]
        elif not inside:
            kept.append(line)
    return "\n".join(kept)


def edits_of(old: str, new: str, where: str) -> dict[str, list[str]]:
    """Place -> its lines in the card `old`, which is to give way to `new`. `where` names its file.

    Raises DatasetError with line and remedy where they cannot be told from what simgen wrote, or would be
    lost.
    """
    lines = old.replace("\r\n", "\n").split("\n")
    if lines[0].rstrip() == _DASHES and _DASHES not in [line.rstrip() for line in lines[1:]]:
        raise DatasetError(
            f"{where}:1: the front matter begins here and has no end. Put a line of three dashes behind its "
            "last line."
        )
    if not _marks(lines):
        raise DatasetError(
            f"{where}:1: this card has none of the marks by which simgen tells a person's lines from its own. "
            "Save elsewhere what you want to keep of it, then say --overwrite to replace it."
        )
    found = _places(lines, where)
    _check_sections(lines, new.split("\n"), where)
    if METADATA in found:
        _check_metadata(*found[METADATA], lines, where)
    fresh = new.split("\n")
    there = [mark["place"] for mark in _marks(fresh).values() if mark["end"] == "begin"]
    for name, (first, content) in found.items():
        if name not in there and any(line.strip() for line in content):
            raise DatasetError(
                f"{where}:{first + 1}: a card has no place called '{name}', but {listed(there, 'and')}."
                f"{did_you_mean(name, there)} Move these lines into one of them."
            )
    return {name: content for name, (_, content) in found.items()}


def metadata_of(text: str) -> dict[str, Any]:
    """The whole front matter of a card that simgen wrote or `edits_of` found good."""
    return dict(yaml.safe_load(text.split(f"\n{_DASHES}\n", 1)[0]))


@dataclass(slots=True)
class _Section:
    name: str
    first: int  # line of its mark, from 0
    hash: str
    own: list[int] = field(default_factory=list)  # the lines of it that simgen wrote

    def digest(self, lines: Sequence[str]) -> str:
        text = "\n".join(line for at in self.own if (line := lines[at].rstrip()))
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def _front_end(lines: Sequence[str]) -> int:
    """The line that ends the front matter, 0 if there is none."""
    if lines[0].rstrip() != _DASHES:
        return 0
    return next((at for at, line in enumerate(lines) if at and line.rstrip() == _DASHES), 0)


def _marks(lines: Sequence[str]) -> dict[int, re.Match[str]]:
    """Line -> the mark that it is."""
    end = _front_end(lines)
    found = {at: (_IN_FRONT if at < end else _IN_BODY).fullmatch(line) for at, line in enumerate(lines)}
    return {at: mark for at, mark in found.items() if mark}


def _sections(lines: Sequence[str]) -> Iterator[_Section]:
    marks = _marks(lines)
    section, inside = None, False
    for at in range(len(lines)):
        mark = marks.get(at)
        if mark and mark["section"]:
            if section is not None:
                yield section
            section, inside = _Section(mark["section"], at, mark["hash"]), False
            continue
        if mark and mark["end"] == "end":
            inside = False
        if section is not None and not inside:
            section.own.append(at)
        if mark and mark["end"] == "begin":
            inside = True
    if section is not None:
        yield section


def _places(lines: Sequence[str], where: str) -> dict[str, tuple[int, list[str]]]:
    """Place -> line of its begin (from 0), the lines in it. Raises DatasetError where begins and ends do not pair."""
    found: dict[str, tuple[int, list[str]]] = {}
    marks, front = _marks(lines), _front_end(lines)
    opened = -1  # the line of the begin that has no end yet
    for at, line in enumerate([*lines, ""]):
        mark = marks.get(at)
        if mark is None and at < len(lines):
            if _NEARLY.fullmatch(line) and (at < front) == line.lstrip().startswith("#"):
                raise DatasetError(
                    f"{where}:{at + 1}: `{line.strip()[:60]}` looks like a mark and is none. A mark is alone "
                    "on its line and reads <!-- yours: begin notes --> or <!-- yours: end notes -->, in the "
                    "front matter # yours: begin metadata or # yours: end metadata."
                )
            continue
        ends = mark is not None and mark["end"] == "end"
        if opened >= 0:
            name = marks[opened]["place"]
            if mark is None or not ends or mark["place"] != name:
                raise DatasetError(
                    f"{where}:{opened + 1}: the place '{name}' begins here and has no end before "
                    f"{'the card' if mark is None else f'line {at + 1}'}{' ends' if mark is None else ''}. "
                    f"Put {lines[opened].strip().replace('begin', 'end', 1)} behind its last line."
                )
            found[name] = opened, list(lines[opened + 1 : at])
            opened = -1
        elif mark is not None and ends:
            raise DatasetError(
                f"{where}:{at + 1}: the place '{mark['place']}' ends here and has no begin. "
                f"Put {line.strip().replace('end', 'begin', 1)} before its first line."
            )
        elif mark is not None and mark["place"]:
            if mark["place"] in found:
                raise DatasetError(
                    f"{where}:{at + 1}: the place '{mark['place']}' begins a second time; line "
                    f"{found[mark['place']][0] + 1} has the first. Put all its lines into one of the two."
                )
            opened = at
    return found


def _check_sections(lines: Sequence[str], new: Sequence[str], where: str) -> None:
    """Raises DatasetError where something outside the places is not as simgen wrote it."""
    sections = list(_sections(lines))
    fresh = {section.name: {new[at].rstrip() for at in section.own} for section in _sections(new)}
    if not sections or sections[0].name != FRONT or sections[0].first != 1:
        raise DatasetError(
            f"{where}:1: a card begins with a line of three dashes, then `# simgen: {FRONT}` and its hash. "
            f"{_REMEDY}"
        )
    for section in sections:
        if section.digest(lines) == section.hash:
            continue
        known = fresh.get(section.name, set())
        strange = [at for at in section.own if lines[at].strip() and lines[at].rstrip() not in known]
        at = strange[0] if strange else section.first
        reads = f" (`{lines[at].strip()[:60]}`)" if strange else ""
        raise DatasetError(
            f"{where}:{at + 1}: the section '{section.name}' was changed outside the places that are yours"
            f"{reads}, and simgen would write over it. {_REMEDY}"
        )


def _check_metadata(first: int, content: Sequence[str], lines: Sequence[str], where: str) -> None:
    """Raises DatasetError when a person's part of the front matter is not YAML, or says what simgen says."""
    try:
        value = yaml.safe_load("\n".join(content))
    except yaml.MarkedYAMLError as error:
        at = first + 2 + (error.problem_mark.line if error.problem_mark else 0)
        raise DatasetError(
            f"{where}:{at}: the front matter is not YAML ({error.problem or error.context}). "
            "Mend this line; a value with a colon in it goes into quotes."
        ) from error
    if value is not None and not isinstance(value, dict):
        raise DatasetError(
            f"{where}:{first + 2}: the front matter has lines such as `license: cc-by-4.0`, a name and its "
            "value. Write these so, or remove them."
        )
    end = first + 1 + len(content)
    rest = yaml.safe_load("\n".join(lines[end : _front_end(lines)])) or {}
    for name in value or {}:
        if name in rest:
            at = next((at for at, line in enumerate(content) if line.startswith(f"{name}:")), 0)
            raise DatasetError(
                f"{where}:{first + 2 + at}: '{name}' is written by simgen, further down. Remove it here."
            )
