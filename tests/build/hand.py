"""A dataset without an engine: shards of the hand-made samples, through the real writers and markers."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simgen.build.packing import PackedClip, make_room, write_clip
from simgen.build.plan import Plan, ShardPlan
from simgen.build.resume import Scan, prepare
from simgen.build.shard import generate_shard
from simgen.dataset.column_table import Layout
from simgen.dataset.values import values_of
from tests.dataset.samples import HandRecipe, make_sample

FORMATS = ("parquet", "webdataset")


@dataclass(frozen=True)
class Output:
    format: str = "both"
    clips_per_shard: int = 4


@dataclass(frozen=True)
class BuildRecipe(HandRecipe):
    """`HandRecipe` with what the build asks of a recipe beside it."""

    size: tuple[int, int] = (32, 32)
    frame_count: int = 3
    output: Output = field(default_factory=Output)

    def model_dump(self, mode: str) -> dict[str, Any]:
        return {"name": self.name}


def lay_out_clips(folder: Path, recipe: BuildRecipe, shard: ShardPlan) -> None:
    """Leaves the shard's clips where workers leave them."""
    make_room(folder)
    for index in range(shard.start, shard.stop):
        sample = dataclasses.replace(make_sample(recipe, index, shard.split), recipe_hash=recipe.hash)
        write_clip(folder, PackedClip(values_of(sample, Layout.of(recipe)), sample.rejections))


def complete(folder: Path, recipe: BuildRecipe, plan: Plan) -> list[str]:
    """Does what is missing of the plan; the names of the shards that were made."""
    folder.mkdir(exist_ok=True)
    prepare(folder, recipe, plan, FORMATS, overwrite=False)  # type: ignore[arg-type]
    made = []
    for shard in list(Scan(folder, recipe, plan, FORMATS).pending()):  # type: ignore[arg-type]
        lay_out_clips(folder, recipe, shard)
        generate_shard(recipe, shard, folder, FORMATS)  # type: ignore[arg-type]
        made.append(str(shard))
    return made


def content(folder: Path) -> dict[str, bytes]:
    """Every file of a dataset, hidden ones included."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
