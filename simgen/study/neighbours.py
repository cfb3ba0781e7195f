"""How far every clip of a dataset is from the nearest one that is trained on: the files of the folder `study/`.

The distance belongs to the dataset, not to a clip: with more training clips it shrinks. So it is no column of the
shards, which stay what they are when a dataset grows, but a small table per split beside them, joined by `key`,
written when the dataset is finished. It follows from the parameters that were drawn, those of clips that were drawn
again included.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from simgen.dataset.manifest import study_file
from simgen.study.factors import drawn_factors, drawn_scenarios
from simgen.study.nearest import Neighbours

if TYPE_CHECKING:
    from simgen.recipe import Recipe

__all__ = ["neighbour_files"]

ROW_GROUP = 100_000


def neighbour_files(
    recipe: Recipe, clips: Mapping[str, int], attempts: Mapping[str, Mapping[int, int]]
) -> Iterator[tuple[str, bytes]]:
    """Path in the dataset and content of every table: one for each split that is held against another. `clips` are
    those of each split, `attempts` per split those of clips that were drawn again. None if the recipe names no
    training split or draws all splits alike.
    """
    from simgen.build.clip import clip_key

    known: dict[str, dict[str, tuple[Neighbours, list[int] | range]]] = {}
    for split, count in clips.items():
        train = recipe.training_of(split)
        if not recipe.compares or train is None or train == split or not count or not clips.get(train):
            continue
        if train not in known:
            known[train] = _trained(recipe, train, clips[train], attempts.get(train))
        distance, nearest = np.full(count, -1.0), np.full(count, -1, np.int64)
        for scenario, indices in drawn_scenarios(recipe, split, count).items():
            if scenario in known[train]:
                neighbours, places = known[train][scenario]
                columns = drawn_factors(recipe, split, indices, attempts.get(split), scenario)
                rows = np.asarray(indices)
                distance[rows], found = neighbours.nearest(columns)
                nearest[rows] = np.asarray(places)[found]
        keys = [clip_key(recipe.name, split, index) for index in range(count)]
        near = [clip_key(recipe.name, train, int(index)) if index >= 0 else "" for index in nearest]
        yield study_file(split), _parquet(keys, distance, near)


def _trained(
    recipe: Recipe, train: str, count: int, attempts: Mapping[int, int] | None
) -> dict[str, tuple[Neighbours, list[int] | range]]:
    """By scenario: the clips of a training split in the factors that count, and which they are."""
    trained: dict[str, tuple[Neighbours, list[int] | range]] = {}
    for scenario, indices in drawn_scenarios(recipe, train, count).items():
        columns = drawn_factors(recipe, train, indices, attempts, scenario)
        boxes = recipe.boxes(train, scenario)
        chosen = [name for name in recipe.study.factors if name in columns] or list(columns)
        known = [{name: box[name] for name in chosen if name in box} for box in boxes]
        trained[scenario] = Neighbours({name: columns[name] for name in chosen}, known), indices
    return trained


def _parquet(
    keys: list[str], distance: np.ndarray[tuple[int], np.dtype[np.float64]], near: list[str]
) -> bytes:
    table = pa.table(
        {
            "key": pa.array(keys, pa.string()),
            "index": pa.array(range(len(keys)), pa.int64()),
            "nearest_train_distance": pa.array(distance, pa.float64()),
            "nearest_train_key": pa.array(near, pa.string()),
        }
    )
    buffer = io.BytesIO()
    pq.write_table(table, buffer, row_group_size=ROW_GROUP, compression="zstd", use_dictionary=False)
    return buffer.getvalue()
