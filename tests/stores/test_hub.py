"""hf://datasets/user/name through the real client, against a Hub on localhost.

huggingface_hub reads HF_ENDPOINT when it is imported, so everything that reads runs in a process of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import forked
from tests.hub.faults import Fault
from tests.hub.server import HubServer, serve_hub

pytest.importorskip("huggingface_hub")

TOKEN = "hf_test"


@pytest.fixture
def hub(plain: Path, tmp_path: Path) -> Iterator[HubServer]:
    with serve_hub(tmp_path / "hub", TOKEN) as server:
        server.put("user/hand", plain)
        yield server


def run(hub: HubServer, tmp_path: Path, code: str, *arguments: str, token: str = TOKEN) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    environment |= {
        "HF_ENDPOINT": hub.url,
        "HF_TOKEN": token,
        "HF_HOME": str(tmp_path / "home"),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    }
    done = forked.python(code, *arguments, cwd=tmp_path, environment=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


READ = """
import sys
import simgen
from simgen.verification import differences

location, local, format = sys.argv[1:4]
remote = simgen.open_dataset(location, "train", format=format)
assert remote[20].rgb.shape == (14, 48, 64, 3)
assert list(differences(remote, simgen.open_dataset(local, "train", format=format))) == []
labels = simgen.open_dataset(location, "train", columns=["state", "params"], format=format)
assert sum(len(clip.state) for clip in labels) == 40 * 14
report = simgen.verify(location, deep=True)
assert report.ok, report.text
print(len(remote))
"""


@pytest.mark.parametrize("format", ["parquet", "webdataset"])
def test_clips_come_back(hub: HubServer, tmp_path: Path, plain: Path, format: str) -> None:
    assert run(hub, tmp_path, READ, "hf://datasets/user/hand", str(plain), format) == "40"


def test_verifying_by_the_hashes_of_the_hub(hub: HubServer, tmp_path: Path) -> None:
    code = "import sys, simgen; found = simgen.verify(sys.argv[1]); print(found.ok, found.files, found.kept)"
    assert run(hub, tmp_path, code, "hf://datasets/user/hand") == "True 8 8"
    assert not [
        asked for asked in hub.requests if "resolve" in asked and (".parquet" in asked or ".tar" in asked)
    ]


def test_a_revision_and_pages_of_a_listing(hub: HubServer, tmp_path: Path) -> None:
    hub.page = 2
    commit = hub.repositories["user/hand"].head("main").oid
    code = "import sys, simgen; print(simgen.open_dataset(sys.argv[1], 'test')[0].key)"
    for revision in ("main", commit):
        assert run(hub, tmp_path, code, f"hf://datasets/user/hand@{revision}") == "hand-test-00000000"


def test_a_busy_hub_is_asked_again(hub: HubServer, tmp_path: Path) -> None:
    hub.faults = [
        Fault("GET .*/resolve/", status=503),
        Fault("GET .*/resolve/", status=429, headers={"Retry-After": "0"}),
    ]
    code = "import sys, simgen; print(simgen.open_dataset(sys.argv[1], 'test')[0].key)"
    assert run(hub, tmp_path, code, "hf://datasets/user/hand") == "hand-test-00000000"
    assert [fault.happened for fault in hub.faults] == [1, 1]


def test_a_cache_makes_the_second_reader_ask_for_no_file(hub: HubServer, tmp_path: Path) -> None:
    code = """
import sys
import simgen
print(len(list(simgen.open_dataset(sys.argv[1], cache=sys.argv[2]))))
"""
    for _ in range(2):
        hub.requests.clear()
        assert run(hub, tmp_path, code, "hf://datasets/user/hand", str(tmp_path / "cache")) == "43"
    assert not [request for request in hub.requests if ".parquet" in request]


FORK = """
import multiprocessing, sys
import simgen

dataset = simgen.open_dataset(sys.argv[1])
print(dataset[20].key)
fork = multiprocessing.get_context("fork")
workers = [fork.Process(target=lambda place=place: print(dataset[place].key, flush=True)) for place in (20, 33)]
for worker in workers:
    worker.start()
    worker.join()
"""


def test_forked_workers_read_on(hub: HubServer, tmp_path: Path) -> None:
    assert run(hub, tmp_path, FORK, "hf://datasets/user/hand").splitlines() == [
        "hand-train-00000020",
        "hand-train-00000020",
        "hand-train-00000033",
    ]


def test_labels_alone_leave_the_videos_there(hub: HubServer, heavy: Path, tmp_path: Path) -> None:
    hub.put("user/heavy", heavy)
    code = """
import sys, simgen
print(len([clip.state for clip in simgen.open_dataset(sys.argv[1], columns=["state", "params"])]))
"""
    assert run(hub, tmp_path, code, "hf://datasets/user/heavy") == "80"
    assert hub.bytes_sent < 80 * 20_000 / 2
    ranges = [request for request in hub.requests if "resolve" in request and ".parquet" in request]
    assert len(ranges) <= 1 + 2 * 5  # the footer, and two stretches of columns per row group


MISTAKE = """
import sys
import simgen
try:
    simgen.open_dataset(sys.argv[1])
except simgen.errors.DatasetError as error:
    print(error)
"""


def test_mistakes_are_sentences(hub: HubServer, tmp_path: Path) -> None:
    assert "There is no dataset at hf://datasets/user/nowhere" in run(
        hub, tmp_path, MISTAKE, "hf://datasets/user/nowhere"
    )
    hub.create("user/other")
    assert run(hub, tmp_path, MISTAKE, "hf://datasets/user/other") == (
        "hf://datasets/user/other is not a simgen dataset: it has no manifest.json"
    )
    said = run(hub, tmp_path, MISTAKE, "hf://datasets/user/hand", token="hf_wrong")
    assert "hf://datasets/user/hand" in said
