"""What a person writes into a card stays; what cannot be told apart is refused by line, and nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import simgen
from simgen.dataset.finish import OLD_CARD
from simgen.dataset.manifest import Manifest
from simgen.errors import DatasetError
from simgen.publish.card import dataset_card, renewed_card, write_card
from simgen.publish.card_edits import edits_of, metadata_of
from simgen.recipe import parse_recipe

BEGIN, END = "<!-- yours: begin notes -->", "<!-- yours: end notes -->"


@pytest.fixture(scope="module")
def manifest(plain: Path) -> Manifest:
    return Manifest.from_text((plain / "manifest.json").read_text())


@pytest.fixture(scope="module")
def card(manifest: Manifest) -> str:
    return dataset_card(manifest)


def written(card: str) -> str:
    """A card after a person has used all places."""
    return (
        card.replace("license: cc-by-4.0", "license: mit\nextra: 'a: b'")
        .replace("<!-- yours: begin about -->", "<!-- yours: begin about -->\n\nFor *our* course.\n")
        .replace(BEGIN, f"{BEGIN}\n## Heading of ours\n\n| a | b |\n|---|---|\n| 1 | 2 |")
        .replace("<!-- yours: begin citation -->", "<!-- yours: begin citation -->\n<!-- a comment -->")
    )


def line_of(text: str, words: str) -> int:
    return next((number for number, line in enumerate(text.split("\n"), 1) if words in line), 0)


def test_edits_survive(manifest: Manifest, card: str) -> None:
    edited = written(card)
    assert edited.count("\n") == card.count("\n") + 10
    assert renewed_card(manifest, edited.encode(), Path("README.md")) == edited
    again = renewed_card(manifest, edited.replace("\n", "\r\n").encode("utf-8-sig"), Path("README.md"))
    assert again == edited, "as an editor on Windows saves it"
    assert metadata_of(edited)["license"] == "mit"
    assert metadata_of(edited)["extra"] == "a: b"
    assert metadata_of(edited)["configs"] == metadata_of(card)["configs"]


def test_edits_get_into_another_card(plain: Path, dense: Path, card: str) -> None:
    """One with more in it: places are found by their names."""
    other = Manifest.from_text((dense / "manifest.json").read_text())
    renewed = renewed_card(other, written(card).encode(), Path("README.md"))
    fresh = dataset_card(other)
    assert renewed != fresh
    for piece in ("For *our* course.", "## Heading of ours", "<!-- a comment -->", "license: mit"):
        assert piece in renewed
    tags = [
        f"- {tag}" for tag in ("depth-estimation", "image-segmentation", "surface-normals", "optical-flow")
    ]
    lost = [line for line in fresh.split("\n") if line not in renewed.split("\n")]
    assert lost == ["license: cc-by-4.0", *tags], "only what stood in the place of a person"
    assert edits_of(renewed, fresh, "x") == edits_of(written(card), card, "x")


def test_white_space_at_the_ends_of_lines_is_no_edit(manifest: Manifest, card: str) -> None:
    front, body = card.split("\n---\n", 1)
    spaced = front + "\n---\n" + body.replace("\n", "  \n", 40).rstrip()
    assert renewed_card(manifest, spaced.encode(), Path("x")) == card


Change = Callable[[str], str]
REMEDY = (
    " Move what you wrote between <!-- yours: begin … --> and <!-- yours: end … --> and put the rest back, or save it "
    "elsewhere and say --overwrite to have the whole card written anew."
)
BROKEN: dict[str, tuple[Change, str, str]] = {
    "a figure": (
        lambda text: text.replace("43 clips", "43,000 clips"),
        "43,000 clips",
        "the section 'head' was changed outside the places that are yours (`Simulated physics on video: 43,000 clips of "
        "the scenario `ha`), and simgen would write over it." + REMEDY,
    ),
    "a line of one's own at the end": (
        lambda text: text + "\nA person wrote this.\n",
        "A person wrote this.",
        "the section 'citation' was changed outside the places that are yours (`A person wrote this.`), and simgen "
        "would write over it." + REMEDY,
    ),
    "a row left out": (
        lambda text: "\n".join(line for line in text.split("\n") if not line.startswith("| `key` |")),
        "<!-- simgen: columns ",
        "the section 'columns' was changed outside the places that are yours, and simgen would write over it." + REMEDY,
    ),
    "no end": (
        lambda text: text.replace(END + "\n", ""),
        BEGIN,
        "the place 'notes' begins here and has no end before line {next}. Put <!-- yours: end notes --> behind its last "
        "line.",
    ),
    "no begin": (
        lambda text: text.replace(BEGIN + "\n", ""),
        END,
        "the place 'notes' ends here and has no begin. Put <!-- yours: begin notes --> before its first line.",
    ),
    "twice": (
        lambda text: text + f"{BEGIN}\nmore\n{END}\n",
        "last " + BEGIN,
        "the place 'notes' begins a second time; line {first} has the first. Put all its lines into one of the two.",
    ),
    "the wrong end": (
        lambda text: text.replace(END, "<!-- yours: end about -->"),
        BEGIN,
        "the place 'notes' begins here and has no end before line {next}. Put <!-- yours: end notes --> behind its last "
        "line.",
    ),
    "a mark with a mistake in it": (
        lambda text: text.replace(BEGIN, "<!-- yours begin notes -->"),
        "<!-- yours begin notes -->",
        "`<!-- yours begin notes -->` looks like a mark and is none. A mark is alone on its line and reads "
        "<!-- yours: begin notes --> or <!-- yours: end notes -->, in the front matter # yours: begin metadata or "
        "# yours: end metadata.",
    ),
    "no marks": (
        lambda text: "# A card\n\nwritten by hand\n",
        "# A card",
        "this card has none of the marks by which simgen tells a person's lines from its own. Save elsewhere what you "
        "want to keep of it, then say --overwrite to replace it.",
    ),
    "front matter without an end": (
        lambda text: "\n".join(line for at, line in enumerate(text.split("\n")) if line != "---" or not at),
        "---",
        "the front matter begins here and has no end. Put a line of three dashes behind its last line.",
    ),
    "no front matter": (
        lambda text: text.split("\n---\n", 1)[1].lstrip(),
        "<!-- simgen: head",
        "a card begins with a line of three dashes, then `# simgen: front matter` and its hash." + REMEDY,
    ),
    "front matter that is no YAML": (
        lambda text: text.replace("pretty_name: hand (simgen)", "pretty_name: hand: the second"),
        "pretty_name: hand: the second",
        "the front matter is not YAML (mapping values are not allowed here). Mend this line; a value with a colon in it "
        "goes into quotes.",
    ),
    "front matter that is a list": (
        lambda text: text.replace(text.split("begin metadata\n")[1].split("# yours: end")[0], "- mit\n"),
        "- mit",
        "the front matter has lines such as `license: cc-by-4.0`, a name and its value. Write these so, or remove them.",
    ),
    "what simgen says, said by a person": (
        lambda text: text.replace("license: cc-by-4.0", "license: cc-by-4.0\nconfigs: []"),
        "configs: []",
        "'configs' is written by simgen, further down. Remove it here.",
    ),
    "a number of clips in the front matter": (
        lambda text: text.replace("num_examples: 40", "num_examples: 41"),
        "num_examples: 41",
        "the section 'front matter' was changed outside the places that are yours (`num_examples: 41`), and simgen would "
        "write over it." + REMEDY,
    ),
    "a place that there is not": (
        lambda text: text.replace(END, f"{END}\n<!-- yours: begin note -->\nmine\n<!-- yours: end note -->"),
        "begin note -->",
        "the section 'limits' was changed",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_card_is_refused_by_its_line(name: str, manifest: Manifest, card: str) -> None:
    change, where, words = BROKEN[name]
    broken = change(card)
    assert broken != card
    lines = broken.split("\n")
    if where.startswith("last "):
        at = max(number for number, line in enumerate(lines, 1) if where[5:] in line)
    else:
        at = line_of(broken, where)
    marks = [number for number, line in enumerate(lines, 1) if "simgen: " in line or "yours: " in line]
    words = words.replace("{next}", str(min((number for number in marks if number > at), default=0)))
    words = words.replace("{first}", str(line_of(broken, BEGIN)))
    with pytest.raises(DatasetError) as refused:
        renewed_card(manifest, broken.encode(), Path("out/README.md"))
    assert str(refused.value).startswith(f"out/README.md:{at}: {words}")
    if not name.startswith("a place"):
        assert str(refused.value) == f"out/README.md:{at}: {words}"


def test_a_card_that_is_no_text(manifest: Manifest, card: str) -> None:
    broken = card.encode().replace(b"hand (simgen)", b"h\xe4nd (simgen)")
    at = line_of(card, "hand (simgen)")
    with pytest.raises(
        DatasetError, match=rf"^README.md:{at}: the card is not UTF-8 text. Save it as UTF-8.$"
    ):
        renewed_card(manifest, broken, Path("README.md"))


def test_a_recipe_that_looks_like_marks(manifest: Manifest, card: str) -> None:
    """Marks of the front matter are none in the body, where a recipe's comments stand."""
    import dataclasses

    sly = dataclasses.replace(
        manifest, recipe="# simgen: head 0123456789ab\n# yours: begin metadata\nname: hand\n---\n"
    )
    text = dataset_card(sly)
    assert renewed_card(sly, text.encode(), Path("x")) == text


