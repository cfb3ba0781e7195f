"""Colours against published values and against another colour space."""

from __future__ import annotations

import itertools

import pytest

from simgen.scene.colour import NAMED, SATURATED, contrast, difference, from_hue, mixed, named, read_colour


def test_difference_against_published_oklab_values() -> None:
    """CSS Color 4 gives red, green and blue in OKLab; black and white are the axis of lightness."""
    black, white = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    assert difference(black, white) == pytest.approx(1.0, abs=1e-4)
    lengths = {
        (1.0, 0.0, 0.0): (0.62796, 0.22486, 0.12585),
        (0.0, 1.0, 0.0): (0.86644, -0.23389, 0.17950),
        (0.0, 0.0, 1.0): (0.45201, -0.03246, -0.31153),
    }
    for colour, (lightness, a, b) in lengths.items():
        assert difference(colour, black) == pytest.approx((lightness**2 + a**2 + b**2) ** 0.5, abs=1e-4)
        assert difference(colour, white) == pytest.approx(
            ((1 - lightness) ** 2 + a**2 + b**2) ** 0.5, abs=1e-4
        )


def test_words_and_hex() -> None:
    assert read_colour("#ff8000") == (1.0, 128 / 255, 0.0)
    assert read_colour("teal") == NAMED["teal"]
    for wrong in ("#ff800", "#ff80001", "ff8000", "#gg0000", "turquoise-ish", "#ff8000\n", ""):
        assert read_colour(wrong) is None


def test_drawn_colours_are_colours_and_keep_their_hue_apart() -> None:
    for hue, chroma, lightness in itertools.product(
        (0.0, 0.1, 0.35, 0.6, 0.95), (0.0, 0.1, 0.3), (0.3, 0.6, 0.9)
    ):
        colour = from_hue(hue, chroma, lightness)
        assert all(0 <= value <= 1 for value in colour)
    assert difference(from_hue(0.0, 0.1, 0.6), from_hue(0.5, 0.1, 0.6)) == pytest.approx(0.2, abs=1e-3)
    grey = from_hue(0.3, 0.0, 0.6)
    assert max(grey) - min(grey) < 0.01


def test_every_named_colour_is_called_by_its_name_and_none_in_between_is() -> None:
    for name, colour in NAMED.items():
        assert named(colour) == name
        assert named(mixed(colour, (0.5, 0.5, 0.5), 0.05)) == name
    assert named(mixed(NAMED["blue"], NAMED["purple"], 0.5)) == ""
    assert named(mixed(NAMED["white"], NAMED["black"], 0.5)) in ("grey", "")


def test_any_two_saturated_colours_are_told_apart() -> None:
    for one, other in itertools.combinations(SATURATED.values(), 2):
        assert difference(one, other) > 0.115


def test_a_mixture_lies_on_the_way() -> None:
    a, b = NAMED["red"], NAMED["blue"]
    whole = difference(a, b)
    assert difference(a, mixed(a, b, 0.25)) == pytest.approx(whole / 4, rel=0.01)
    assert difference(b, mixed(a, b, 0.25)) == pytest.approx(whole * 3 / 4, rel=0.01)
    assert contrast(a, ()) == 1.0
    assert contrast(a, (b, a)) == pytest.approx(0.0, abs=1e-9)
