"""A picture of values by split: rows of strips, a thin line for each clip. Drawn with Pillow, which previews use too."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

__all__ = ["draw_strips"]

SCALE = 2  # drawn so many times larger than it says, for sharp text on dense screens
LEFT, TOP, ROW, COLUMN, GAP = 150, 44, 30, 150, 18
INK, FAINT, TRAIN, OTHER = (40, 44, 52), (226, 229, 234), (38, 110, 200), (214, 96, 40)


def draw_strips(
    values: Mapping[str, Mapping[str, Sequence[Any]]], names: Sequence[str], train: str, path: Path
) -> None:
    """`values`: split -> parameter -> a value per clip. The split `train` is blue and its range is shaded in all rows."""
    splits = list(values)
    width = LEFT + len(names) * (COLUMN + GAP) + GAP
    height = TOP + len(splits) * ROW + GAP
    picture = Image.new("RGB", (width * SCALE, height * SCALE), "white")
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(11 * SCALE)
    for row, split in enumerate(splits):
        colour = TRAIN if split == train else INK
        _text(pen, (8, TOP + row * ROW + 8), split, colour, font)
    for place, name in enumerate(names):
        left = LEFT + place * (COLUMN + GAP)
        every = [value for split in splits for value in values[split].get(name, ())]
        axis = _Axis(every, left)
        _text(pen, (left, 6), name, INK, font)
        low, high = axis.ends
        _text(pen, (left, 24), low, INK, font)
        _text(pen, (left + COLUMN - pen.textlength(high, font) / SCALE, 24), high, INK, font)
        trained = values.get(train, {}).get(name, ())
        for row, split in enumerate(splits):
            top = TOP + row * ROW + 4
            box = [left * SCALE, top * SCALE, (left + COLUMN) * SCALE, (top + ROW - 8) * SCALE]
            pen.rectangle(box, outline=FAINT)
            if trained and axis.is_number:
                first, last = axis.x(min(trained)), axis.x(max(trained))
                pen.rectangle([first * SCALE, box[1] + 1, last * SCALE, box[3] - 1], fill=(236, 243, 252))
            colour = TRAIN if split == train else OTHER
            for value in values[split].get(name, ()):
                x = axis.x(value) * SCALE
                pen.line([x, box[1] + 3, x, box[3] - 3], fill=colour, width=max(1, SCALE // 2))
    picture.save(path)


def _text(
    pen: ImageDraw.ImageDraw, place: tuple[float, float], text: str, colour: tuple[int, int, int], font: Any
) -> None:
    pen.text((place[0] * SCALE, place[1] * SCALE), text, fill=colour, font=font)


class _Axis:
    """Where a value stands in its column; logarithmic where values are positive and span a factor of 20."""

    def __init__(self, values: Sequence[Any], left: float) -> None:
        self._left = left
        self.is_number = all(
            isinstance(value, (int, float)) and not isinstance(value, bool) for value in values
        )
        self._words = [] if self.is_number else sorted({str(value) for value in values})
        if self.is_number:
            self._low, self._high = min(values), max(values)
            self._logarithmic = self._low > 0 and self._high > 20 * self._low

    @property
    def ends(self) -> tuple[str, str]:
        if self.is_number:
            return f"{self._low:.3g}", f"{self._high:.3g}"
        return self._words[0], self._words[-1] if len(self._words) > 1 else ""

    def x(self, value: Any) -> float:
        if not self.is_number:
            return self._left + COLUMN * (self._words.index(str(value)) + 0.5) / len(self._words)
        if self._high == self._low:
            return self._left + COLUMN / 2
        if self._logarithmic:
            part = math.log(value / self._low) / math.log(self._high / self._low)
        else:
            part = (value - self._low) / (self._high - self._low)
        return self._left + 3 + (COLUMN - 6) * part
