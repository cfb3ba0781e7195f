"""Pictures of clips to look at before a build: a contact sheet, or clips side by side as a GIF or a video.

Under each clip stand its caption, its parameters and how well it obeys its law. Nothing here is part of a
dataset."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from simgen.dataset.sample import Sample
from simgen.dataset.video import encode_video
from simgen.errors import SimgenError
from simgen.lettering import ACCENT, FAINT, INK, PAPER, SOFT, length, quantity, wrapped, write_line

__all__ = ["SUFFIXES", "animation", "contact_sheet", "preview", "require_known", "sheet"]

SUFFIXES = (".png", ".gif", ".mp4")

_MARGIN, _GAP = 28, 6
_STEPS = 6
_THUMB = 208  # width of a picture of the sheet, pixels
_CELL = 256  # least width of a clip of an animation, pixels


def preview(samples: Sequence[Sample], path: Path) -> None:
    """Writes the clips to `path`: .png a contact sheet, .gif or .mp4 the moving clips. Raises SimgenError."""
    require_known(path)
    if not samples:
        raise SimgenError("There is no clip to preview; ask for at least one.")
    if path.suffix.lower() == ".png":
        contact_sheet(samples, path)
    else:
        animation(samples, path)


def require_known(path: Path) -> None:
    """Raises SimgenError when `preview` cannot write such a file; to be asked before clips are made for it."""
    if path.suffix.lower() not in SUFFIXES:
        raise SimgenError(
            f"{path}: a preview is a .png (contact sheet), a .gif or an .mp4; name the file so."
        )


def contact_sheet(samples: Sequence[Sample], path: Path, steps: int = _STEPS, title: str = "") -> None:
    """Writes a PNG with a row per clip (and per further camera): `steps` moments from the first frame to the
    last, and below them the caption, the parameters and the law's residual."""
    _save(sheet(samples, steps, title), path)


def sheet(samples: Sequence[Sample], steps: int = _STEPS, title: str = "") -> Image.Image:
    """The picture that `contact_sheet` writes."""
    frame_count = len(samples[0].rgb)
    moments = np.unique(np.linspace(0, frame_count - 1, steps).round().astype(int))
    height, width = samples[0].rgb.shape[1:3]
    thumb = (_THUMB, max(1, round(_THUMB * height / width)))
    content = len(moments) * thumb[0] + (len(moments) - 1) * _GAP
    blocks = [_row(sample, moments, thumb, content, _label(sample, samples)) for sample in samples]
    head = _header(
        samples,
        content,
        title=title,
        times=[frame / samples[0].fps for frame in moments],
        step=thumb[0] + _GAP,
    )
    return _stack([head, *blocks], content, gap=26)


