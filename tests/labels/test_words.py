"""Articles, plurals, counts, numbers."""

from __future__ import annotations

import pytest

from simgen.labels import words
from simgen.recipe.draws import Draws
from simgen.scene.spec import Body, Look, Shape

PHRASES = {
    "orange ball": "an orange ball",
    "ball": "a ball",
    "unicycle": "a unicycle",
    "umbrella": "an umbrella",
    "hour": "an hour",
    "house": "a house",
    "8.2° slope": "an 8.2° slope",
    "80 kg box": "an 80 kg box",
    "11.0° slope": "an 11.0° slope",
    "18.5° slope": "an 18.5° slope",
    "1.8° slope": "a 1.8° slope",
    "110 kg box": "a 110 kg box",
    "incline": "an incline",
    "one-kilogram ball": "a one-kilogram ball",
    "ice cube": "an ice cube",
}


@pytest.mark.parametrize(("phrase", "expected"), PHRASES.items())
def test_article(phrase: str, expected: str) -> None:
    assert words.article(phrase) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("ball", "balls"),
        ("box", "boxes"),
        ("body", "bodies"),
        ("bus", "buses"),
        ("toy", "toys"),
        ("match", "matches"),
    ],
)
def test_plural(word: str, expected: str) -> None:
    assert words.plural(word) == expected


def test_counts_and_lists() -> None:
    assert [words.times(n) for n in (0, 1, 2, 3, 13)] == ["never", "once", "twice", "three times", "13 times"]
    assert [words.count(n, "box") for n in (0, 1, 2)] == ["no boxes", "one box", "two boxes"]
    assert [words.join(list("abc")[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]


def test_numbers_are_rounded_as_printed() -> None:
    assert words.quantity(23.449, "deg", 1) == "23.4°"
    assert words.quantity(1.2, "kg") == "1.20 kg"
    assert words.quantity(0.456, "1") == "0.46"
    assert words.quantity(-0.001, "m") == "0.00 m"
    assert words.quantity(9.81, "m/s²") == "9.81 m/s²"


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (Shape("sphere", (0.1,)), "ball"),
        (Shape("box", (0.2, 0.2, 0.2)), "cube"),
        (Shape("box", (0.2, 0.2, 0.5)), "box"),
        (Shape("cylinder", (0.1, 0.02)), "disc"),
        (Shape("cylinder", (0.1, 0.2)), "cylinder"),
        (Shape("cylinder", (0.01, 0.5)), "rod"),
        (Shape("tube", (0.2, 0.1, 0.02)), "hoop"),
        (Shape("tube", (0.1, 0.9, 0.02)), "tube"),
        (Shape("cone", (0.1, 0.2)), "cone"),
        (Shape("mesh", (1.0, 1.0, 1.0), mesh="coffee_mug"), "coffee mug"),
    ],
)
def test_nouns(shape: Shape, expected: str) -> None:
    assert words.noun(Body("b", shape, (0, 0, 0))) == expected


def body(name: str, colour: str = "", radius: float = 0.1, material: str = "") -> Body:
    look = Look((0.5, 0.5, 0.5), colour_name=colour) if colour else None
    return Body(name, Shape("sphere", (radius,)), (0, 0, 0), look=look, material=material)


def test_a_body_is_called_by_what_is_known_of_it() -> None:
    assert words.called(body("a")) == "ball"
    assert words.called(body("a", "red", material="rubber")) == "red rubber ball"
    assert words.called(body("a", "red"), extra="larger") == "larger red ball"
    names = {words.called(body("a", "red"), Draws(0, "train", index)) for index in range(20)}
    assert names == {"red ball", "red sphere"}


def test_two_bodies_are_told_apart() -> None:
    assert words.pair(body("a", "red"), body("b", "blue")) == ("red ball", "blue ball")
    assert words.pair(body("a", "red", 0.2), body("b", "red")) == ("larger red ball", "smaller red ball")
    first, second = words.pair(body("a"), body("b"))
    assert (first, second) == ("first ball", "second ball")
    assert (words.introduce(first), words.introduce(second)) == ("one ball", "another ball")
    assert words.introduce("orange ball") == "an orange ball"
    for index in range(10):  # one word for both
        first, second = words.pair(body("a", "red"), body("b", "blue"), Draws(0, "train", index))
        assert first.split()[1] == second.split()[1]


def test_sides_and_sentences() -> None:
    assert [words.side(value) for value in range(4)] == [
        "on the left",
        "on the right",
        "at the top",
        "at the bottom",
    ]
    assert words.sentence("an  odd ball") == "An odd ball."
    assert words.grade(12.0, ((10.0, "low"), (20.0, "middle"), (99.0, "high"))) == "middle"
