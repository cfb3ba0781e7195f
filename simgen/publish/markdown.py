"""Pieces of Markdown as GitHub and the Hub read it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

__all__ = ["code", "escaped", "fenced", "folded", "table"]


def table(head: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """A table; the columns `right` (from 0) hold numbers."""
    rules = ["---:" if column in right else "---" for column in range(len(head))]
    lines = [
        ["\u00a0".join(cell.split(" ")) if column in right else cell for column, cell in enumerate(row)]
        for row in rows
    ]
    return ["| " + " | ".join(map(_cell, line)) + " |" for line in [head, rules, *lines]]


def _cell(text: str) -> str:
    """Its bars escaped, where that has not been done."""
    return re.sub(r"(?<!\\)\|", r"\|", text)


def fenced(text: str, language: str) -> list[str]:
    """A block of code, whatever stands in it."""
    ticks = max((len(run) for run in re.findall("`{3,}", text)), default=2) + 1
    return [f"{'`' * ticks}{language}", *text.rstrip("\n").split("\n"), "`" * ticks]


def folded(summary: str, lines: Iterable[str]) -> list[str]:
    """Lines that are shown once somebody clicks on `summary`."""
    return ["<details>", f"<summary>{summary}</summary>", "", *lines, "", "</details>"]


def code(word: str) -> str:
    return f"`{word}`"


def escaped(text: str) -> str:
    """Words that somebody else chose, on one line and without any meaning to Markdown or HTML."""
    return re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", " ".join(text.split()))
