"""`simgen publish`: what is there afterwards, what is seen meanwhile, and what is sent."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from simgen.dataset.manifest import Manifest
from tests.build.hand import content
from tests.dataset.samples import HandRecipe, build
from tests.hub.server import HubServer
from tests.publish.command import OWNER, downloaded, shards, shards_in, simgen, snapshot

PICTURES = {"card/clip.jpg", "card/clips.webp", "card/contact_sheet.jpg", "card/parameters.png"}
RECIPE = HandRecipe(frame_count=4)  # a publication draws its card from the clips: short ones do


@pytest.fixture(scope="module")
def hand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """11 training clips in three shards, a test clip in one, both formats."""
    folder = tmp_path_factory.mktemp("hand")
    build(folder, RECIPE, {"train": [4, 4, 3], "test": [1]})
    return folder


def test_every_byte_arrives_and_is_seen_at_once(hub: HubServer, hand: Path, tmp_path: Path) -> None:
    before = content(hand)
    done = simgen(hub, "publish", hand, "user/hand", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    for name, kind, format in (
        ("user/hand", "data", "parquet"),
        ("user/hand-wds", "webdataset", "webdataset"),
    ):
        repository = hub.repositories[name]
        there = downloaded(hub, name)
        assert snapshot(hub, name, tmp_path) == there
        assert shards_in(there) == shards(hand, kind)
        described = ["croissant.json"] if format == "parquet" else []
        assert sorted(path for path in there if "/" not in path) == [
            "README.md",
            *described,
            "manifest.json",
            "recipe.yaml",
        ]
        assert {path for path in there if path.startswith("card/")} == PICTURES
        assert f"hf://datasets/{name}" in there["README.md"].decode()
        assert there["recipe.yaml"] == (hand / "recipe.yaml").read_bytes()
        titles = [commit.title for commit in repository.history("main")]
        assert titles == ["simgen publish: hand, 12 clips", "initial commit"]  # nothing in between
        assert set(repository.branches) == {"main"}
        assert not repository.private
        alone = tmp_path / format
        build(alone, RECIPE, {"train": [4, 4, 3], "test": [1]}, (format,))
        assert there["manifest.json"] == (alone / "manifest.json").read_bytes()
    files = shards(hand, "data", "webdataset").values()
    assert hub.bytes_received_of(files) == sum(map(len, files))
    assert content(hand) == before
    assert OWNER not in done.stderr


def test_the_summary_says_what_to_try(hub: HubServer, hand: Path, tmp_path: Path) -> None:
    done = simgen(hub, "publish", hand, "user/hand", "--formats", "parquet", "--tag", "v1.0", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    commit = hub.repositories["user/hand"].branches["main"]
    assert hub.repositories["user/hand"].tags == {"v1.0": commit}
    lines = done.stderr.splitlines()
    assert lines[0].startswith("hand is published: 12 clips; ")
    assert lines[1].startswith(f"  {hub.url}/datasets/user/hand: 12 files, ")
    assert lines[1].endswith(f" as parquet, commit {commit[:12]}, tag v1.0")
    assert lines[2:] == [
        "next:",
        "  simgen info hf://datasets/user/hand@v1.0",
        "  simgen verify hf://datasets/user/hand@v1.0",
        '  python: datasets.load_dataset("user/hand", revision="v1.0", streaming=True)',
        '  python: simgen.open_dataset("hf://datasets/user/hand@v1.0")',
    ]
    assert set(hub.repositories) == {"user/hand"}


def test_a_second_run_sends_and_changes_nothing(hub: HubServer, hand: Path, tmp_path: Path) -> None:
    assert simgen(hub, "publish", hand, "user/hand", "--tag", "v1", cwd=tmp_path).returncode == 0
    heads = {name: dict(found.branches) for name, found in hub.repositories.items()}
    sent = hub.bytes_received
    again = simgen(hub, "publish", hand, "user/hand", "--tag", "v1", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "all shards were there already" in again.stderr
    assert {name: dict(found.branches) for name, found in hub.repositories.items()} == heads
    assert hub.bytes_received == sent


def test_a_larger_dataset_takes_the_place_of_a_smaller_one(
    hub: HubServer, hand: Path, tmp_path: Path
) -> None:
    """Full shards have the same bytes under new names: they are not sent again."""
    assert simgen(hub, "publish", hand, "user/hand", "--formats", "parquet", cwd=tmp_path).returncode == 0
    sent = hub.bytes_received
    larger = tmp_path / "larger"
    build(larger, RECIPE, {"train": [4, 4, 4, 2], "test": [1]})
    done = simgen(hub, "publish", larger, "user/hand", "--formats", "parquet", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    there = downloaded(hub, "user/hand")
    assert shards_in(there) == shards(larger, "data")
    new = {data for path, data in shards(larger, "data").items() if "00002-of" in path or "00003-of" in path}
    assert hub.bytes_received_of(new) == sum(map(len, new))
    pictures = [data for path, data in there.items() if path in PICTURES]
    assert hub.bytes_received - sent <= sum(map(len, new)) + sum(map(len, pictures))
    back = simgen(hub, "publish", hand, "user/hand", "--formats", "parquet", cwd=tmp_path)
    assert back.returncode == 1
    assert back.stderr.strip() == (
        "user/hand holds 14 clips of train, this dataset has 11: publishing it would take clips away from whoever reads "
        "it. Publish under another name, or replace what is there with --replace."
    )


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of another recipe: other clips, other shard names."""
    folder = tmp_path_factory.mktemp("other")
    recipe = dataclasses.replace(HandRecipe(name="other", frame_count=4), hash="cd" * 32)
    build(folder, recipe, {"train": [3]}, ("parquet",))
    return folder


