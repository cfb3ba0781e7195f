"""Whatever is wrong with a shard becomes a DatasetError that names the file, and the clips where it can."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pyarrow as pa

from simgen.errors import DatasetError

__all__ = ["REMEDY", "naming"]

REMEDY = "`simgen verify` checks every file, `simgen build` makes damaged shards again"


@contextlib.contextmanager
def naming(path: str, clips: str = "") -> Iterator[None]:
    """Errors of reading inside become errors of this file; `clips` says which of its clips are concerned."""
    try:
        yield
    except FileNotFoundError as error:
        raise DatasetError(f"{path} is missing. `simgen verify` lists what is") from error
    except (pa.ArrowException, OSError, KeyError, ValueError, IndexError) as error:
        what = f"{path}, {clips}," if clips else path
        reason = f"{type(error).__name__}: {error}"
        raise DatasetError(f"{what} is damaged or not from this dataset ({reason}). {REMEDY}") from error
