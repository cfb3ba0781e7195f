"""A dataset whose videos make up most of it, as they do in a real one; buckets of an S3 server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from simgen import GENERATOR_VERSION
from simgen.dataset import ShardWriter, finish_dataset
from simgen.dataset.column_table import Layout
from simgen.dataset.values import values_of
from tests.dataset.samples import HandRecipe, make_sample

if TYPE_CHECKING:
    from tests.stores.s3 import Bucket


@pytest.fixture(scope="session")
def heavy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """80 clips in one shard of five row groups; in place of each video 20 kB that nobody can compress."""
    folder, recipe = tmp_path_factory.mktemp("heavy"), HandRecipe(frame_count=4)
    values = values_of(make_sample(recipe, 0), Layout.of(recipe))
    draws = np.random.default_rng(5)
    with ShardWriter(folder, recipe, "train", 0, 1) as writer:
        for index in range(80):
            own = {"index": index, "key": f"hand-train-{index:08d}", "video": draws.bytes(20_000)}
            writer.add_values({**values, **own})
        writer.finish()
    finish_dataset(folder, recipe, [writer.marker()], GENERATOR_VERSION)
    return folder


@pytest.fixture(scope="module")  # its address is in the environment while it runs
def server() -> Iterator[Any]:
    pytest.importorskip("moto")
    pytest.importorskip("s3fs")
    from tests.stores.s3 import s3_server

    with s3_server() as found:
        yield found


@pytest.fixture
def bucket(server: Any, request: pytest.FixtureRequest) -> Bucket:
    from tests.stores.s3 import new_bucket

    return new_bucket(server, request.node.name)