def test_another_recipe_is_replaced_only_when_told_so(
    hub: HubServer, hand: Path, other: Path, tmp_path: Path
) -> None:
    assert simgen(hub, "publish", hand, "user/hand", "--formats", "parquet", cwd=tmp_path).returncode == 0
    repository = hub.repositories["user/hand"]
    licence = repository.keep(b"as you like\n")
    repository.commit("main", "add the licence", "", [("LICENSE", licence), ("data/stray.parquet", licence)])
    before = repository.branches["main"]
    refused = simgen(hub, "publish", other, "user/hand", cwd=tmp_path)
    assert refused.returncode == 1
    assert refused.stderr.strip() == (
        "user/hand holds a dataset of another recipe: hand (abababababab…), and this is other (cdcdcdcdcdcd…). "
        "Publish under another name, or replace what is there with --replace."
    )
    assert repository.branches == {"main": before}
    done = simgen(hub, "publish", other, "user/hand", "--replace", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    there = downloaded(hub, "user/hand")
    assert shards_in(there) == shards(other, "data")
    assert there["LICENSE"] == b"as you like\n"
    assert len(repository.history("main")) == 4  # the old dataset is still in the history
    assert repository.read(before, "data/train-00000-of-00003.parquet")


def test_files_of_others_are_neither_deleted_nor_overwritten(
    hub: HubServer, hand: Path, tmp_path: Path
) -> None:
    repository = hub.create("user/hand")
    file = repository.keep(b"# mine\n")
    repository.commit("main", "my card", "", [("README.md", file), ("notes/a.txt", file)])
    refused = simgen(hub, "publish", hand, "user/hand", "--formats", "parquet", cwd=tmp_path)
    assert refused.returncode == 1
    assert refused.stderr.strip() == (
        "user/hand already holds README.md, and it is no dataset of simgen's. "
        "Publish under another name, or replace what is there with --replace."
    )
    done = simgen(hub, "publish", hand, "user/hand", "--formats", "parquet", "--replace", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert repository.read("main", "notes/a.txt") == b"# mine\n"
    assert b'load_dataset("user/hand"' in repository.read("main", "README.md")


def test_a_card_that_was_edited_on_the_hub_stays(hub: HubServer, hand: Path, tmp_path: Path) -> None:
    publish = ("publish", hand, "user/hand", "--formats", "parquet")
    assert simgen(hub, *publish, cwd=tmp_path).returncode == 0
    repository = hub.repositories["user/hand"]
    ours = repository.read("main", "README.md")
    edited = ours + b"\nA note by hand.\n"
    repository.commit("main", "Update README.md", "", [("README.md", repository.keep(edited))])
    again = simgen(hub, *publish, cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "README.md of user/hand was edited on the Hub and stays as it is" in again.stderr
    assert repository.read("main", "README.md") == edited
    assert simgen(hub, *publish, "--replace", cwd=tmp_path).returncode == 0
    assert repository.read("main", "README.md") == ours


def test_private_stays_private(hub: HubServer, hand: Path, tmp_path: Path) -> None:
    publish = ("publish", hand, "user/hand", "--private")
    assert simgen(hub, *publish, cwd=tmp_path).returncode == 0
    assert all(hub.repositories[name].private for name in ("user/hand", "user/hand-wds"))
    assert simgen(hub, "publish", hand, "user/hand", cwd=tmp_path).returncode == 0
    assert hub.repositories["user/hand"].private
    hub.repositories["user/hand"].private = False
    refused = simgen(hub, *publish, cwd=tmp_path)
    assert refused.returncode == 1
    assert refused.stderr.strip() == (
        f"user/hand exists and is public. Make it private at {hub.url}/datasets/user/hand/settings, or leave --private out."
    )


def test_a_tag_is_never_moved(hub: HubServer, hand: Path, tmp_path: Path) -> None:
    small = tmp_path / "small"
    build(small, RECIPE, {"train": [4], "test": [1]}, ("parquet",))
    assert simgen(hub, "publish", small, "user/hand", "--tag", "v1", cwd=tmp_path).returncode == 0
    commit = hub.repositories["user/hand"].tags["v1"]
    requests = len(hub.requests)
    refused = simgen(hub, "publish", hand, "user/hand", "--formats", "parquet", "--tag", "v1", cwd=tmp_path)
    assert refused.returncode == 1
    assert refused.stderr.strip() == (
        f"user/hand has a tag v1 already, for commit {commit[:12]}. Choose another tag: whoever uses that one counts on it."
    )
    assert not [request for request in hub.requests[requests:] if "commit/" in request]
    done = simgen(hub, "publish", hand, "user/hand", "--formats", "parquet", "--tag", "v2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert hub.repositories["user/hand"].tags["v1"] == commit
    first = downloaded(hub, "user/hand", "v1")
    assert shards_in(first) == shards(small, "data")


def test_a_branch_of_its_own(hub: HubServer, hand: Path, tmp_path: Path) -> None:
    publish = ("publish", hand, "user/hand", "--formats", "parquet", "--revision", "draft")
    assert simgen(hub, *publish, cwd=tmp_path).returncode == 0
    repository = hub.repositories["user/hand"]
    assert set(repository.branches) == {"main", "draft"}
    assert set(repository.head("main").files) == {".gitattributes"}
    there = downloaded(hub, "user/hand", "draft")
    assert shards_in(there) == shards(hand, "data")


def test_tars_go_where_they_are_told(hub: HubServer, hand: Path, tmp_path: Path) -> None:
    done = simgen(hub, "publish", hand, "user/hand", "--tars", "user/hand", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    there = downloaded(hub, "user/hand")
    assert shards_in(there) == shards(hand, "data", "webdataset")
    assert there["manifest.json"] == (hand / "manifest.json").read_bytes()
    assert set(hub.repositories) == {"user/hand"}
    alone = simgen(
        hub, "publish", hand, "user/hand", "--tars", "user/bare", "--formats", "webdataset", cwd=tmp_path
    )
    assert alone.returncode == 0, alone.stderr
    manifest = Manifest.from_text(hub.repositories["user/bare"].read("main", "manifest.json"))
    assert manifest.formats == ("webdataset",)


def test_a_dry_run_asks_nobody(hub: HubServer, hand: Path, tmp_path: Path) -> None:
    done = simgen(hub, "publish", hand, "user/hand", "--dry-run", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert hub.requests == []
    sizes = {path: len(data) for path, data in shards(hand, "data", "webdataset").items()}
    for path, size in sizes.items():
        (line,) = [line for line in done.stdout.splitlines() if line.split()[:1] == [path]]
        assert line.split() == [path, f"{size:,}", "bytes"]
    assert "user/hand: 4 files, " in done.stdout
    assert "user/hand-wds: 4 files, " in done.stdout
    assert "    files in a folder: 4 in data/ of 10,000\n" in done.stdout
    largest = max(size for path, size in sizes.items() if path.startswith("data/"))
    assert f"    largest file: {round(largest / 1000)} kB of 200 GB\n" in done.stdout
    assert done.stdout.endswith("Nothing was sent, and no file was read but the manifest.\n")


def test_dense_passes_go_along(hub: HubServer, dense: Path, tmp_path: Path) -> None:
    done = simgen(hub, "publish", dense, "user/dense", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    there = downloaded(hub, "user/dense")
    assert shards_in(there) == shards(dense, "data", "dense")
    there = downloaded(hub, "user/dense-wds")
    assert shards_in(there) == shards(dense, "webdataset")


def test_what_a_person_wrote_goes_along_and_nothing_else_does(
    hub: HubServer, hand: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(hand, tmp_path / "dataset")
    card = (folder / "README.md").read_text()
    card = card.replace("<!-- yours: begin about -->\n", "<!-- yours: begin about -->\nFrom our lab.\n")
    card = card.replace("license: cc-by-4.0", "license: mit")
    (folder / "README.md").write_text(card)
    (folder / "notes.txt").write_text("not simgen's\n")
    assert simgen(hub, "publish", folder, "user/hand", cwd=tmp_path).returncode == 0
    for name in ("user/hand", "user/hand-wds"):
        published = hub.repositories[name].read("main", "README.md").decode()
        assert "\nFrom our lab.\n" in published
        assert "\nlicense: mit\n" in published
        assert "notes.txt" not in hub.repositories[name].head("main").files
    assert (folder / "README.md").read_text() == card
