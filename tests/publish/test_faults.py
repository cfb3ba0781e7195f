"""What can go wrong on the way to the Hub goes wrong at the server; the client is the real one and knows of nothing.

After each fault the same command is run again if it did not end well, and every byte downloaded equals every byte built.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hub.faults import Fault
from tests.hub.server import HubServer
from tests.publish.command import OWNER, READER, downloaded, python, shards, shards_in, simgen, started

PUBLISH = ("publish", "--formats", "parquet")
WORK = "simgen-upload"


def complete(hub: HubServer, dataset: Path) -> None:
    """Everything is there, nothing else is, and it came to be seen in one commit."""
    there = downloaded(hub, "user/hand")
    assert shards_in(there) == shards(dataset, "data")
    repository = hub.repositories["user/hand"]
    assert repository.read("main", "manifest.json")
    titles = [commit.title for commit in repository.history("main")]
    assert titles.count("simgen publish: hand, 6 clips") == 1
    assert set(repository.branches) == {"main"}


def size_of(dataset: Path) -> int:
    return sum(map(len, shards(dataset, "data").values()))


def received(hub: HubServer, dataset: Path) -> int:
    """Bytes that came to the Hub of the dataset's shards, however often."""
    return hub.bytes_received_of(shards(dataset, "data").values())


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("moment", "seen"),
    [
        ("PUT /lfs/", False),
        (f"POST .*/commit/{WORK}", False),
        ("POST .*/commit/main", False),
        (f"DELETE .*/branch/{WORK}", True),
        ("POST .*/tag/", True),
    ],
)
def test_a_kill_at_any_moment(hub: HubServer, few: Path, tmp_path: Path, moment: str, seen: bool) -> None:
    """SIGKILL while the Hub is asked for something: the run after it sends nothing twice."""
    publish = (*PUBLISH, few, "user/hand", "--tag", "v1")
    fault = Fault(moment, stalls=True)
    hub.faults = [fault]
    with started(hub, *publish, cwd=tmp_path) as upload:
        assert fault.reached.wait(60), upload.communicate(timeout=5)[1]
        if moment.startswith("PUT"):  # the other files arrive meanwhile
            wait_until(lambda: hub.requests.count("POST /lfs/user/hand/verify") == 3)
        upload.send_signal(signal.SIGKILL)
        upload.wait()
    repository = hub.repositories["user/hand"]
    assert ("manifest.json" in repository.head("main").files) == seen
    assert ("data/test-00000-of-00001.parquet" in repository.head("main").files) == seen
    again = simgen(hub, *publish, cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert received(hub, few) == size_of(few)
    assert repository.tags == {"v1": repository.branches["main"]}
    complete(hub, few)


@pytest.mark.parametrize("moment", ["PUT /lfs/", "POST .*/commit/main"])
def test_ctrl_c_says_how_to_go_on(hub: HubServer, few: Path, tmp_path: Path, moment: str) -> None:
    """Within seconds, whatever is on its way."""
    fault = Fault(moment, stalls=True)
    hub.faults = [fault]
    with started(hub, *PUBLISH, few, "user/hand", cwd=tmp_path) as upload:
        assert fault.reached.wait(60)
        upload.send_signal(signal.SIGINT)
        _, said = upload.communicate(timeout=20)
    assert upload.returncode == 130
    assert said.strip().endswith("Stopped. What the Hub has is kept; run the same command again to continue.")
    assert "Traceback" not in said
    assert simgen(hub, *PUBLISH, few, "user/hand", cwd=tmp_path).returncode == 0
    complete(hub, few)


# The waits of the command are those of a real outage.
PUBLISH_WITH = """
import sys
from simgen.errors import PublishError
from simgen.publish import publish
from simgen.reading.retries import Patience
try:
    publish(sys.argv[1], "user/hand", formats=["parquet"], patience=Patience(attempts=%s, first_wait_s=%s))
except PublishError as error:
    print(error)
"""
QUICK, IMPATIENT = PUBLISH_WITH % (6, 0.05), PUBLISH_WITH % (2, 0.1)
BUSY = {"status": 429, "headers": {"Retry-After": "1"}}


@pytest.mark.parametrize(
    "faults",
    [
        [
            Fault("PUT /lfs/", cut_after=1000),
            Fault("PUT /lfs/", status=503, times=2),
            Fault("PUT /lfs/", **BUSY),
        ],
        [
            Fault("POST .*/repos/create", answer_lost=True),
            Fault("GET .*/tree/", status=503),
            Fault("POST .*/preupload/", status=503),
            Fault("POST .*/objects/batch", **BUSY),
        ],
        [
            Fault(f"POST .*/commit/{WORK}", status=503),
            Fault(f"POST .*/commit/{WORK}", answer_lost=True),
            Fault("POST .*/commit/main", **BUSY),
            Fault("POST .*/commit/main", status=412, message="A commit has happened since"),
            Fault("POST .*/commit/main", answer_lost=True),
        ],
    ],
    ids=["sending", "asking", "committing"],
)
def test_what_passes_is_waited_for(hub: HubServer, few: Path, tmp_path: Path, faults: list[Fault]) -> None:
    hub.faults = faults
    assert python(hub, QUICK, few, cwd=tmp_path) == ""
    assert [fault.happened for fault in faults] == [fault.times for fault in faults]
    partial = sum(fault.cut_after or 0 for fault in faults)
    assert size_of(few) <= received(hub, few) <= size_of(few) + partial
    complete(hub, few)


def test_a_large_file_in_parts_is_cut_in_the_middle(hub: HubServer, few: Path, tmp_path: Path) -> None:
    hub.part_bytes = 10_000
    fault = Fault("PUT /lfs/.*/2$", cut_after=4_000)
    hub.faults = [fault]
    done = simgen(hub, *PUBLISH, few, "user/hand", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert fault.happened == 1
    assert [request for request in hub.requests if request.endswith("/complete")]
    complete(hub, few)


def test_an_outage_ends_in_a_sentence_and_the_next_run_goes_on(
    hub: HubServer, few: Path, tmp_path: Path
) -> None:
    hub.faults = [Fault("POST .*/commit/main", status=503, message="Service Unavailable", times=99)]
    said = python(hub, IMPATIENT, few, cwd=tmp_path)
    assert said.startswith(
        "The Hub or the network does not answer for user/hand (Service Unavailable; tried 2 times in "
    )
    assert said.endswith("What the Hub has is kept; the same command goes on from there.")
    assert "manifest.json" not in hub.repositories["user/hand"].head("main").files
    sent, hub.faults = received(hub, few), []
    done = simgen(hub, *PUBLISH, few, "user/hand", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert received(hub, few) == sent == size_of(few)
    complete(hub, few)


def test_somebody_commits_in_between(hub: HubServer, few: Path, tmp_path: Path) -> None:
    """A real conflict: main moves after it was looked at. What was added there is kept."""

    def interfere() -> None:
        repository = hub.repositories["user/hand"]
        repository.commit("main", "add the licence", "", [("LICENSE", repository.keep(b"free\n"))])

    fault = Fault("POST .*/commit/main", first=interfere)
    hub.faults = [fault]
    done = simgen(hub, *PUBLISH, few, "user/hand", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert fault.happened == 1
    assert hub.requests.count("POST /api/datasets/user/hand/commit/main") == 2
    assert hub.repositories["user/hand"].read("main", "LICENSE") == b"free\n"
    complete(hub, few)


def test_somebody_publishes_another_dataset_in_between(hub: HubServer, few: Path, tmp_path: Path) -> None:
    def interfere() -> None:
        repository = hub.repositories["user/hand"]
        text = (few / "manifest.json").read_bytes().replace(b"ab" * 32, b"cd" * 32)
        repository.commit("main", "simgen publish: other", "", [("manifest.json", repository.keep(text))])

    hub.faults = [Fault("POST .*/commit/main", first=interfere)]
    done = simgen(hub, *PUBLISH, few, "user/hand", cwd=tmp_path)
    assert done.returncode == 1
    assert "user/hand holds a dataset of another recipe" in done.stderr
    assert set(hub.repositories["user/hand"].head("main").files) == {".gitattributes", "manifest.json"}


def test_two_at_once(hub: HubServer, few: Path, tmp_path: Path) -> None:
    with (
        started(hub, *PUBLISH, few, "user/hand", cwd=tmp_path) as one,
        started(hub, *PUBLISH, few, "user/hand", cwd=tmp_path) as two,
    ):
        ends = [upload.communicate(timeout=120) for upload in (one, two)]
    assert 0 in (one.returncode, two.returncode), ends
    if (one.returncode, two.returncode) != (0, 0):
        assert simgen(hub, *PUBLISH, few, "user/hand", cwd=tmp_path).returncode == 0
    complete(hub, few)


def test_a_token_that_may_not_write(hub: HubServer, few: Path, tmp_path: Path) -> None:
    hub.create("user/hand")
    for name in ("user/hand", "user/new"):
        refused = simgen(hub, *PUBLISH, few, name, cwd=tmp_path, token=READER)
        assert refused.returncode == 1
        assert refused.stderr.strip() == (
            f"The Hub refuses to write to {name} (403: You don't have the rights to write to this repository). If the "
            "token may not write there, make one that may: https://huggingface.co/settings/tokens; if its storage is full, "
            "free some or take a larger plan. What the Hub has is kept; the same command goes on from there."
        )
        assert READER not in refused.stderr
    assert hub.bytes_received == 0
    assert simgen(hub, *PUBLISH, few, "user/hand", cwd=tmp_path).returncode == 0
    complete(hub, few)


@pytest.mark.parametrize("token", ["hf_wrongwrongwrong", ""])
def test_nobody_in_particular(hub: HubServer, few: Path, tmp_path: Path, token: str) -> None:
    refused = simgen(hub, *PUBLISH, few, "user/hand", cwd=tmp_path, token=token)
    assert refused.returncode == 1
    assert refused.stderr.startswith("The Hub does not know who asks to write to user/hand (")
    assert refused.stderr.strip().endswith(
        "Log in with `hf auth login`, or set HF_TOKEN to a token with the right to write: "
        "https://huggingface.co/settings/tokens"
    )
    assert not token or token not in refused.stderr
    assert hub.repositories == {}


def test_a_full_quota(hub: HubServer, few: Path, tmp_path: Path) -> None:
    hub.quota_bytes = size_of(few) // 2
    refused = simgen(hub, *PUBLISH, few, "user/hand", "--private", cwd=tmp_path)
    assert refused.returncode == 1
    assert "403: Private repository storage limit reached, please upgrade your plan" in refused.stderr
    assert "manifest.json" not in hub.repositories["user/hand"].head("main").files
    hub.quota_bytes = 1 << 60
    done = simgen(hub, *PUBLISH, few, "user/hand", "--private", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert received(hub, few) == size_of(few)
    complete(hub, few)


def test_a_token_is_written_nowhere(hub: HubServer, few: Path, tmp_path: Path) -> None:
    """Neither in what is said, even where the client itself shows it, nor in any file."""
    strange = f"{OWNER}\x7f"
    for token in (OWNER, strange):
        done = simgen(hub, *PUBLISH, few, "user/hand", cwd=tmp_path, token=token)
        assert OWNER not in done.stderr + done.stdout
    written = [
        path
        for place in (few, tmp_path)
        for path in place.rglob("*")
        if path.is_file() and OWNER.encode() in path.read_bytes()
    ]
    assert written == []


def test_offline_is_said(hub: HubServer, few: Path, tmp_path: Path) -> None:
    done = simgen(hub, *PUBLISH, few, "user/hand", cwd=tmp_path, HF_HUB_OFFLINE="1")
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "HF_HUB_OFFLINE is set: the Hub's client talks to nobody. Unset it to publish."
    )
