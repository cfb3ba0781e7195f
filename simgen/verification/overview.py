"""A dataset at a glance: how much of what, the range of every parameter, how well the laws hold, its size."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simgen.dataset.residuals import LawResiduals, tolerance_of
from simgen.verification.survey import Survey, survey

__all__ = ["Overview", "overview", "overview_of", "value_range"]


@dataclass(frozen=True, slots=True)
class Overview:
    """What `simgen info` prints."""

    name: str
    scenario: str
    recipe_hash: str
    generator_version: int
    format: int
    formats: tuple[str, ...]
    clips: int
    splits: Mapping[str, int]  # clips per split
    shards: int
    bytes: Mapping[str, int]  # per folder: data, dense, webdataset
    video: Mapping[str, Any]  # width, height, fps, frame_count
    cameras: tuple[str, ...]
    passes: tuple[str, ...]
    codec: str
    scenarios: Mapping[str, Mapping[str, int]]  # split -> scenario -> clips
    # split -> parameter (of a mix scenario.parameter) -> [min, max] of numbers, counts of words
    params: Mapping[str, Mapping[str, Any]]
    laws: Mapping[str, LawResiduals]
    rejections: Mapping[str, int]  # reason -> draws that it cost
    versions: Mapping[str, str]


def overview(location: str | Path) -> Overview:
    """Reads the manifest and a few columns of every clip. Raises DatasetError if it is not finished."""
    return overview_of(survey(location))


def overview_of(found: Survey) -> Overview:
    """What the values of all clips amount to."""
    manifest = found.manifest
    params: dict[str, dict[str, Any]] = {split: {} for split in manifest.splits}
    for scenario, names in found.params.items():
        for name, splits in names.items():
            for split, values in splits.items():
                full_name = f"{scenario}.{name}" if manifest.layout.mixture else name
                params[split][full_name] = value_range(values)
    sizes: Counter[str] = Counter()
    for shard in manifest.shards:
        for path, record in shard.files.items():
            sizes[path.split("/")[0]] += record.bytes
    return Overview(
        name=manifest.name,
        scenario=manifest.scenario,
        recipe_hash=manifest.recipe_hash,
        generator_version=manifest.generator_version,
        format=manifest.format,
        formats=manifest.formats,
        clips=sum(manifest.splits.values()),
        splits=manifest.splits,
        shards=len(manifest.shards),
        bytes=dict(sizes),
        video=dict(manifest.video),
        cameras=manifest.layout.cameras,
        passes=manifest.layout.passes,
        codec=manifest.layout.codec,
        scenarios=found.scenarios,
        params=params,
        laws={
            law: LawResiduals(
                scenario,
                len(residuals),
                statistics.median(residuals),
                max(residuals),
                tolerance_of(scenario, law),
            )
            for (scenario, law), residuals in found.residuals.items()
        },
        rejections=dict(manifest.rejections),
        versions=dict(manifest.versions),
    )


def value_range(values: Sequence[float | int | str | bool]) -> Any:
    """[min, max] of numbers, counts of words (and of true and false) from the most frequent one on."""
    if isinstance(values[0], (bool, str)):
        words = Counter(str(value).lower() if isinstance(value, bool) else str(value) for value in values)
        return dict(words.most_common())
    return [min(values), max(values)]
