"""Datasets written once per test run. Everything that the Hugging Face libraries keep goes to a temporary
folder.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from tests.dataset.samples import HandRecipe, build
from tests.ffmpeg import environment_with_ffmpeg

_CACHE = tempfile.mkdtemp(prefix="simgen-test-hf-")
os.environ.update(
    HF_HOME=_CACHE,
    HF_HUB_OFFLINE="1",
    HF_DATASETS_OFFLINE="1",
    HF_HUB_DISABLE_TELEMETRY="1",
    HF_DATASETS_DISABLE_PROGRESS_BARS="1",
)


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 training clips in three shards, 3 test clips in one, both formats, no dense passes."""
    folder = tmp_path_factory.mktemp("plain")
    build(folder, HandRecipe(), {"train": [14, 14, 12], "test": [3]})
    return folder


@pytest.fixture(scope="session")
def dense_recipe() -> HandRecipe:
    return HandRecipe(
        passes=("depth", "segmentation", "normals", "flow"), camera_names=("main", "side"), frame_count=5
    )


@pytest.fixture(scope="session")
def dense(tmp_path_factory: pytest.TempPathFactory, dense_recipe: HandRecipe) -> Path:
    """6 training clips in two shards with every pass from two cameras."""
    folder = tmp_path_factory.mktemp("dense")
    build(folder, dense_recipe, {"train": [4, 2]})
    return folder


@pytest.fixture(scope="session")
def ffmpeg_libraries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment for processes that decode with torchcodec, whatever FFmpeg the machine has."""
    return environment_with_ffmpeg(tmp_path_factory.mktemp("ffmpeg"))
