"""What a recipe would cost: a few of its clips are made for real, timed and weighed, and multiplied."""

from __future__ import annotations

import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from simgen.build.plan import Plan
from simgen.build.runners.local import cores
from simgen.build.shard import encode_clip

if TYPE_CHECKING:
    from simgen.build.packing import PackedClip
    from simgen.dataset.writer import ShardWriter
    from simgen.publish.limits import HubOutlook
    from simgen.recipe import Recipe

__all__ = ["Estimate", "FolderEstimate", "estimate"]

_MOST, _FEWEST, _ENOUGH_S = 12, 3, 6.0  # clips that are made: as many as fit into the time, between these
_LONGEST_ROUND = 60  # clips of a mix that are made whatever the time


@dataclass(frozen=True, slots=True)
class FolderEstimate:
    """The files of one kind."""

    files: int
    bytes_per_file: int  # of a full shard
    bytes: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """Extrapolated from `sampled` clips."""

    clips: Mapping[str, int]  # per split
    shards: int
    files: int
    sampled: int
    core_seconds_per_clip: float
    stages: Mapping[str, float]  # core seconds per clip and stage
    core_hours: float
    hours: float  # on the cores of this machine
    cores: int
    bytes_per_clip: float
    bytes: int
    folders: Mapping[str, FolderEstimate]  # data, dense, webdataset
    hub: HubOutlook
    rejected: Mapping[str, float]  # reason -> draws that it costs per clip


def estimate(recipe: Recipe, plan: Plan, formats: Sequence[str]) -> Estimate:
    """Makes a few clips of every split in turn, in a temporary folder. Raises what `generate` raises."""
    from simgen.dataset.column_table import Layout
    from simgen.dataset.manifest import shard_files
    from simgen.dataset.writer import ShardWriter
    from simgen.publish.limits import hub_outlook

    splits = [split for split, count in plan.clips_per_split.items() if count]
    encode_clip(recipe, splits[0], 0)  # imports and compiled code are paid once per worker, not per clip
    stages: defaultdict[str, float] = defaultdict(float)
    rejected: Counter[str] = Counter()
    sampled, sizes, alone = 0, Counter[str](), Counter[str]()
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="simgen-") as folder:
        for number, split in enumerate(splits):
            until = begin + _ENOUGH_S * (number + 1) / len(splits)
            # of a mix a whole round, so that a scenario of which no draw is fit is found here, not by the build
            whole = min(sum(recipe.scenario_weights(split).values()), _LONGEST_ROUND)
            most = max(1, _MOST // len(splits), whole)
            fewest = max(1, _FEWEST // len(splits), whole)
            first: PackedClip | None = None
            with ShardWriter(Path(folder), recipe, split, 0, 1, formats) as writer:
                for index in range(min(most, plan.clips_per_split[split])):
                    if index >= fewest and time.monotonic() > until:
                        break
                    clip, count = encode_clip(recipe, split, index)
                    start = time.process_time()
                    writer.add_values(clip.values, clip.rejections)
                    for stage, seconds in count.seconds.items():
                        stages[stage] += seconds
                    stages["write"] += time.process_time() - start
                    rejected.update(clip.rejections)
                    sampled, first = sampled + 1, first or clip
                start = time.process_time()
                sizes.update(_sizes(writer))
                stages["write"] += time.process_time() - start
            assert first is not None
            with ShardWriter(Path(folder), recipe, split, 0, 1, formats) as writer:
                writer.add_values(first.values, first.rejections)
                alone.update(_sizes(writer))
    per_clip = sum(stages.values()) / sampled
    more = sampled - len(
        splits
    )  # clips that were not the first of their file, which bears what a file has in any case
    each = {name: (sizes[name] - alone[name]) / more if more else sizes[name] / sampled for name in sizes}
    in_any_case = {name: max(0.0, alone[name] / len(splits) - each[name]) for name in sizes}
    folders = {
        name: FolderEstimate(
            plan.shard_count,
            round(plan.largest_shard * each[name] + in_any_case[name]),
            round(plan.clips * each[name] + plan.shard_count * in_any_case[name]),
        )
        for name in sizes
    }
    size = sum(folder.bytes for folder in folders.values())
    dense = bool(Layout.of(recipe).passes)
    return Estimate(
        clips=dict(plan.clips_per_split),
        shards=plan.shard_count,
        files=plan.shard_count * len(shard_files("train", 0, 1, formats, dense)),
        sampled=sampled,
        core_seconds_per_clip=per_clip,
        stages={stage: seconds / sampled for stage, seconds in stages.items()},
        core_hours=per_clip * plan.clips / 3600,
        hours=per_clip * plan.clips / 3600 / cores(),
        cores=cores(),
        bytes_per_clip=size / plan.clips,
        bytes=size,
        folders=folders,
        hub=hub_outlook(plan, each, in_any_case),
        rejected={reason: count / sampled for reason, count in rejected.most_common()},
    )


def _sizes(writer: ShardWriter) -> dict[str, int]:
    """Of the shard's files, by folder."""
    return {path.split("/")[0]: record.bytes for path, record in writer.finish().items()}
