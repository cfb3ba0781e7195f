"""What a dataset says about itself: a marker per finished shard while it is built, one manifest when it is
done.

Both hold what follows from the recipe alone, never a time or a worker, so they are the same bytes whoever
built the dataset and however often the build was interrupted. A marker is written after its shard's files,
the manifest after everything.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

from simgen.dataset.column_table import Layout, columns
from simgen.dataset.shards import Shard, ShardList, shard_files
from simgen.dataset.storage import PRIVATE, FileRecord, seal, write_pieces, write_whole
from simgen.errors import DatasetError

__all__ = [
    "FORMAT",
    "FORMATS",
    "MANIFEST",
    "RECIPE",
    "STUDY",
    "Manifest",
    "Marker",
    "Shard",
    "ShardList",
    "library_versions",
    "shard_files",
    "study_file",
]

FORMAT = 1  # of what is on disk; raised when an older simgen could not read it
FORMATS = ("parquet", "webdataset")
MANIFEST = "manifest.json"
RECIPE = "recipe.yaml"
STUDY = "study"  # the folder of small tables beside the shards
_MARKERS = f"{PRIVATE}/markers"
_LIBRARIES = ("numpy", "pyarrow", "av", "pybullet", "numba")


def study_file(split: str) -> str:
    """The table of how far the clips of a split are from those that are trained on."""
    return f"{STUDY}/{split}.parquet"


@dataclass(frozen=True, slots=True)
class Marker:
    """Written when a shard is done: the shard, what it belongs to, and what the manifest will need of it."""

    shard: Shard
    shard_count: int
    recipe_hash: str
    generator_version: int
    formats: tuple[str, ...]
    rejections: Mapping[str, int] = field(default_factory=dict)  # reason -> attempts that it cost
    attempts: Mapping[int, int] = field(default_factory=dict)  # index -> attempt of clips drawn again
    format: int = FORMAT

    @staticmethod
    def path(split: str, shard: int, shard_count: int) -> str:
        """Where the marker is, relative to the dataset."""
        return f"{_MARKERS}/{split}-{shard:05d}-of-{shard_count:05d}.json"

    def write(self, folder: Path) -> None:
        """Writes it, and seals the shard's files that are there with it."""
        text = json.dumps(self.to_json(), sort_keys=True, indent=1) + "\n"
        path = self.path(self.shard.split, self.shard.shard, self.shard_count)
        write_whole(folder, path, text.encode())
        there = [(folder / file).stat() for file in self.shard.files if (folder / file).exists()]
        if there:
            seal(folder / path, there)

    def to_json(self) -> dict[str, Any]:
        return {
            "format": self.format,
            "shard": self.shard.to_json(),
            "shard_count": self.shard_count,
            "recipe_hash": self.recipe_hash,
            "generator_version": self.generator_version,
            "formats": list(self.formats),
            "rejections": dict(sorted(self.rejections.items())),
            "attempts": {str(index): attempt for index, attempt in sorted(self.attempts.items())},
        }

    @classmethod
    def read(cls, folder: Path, split: str, shard: int, shard_count: int) -> Marker | None:
        """The marker of a shard; None when there is none or it is damaged (then the shard counts as not
        done).
        """
        try:
            # hundreds of thousands are read in a scan: with pathlib their paths would take as long as all the rest
            place = f"{folder}/{cls.path(split, shard, shard_count)}"
            with open(place, "rb", buffering=0) as file:  # noqa: PTH123
                return cls.from_json(json.loads(file.read()))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Marker:
        return cls(
            format=int(value["format"]),
            shard=Shard.from_json(value["shard"]),
            shard_count=int(value["shard_count"]),
            recipe_hash=str(value["recipe_hash"]),
            generator_version=int(value["generator_version"]),
            formats=tuple(value["formats"]),
            rejections={str(reason): int(count) for reason, count in value["rejections"].items()},
            attempts={int(index): int(attempt) for index, attempt in value["attempts"].items()},
        )


