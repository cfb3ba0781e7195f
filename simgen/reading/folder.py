"""A dataset's folder wherever it is: a local path or any fsspec URL (s3://…, hf://datasets/…, https://…)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO, cast

import fsspec

from simgen.dataset.manifest import MANIFEST, Manifest
from simgen.dataset.storage import PRIVATE
from simgen.errors import DatasetError, MissingDependencyError

__all__ = ["Folder", "read_manifest"]


class Folder:
    """Reads files of a dataset by their path in it. Picklable; opens nothing until it is asked to."""

    def __init__(self, location: str | Path) -> None:
        self.location = str(location)
        try:
            self._system, self._root = fsspec.core.url_to_fs(self.location)
        except ImportError as error:  # fsspec names the package, e.g. "Install s3fs to access S3"
            raise MissingDependencyError(f"{self.location} cannot be opened: {error}") from error
        except ValueError as error:
            raise DatasetError(f"{self.location} cannot be opened: {error}") from error

    @property
    def is_local(self) -> bool:
        return "file" in (
            (self._system.protocol,) if isinstance(self._system.protocol, str) else self._system.protocol
        )

    def path(self, relative: str) -> str:
        """What a message calls the file."""
        return f"{self.location.rstrip('/')}/{relative}"

    def open(self, relative: str) -> BinaryIO:
        """The file for reading, seekable. Raises FileNotFoundError and other OSErrors."""
        place = f"{self._root}/{relative}"
        return Path(place).open("rb") if self.is_local else cast(BinaryIO, self._system.open(place, "rb"))

    def read(self, relative: str) -> bytes:
        with self.open(relative) as file:
            return file.read()

    def exists(self, relative: str = "") -> bool:
        return bool(self._system.exists(f"{self._root}/{relative}" if relative else self._root))

    def files(self, *folders: str) -> dict[str, int]:
        """Path in the dataset -> size, of every file in these folders of it."""
        found: dict[str, int] = {}
        for folder in folders:
            place = f"{self._root}/{folder}"
            if self._system.isdir(place):
                listing: dict[str, Any] = self._system.find(place, detail=True)
                for path, entry in listing.items():
                    relative = path.removeprefix(self._root).lstrip("/")
                    found[relative] = int(entry["size"])
        return found


def read_manifest(folder: Folder) -> Manifest:
    """Raises DatasetError when there is no finished dataset of a format that this version reads."""
    try:
        return Manifest.from_text(folder.read(MANIFEST), folder.path(MANIFEST))
    except FileNotFoundError:
        pass
    except OSError as error:
        raise DatasetError(f"{folder.path(MANIFEST)} cannot be read: {error}") from error
    if not folder.exists():
        raise DatasetError(f"There is no dataset at {folder.location}: nothing is there")
    if folder.exists(PRIVATE):
        raise DatasetError(
            f"{folder.location} is not finished: shards are there but no {MANIFEST}. "
            "Run the same `simgen build` again; it makes what is missing and nothing else"
        )
    raise DatasetError(f"{folder.location} is not a simgen dataset: it has no {MANIFEST}")