def test_nothing_is_written_over_a_broken_card(own: Path) -> None:
    path = own / "README.md"
    text = path.read_text()
    path.write_text(text.replace("18 clips", "19 clips"))
    (own / "card" / "clip.jpg").unlink()
    before = {entry: entry.read_bytes() for entry in own.rglob("*") if entry.is_file()}
    with pytest.raises(DatasetError, match=r"README.md:\d+: the section 'head' was changed"):
        write_card(own)
    assert {entry: entry.read_bytes() for entry in own.rglob("*") if entry.is_file()} == before
    write_card(own, overwrite=True)
    assert path.read_text() == text


def test_edits_survive_the_whole_card(own: Path) -> None:
    path = own / "README.md"
    path.write_text(written(path.read_text()))
    edited = path.read_text()
    made = write_card(own)
    assert path.read_text() == edited
    assert made.kept == ("metadata", "about", "notes", "citation")
    assert '"license": "https://opensource.org/licenses/MIT"' in (own / "croissant.json").read_text()


def test_more_clips_renew_the_card_and_keep_the_edits(own: Path) -> None:
    """`simgen build` writes the short card anew, whose sizes must be those of the dataset."""
    path = own / "README.md"
    path.write_text(written(path.read_text()))
    recipe = parse_recipe((own / "recipe.yaml").read_text(), "recipe.yaml")
    simgen.build(recipe, own, clips=13, workers=1)
    text = path.read_text()
    assert "For *our* course." in text and "## Heading of ours" in text and "license: mit" in text
    assert "26 clips of the scenario" in text
    assert '"splits/name": "steep"' in (own / "croissant.json").read_text()
    assert not (own / OLD_CARD).exists()
    write_card(own)
    assert "For *our* course." in path.read_text()


def test_a_broken_card_does_not_stop_a_build_and_is_not_lost(own: Path) -> None:
    path = own / "README.md"
    broken = path.read_text().replace("18 clips", "many clips")
    path.write_text(broken)
    recipe = parse_recipe((own / "recipe.yaml").read_text(), "recipe.yaml")
    heard: list[str] = []

    class Ear:
        def start(self, clips: int, done: int) -> None: ...
        def clip(self, count: object) -> None: ...
        def say(self, sentence: str) -> None:
            heard.append(sentence)

        def close(self) -> None: ...

    simgen.build(recipe, own, clips=13, workers=1, progress=Ear())
    assert (own / OLD_CARD).read_text() == broken
    assert "26 clips of the scenario" in path.read_text()
    (sentence,) = [text for text in heard if "README" in text]
    assert "the section 'head' was changed" in sentence
    assert sentence.endswith(f"so it has a new card; the card that was there is now {OLD_CARD}.")
