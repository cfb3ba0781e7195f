"""What `-o` means: a folder of this machine, or a store that is filled from a staging folder."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from simgen.reading.stores import protocol_of

if TYPE_CHECKING:
    from simgen.build.plan import Share
    from simgen.recipe import Recipe

__all__ = ["folder_of", "hub_repository", "staging_of", "store_url"]


def store_url(output: str | Path | None) -> str | None:
    """The URL of a store that the output names; None when it is a folder (also one that is written file://…)."""
    if isinstance(output, str) and "://" in output and protocol_of(output) not in ("file", "local"):
        return output.rstrip("/")
    return None


def hub_repository(output: str | None) -> str | None:
    """USER/NAME of hf://datasets/USER/NAME, which is another word for --publish; None of anything else."""
    match = re.fullmatch(r"hf://datasets/([^/@]+/[^/@]+)/?", output or "")
    return match[1] if match else None


def folder_of(recipe: Recipe, output: str | Path | None) -> Path:
    """Where the dataset goes: datasets/<recipe name> below the working folder when nothing is said."""
    if output is None:
        output = Path("datasets") / recipe.name
    return Path(re.sub(r"^(file|local)://", "", str(output))).absolute()


def staging_of(url: str, staging: str | Path | None, share: Share | None) -> Path:
    """Where shards wait for the store, one folder per store and task: below `staging`, or the user's cache folder."""
    if staging is None:
        cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        staging = Path(cache) / "simgen" / "staging"
    own = f"{url.rsplit('/', 1)[-1]}-{hashlib.sha256(url.encode()).hexdigest()[:12]}"
    return Path(staging).absolute() / (own if share is None else f"{own}-task-{share.task}-of-{share.count}")
