"""One shard: `generate_shard` makes its clips, writes its files and, last, its marker.

It is the only unit of work, retry and resume: a laptop's worker, a cluster task and a test call the same
function. Any of its clips that somebody has already encoded and left in the dataset's private folder is
taken from there, which is how several workers share one shard and how an interrupted build keeps its
finished clips.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from simgen.build.clip import generate
from simgen.build.packing import PackedClip, clip_path, read_clip, write_clip
from simgen.build.plan import ShardPlan

if TYPE_CHECKING:
    from simgen.dataset.manifest import Marker
    from simgen.recipe import Recipe

__all__ = ["ClipCount", "encode_clip", "generate_shard", "store_clip"]


@dataclass(slots=True)
class ClipCount:
    """What is counted of a clip while it is made; nothing of it is stored."""

    split: str
    index: int
    scenario: str
    rejections: tuple[str, ...]
    residuals: tuple[tuple[str, float], ...]  # (law, residual)
    seconds: dict[str, float]  # core seconds per stage
    began_s: float  # by this machine's monotonic clock
    bytes: int = field(default=0)  # of the clip's own file


def encode_clip(recipe: Recipe, split: str, index: int) -> tuple[PackedClip, ClipCount]:
    """Generates clip `index` of `split` and encodes its columns. No files. Raises what `generate` raises."""
    from simgen.dataset.column_table import Layout
    from simgen.dataset.values import values_of

    began_s = time.monotonic()
    sample = generate(recipe, index, split)
    start = time.process_time()
    values = values_of(sample, Layout.of(recipe))
    seconds = {**sample.seconds, "encode": time.process_time() - start}
    residuals = tuple((check.name, check.residual) for check in sample.law)
    return PackedClip(values, sample.rejections), ClipCount(
        split, index, sample.scenario, sample.rejections, residuals, seconds, began_s
    )


def store_clip(recipe: Recipe, split: str, index: int, folder: Path) -> ClipCount:
    """Encodes the clip and leaves it in the dataset's private folder for `generate_shard`."""
    clip, count = encode_clip(recipe, split, index)
    start = time.process_time()
    count.bytes = write_clip(folder, clip)
    count.seconds["write"] = time.process_time() - start
    return count


def generate_shard(
    recipe: Recipe,
    shard: ShardPlan,
    folder: Path,
    formats: Sequence[str],
    on_clip: Callable[[ClipCount], None] | None = None,
) -> Marker:
    """Writes the shard's files and its marker into the dataset `folder`; `on_clip` hears of every clip made
    here.

    Clips that wait in the private folder are taken from there and removed once the marker is written.
    Raises BuildError for a clip that no draw was fit for, and OSError when the files cannot be written;
    nothing is half done then.
    """
    from simgen.dataset.writer import ShardWriter

    with ShardWriter(folder, recipe, shard.split, shard.number, shard.count, formats) as writer:
        for index in shard.indices:
            clip = read_clip(folder, shard.split, index)
            if clip is None or clip.values["recipe_hash"] != recipe.hash:
                clip, count = encode_clip(recipe, shard.split, index)
                if on_clip is not None:
                    on_clip(count)
            writer.add_values(clip.values, clip.rejections)
        writer.finish()
        marker = writer.marker()
    marker.write(folder)
    for index in shard.indices:
        clip_path(folder, shard.split, index).unlink(missing_ok=True)
    return marker
