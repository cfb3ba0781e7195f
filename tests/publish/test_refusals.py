"""What is not published, and the sentence that says why and what to do."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from simgen.publish.repository import repository_name
from tests.dataset.samples import HandRecipe, build
from tests.hub.server import HubServer
from tests.publish.command import environment, simgen


@pytest.fixture
def dataset(plain: Path, tmp_path: Path) -> Path:
    return shutil.copytree(plain, tmp_path / "dataset")


def refused(hub: HubServer, dataset: Path, *more: str) -> str:
    done = simgen(hub, "publish", "dataset", "user/hand", *more, cwd=dataset.parent)
    assert (done.returncode, done.stdout) == (1, "")
    assert not [request for request in hub.requests if "commit" in request or "create" in request]
    assert hub.repositories == {}
    return done.stderr.strip()


def test_an_unfinished_dataset(hub: HubServer, dataset: Path) -> None:
    (dataset / "manifest.json").unlink()
    assert refused(hub, dataset) == (
        "dataset is not finished: shards are there but no manifest.json. "
        "Run the same `simgen build` again; it makes what is missing and nothing else"
    )


def test_no_dataset_at_all(hub: HubServer, tmp_path: Path) -> None:
    (tmp_path / "dataset").mkdir()
    said = refused(hub, tmp_path / "dataset")
    assert said == "dataset is not a simgen dataset: it has no manifest.json"
    done = simgen(hub, "publish", "nowhere", "user/hand", cwd=tmp_path)
    assert (done.returncode, done.stderr.strip()) == (1, "There is no dataset at nowhere: nothing is there")


def test_a_corrupt_dataset(hub: HubServer, dataset: Path) -> None:
    shard = dataset / "data" / "train-00001-of-00003.parquet"
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.write_bytes(data)
    (dataset / "data" / "test-00000-of-00001.parquet").unlink()
    (dataset / "data" / "stray.parquet").write_bytes(b"")
    lines = refused(hub, dataset).splitlines()
    assert lines[0] == "dataset is not as it was built, so it is not published:"
    assert lines[1] == (
        "  data/stray.parquet: does not belong to the dataset; remove it, or `datasets` will load it too"
    )
    assert lines[2].startswith(
        "  data/train-00001-of-00003.parquet: was changed since it was written (sha256 "
    )
    assert lines[3] == "  data/test-00000-of-00001.parquet: is missing"
    assert lines[4] == (
        "`simgen build` with the same recipe and folder makes damaged shards again; then publish it."
    )


def test_a_card_that_a_person_broke(hub: HubServer, dataset: Path) -> None:
    """Told before anything is read or sent; what is told of which card is tested with the card."""
    card = dataset / "README.md"
    text = card.read_text()
    line = text.split("\n").index("license: cc-by-4.0") + 1
    card.write_text(text.replace("license: cc-by-4.0", "license: [mit"))
    said = refused(hub, dataset)
    assert said.startswith((f"dataset/README.md:{line}: ", f"dataset/README.md:{line + 1}: "))
    card.write_text("# hand\n")
    assert refused(hub, dataset).startswith("dataset/README.md:1: this card has none of the marks")
    card.write_bytes(b"---\n\xe9\n---\n")
    assert refused(hub, dataset).startswith("dataset/README.md:2: the card is not UTF-8 text")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("incline", "'incline' is no repository; write USER/NAME"),
        ("datasets/user/incline", "'datasets/user/incline' is a path or an address and no repository"),
        ("../incline", "'../incline' is a path or an address and no repository"),
        ("/home/incline", "'/home/incline' is a path or an address and no repository"),
        ("hf://datasets/user/incline", "is a path or an address and no repository"),
        ("https://huggingface.co/datasets/user/incline", "is a path or an address and no repository"),
        ("user/", "'user/' cannot be a repository: '' must be letters"),
        ("user/my dataset", "'my dataset' must be letters, digits, '-', '_' and '.', at most 96"),
        ("user/-x", "'-x' must be letters"),
        ("user/a..b", "'a..b' must be letters"),
        ("user/a--b", "'a--b' must be letters"),
        ("user/näme", "'näme' must be letters"),
        ("user/" + "a" * 97, "at most 96"),
        ("user/x.git", "its name ends in .git"),
    ],
)
def test_repositories_that_are_none(text: str, words: str) -> None:
    with pytest.raises(ValueError, match="USER/NAME") as error:
        repository_name(text)
    assert words in str(error.value)


@pytest.mark.parametrize("text", ["user/incline", "My-Org/a.b_c-d", "u/x", "user_1/2024"])
def test_repositories_that_the_client_takes_too(text: str) -> None:
    utils = pytest.importorskip("huggingface_hub.utils")
    assert repository_name(text) == text
    utils.validate_repo_id(text)


def test_the_command_line_is_wrong(hub: HubServer, dataset: Path) -> None:
    for arguments, words in (
        (("dataset", "hand"), "'hand' is no repository; write USER/NAME: your name on the Hub"),
        (("dataset", "user/hand", "--tars", "a/b/c"), "'a/b/c' is a path or an address and no repository"),
        (("dataset", "user/hand", "--formats", "zip"), "'zip': formats are parquet and webdataset"),
    ):
        done = simgen(hub, "publish", *arguments, cwd=dataset.parent)
        assert done.returncode == 2
        assert words in done.stderr
    assert hub.requests == []


@pytest.mark.parametrize(
    "path",
    ["../../secret.parquet", "/etc/passwd", "data/../README.md", "data/x/train-00000-of-00001.parquet"],
)
def test_a_manifest_that_names_files_elsewhere(hub: HubServer, dataset: Path, path: str) -> None:
    """A dataset from a stranger sends nothing but its own shards."""
    text = (dataset / "manifest.json").read_text().replace("data/test-00000-of-00001.parquet", path)
    (dataset / "manifest.json").write_text(text)
    assert refused(hub, dataset) == (
        f"dataset/manifest.json names the file '{path}', which is no file of a dataset. "
        "simgen writes no such name: build the dataset again."
    )


def test_a_dataset_whose_name_has_a_path_in_it(hub: HubServer, dataset: Path) -> None:
    value = json.loads((dataset / "manifest.json").read_bytes()) | {"name": "../hand"}
    (dataset / "manifest.json").write_text(json.dumps(value))
    assert refused(hub, dataset) == (
        "dataset/manifest.json: the dataset's name is '../hand', which has a path or a strange character in it. "
        "simgen writes no such name: build the dataset again."
    )


def test_a_format_that_is_not_there(hub: HubServer, tmp_path: Path) -> None:
    build(tmp_path / "dataset", HandRecipe(frame_count=4), {"train": [2]}, ("parquet",))
    assert refused(hub, tmp_path / "dataset", "--formats", "parquet,webdataset") == (
        "dataset has no webdataset files, it was built as parquet. "
        "Leave --formats out, or build it with --format both."
    )


def test_a_dataset_that_is_elsewhere(hub: HubServer, tmp_path: Path) -> None:
    done = simgen(hub, "publish", "memory://x", "user/hand", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.strip() == "memory://x is not on this machine: only a local folder can be published."


def test_a_shard_that_changes_after_it_was_verified(hub: HubServer, dataset: Path) -> None:
    """The Hub's hash is compared with the manifest's: other bytes are never shown."""
    from tests.hub.faults import Fault

    shard = dataset / "data" / "train-00001-of-00003.parquet"

    def change() -> None:
        shard.write_bytes(shard.read_bytes()[:-1] + b"?")

    hub.faults = [Fault("POST /api/repos/create", first=change)]  # everything is verified by then
    done = simgen(hub, "publish", "dataset", "user/hand", "--formats", "parquet", cwd=dataset.parent)
    assert done.returncode == 1
    assert (
        "data/train-00001-of-00003.parquet arrived at user/hand as other bytes than "
        "dataset/data/train-00001-of-00003.parquet had when it was built"
    ) in done.stderr
    assert set(hub.repositories["user/hand"].head("main").files) == {".gitattributes"}


def test_without_the_client(hub: HubServer, plain: Path, tmp_path: Path) -> None:
    code = "import sys; sys.modules['huggingface_hub'] = None; sys.argv[0] = 'simgen'; from simgen.cli import main; main()"
    for command in (["publish", str(plain), "user/hand"], ["build", "incline", "--publish", "user/hand"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *command],
            cwd=tmp_path,
            env=environment(hub, tmp_path / "home"),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1
        assert done.stderr.startswith("Publishing needs the Hub's client, huggingface_hub (")
        assert done.stderr.strip().endswith("pip install 'simgen-physics[hf]'")
