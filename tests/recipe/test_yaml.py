"""YAML as people mean it, with lines, in bounds."""

from __future__ import annotations

import math
from typing import Any

import pytest

from simgen.errors import RecipeError
from simgen.recipe.yaml import LARGEST_FILE, MOST_VALUES, decode, read_document


def value_of(text: str) -> Any:
    return read_document(f"a: {text}", "r.yaml").data["a"]


def refusal(text: str) -> str:
    with pytest.raises(RecipeError) as caught:
        read_document(text, "r.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e6", 1e6),
        ("1E-3", 1e-3),
        ("+1e3", 1e3),
        (".5", 0.5),
        ("5.", 5.0),
        ("-.5", -0.5),
        ("+3", 3),
        ("-17", -17),
        ("007", 7),
        ("0o17", 15),
        ("0x1F", 31),
        ("1e400", math.inf),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("no", "no"),
        ("y", "y"),
        ("3:20", "3:20"),
        ("1_000", "1_000"),
        ("2024-01-01", "2024-01-01"),
        ("0b11", "0b11"),
        ("0o18", "0o18"),
        ("1e", "1e"),
        ("e3", "e3"),
        (".", "."),
        ("inf", "inf"),
        ("nan", "nan"),
        ("=2*r + 0.1", "=2*r + 0.1"),
        ("'5'", "5"),
        ('"true"', "true"),
        ("'~'", "~"),
        ("|\n  1", "1"),
        ("[1, 2.0, x]", [1, 2.0, "x"]),
        ("{b: {c: [1]}}", {"b": {"c": [1]}}),
        ("日本", "日本"),
    ],
)
def test_scalars(text: str, value: Any) -> None:
    read = value_of(text)
    assert read == value
    assert type(read) is type(value)


def test_not_a_number_is_read_as_such() -> None:
    assert math.isnan(value_of(".nan"))


def test_keys_are_words() -> None:
    document = read_document("on: 1\n5: 2\ntrue: 3\n~: 4\n1.0: 5\n<<: 6\n", "r.yaml")
    assert document.data == {"on": 1, "5": 2, "true": 3, "~": 4, "1.0": 5, "<<": 6}


def test_lines() -> None:
    text = "# c\na: 1\nb:\n  c: [1,\n      2]\n  d:\n    - x\n    - {e: 1}\n\nf: |\n  text\n  more\ng: 1\n"
    document = read_document(text, "r.yaml")
    lines = {
        path: document.line(path)
        for path in [("a",), ("b",), ("b", "c"), ("b", "c", 1), ("b", "d", 1, "e"), ("g",)]
    }
    assert list(lines.values()) == [2, 3, 4, 5, 8, 13]
    assert document.line(("b", "nothing", 3)) == 3, "the nearest thing around it"
    assert document.line(("nothing",)) == 2, "the whole document starts at its first key"


