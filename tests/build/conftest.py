"""One undisturbed dataset for all that compare with it."""

from __future__ import annotations

import pytest

from tests.build.aftermath import Undisturbed, make_here
from tests.build.command import recipe_file


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """What `recipe_file` describes, made in this process without a worker, a kill or a second run."""
    pytest.importorskip("pybullet")
    folder = tmp_path_factory.mktemp("undisturbed")
    make_here(recipe_file(folder), folder / "out")
    return Undisturbed(folder / "out")
