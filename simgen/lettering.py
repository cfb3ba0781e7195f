"""Words in pictures: names and quantities as people write them, in Pillow's built-in typeface."""

from __future__ import annotations

import re

from PIL import ImageDraw, ImageFont

from simgen.wording import name_and_unit

__all__ = [
    "ACCENT",
    "FAINT",
    "INK",
    "PAPER",
    "SOFT",
    "length",
    "quantity",
    "wrapped",
    "write_line",
]

PAPER, INK, SOFT, FAINT, ACCENT = "#fbfbf9", "#22262b", "#5c646d", "#98a0a8", "#2f6fb2"

# what the built-in typeface lacks, as it can write it
_PLAIN = str.maketrans(
    {"−": "-", "–": "-", "—": "-", "×": "x", "μ": "mu", "≤": "<=", "≥": ">=", "≈": "~", "ω": "w"}
)
_RAISED = {"²": "2", "³": "3", "⁻": "-", "¹": "1"}


def quantity(name: str, value: object) -> str:
    """`angle_deg`, 23.41 as "angle 23.4°"."""
    if isinstance(value, bool):
        return f"{name.replace('_', ' ')} {'yes' if value else 'no'}"
    if not isinstance(value, (int, float)):
        return f"{name.replace('_', ' ')} {value}"
    words, unit = name_and_unit(name)
    space = "" if unit.startswith("°") or not unit else " "
    return f"{words} {value:.3g}{space}{unit}"


def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


def length(text: str, size: int) -> float:
    return sum(_font(run_size).getlength(run) for run, run_size in _runs(text, size))


def _runs(text: str, size: int) -> list[tuple[str, int]]:
    """Pieces of a line with their sizes; exponents are small figures, which the typeface itself lacks."""
    runs = []
    for piece in re.findall(r"[²³⁻¹]+|[^²³⁻¹]+", text.translate(_PLAIN)):
        if piece[0] in _RAISED:
            runs.append(("".join(_RAISED[character] for character in piece), round(size * 0.65)))
        else:
            runs.append((piece, size))
    return runs


def write_line(
    draw: ImageDraw.ImageDraw, place: tuple[float, float], text: str, size: int, colour: str
) -> float:
    """Writes one line and returns where it ends."""
    x, y = place
    for run, run_size in _runs(text, size):
        draw.text((x, y), run, font=_font(run_size), fill=colour)
        x += _font(run_size).getlength(run)
    return x


def wrapped(text: str, size: int, width: int) -> list[str]:
    """The text in lines no wider than `width`; it breaks at " · " if there are some, else between words."""
    between = " · " if " · " in text else " "
    lines: list[str] = []
    for word in text.split(between):
        if lines and length(lines[-1] + between + word, size) <= width:
            lines[-1] += between + word
        else:
            lines.append(word)
    return lines
