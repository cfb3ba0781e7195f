from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub.server import HubServer, serve_hub
from tests.publish.command import OWNER, READER


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubServer]:
    pytest.importorskip("huggingface_hub")
    with serve_hub(tmp_path / "hub", OWNER) as server:
        server.readers = frozenset({READER})
        yield server
