"""Colours as words and numbers: names that captions use, `#rrggbb`, and how different two colours look."""

from __future__ import annotations

import functools
import math
import re

from simgen.scene.spec import Rgb

__all__ = ["NAMED", "SATURATED", "contrast", "difference", "from_hue", "mixed", "named", "read_colour"]

# Attractive under a soft key light, far apart from each other, and what a reader would call them.
SATURATED: dict[str, Rgb] = {
    "red": (0.80, 0.13, 0.13),
    "orange": (0.93, 0.45, 0.07),
    "yellow": (0.95, 0.76, 0.10),
    "green": (0.16, 0.56, 0.24),
    "teal": (0.04, 0.53, 0.55),
    "blue": (0.11, 0.33, 0.80),
    "purple": (0.44, 0.20, 0.66),
    "pink": (0.92, 0.36, 0.60),
}
NAMED: dict[str, Rgb] = {
    **SATURATED,
    "white": (0.96, 0.96, 0.95),
    "grey": (0.55, 0.56, 0.58),
    "black": (0.10, 0.10, 0.11),
    "brown": (0.45, 0.28, 0.15),
}
# The purest that a screen can show; far from their namesakes above, but nobody would call them otherwise.
_PRIMARIES: dict[Rgb, str] = {(1.0, 0.0, 0.0): "red", (0.0, 1.0, 0.0): "green", (0.0, 0.0, 1.0): "blue"}
_HEX = re.compile(r"#[0-9a-fA-F]{6}")


def read_colour(word: str) -> Rgb | None:
    """The colour that a word means: one of `NAMED` or `#rrggbb`; None when it is neither."""
    if word in NAMED:
        return NAMED[word]
    if not _HEX.fullmatch(word):
        return None
    red, green, blue = (int(word[k : k + 2], 16) / 255 for k in (1, 3, 5))
    return (red, green, blue)


def from_hue(hue: float, chroma: float, lightness: float) -> Rgb:
    """The sRGB colour at OKLCh (hue in turns), its chroma lowered until it can be shown."""
    while True:
        a, b = chroma * math.cos(2 * math.pi * hue), chroma * math.sin(2 * math.pi * hue)
        light = _linear_of_oklab(lightness, a, b)
        if all(-1e-6 <= value <= 1 + 1e-6 for value in light) or chroma < 1e-3:
            red, green, blue = (_encoded(min(max(value, 0.0), 1.0)) for value in light)
            return (red, green, blue)
        chroma *= 0.95


def difference(a: Rgb, b: Rgb) -> float:
    """Euclidean distance in OKLab (B. Ottosson, "A perceptual color space for image processing", 2020): 0.02
    is about the smallest that is seen side by side, black and white are 1 apart."""
    return math.dist(_oklab(a), _oklab(b))


def contrast(colour: Rgb, others: tuple[Rgb, ...]) -> float:
    """The difference to the nearest of `others` (1 when there are none)."""
    return min((difference(colour, other) for other in others), default=1.0)


def named(colour: Rgb) -> str:
    """What to call a colour: the nearest of `NAMED`, or "" when none is near or two are about as near."""
    if colour in _PRIMARIES:
        return _PRIMARIES[colour]
    ranked = sorted((difference(colour, other), name) for name, other in NAMED.items())
    (nearest, name), (second, _) = ranked[:2]
    return name if nearest < 0.10 and nearest < 0.7 * second else ""


def mixed(a: Rgb, b: Rgb, share: float) -> Rgb:
    """`a` with `share` of `b`, mixed in OKLab so that the way between two colours is even."""
    light = _linear_of_oklab(*(x + (y - x) * share for x, y in zip(_oklab(a), _oklab(b), strict=True)))
    red, green, blue = (_encoded(min(max(value, 0.0), 1.0)) for value in light)
    return (red, green, blue)


def _decoded(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _encoded(value: float) -> float:
    return value * 12.92 if value <= 0.0031308 else float(1.055 * value ** (1 / 2.4) - 0.055)


@functools.lru_cache(maxsize=1024)
def _oklab(colour: Rgb) -> tuple[float, float, float]:
    r, g, b = (_decoded(value) for value in colour)
    long = _cube_root(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
    medium = _cube_root(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
    short = _cube_root(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def _linear_of_oklab(lightness: float, a: float, b: float) -> tuple[float, float, float]:
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _cube_root(value: float) -> float:
    return float(value ** (1 / 3))  # math.cbrt is new in Python 3.11; what is rooted here is never negative
