"""The pictures of a card: clips playing, a contact sheet, one clip with its labels drawn in.

They are made from the dataset's own videos and labels. The same dataset and version of Pillow give the same
bytes.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from simgen.lettering import PAPER, SOFT, length, write_line
from simgen.preview import sheet
from simgen.reading.clip import Clip

__all__ = ["clip_picture", "contact_sheet", "playing"]

_CELL, _GAP = 256, 6  # pixels
_ACROSS = 3  # clips that play side by side
_STEPS = 4  # moments of a clip
_THUMB = 208
_MOST_FRAMES = 120  # of what plays; longer clips show every second frame, or every third
_COLOURS = ("#e4572e", "#2f6fb2", "#2e8b57", "#a05195", "#c98a00", "#17a2a8", "#7a5c3e", "#d6336c")


def playing(clips: Sequence[Clip]) -> bytes:
    """An animated WebP: the clips side by side, all from their start."""
    videos = [clip.rgb for clip in clips]
    count = max(map(len, videos))
    every = math.ceil(count / _MOST_FRAMES)
    height, width = videos[0].shape[1:3]
    cell = (_CELL, round(_CELL * height / width))
    across = min(len(clips), _ACROSS)
    down = math.ceil(len(clips) / across)
    size = (across * (cell[0] + _GAP) - _GAP, down * (cell[1] + _GAP) - _GAP)
    pictures = []
    for frame in range(0, count, every):
        picture = Image.new("RGB", size, PAPER)
        for number, video in enumerate(videos):
            row, column = divmod(number, across)
            shown = _resized(video[min(frame, len(video) - 1)], cell)
            picture.paste(shown, (column * (cell[0] + _GAP), row * (cell[1] + _GAP)))
        pictures.append(picture)
    stream = io.BytesIO()
    pictures[0].save(
        stream,
        "WEBP",
        save_all=True,
        append_images=pictures[1:],
        duration=round(1000 * every / clips[0].fps),
        loop=0,
        quality=70,
        method=3,
    )
    return stream.getvalue()


def contact_sheet(clips: Sequence[Clip]) -> bytes:
    """A JPEG with a row per clip: four moments, caption, parameters, law."""
    splits = list(dict.fromkeys(clip.split for clip in clips))
    title = clips[0].key.rsplit("-", 2)[0] + (f": {', '.join(splits)}" if len(splits) > 1 else "")
    return _jpeg(sheet([clip.sample() for clip in clips], _STEPS, title))


def clip_picture(clip: Clip) -> bytes:
    """A JPEG with four moments of a clip: boxes and paths of the bodies that move, and a row per dense pass."""
    last = len(clip.state) - (2 if "flow" in clip.values else 1)  # the last frame has no flow
    moments = np.unique(np.linspace(0, max(last, 0), _STEPS).round().astype(int))
    rows = [("video, boxes and paths", _labelled(clip, moments))]
    for name in clip.layout.passes:
        if name in clip.values:
            rows.append((name, _pass_pictures(clip, name, moments)))
    height, width = rows[0][1][0].height, rows[0][1][0].width
    picture = Image.new(
        "RGB", (len(moments) * (width + _GAP) - _GAP, len(rows) * (height + _GAP) + 26), PAPER
    )
    draw = ImageDraw.Draw(picture)
    for column, frame in enumerate(moments):
        write_line(draw, (column * (width + _GAP), 3), f"frame {frame}, {frame / clip.fps:.2f} s", 15, SOFT)
    for row, (name, thumbs) in enumerate(rows):
        top = 26 + row * (height + _GAP)
        for column, thumb in enumerate(thumbs):
            picture.paste(thumb, (column * (width + _GAP), top))
        draw.rounded_rectangle((6, top + 6, 20 + length(name, 13), top + 26), radius=5, fill=PAPER)
        write_line(draw, (13, top + 8), name, 13, SOFT)
    return _jpeg(picture)


def _labelled(clip: Clip, moments: NDArray[np.int_]) -> list[Image.Image]:
    video, boxes, paths = clip.rgb, clip.boxes, clip.projected_px
    height, width = video.shape[1:3]
    size = _thumb(width, height)
    scale = size[0] / width
    movers = [number for number, body in enumerate(clip.bodies) if not body["fixed"]]
    pictures = []
    for frame in moments:
        picture = _resized(video[frame], size)
        draw = ImageDraw.Draw(picture)
        for place, body in enumerate(movers):
            colour = _COLOURS[place % len(_COLOURS)]
            path = [(float(x) * scale, float(y) * scale) for x, y in paths[: frame + 1, body]]
            if len(path) > 1:
                draw.line(path, fill=colour, width=2)
            x0, y0, x1, y1 = (float(edge) * scale for edge in boxes[frame, body])
            if x1 > x0 and y1 > y0:
                draw.rectangle((x0, y0, x1 - 1, y1 - 1), outline=colour, width=2)
        pictures.append(picture)
    return pictures


def _pass_pictures(clip: Clip, name: str, moments: NDArray[np.int_]) -> list[Image.Image]:
    fields = clip.dense(name)
    values = next(iter(fields.values()))[moments]
    pixels = _SHOWN[name](values)
    size = _thumb(values.shape[2], values.shape[1])
    return [Image.fromarray(picture).resize(size, Image.Resampling.NEAREST) for picture in pixels]


def _depth(metres: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The inverse of the distance, near is bright; where there is nothing, black."""
    there = metres > 0
    inverse = 1 / np.where(there, metres, np.inf)
    far, near = np.percentile(inverse[there], [1, 99]) if there.any() else (0.0, 1.0)
    part = np.clip((inverse - far) / max(near - far, 1e-9), 0, 1)
    return _grey(np.where(there, 40 + 215 * part, 0))


def _grey(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.repeat(values.astype(np.uint8)[..., None], 3, axis=-1)


def _ids(ids: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A colour per body; the background is black."""
    palette = [(0, 0, 0)] + [tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5)) for colour in _COLOURS]
    turns = np.where(ids > 0, (ids.astype(int) - 1) % len(_COLOURS) + 1, 0)
    return np.array(palette, np.uint8)[turns]


def _directions(normals: NDArray[np.float32]) -> NDArray[np.uint8]:
    there = np.any(normals != 0, axis=-1, keepdims=True)
    return np.where(there, 127.5 * (normals * (1, -1, -1) + 1), 0).astype(np.uint8)


def _motion(flow: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Its direction as a hue, how far as brightness: what stands still is dark."""
    far = np.hypot(flow[..., 0], flow[..., 1])
    most = max(float(far.max()), 1e-9)
    hue = (np.arctan2(flow[..., 1], flow[..., 0]) / (2 * np.pi)) % 1
    bright = 30 + 225 * np.sqrt(far / most)
    part = np.stack([hue * 255, 200 * (far > 0), bright], -1).astype(np.uint8)
    return np.stack([np.asarray(Image.fromarray(frame, "HSV").convert("RGB")) for frame in part])


_SHOWN: dict[str, Callable[[NDArray[Any]], NDArray[np.uint8]]] = {
    "depth": _depth,
    "segmentation": _ids,
    "normals": _directions,
    "flow": _motion,
}


def _thumb(width: int, height: int) -> tuple[int, int]:
    return _THUMB, max(1, round(_THUMB * height / width))


def _resized(rgb: NDArray[np.uint8], size: tuple[int, int]) -> Image.Image:
    picture = Image.fromarray(rgb)
    return picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS)


def _jpeg(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=88, optimize=True)
    return stream.getvalue()
