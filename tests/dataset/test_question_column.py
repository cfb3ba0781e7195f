"""The column of questions: in both formats, by simgen's reader and by others, and what is verified of it."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from simgen.dataset.column_table import Layout, columns
from simgen.reading import Clip, View, open_dataset
from simgen.verification import verify
from tests.dataset.samples import QUESTIONS, HandRecipe, build

RECIPE = HandRecipe(asks=True, size=(32, 24), frame_count=6)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three clips: without a question, with one, with two."""
    folder = tmp_path_factory.mktemp("asked") / "hand"
    build(folder, RECIPE, {"train": [3]})
    return folder


@pytest.mark.parametrize("format_", ["parquet", "webdataset"])
def test_both_formats_give_them_back(asked: Path, format_: str) -> None:
    clips = list(open_dataset(asked, "train", format=format_))
    assert [clip.questions for clip in clips] == [QUESTIONS[:count] for count in range(3)]
    assert clips[2].sample().questions == QUESTIONS
    assert clips[2].example(["questions"]) == {"questions": QUESTIONS}


def test_other_readers_find_records(asked: Path) -> None:
    rows = pq.read_table(asked / "data" / "train-00000-of-00001.parquet", columns=["questions"]).to_pylist()
    expected = [
        {
            "kind": entry.kind,
            "question": entry.question,
            "choices": list(entry.choices),
            "answer": entry.answer,
        }
        for entry in QUESTIONS
    ]
    assert [row["questions"] for row in rows] == [[], expected[:1], expected]
    with tarfile.open(asked / "webdataset" / "train-00000-of-00001.tar") as tar:
        for index in range(3):
            file = tar.extractfile(f"hand-train-{index:08d}.json")
            assert file is not None
            assert json.loads(json.load(file)["questions"]) == expected[:index]


def test_they_speak_of_the_whole_video(asked: Path) -> None:
    clip = open_dataset(asked, "train", columns=["state", "questions", "events", "frame_count", "fps"])[2]

    def shown(**view: object) -> Clip:
        return Clip(clip.values, clip.layout, View(**view))  # type: ignore[arg-type]

    assert shown(size=12).questions == QUESTIONS
    assert shown(frames=2).questions == ()
    cut = open_dataset(asked, "train", columns=["questions"], frames=2)[2]
    assert cut.questions == (), "what it takes to know that is read as well"


def test_a_recipe_without_any_has_no_such_column() -> None:
    names = [column.name for column in columns(HandRecipe())]
    assert "questions" not in names
    assert [name for name in (column.name for column in columns(RECIPE)) if name != "questions"] == names
    assert Layout.from_json(json.loads(json.dumps(Layout.of(RECIPE).to_json()))) == Layout.of(RECIPE)


SPOILED = {
    "the answer to 'Which colour is the ball?' is choice 2 of 2": {"answer": 2},
    "the choices of 'Which colour is the ball?' are Red. and Red.": {"choices": ["Red.", "Red."]},
    "a question is of the kind 'rhetorical' and asks 'Which colour is the ball?'": {"kind": "rhetorical"},
}


@pytest.mark.parametrize("finding", SPOILED)
def test_what_is_verified(tmp_path: Path, finding: str) -> None:
    def spoil(values: dict[str, object]) -> None:
        values["questions"] = [{**values["questions"][0], **SPOILED[finding]}]  # type: ignore[index]

    build(tmp_path / "hand", RECIPE, {"train": [3]}, ("parquet",), spoil)
    messages = [entry.message for entry in verify(str(tmp_path / "hand"), deep=True).findings]
    assert finding in messages, messages
