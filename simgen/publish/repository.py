"""What a repository on the Hub may be called, and which one holds the files of a format."""

from __future__ import annotations

import re

__all__ = ["repository_name", "repository_of"]

_NAME = re.compile(r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9_])?", re.ASCII)
_LONGEST_NAME = 96


def repository_name(text: str) -> str:
    """`text` if it can be the name of a repository; else ValueError with what one looks like."""
    example = "write USER/NAME: your name on the Hub, or an organization's, and the dataset's"
    if "://" in text or text.startswith(("/", ".", "~")) or text.count("/") > 1:
        raise ValueError(f"'{text}' is a path or an address and no repository; {example}")
    if text.count("/") == 0:
        raise ValueError(f"'{text}' is no repository; {example}")
    for part in text.split("/"):
        if not _NAME.fullmatch(part) or len(part) > _LONGEST_NAME or "--" in part or ".." in part:
            raise ValueError(
                f"'{text}' cannot be a repository: '{part}' must be letters, digits, '-', '_' and '.', at most "
                f"{_LONGEST_NAME}, with no '--' or '..' and neither '-' nor '.' at its ends; {example}"
            )
    if text.endswith(".git"):
        raise ValueError(f"'{text}' cannot be a repository: its name ends in .git; {example}")
    return text


def repository_of(format: str, repository: str, tars: str | None) -> str:
    """Where the files of a format go; tars to a sibling when nothing else is said."""
    return repository if format == "parquet" else tars or f"{repository}-wds"
