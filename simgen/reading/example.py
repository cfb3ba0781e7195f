"""A clip as a training loop takes it: a dict of arrays, numbers and words, of the same shapes for every clip."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simgen.dataset.column_table import Layout, columns
from simgen.errors import DatasetError
from simgen.reading.patches import patchify
from simgen.reading.view import View
from simgen.recipe.wording import did_you_mean

if TYPE_CHECKING:
    from simgen.reading.clip import Clip

__all__ = ["example"]

_PASSES = {
    "depth": "depth_m",
    "segmentation": "segmentation",
    "normals": "normals",
    "flow": "flow",
    "flow_occluded": "flow_occluded",
}  # name -> field of `Frames`
_PER_BODY = ("state", "projected_px", "boxes", "visible", "centroids", "present")  # (T, N, …)
_OF_CAMERAS = ("video", "camera", "boxes", "visible", "centroids", *_PASSES)
_OF_CLIP = (
    *("key", "index", "split", "scenario", "caption", "captions", "fps", "bodies", "contacts"),
    *("events", "law", "recipe_hash", "generator_version", "attempt"),
)


def example(clip: Clip, names: Sequence[str], bodies: int | None = None) -> dict[str, Any]:
    """What the names of columns stand for, as the clip's view shows it. Arrays are contiguous and may be written to.

    `video` is uint8 or float32 (0 … 1) in the view's layout; with patches it is the tokens (N, t·y·x·3), and
    `positions` (N, 3) comes with it. `depth` is in metres (T, H, W), `segmentation`, `normals`, `flow` and
    `flow_occluded` as in `Frames`; a further camera's names end with `_<camera>`. `frame_count`, `width` and
    `height` are those of the view; `frame_indices` (T,) are the recorded frames. `camera` and `decision` are dicts of
    their members. `params` is a dict of every parameter of the dataset: numbers as float, NaN where another scenario
    of a mix has it, words as they are, "" there. Contacts, events, law and bodies differ in number from clip to clip
    and stay what they are in `Clip`.

    bodies: arrays over bodies are filled up with zeros to so many, and `body_count` says how many there are.
    Raises DatasetError for a name that is no column, for one that was not read, and for more bodies than `bodies`.
    """
    found: dict[str, Any] = {}
    decoded: dict[tuple[str, str], dict[str, NDArray[Any]]] = {}  # dense passes that fill two names
    for name in names:
        column, camera = _parts(name, clip.layout)
        if column == "video":
            found[name], positions = _video(clip.video(camera), clip.view)
            if positions is not None:
                found["positions"] = positions
        elif column in _PASSES:
            dense_pass = "flow" if column == "flow_occluded" else column
            if (dense_pass, camera) not in decoded:
                decoded[dense_pass, camera] = clip.dense(dense_pass, camera)
            found[name] = np.ascontiguousarray(decoded[dense_pass, camera][_PASSES[column]])
        elif column in _PER_BODY:
            array = clip.per_body(name)
            found[name] = np.array(array, order="C") if bodies is None else _padded(array, bodies, clip)
            if bodies is not None:
                found["body_count"] = array.shape[1]
        elif column == "camera":
            members = asdict(clip.camera(camera))
            found[name] = {
                member: np.array(value, order="C") if isinstance(value, np.ndarray) else value
                for member, value in members.items()
            }
        else:
            found[name] = _told(clip, name)
    return found


def _parts(name: str, layout: Layout) -> tuple[str, str]:
    """The name without its camera, and the camera."""
    for camera in layout.cameras[1:]:
        column = name.removesuffix(f"_{camera}")
        if column != name and column in _OF_CAMERAS:
            return column, camera
    return name, layout.cameras[0]


def _told(clip: Clip, name: str) -> Any:
    """The numbers, words and records of a clip."""
    if name == "decision":
        return asdict(clip.decision)
    if name == "params":
        return _params(clip)
    if name == "frame_indices":
        return clip.frame_indices.copy()
    if name == "frame_count":
        return len(clip.frame_indices)
    if name in ("width", "height"):
        return clip.size[name == "height"]
    if name == "scene":
        return clip.scene_json
    if name in _OF_CLIP:
        return getattr(clip, name)
    known = [column.name for column in columns(clip.layout)]
    if name in known:  # what says how a dense pass is packed
        return clip.value(name)
    raise DatasetError(
        f"There is no column '{name}' to make an example of.{did_you_mean(name, [*known, 'frame_indices'])}"
    )


def _video(pictures: NDArray[np.uint8], view: View) -> tuple[NDArray[Any], NDArray[np.int64] | None]:
    """Pictures (T, H, W, 3) in the form that the view asks for; with patches also their positions."""
    video: NDArray[Any] = pictures
    positions = None
    if view.patches is not None:
        video, positions = patchify(pictures, view.patches)
    elif view.layout != "THWC":
        video = np.ascontiguousarray(pictures.transpose(["THWC".index(axis) for axis in view.layout]))
    if view.dtype == "float32":
        video = np.divide(video, 255, dtype=np.float32)
    return video, positions


def _padded(array: NDArray[Any], bodies: int, clip: Clip) -> NDArray[Any]:
    """(T, N, …) to (T, bodies, …), with zeros for bodies that are not there."""
    frames, count = array.shape[:2]
    if count > bodies:
        raise DatasetError(
            f"{clip!r} has {count} bodies, which do not fit into bodies={bodies}: ask for {count} at least"
        )
    padded = np.zeros((frames, bodies, *array.shape[2:]), array.dtype)
    padded[:, :count] = array
    return padded


def _params(clip: Clip) -> dict[str, float | str]:
    """Of one type per name over the whole dataset, so that clips can be put together to a batch."""
    own = clip.params
    return {
        name: str(own.get(name, "")) if kind == "str" else float(own.get(name, math.nan))
        for name, kind in clip.layout.params
    }
