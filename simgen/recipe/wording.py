"""The words that all messages about a recipe share: showing a value, listing names, guessing what was
meant.

Whatever a user wrote is shown on one line, control characters escaped, cut when long, so that a message is
one line whoever wrote the recipe.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

__all__ = ["did_you_mean", "listed", "number", "one_line", "printable", "shown"]

LONGEST_SHOWN = 60
MOST_LISTED = 12


def one_line(text: str) -> str:
    """`text` with everything escaped that does not print, line breaks above all."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape", "surrogatepass").decode()
        for letter in text
    )


def printable(text: str) -> str:
    """`text` on one line: what does not print is escaped, what is long is cut."""
    escaped = one_line(text[: LONGEST_SHOWN + 1])
    return escaped if len(escaped) <= LONGEST_SHOWN else f"{escaped[: LONGEST_SHOWN - 3]}..."


def shown(value: object) -> str:
    """A value as a message shows it: words in quotes, collections by their kind."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, (int, float)):
        return number(value)
    return f"'{printable(str(value))}'"


def number(value: float) -> str:
    """A number as people write it: 5, 0.25, 1e+15."""
    if isinstance(value, int):
        # not str(): Python refuses to print integers of thousands of digits
        return str(value) if abs(value) < 10**20 else f"a number above 1e20 ({value.bit_length()} bits)"
    return f"{int(value)}" if abs(value) < 1e9 and value == int(value) else f"{value:.6g}"


def listed(names: Iterable[str], last: str = "or") -> str:
    """`a, b or c`; a long list is cut."""
    words = list(names)
    if len(words) > MOST_LISTED:
        return f"{', '.join(words[:MOST_LISTED])}, …"
    return f" {last} ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def did_you_mean(word: object, names: Iterable[str]) -> str:
    """` Did you mean 'x'?` with the nearest of `names`, or nothing when none is near."""
    if not isinstance(word, str) or len(word) > LONGEST_SHOWN:
        return ""
    by_folded = {name.casefold(): name for name in names}
    near = difflib.get_close_matches(word.casefold(), list(by_folded), n=1, cutoff=0.62)
    return f" Did you mean '{by_folded[near[0]]}'?" if near else ""