@dataclass(frozen=True, slots=True)
class Manifest:
    """A finished dataset."""

    name: str
    scenario: str
    recipe: str  # the text of recipe.yaml
    recipe_hash: str
    generator_version: int
    layout: Layout
    video: Mapping[str, Any]  # width, height, fps, frame_count
    formats: tuple[str, ...]
    versions: Mapping[str, str]
    rejections: Mapping[str, int]
    shards: Sequence[Shard]  # by split in the recipe's order, then by number; kept as a `ShardList`
    # scenario -> parameter -> role, revealed
    factors: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    # scenario -> kinds of event of which the first is what a clip is about
    decisive: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    study: Mapping[str, Any] = field(default_factory=dict)  # question, factors, train, ladders … of a study
    study_files: Mapping[str, FileRecord] = field(default_factory=dict)  # see `study_file`
    format: int = FORMAT

    def __post_init__(self) -> None:
        if not isinstance(self.shards, ShardList):
            object.__setattr__(self, "shards", ShardList(self.shards))

    @classmethod
    def of(cls, recipe: Any, markers: Iterable[Marker], generator_version: int) -> Manifest:
        """The manifest of the shards that these markers speak of, which are looked at one by one. Raises ValueError if
        they do not belong together.
        """
        rejections: Counter[str] = Counter()
        formats: tuple[str, ...] | None = None  # of the first

        def checked() -> Iterator[Shard]:
            nonlocal formats
            for marker in markers:
                formats = formats or marker.formats
                if marker.recipe_hash != recipe.hash or marker.formats != formats:
                    path = Marker.path(marker.shard.split, marker.shard.shard, marker.shard_count)
                    raise ValueError(f"{path} belongs to another recipe or to other formats")
                rejections.update(marker.rejections)
                yield marker.shard

        shards = _in_order(ShardList(checked()), list(recipe.designs))
        if formats is None:
            raise ValueError("a dataset needs at least one shard")
        video = recipe.video_spec()
        return cls(
            name=recipe.name,
            scenario=str(recipe.scenario),
            recipe=recipe.source,
            recipe_hash=recipe.hash,
            generator_version=generator_version,
            layout=Layout.of(recipe),
            video={
                "width": video.width,
                "height": video.height,
                "fps": float(video.fps),
                "frame_count": video.frame_count,
            },
            formats=formats,
            versions=library_versions(),
            rejections=dict(sorted(rejections.items())),
            shards=shards,
            factors=recipe.factors(),
            decisive=recipe.decisive(),
            study=recipe.study_summary(),
        )

    @property
    def splits(self) -> dict[str, int]:
        """Clips per split."""
        return self._list.clips

    @property
    def byte_count(self) -> int:
        """Of all shards' files."""
        return self._list.byte_count

    @property
    def _list(self) -> ShardList:
        assert isinstance(self.shards, ShardList)
        return self.shards

    def of_split(self, split: str) -> Sequence[Shard]:
        return self._list.of_split(split)

    def write(self, folder: Path) -> FileRecord:
        return write_pieces(folder, MANIFEST, self.pieces())

    def to_text(self) -> str:
        """JSON with one shard per line, so that a person can read it and a large one can be streamed."""
        return b"".join(self.pieces()).decode()

    def pieces(self) -> Iterator[bytes]:
        """The text, head first and then shard by shard: it is never there as a whole."""
        head = json.dumps(self._head(), indent=1, ensure_ascii=False)
        yield f'{head[:-2]},\n "shards": ['.encode()
        before = "\n  "
        for shard in self.shards:
            yield f"{before}{json.dumps(shard.to_json(), separators=(',', ':'))}".encode()
            before = ",\n  "
        yield b"\n ]\n}\n" if self.shards else b"\n\n ]\n}\n"

    def digest(self) -> str:
        """The sha256 of the text in hexadecimal."""
        found = hashlib.sha256()
        for piece in self.pieces():
            found.update(piece)
        return found.hexdigest()

    def _head(self) -> dict[str, Any]:
        return {
            "format": self.format,
            "name": self.name,
            "scenario": self.scenario,
            "recipe_hash": self.recipe_hash,
            "generator_version": self.generator_version,
            "versions": dict(self.versions),
            "formats": list(self.formats),
            "splits": self.splits,
            "rejections": dict(self.rejections),
            "video": dict(self.video),
            "layout": self.layout.to_json(),
            "factors": self.factors,
            "decisive": {scenario: list(kinds) for scenario, kinds in self.decisive.items()},
            **({"study": dict(self.study)} if self.study else {}),
            **(
                {"study_files": {p: r.to_json() for p, r in self.study_files.items()}}
                if self.study_files
                else {}
            ),
            "columns": [
                {
                    "name": column.name,
                    "type": str(column.type),
                    "unit": column.unit,
                    "shape": column.shape,
                    "meaning": column.meaning,
                    "undo": column.undo,
                    "webdataset": column.in_tar,
                    "dense": column.dense,
                }
                for column in columns(self.layout)
            ],
            "recipe": self.recipe,
        }

    @classmethod
    def from_text(cls, text: str | bytes, where: str = MANIFEST) -> Manifest:
        """Raises DatasetError when it is damaged or of a newer format."""
        return cls.from_file(io.BytesIO(text.encode() if isinstance(text, str) else text), where)

    @classmethod
    def from_file(cls, file: BinaryIO, where: str = MANIFEST) -> Manifest:
        """The same of an open file, shard by shard where it has one per line, as `write` writes it."""
        try:
            return _streamed(file, where)
        except _Otherwise:
            file.seek(0)
        try:
            value = json.loads(file.read())
            newer = int(value["format"])
        except (ValueError, KeyError, TypeError) as error:
            raise DatasetError(
                f"{where} is damaged ({error}); run `simgen build` again to write it anew"
            ) from error
        _refuse_newer(newer, where)
        try:
            return cls._from_json(value, map(Shard.from_json, value["shards"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DatasetError(
                f"{where} is damaged ({error!r}); run `simgen build` again to write it anew"
            ) from error

    @classmethod
    def _from_json(cls, value: Mapping[str, Any], shards: Iterable[Shard]) -> Manifest:
        return cls(
            format=int(value["format"]),
            name=str(value["name"]),
            scenario=str(value["scenario"]),
            recipe=str(value["recipe"]),
            recipe_hash=str(value["recipe_hash"]),
            generator_version=int(value["generator_version"]),
            layout=Layout.from_json(value["layout"]),
            video=dict(value["video"]),
            formats=tuple(value["formats"]),
            versions=dict(value["versions"]),
            rejections=dict(value["rejections"]),
            shards=ShardList(shards),
            factors=dict(value.get("factors", {})),
            decisive={name: tuple(kinds) for name, kinds in value.get("decisive", {}).items()},
            study=dict(value.get("study", {})),
            study_files={
                str(path): FileRecord.from_json(record)
                for path, record in value.get("study_files", {}).items()
            },
        )


def _in_order(shards: ShardList, splits: Sequence[str]) -> ShardList:
    """By split, then by number; as they come, which is how a build hands them over, where they are so already."""
    order = {split: place for place, split in enumerate(splits)}
    if all(before <= after for before, after in pairwise(_keys(shards, order))):
        return shards
    keys = list(_keys(shards, order))
    return ShardList(shards[place] for place in sorted(range(len(keys)), key=keys.__getitem__))


def _keys(shards: ShardList, order: Mapping[str, int]) -> Iterator[tuple[int, int]]:
    return ((order[split], number) for split, number in shards.addresses)


class _Otherwise(Exception):
    """The text is not laid out as `Manifest.write` does it: it may be damaged, or be JSON all the same."""


def _streamed(file: BinaryIO, where: str) -> Manifest:
    try:
        head = bytearray()
        while (line := file.readline()) != b' "shards": [\n':
            if not line:
                raise _Otherwise
            head += line
        value = json.loads(head.rstrip().removesuffix(b",") + b"}")
        _refuse_newer(int(value["format"]), where)
        return Manifest._from_json(value, _shard_lines(file))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _Otherwise from error


def _shard_lines(file: BinaryIO) -> Iterator[Shard]:
    """Shards up to the end of their list, behind which nothing may come."""
    more = True
    while (line := file.readline()) != b" ]\n":
        text = line.rstrip()
        if not more or not text:
            raise _Otherwise
        more = text.endswith(b",")
        yield Shard.from_json(json.loads(text.removesuffix(b",")))
    if more or file.read().strip() != b"}":
        raise _Otherwise


def _refuse_newer(version: int, where: str) -> None:
    if version > FORMAT:
        raise DatasetError(
            f"{where} was written by a newer simgen (format {version}, this one reads up to {FORMAT});"
            " upgrade: pip install --upgrade simgen-physics"
        )


def library_versions() -> dict[str, str]:
    """Versions of what decides the bytes; without importing any of it."""
    versions = {"simgen": _version("simgen-physics")}
    return versions | {name: _version(name) for name in _LIBRARIES}


def _version(name: str) -> str:
    if name == "simgen-physics":
        from simgen import __version__

        return __version__
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
