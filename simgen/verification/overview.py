"""A dataset at a glance: how much of what, the range of every parameter, how well the laws hold, its size."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simgen.dataset.column_table import Layout
from simgen.dataset.manifest import Manifest
from simgen.dataset.residuals import LawResiduals, tolerance_of
from simgen.reading.reader import open_dataset

__all__ = ["Overview", "overview"]


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
    dataset = open_dataset(location, columns=["split", "scenario", "params", "law"])
    manifest: Manifest = dataset.manifest
    params: dict[str, dict[str, Any]] = {split: {} for split in manifest.splits}
    scenarios: dict[str, Counter[str]] = {split: Counter() for split in manifest.splits}
    residuals: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for clip in dataset:
        seen, scenario = params[clip.split], clip.scenario
        scenarios[clip.split][scenario] += 1
        for parameter, value in clip.params.items():
            name = f"{scenario}.{parameter}" if manifest.layout.mixture else parameter
            if isinstance(value, (bool, str)):
                seen.setdefault(name, Counter())[
                    str(value).lower() if isinstance(value, bool) else value
                ] += 1
            else:
                low, high = seen.get(name, (value, value))
                seen[name] = [min(low, value), max(high, value)]
        for check in clip.law:
            residuals[scenario, check.name].append(check.residual)
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
        clips=len(dataset),
        splits=manifest.splits,
        shards=len(manifest.shards),
        bytes=dict(sizes),
        video=dict(manifest.video),
        cameras=manifest.layout.cameras,
        passes=manifest.layout.passes,
        codec=manifest.layout.codec,
        scenarios={split: dict(sorted(found.items())) for split, found in scenarios.items()},
        params={
            split: {name: _plain(found[name]) for name in _in_order(manifest.layout, found)}
            for split, found in params.items()
        },
        laws={
            law: LawResiduals(
                scenario, len(found), statistics.median(found), max(found), tolerance_of(scenario, law)
            )
            for (scenario, law), found in sorted(residuals.items())
        },
        rejections=dict(manifest.rejections),
        versions=dict(manifest.versions),
    )


def _in_order(layout: Layout, names: Collection[str]) -> list[str]:
    """The parameters of a mix scenario by scenario, each with its own in their order; others as they are."""
    mixed = [f"{scenario}.{name}" for scenario, own in layout.mixture for name in own]
    return [name for name in mixed if name in names] or list(names)


def _plain(seen: list[float] | tuple[float, float] | Counter[str]) -> Any:
    """[min, max], or counts from the most frequent word on."""
    return dict(seen.most_common()) if isinstance(seen, Counter) else list(seen)