def test_a_byte_order_mark_and_windows_line_ends() -> None:
    document = read_document(decode(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", "r.yaml"), "r.yaml")
    assert document.data == {"a": 1, "b": 2}
    assert document.line(("b",)) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "r.yaml:1: the recipe is empty; it starts with `name:` and `scenario:`."),
        ("# nothing\n", "r.yaml:1: the recipe is empty; it starts with `name:` and `scenario:`."),
        ("---\n...\n", "r.yaml:1: the recipe is empty; it starts with `name:` and `scenario:`."),
        (
            "\n- a\n",
            "r.yaml:2: a recipe is a mapping of keys to values such as `name: my_recipe`, not a list or a "
            "single value.",
        ),
        (
            "hello",
            "r.yaml:1: a recipe is a mapping of keys to values such as `name: my_recipe`, not a list or a "
            "single value.",
        ),
        ("a: 1\nb:\n\tc: 2\n", "r.yaml:3: a tab cannot indent YAML; use spaces."),
        (
            "a: 1\n---\nb: 2\n",
            "r.yaml:2: a recipe is one YAML document; remove everything from this '---' on.",
        ),
        ("a: 1\nb: *x\n", "r.yaml:2: b: aliases such as *x are not read; write the value out."),
        ("a: 1\n? [x]\n: 2\n", "r.yaml:2: a key must be a word, not a list or a mapping."),
        ("a:\n  {{b: 1}: 2}\n", "r.yaml:2: a: a key must be a word, not a list or a mapping."),
        (
            "a: 1\nb: c: d\n",
            "r.yaml:2: cannot be read as YAML: mapping values are not allowed here. "
            "Check the indentation, brackets and quotes here and just before.",
        ),
        (
            "a: [1, 2\nb: 3\n",
            "r.yaml:2: cannot be read as YAML: expected ',' or ']', but got ':'. "
            "Check the indentation, brackets and quotes here and just before.",
        ),
        (
            'a: 1\nb: "\\Uffffffff"\n',
            "r.yaml:2: cannot be read as YAML: an escape or a directive has no meaning.",
        ),
        ("a: 1\nb: \x00\n", "r.yaml:2: the character \\x00 cannot be in YAML; remove it."),
        ("a: " + "[" * 100 + "]" * 100, "r.yaml:1: a.0.0: is nested more than 16 levels deep."),
    ],
)
def test_what_cannot_be_read(text: str, message: str) -> None:
    assert refusal(text) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "r.yaml:3: a: is written twice, first on line 1; keep one of the two."),
        (
            "a: {b: 1, b: {b: 2, b: 3}}\n",
            "r.yaml:1: a.b: is written twice, first on line 1; keep one of the two.",
        ),
        ("a: &x 1\n", "r.yaml:1: a: anchors such as &x are not read; remove it and write values out."),
        (
            "a: !!python/object/apply:os.system [ls]\n",
            "r.yaml:1: a: tags such as !!python/object/apply:os.system are not read; write the plain value.",
        ),
        ("a: !mine 1\n", "r.yaml:1: a: tags such as !mine are not read; write the plain value."),
        ("a: " + "9" * 500, "r.yaml:1: a: has 500 digits; no number here needs so many."),
        ('a: "\\ud800"\n', "r.yaml:1: a: holds half a character (a surrogate); write it whole."),
        ('"\\ud800": 1\n', "r.yaml:1: holds half a character (a surrogate); write it whole."),
    ],
)
def test_what_is_noted_and_read_on(text: str, message: str) -> None:
    document = read_document(text, "r.yaml")
    assert [str(problem) for problem in document.problems] == [message]


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    bomb = 'a0: &a0 ["x", "x"]\n' + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60))
    assert "a1.0: aliases such as *a0 are not read; write the value out." in refusal(bomb)


def test_the_number_of_values_is_bounded() -> None:
    few = "a: [" + "1, " * (MOST_VALUES - 10) + "1]"
    assert len(read_document(few, "r.yaml").data["a"]) == MOST_VALUES - 9
    many = "a:\n" + "- 1\n" * (MOST_VALUES + 1)
    assert refusal(many) == f"r.yaml:{MOST_VALUES - 1}: a recipe has at most {MOST_VALUES} values."


def test_the_size_of_the_file_is_bounded() -> None:
    with pytest.raises(RecipeError) as caught:
        decode(b"#" * (LARGEST_FILE + 1), "r.yaml")
    assert str(caught.value) == "r.yaml: the file has 200001 bytes; a recipe has at most 200000."


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 1\nb: caf\xe9\n", "r.yaml:2: byte 0xe9 is not UTF-8 text; save the file as UTF-8."),
        ("a: 1\n".encode("utf-16"), "r.yaml:1: byte 0xff is not UTF-8 text; save the file as UTF-8."),
    ],
)
def test_what_is_not_text(content: bytes, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        decode(content, "r.yaml")
    assert str(caught.value) == message
