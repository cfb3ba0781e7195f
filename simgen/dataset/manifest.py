"""What a dataset says about itself: a marker per finished shard while it is built, one manifest when it is
done.

Both hold what follows from the recipe alone, never a time or a worker, so they are the same bytes whoever
built the dataset and however often the build was interrupted. A marker is written after its shard's files,
the manifest after everything.
"""

from __future__ import annotations

import importlib.metadata
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simgen.dataset.column_table import Layout, columns
from simgen.dataset.storage import PRIVATE, FileRecord, seal, write_whole
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


def shard_files(
    split: str, shard: int, shard_count: int, formats: Iterable[str], dense: bool
) -> dict[str, str]:
    """What a shard's files are called: role (parquet, dense, webdataset) -> path in the dataset."""
    stem = f"{split}-{shard:05d}-of-{shard_count:05d}"
    files = {}
    if "parquet" in formats:
        files["parquet"] = f"data/{stem}.parquet"
        if dense:
            files["dense"] = f"dense/{stem}.parquet"
    if "webdataset" in formats:
        files["webdataset"] = f"webdataset/{stem}.tar"
    return files


def study_file(split: str) -> str:
    """The table of how far the clips of a split are from those that are trained on."""
    return f"{STUDY}/{split}.parquet"


@dataclass(frozen=True, slots=True)
class Shard:
    """Clips `start` … `start + clips - 1` of a split, and the files that hold them."""

    split: str
    shard: int
    start: int
    clips: int
    files: Mapping[str, FileRecord]
    bodies: int = 0  # the most that a clip of it has; 0 in datasets of the first days: not counted

    def to_json(self) -> dict[str, Any]:
        return {
            "split": self.split,
            "shard": self.shard,
            "start": self.start,
            "clips": self.clips,
            "bodies": self.bodies,
            "files": {path: record.to_json() for path, record in sorted(self.files.items())},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Shard:
        return cls(
            split=str(value["split"]),
            shard=int(value["shard"]),
            start=int(value["start"]),
            clips=int(value["clips"]),
            files={path: FileRecord.from_json(record) for path, record in value["files"].items()},
            bodies=int(value.get("bodies", 0)),
        )

    def file(self, kind: str) -> str | None:
        """Path of the file in folder `kind` (data, dense, webdataset), None if there is none."""
        return next((path for path in self.files if path.startswith(f"{kind}/")), None)


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
            value = json.loads((folder / cls.path(split, shard, shard_count)).read_bytes())
            return cls.from_json(value)
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
    shards: tuple[Shard, ...]  # by split in the recipe's order, then by number
    # scenario -> parameter -> role, revealed
    factors: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    # scenario -> kinds of event of which the first is what a clip is about
    decisive: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    study: Mapping[str, Any] = field(default_factory=dict)  # question, factors, train, ladders … of a study
    study_files: Mapping[str, FileRecord] = field(default_factory=dict)  # see `study_file`
    format: int = FORMAT

    @classmethod
    def of(cls, recipe: Any, markers: Sequence[Marker], generator_version: int) -> Manifest:
        """The manifest of the shards that these markers speak of. Raises ValueError if they do not belong
        together.
        """
        order = {split: place for place, split in enumerate(recipe.designs)}
        markers = sorted(markers, key=lambda marker: (order[marker.shard.split], marker.shard.shard))
        if not markers:
            raise ValueError("a dataset needs at least one shard")
        strange = [m for m in markers if m.recipe_hash != recipe.hash or m.formats != markers[0].formats]
        if strange:
            path = Marker.path(strange[0].shard.split, strange[0].shard.shard, strange[0].shard_count)
            raise ValueError(f"{path} belongs to another recipe or to other formats")
        rejections: Counter[str] = Counter()
        for marker in markers:
            rejections.update(marker.rejections)
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
            formats=markers[0].formats,
            versions=library_versions(),
            rejections=dict(sorted(rejections.items())),
            shards=tuple(marker.shard for marker in markers),
            factors=recipe.factors(),
            decisive=recipe.decisive(),
            study=recipe.study_summary(),
        )

    @property
    def splits(self) -> dict[str, int]:
        """Clips per split."""
        counts: dict[str, int] = {}
        for shard in self.shards:
            counts[shard.split] = counts.get(shard.split, 0) + shard.clips
        return counts

    def of_split(self, split: str) -> tuple[Shard, ...]:
        return tuple(shard for shard in self.shards if shard.split == split)

    def write(self, folder: Path) -> FileRecord:
        return write_whole(folder, MANIFEST, self.to_text().encode())

    def to_text(self) -> str:
        """JSON with one shard per line, so that a person can read it and a large one can be streamed."""
        head = json.dumps(self._head(), indent=1, ensure_ascii=False)
        lines = ",\n".join("  " + json.dumps(shard.to_json(), separators=(",", ":")) for shard in self.shards)
        return f'{head[:-2]},\n "shards": [\n{lines}\n ]\n}}\n'

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
        try:
            value = json.loads(text)
            newer = int(value["format"])
        except (ValueError, KeyError, TypeError) as error:
            raise DatasetError(
                f"{where} is damaged ({error}); run `simgen build` again to write it anew"
            ) from error
        if newer > FORMAT:
            raise DatasetError(
                f"{where} was written by a newer simgen (format {newer}, this one reads up to {FORMAT});"
                " upgrade: pip install --upgrade simgen-physics"
            )
        try:
            return cls(
                format=newer,
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
                shards=tuple(Shard.from_json(shard) for shard in value["shards"]),
                factors=dict(value.get("factors", {})),
                decisive={name: tuple(kinds) for name, kinds in value.get("decisive", {}).items()},
                study=dict(value.get("study", {})),
                study_files={
                    str(path): FileRecord.from_json(record)
                    for path, record in value.get("study_files", {}).items()
                },
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DatasetError(
                f"{where} is damaged ({error!r}); run `simgen build` again to write it anew"
            ) from error


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