def animation(samples: Sequence[Sample], path: Path) -> None:
    """Writes the clips playing side by side, each with its caption and parameters below, as .gif or .mp4."""
    frame_count = len(samples[0].rgb)
    height, width = samples[0].rgb.shape[1:3]
    columns = min(len(samples), max(1, round(math.sqrt(len(samples) * 1.4 * height / width))))
    cell = max(_CELL, min(width, 512)) if columns > 1 else max(_CELL, width)
    size = (cell, round(cell * height / width))
    notes = [_note(sample, cell, _label(sample, samples), small=True) for sample in samples]
    tall = max(note.height for note in notes)
    rows = math.ceil(len(samples) / columns)
    content = columns * cell + (columns - 1) * 2 * _GAP
    head = _header(samples, content)
    page = _stack(
        [head, Image.new("RGB", (content, rows * (size[1] + tall) + (rows - 1) * 18), PAPER)],
        content,
        gap=14,
    )
    places = []
    for number, note in enumerate(notes):
        row, column = divmod(number, columns)
        x = _MARGIN + column * (cell + 2 * _GAP)
        y = page.height - _MARGIN - (rows - row) * (size[1] + tall) - (rows - row - 1) * 18
        places.append((x, y))
        page.paste(note, (x, y + size[1]))
    frames = []
    for frame in range(frame_count):
        picture = page.copy()
        for sample, place in zip(samples, places, strict=True):
            picture.paste(_scaled(sample.rgb[frame], size), place)
        frames.append(picture)
    if path.suffix.lower() == ".gif":
        _save_gif(frames, samples[0].fps, path)
    else:
        even = [picture.crop((0, 0, picture.width // 2 * 2, picture.height // 2 * 2)) for picture in frames]
        _write(encode_video(np.stack([np.asarray(picture) for picture in even]), samples[0].fps), path)


def _several(samples: Sequence[Sample]) -> bool:
    """True when the clips are of more than one scenario, so that each must say of which it is."""
    return len({sample.scenario for sample in samples}) > 1


def _label(sample: Sample, samples: Sequence[Sample]) -> str:
    """What tells a clip from the others: its number, and where they differ in it, split and scenario."""
    split = f"{sample.split} " if len({other.split for other in samples}) > 1 else ""
    return f"{split}#{sample.index}   " + (f"{sample.scenario}:   " if _several(samples) else "")


def _row(
    sample: Sample, moments: NDArray[np.int_], thumb: tuple[int, int], content: int, label: str
) -> Image.Image:
    strips = []
    for name, frames in sample.frames.items():
        strip = Image.new("RGB", (content, thumb[1]), PAPER)
        for number, frame in enumerate(moments):
            strip.paste(_scaled(frames.rgb[frame], thumb), (number * (thumb[0] + _GAP), 0))
        if len(sample.frames) > 1:
            _tag(strip, name)
        strips.append(strip)
    return _stack([*strips, _note(sample, content, label)], content, gap=_GAP, margin=0)


def _header(
    samples: Sequence[Sample], width: int, title: str = "", times: Sequence[float] = (), step: int = 0
) -> Image.Image:
    """The title line and, for a sheet, the time above each column of pictures."""
    sample = samples[0]
    frames, height, across = sample.rgb.shape[:3]
    named = sample.key.rsplit("-", 2)[0]
    facts = [
        *([sample.scenario] if sample.scenario != named and not _several(samples) else []),
        f"{sample.split} split",
        f"{len(samples)} clip{'s' if len(samples) > 1 else ''}",
        f"{across} × {height} px",
        f"{frames} frames, {sample.fps:g} per second",
    ]
    head = Image.new("RGB", (width, 34 if not times else 64), PAPER)
    draw = ImageDraw.Draw(head)
    end = write_line(draw, (0, 0), title or named, 24, INK)
    if not title and end + 16 + length(" · ".join(facts), 15) <= width:
        write_line(draw, (end + 16, 7), " · ".join(facts), 15, SOFT)
    for number, time in enumerate(times):
        write_line(draw, (number * step, 44), f"{time:.2f} s", 14, FAINT)
    return head


def _note(sample: Sample, width: int, label: str, small: bool = False) -> Image.Image:
    """What stands under a clip."""
    size = 15 if small else 18
    lines: list[tuple[str, int, str]] = []
    lines += [(line, size, INK) for line in wrapped(label + sample.caption, size, width)]
    shown = " · ".join(
        quantity(name, value)
        for name, value in sample.params.items()
        if value != "none"  # no material: nothing to tell
    )
    lines += [(line, size - 3, SOFT) for line in wrapped(shown, size - 3, width)]
    laws = " · ".join(
        f"{law.name.replace('_', ' ')} {law.measured:.4g}, law {law.predicted:.4g}, off by {_part(law.residual)}"
        for law in sample.law
    )
    lines += [(line, size - 3, ACCENT) for line in wrapped(laws, size - 3, width)]
    heights = [round(line_size * 1.4) for _, line_size, _ in lines]
    note = Image.new("RGB", (width, 8 + sum(heights)), PAPER)
    draw = ImageDraw.Draw(note)
    y = 8
    for (text, line_size, colour), line_height in zip(lines, heights, strict=True):
        write_line(draw, (0, y), text, line_size, colour)
        y += line_height
    return note


def _part(residual: float) -> str:
    return f"{residual * 100:.2g} %" if residual >= 1e-5 else "less than 0.001 %"


def _tag(strip: Image.Image, name: str) -> None:
    """A camera's name on the first picture of its row."""
    draw = ImageDraw.Draw(strip)
    draw.rounded_rectangle((6, 6, 20 + length(name, 13), 26), radius=5, fill=PAPER)
    write_line(draw, (13, 8), name, 13, SOFT)


def _scaled(rgb: NDArray[np.uint8], size: tuple[int, int]) -> Image.Image:
    picture = Image.fromarray(rgb)
    return picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS)


def _stack(blocks: Sequence[Image.Image], width: int, gap: int, margin: int = _MARGIN) -> Image.Image:
    height = sum(block.height for block in blocks) + gap * (len(blocks) - 1)
    page = Image.new("RGB", (width + 2 * margin, height + 2 * margin), PAPER)
    y = margin
    for block in blocks:
        page.paste(block, (margin, y))
        y += block.height + gap
    return page


def _save(picture: Image.Image, path: Path) -> None:
    stream = io.BytesIO()
    picture.save(stream, "PNG", optimize=True)
    _write(stream.getvalue(), path)


def _save_gif(frames: Sequence[Image.Image], fps: float, path: Path) -> None:
    """One palette for all frames, made from a few of them: colours do not flicker, the file stays small."""
    chosen = [frames[round(k * (len(frames) - 1) / 3)] for k in range(4)]
    # by their square root, or a small ball would find no place among the shades of the ground
    pixels = np.concatenate([np.asarray(picture).reshape(-1, 3) for picture in chosen])
    colours, counts = np.unique(pixels >> 2, axis=0, return_counts=True)
    weighted = np.repeat((colours << 2) + 2, np.ceil(np.sqrt(counts)).astype(int), axis=0)
    palette = Image.fromarray(weighted[None]).quantize(256, method=Image.Quantize.MEDIANCUT)
    indexed = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in frames]
    # a GIF counts in hundredths of a second: the frames' ends are rounded, so that the whole keeps its length
    ends = [round((k + 1) * 100 / fps) for k in range(len(frames))]
    durations = [10 * max(2, end - start) for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    stream = io.BytesIO()
    indexed[0].save(
        stream, "GIF", save_all=True, append_images=indexed[1:], duration=durations, loop=0, optimize=False
    )
    _write(stream.getvalue(), path)


def _write(data: bytes, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise SimgenError(f"{path}: the preview cannot be written ({error.strerror}).") from error
