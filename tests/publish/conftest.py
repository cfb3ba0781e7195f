"""A Hub on localhost; a real dataset with its whole card, made once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import simgen
from simgen.publish.card import write_card
from simgen.recipe import recipe_from_data
from tests.dataset.samples import HandRecipe, build
from tests.hub.server import HubServer, serve_hub
from tests.publish.command import OWNER, READER


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubServer]:
    pytest.importorskip("huggingface_hub")
    with serve_hub(tmp_path / "hub", OWNER) as server:
        server.readers = frozenset({READER})
        yield server


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six short clips in four shards, both formats: what is sent matters, not what is in it."""
    folder = tmp_path_factory.mktemp("few")
    build(folder, HandRecipe(frame_count=4), {"train": [2, 2, 1], "test": [1]})
    return folder


@pytest.fixture(scope="session")
def ramp_without_card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """18 clips of an incline, the 6 of `steep` outside the angles of `train`; both formats, every pass."""
    pytest.importorskip("pybullet")
    folder = tmp_path_factory.mktemp("ramp") / "ramp"
    recipe = recipe_from_data(
        {
            "name": "ramp",
            "scenario": "incline",
            "splits": {"train": 12, "steep": {"clips": 6, "params": {"angle_deg": {"uniform": [45, 50]}}}},
            "passes": ["depth", "segmentation", "normals", "flow"],
            "video": {"size": 64, "fps": 12, "seconds": 1},
            "output": {"format": "both", "clips_per_shard": 8},
        }
    )
    simgen.build(recipe, folder, workers=1)
    return folder


@pytest.fixture(scope="session")
def ramp(ramp_without_card: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with what `simgen card` writes."""
    folder = tmp_path_factory.mktemp("carded") / "ramp"
    shutil.copytree(ramp_without_card, folder)
    write_card(folder)
    return folder


@pytest.fixture
def own(ramp: Path, tmp_path: Path) -> Path:
    """A copy to spoil."""
    return Path(shutil.copytree(ramp, tmp_path / "ramp"))
