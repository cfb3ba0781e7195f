"""Histograms of a scenario's parameters as one picture: a panel per parameter, every split on the same axis."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw

from simgen.lettering import FAINT, INK, PAPER, SOFT, length, write_line
from simgen.verification.survey import Value
from simgen.wording import name_and_unit

__all__ = ["histograms"]

# drawn at twice the size at which a page shows it, so that it is sharp on fine screens
_ACROSS, _PANEL, _GAP, _MARGIN = 3, (500, 230), 40, 28
_TITLE, _SMALL = 26, 20
_WIDE = 20  # highest over lowest value from which on the axis is logarithmic
_BINS = (8, 30)  # at least, at most
_MOST_WORDS = 6
_COLOURS = ("#2f6fb2", "#e4572e", "#2e8b57", "#a05195", "#c98a00", "#17a2a8", "#7a5c3e", "#d6336c")

Params = Mapping[str, Mapping[str, Sequence[Value]]]  # parameter -> split -> values


def histograms(params: Params) -> bytes:
    """A PNG. A bar, or the height of a line, is the share of a split's clips that lie in a bin."""
    splits = list(dict.fromkeys(split for values in params.values() for split in values))
    shown = {name: values for name, values in params.items() if _varies(values)}
    down = max(1, -(-len(shown) // _ACROSS))
    across = max(1, min(_ACROSS, len(shown)))
    width = 2 * _MARGIN + _ACROSS * (_PANEL[0] + _GAP) - _GAP
    height = 2 * _MARGIN + 44 + down * (_PANEL[1] + _GAP) - _GAP
    picture = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(picture)
    _legend(draw, splits)
    for number, (name, values) in enumerate(shown.items()):
        row, column = divmod(number, across)
        corner = (_MARGIN + column * (_PANEL[0] + _GAP), _MARGIN + 44 + row * (_PANEL[1] + _GAP))
        _panel(draw, corner, name, values, splits)
    stream = io.BytesIO()
    picture.quantize(64, dither=Image.Dither.NONE).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _varies(values: Mapping[str, Sequence[Value]]) -> bool:
    return len({value for found in values.values() for value in found}) > 1


def _legend(draw: ImageDraw.ImageDraw, splits: Sequence[str]) -> None:
    x: float = _MARGIN
    for number, split in enumerate(splits):
        draw.rectangle((x, _MARGIN + 4, x + 22, _MARGIN + 20), fill=_COLOURS[number % len(_COLOURS)])
        x = write_line(draw, (x + 32, _MARGIN - 2), split, _SMALL + 2, INK) + 36


def _panel(
    draw: ImageDraw.ImageDraw,
    corner: tuple[int, int],
    name: str,
    values: Mapping[str, Sequence[Value]],
    splits: Sequence[str],
) -> None:
    words, unit = name_and_unit(name)
    end = write_line(draw, corner, words, _TITLE, INK)
    write_line(draw, (end + 10, corner[1] + 4), unit, _SMALL + 2, SOFT)
    left, top = corner[0], corner[1] + 44
    right, bottom = left + _PANEL[0], corner[1] + _PANEL[1] - 34
    some = next(found[0] for found in values.values())
    if isinstance(some, (bool, str)):
        _words(draw, (left, top, right), values, splits)
    else:
        _numbers(draw, (left, top, right, bottom), values, splits)


def _numbers(
    draw: ImageDraw.ImageDraw,
    box: tuple[int, int, int, int],
    values: Mapping[str, Sequence[Value]],
    splits: Sequence[str],
) -> None:
    left, top, right, bottom = box
    low = min(float(value) for found in values.values() for value in found)
    high = max(float(value) for found in values.values() for value in found)
    whole = all(isinstance(value, int) for found in values.values() for value in found)
    fewest = min(map(len, values.values()))
    most_bins = max(_BINS[0], min(_BINS[1], round(2 * fewest ** (1 / 3))))  # Rice's rule
    bins = int(high - low) + 1 if whole and high - low < _BINS[1] else most_bins
    half = 0.5 if whole and high - low < _BINS[1] else 0.0
    wide = low > 0 and high / low >= _WIDE and not half
    edges = (np.geomspace if wide else np.linspace)(low - half, high + half, bins + 1)
    edges[0], edges[-1] = low - half, high + half  # rounded, the ends would lie outside
    shares = {
        split: np.histogram(np.array(found, float), edges)[0] / len(found) for split, found in values.items()
    }
    most = max(float(share.max()) for share in shares.values())
    step = (right - left) / bins
    for number, split in enumerate(splits):
        if split not in shares:
            continue
        colour = _COLOURS[number % len(_COLOURS)]
        heights = [bottom - float(share) / most * (bottom - top) for share in shares[split]]
        if number == 0:  # filled, the others are lines over it
            for at, y in enumerate(heights):
                if y < bottom:
                    draw.rectangle(
                        (left + at * step, y, left + (at + 1) * step - 2, bottom), fill=_pale(colour)
                    )
        line = [(float(left), float(bottom))]
        for at, y in enumerate(heights):
            line += [(left + at * step, y), (left + (at + 1) * step, y)]
        draw.line([*line, (right, bottom)], fill=colour, width=3 if number == 0 else 4)
    draw.line((left, bottom, right, bottom), fill=FAINT, width=2)
    write_line(draw, (left, bottom + 8), f"{low:.4g}", _SMALL, SOFT)
    if wide:
        note = "logarithmic"
        write_line(draw, ((left + right - length(note, _SMALL)) / 2, bottom + 8), note, _SMALL, FAINT)
    write_line(draw, (right - length(f"{high:.4g}", _SMALL), bottom + 8), f"{high:.4g}", _SMALL, SOFT)


def _pale(colour: str) -> tuple[int, ...]:
    return tuple(round(255 - 0.35 * (255 - int(colour[at : at + 2], 16))) for at in (1, 3, 5))


def _words(
    draw: ImageDraw.ImageDraw,
    box: tuple[int, int, int],
    values: Mapping[str, Sequence[Value]],
    splits: Sequence[str],
) -> None:
    """A row per word, a bar per split in it."""
    left, top, right = box
    counts = {split: Counter(_word(value) for value in found) for split, found in values.items()}
    total = sum(counts.values(), Counter[str]())
    words = [word for word, _ in sorted(total.items(), key=lambda entry: (-entry[1], entry[0]))]
    shown = words if len(words) <= _MOST_WORDS else words[: _MOST_WORDS - 1]
    shares = {
        split: {word: count / found.total() for word, count in found.items()}
        for split, found in counts.items()
    }
    most = max(share for found in shares.values() for share in found.values())
    room = min(max(length(word, _SMALL) for word in shown) + 14, (right - left) / 2)
    line = (_PANEL[1] - 48) / max(len(shown) + (len(shown) < len(words)), 3)
    for row, word in enumerate(shown):
        y = top + row * line
        write_line(draw, (left, y + line / 2 - 14), word, _SMALL, SOFT)
        thick = (line - 8) / len(splits)
        for number, split in enumerate(splits):
            share = shares.get(split, {}).get(word, 0.0)
            end = left + room + share / most * (right - left - room)
            if share > 0:
                place = (left + room, y + 2 + number * thick, end, y + 2 + (number + 1) * thick - 2)
                draw.rectangle(place, fill=_COLOURS[number % len(_COLOURS)])
    if len(shown) < len(words):
        write_line(
            draw, (left, top + len(shown) * line + 2), f"and {len(words) - len(shown)} more", _SMALL, FAINT
        )


def _word(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
