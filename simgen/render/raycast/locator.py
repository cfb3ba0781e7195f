"""Where numba keeps the machine code of a kernel: the same place for every copy of simgen on the machine.

numba would name a folder after the path of the source, so that a second environment compiles what the first one has. The
name of our folder holds a hash of all sources (see `compile`), which says what is in it better than a path.
"""

from __future__ import annotations

from typing import Any

from numba.core import caching

__all__ = ["BySources"]

_Base: Any = caching.UserProvidedCacheLocator


class BySources(_Base):  # type: ignore[misc]
    """Chosen by `numba.config.CACHE_LOCATOR_CLASSES`; a numba that does not know that setting goes by the path."""

    @classmethod
    def get_suitable_cache_subpath(cls, py_file: str) -> str:
        return "kernels"

    def get_source_stamp(self) -> str:
        return ""  # the folder's name has it
