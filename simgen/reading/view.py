"""What a training loop wants of every clip: which frames, how large, which caption, in which form."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from simgen.dataset.column_table import CAPTION_TIERS, NO_CAPTION, Layout
from simgen.errors import DatasetError
from simgen.reading.windows import frame_indices, offset
from simgen.recipe.wording import did_you_mean, listed, number, shown

__all__ = ["DECODERS", "DTYPES", "LAYOUTS", "WHOLE", "Draw", "View", "generator"]

STARTS = ("random", "middle")
DTYPES = ("uint8", "float32")
LAYOUTS = ("THWC", "TCHW", "CTHW")
DECODERS = ("pyav", "torchcodec")
LARGEST_PX = 1 << 14  # of a side; larger ones are a slip of the pen, and may not fit in memory

Draw = tuple[int, int, int]  # seed, epoch, number of the clip: all that is random about it follows from these


def generator(draw: Draw, name: str) -> np.random.Generator:
    """The random numbers of the draw `name` of a clip: the same wherever and in whatever order it is read."""
    seed, epoch, clip = draw
    return np.random.default_rng(
        np.random.SeedSequence(entropy=seed, spawn_key=(epoch, clip, zlib.crc32(name.encode())))
    )


class Filmed(Protocol):
    """What of a manifest a view has to fit."""

    @property
    def layout(self) -> Layout: ...
    @property
    def video(self) -> Mapping[str, Any]: ...  # width, height, fps, frame_count


@dataclass(frozen=True, slots=True)
class View:
    """How a clip is cut and shown. `View()` is the clip as it was recorded.

    Random choices are drawn per clip and epoch. `dtype`, `layout` and `patches` are the form of videos in
    `Clip.example`; `Clip.rgb` and `Clip.video` stay uint8 (T, H, W, 3).
    """

    frames: int | None = None  # how many; None: all from `start` on
    stride: int = 1  # every so many-th recorded frame
    # Frames per second instead of a stride: frame k is the recorded one nearest to k / fps after the first.
    fps: float | None = None
    start: int | str = "random"  # of the first frame: its number, "random" or "middle"; without `frames` 0
    size: int | tuple[int, int] | None = None  # of the shorter side (the aspect is kept), or (width, height)
    caption: str = "plain"  # a tier's name, "random" or "none" (the empty caption)
    dtype: str = "uint8"  # float32: 0 … 1
    layout: str = "THWC"  # or TCHW, CTHW
    # (t, y, x): videos as tokens of so many frames, rows and columns.
    patches: tuple[int, int, int] | None = None
    decoder: str | None = None  # pyav or torchcodec: the same pixels; None is pyav

    def picture_size(self, width: int, height: int) -> tuple[int, int]:
        """(width, height) of the pictures of a video that was recorded with these."""
        if self.size is None:
            return width, height
        if isinstance(self.size, tuple):
            return self.size
        shorter = min(width, height)
        return max(1, round(width * self.size / shorter)), max(1, round(height * self.size / shorter))

    @property
    def takes_all(self) -> bool:
        """Whether the window is the whole recording, frame by frame."""
        return self.frames is None and self.stride == 1 and self.fps is None and self._first == 0

    @property
    def _first(self) -> int:
        """The first frame, where that is not drawn."""
        return 0 if isinstance(self.start, str) else int(self.start)

    def needs(self, names: Collection[str], layout: Layout) -> tuple[str, ...]:
        """The (small) columns that clips must be read with, beside those called `names`, to be shown so. Names
        may be those of `Clip.example`.
        """
        more: list[str] = []
        if not self.takes_all:
            more += ["frame_count", "fps"]
        elif "frame_indices" in names:
            more.append("frame_count")
        if self.size is not None or "width" in names or "height" in names:
            more += ["width", "height"]
        if "captions" in names or ("caption" in names and self.caption not in ("plain", NO_CAPTION)):
            more.append("captions")
            if not self.takes_all:
                more += ["events", *(("decision",) if "decision" in layout.labels else ())]
        return tuple(name for name in more if name not in names)

    def shows_every_frame(self, manifest: Filmed) -> bool:
        """Whether no recorded frame is left out between the first and the last one of a window."""
        recorded, rate = int(manifest.video["frame_count"]), float(manifest.video["fps"])
        indices = frame_indices(self, recorded, rate, generator((0, 0, 0), "start"))
        return bool((np.diff(indices) == 1).all())

    def check(self, manifest: Filmed, location: str | Path) -> None:
        """Raises DatasetError, in a sentence, for what cannot be done with the clips of this dataset."""
        problems = self._wrong_values()
        if not problems:
            problems = (
                self._wrong_caption(manifest) or self._wrong_window(manifest) or self._wrong_patches(manifest)
            )
        if problems:
            raise DatasetError(f"{location} cannot be read so: {problems[0]}")

    def _wrong_values(self) -> list[str]:
        problems = []
        for name in ("frames", "stride"):
            value = getattr(self, name)
            if not (_whole(value, 1) or (value is None and name == "frames")):
                problems.append(f"{name}={shown(value)}: it is a whole number from 1 on")
        if self.fps is not None:
            number_given = isinstance(self.fps, Real) and not isinstance(self.fps, bool)
            if not number_given or not 0.01 <= self.fps < 1e6:
                problems.append(f"fps={shown(self.fps)}: it is a number of frames per second from 0.01 on")
            if self.stride != 1:
                problems.append("fps and stride both choose the frames: leave one of them out")
        if not (_whole(self.start, 0) or self.start in STARTS):
            choice = did_you_mean(self.start, STARTS)
            problems.append(
                f"start={shown(self.start)}: it is the number of a frame, {listed(STARTS)}.{choice}"
            )
        if self.size is not None:
            sides = self.size if isinstance(self.size, tuple) and len(self.size) == 2 else (self.size,)
            if not all(_whole(side, 1) and side <= LARGEST_PX for side in sides):
                problems.append(
                    f"size={self.size!r}: it is the shorter side, or a tuple (width, height), in pixels "
                    f"from 1 to {LARGEST_PX}"
                )
        for name, choices in (
            ("caption", (*CAPTION_TIERS, "random", NO_CAPTION)),
            ("dtype", DTYPES),
            ("layout", LAYOUTS),
            ("decoder", DECODERS),
        ):
            value = getattr(self, name)
            if value not in choices and not (name == "decoder" and value is None):
                problems.append(
                    f"{name}={shown(value)}: it is {listed(choices)}.{did_you_mean(value, choices)}"
                )
        if self.patches is not None:
            if not (
                isinstance(self.patches, tuple)
                and len(self.patches) == 3
                and all(_whole(extent, 1) for extent in self.patches)
            ):
                problems.append(
                    f"patches={self.patches!r}: it is a tuple (frames, rows, columns) of whole numbers from 1 on"
                )
            if self.layout != "THWC":
                problems.append(
                    "patches gives tokens, which have no layout: leave out one of patches and layout"
                )
        return problems

    def _wrong_caption(self, manifest: Filmed) -> list[str]:
        there = manifest.layout.tiers
        if self.caption in (*there, "random", NO_CAPTION):
            return []
        return [
            f"caption={shown(self.caption)}: it was built by a simgen whose captions had the tiers "
            f"{listed(there, 'and')} only. Ask for one of them, or build it again"
        ]

    def _wrong_window(self, manifest: Filmed) -> list[str]:
        recorded, rate = int(manifest.video["frame_count"]), float(manifest.video["fps"])
        if self.fps is not None and self.fps > rate:
            return [
                f"fps={number(self.fps)}: its clips have {number(rate)} frames per second, and frames that "
                f"nobody recorded are not made up. Ask for {number(rate)} at most"
            ]
        first = self._first
        if self.frames is None:
            if first >= recorded:
                return [f"start={first}: its clips have {recorded} frames, the last is {recorded - 1}"]
            return []
        needed = int(offset(int(self.frames) - 1, self.stride, self.fps, rate)) + 1
        if first + needed > recorded:
            how = [f"frames={self.frames}"]
            how += [f"stride={self.stride}"] if self.stride != 1 else []
            how += [f"fps={number(self.fps)}"] if self.fps is not None else []
            how += [f"start={first}"] if first else []
            instead = "fewer frames" + (", a smaller stride" if self.stride != 1 else "")
            instead += ", more frames per second" if self.fps is not None else ""
            instead += ", an earlier start" if first else ""
            return [
                f"{listed(how, 'and')} needs clips of {first + needed} frames, "
                f"its clips have {recorded}. Ask for {instead}"
            ]
        return []

    def _wrong_patches(self, manifest: Filmed) -> list[str]:
        if self.patches is None:
            return []
        recorded, rate = int(manifest.video["frame_count"]), float(manifest.video["fps"])
        count = self.frames
        if count is None:
            first = self._first
            within = offset(np.arange(recorded), self.stride, self.fps, rate)
            count = int(np.count_nonzero(first + within < recorded))
        width, height = self.picture_size(int(manifest.video["width"]), int(manifest.video["height"]))
        problems = []
        for name, length, extent in zip(
            ("frames", "rows", "columns"), (count, height, width), self.patches, strict=True
        ):
            if length % extent:
                problems.append(
                    f"patches={self.patches!r}: {length} {name} are no whole number of patches of {extent}; "
                    f"{extent * (length // extent)} or {extent * (length // extent + 1)} would be"
                    if length > extent
                    else f"patches={self.patches!r}: a patch of {extent} {name} is larger than the {length} there are"
                )
        return problems


WHOLE = View()


def _whole(value: object, least: int) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least
