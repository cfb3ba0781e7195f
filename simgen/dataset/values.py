"""A sample as the values of its columns: everything is encoded here, once, whatever the number of formats.

A value is what both formats can give back unchanged: a number or word, bytes (videos, dense passes), a NumPy
array (numeric columns), a dict (structs), a list of dicts (records), `Contacts` for contacts. `parquet.py`
and `tar.py` turn values into files and files into values; `clip.py` turns values into what a user works with.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from simgen.dataset.column_table import Layout
from simgen.dataset.dense import encode_pass
from simgen.dataset.sample import CameraLabel, Sample
from simgen.dataset.study_columns import study_values
from simgen.dataset.video import encode_video
from simgen.render.frames import Frames
from simgen.scene.json import scene_to_json
from simgen.scene.spec import Body

__all__ = ["Values", "body_record", "values_of"]

Values = dict[str, Any]  # column name -> value
_CASTS: dict[str, type] = {"float": float, "int": int, "bool": bool, "str": str}


def values_of(sample: Sample, layout: Layout) -> Values:
    """The values of every column of `columns(layout)`, encoded. Raises ValueError for a sample that does not
    fit it.
    """
    if tuple(sample.frames) != layout.cameras or tuple(sample.cameras) != layout.cameras:
        raise ValueError(
            f"clip {sample.key} was filmed by {', '.join(sample.frames)}; "
            f"the recipe's cameras are {', '.join(layout.cameras)}"
        )
    if set(sample.captions) != set(layout.tiers):
        raise ValueError(
            f"clip {sample.key} has captions {sorted(sample.captions)}, not {sorted(layout.tiers)}"
        )
    rgb = sample.rgb
    values: Values = {
        "key": sample.key,
        "index": int(sample.index),
        "split": sample.split,
        "scenario": sample.scenario,
        "caption": sample.captions["plain"],
        "captions": {tier: sample.captions[tier] for tier in layout.tiers},
        "fps": float(sample.fps),
        "frame_count": int(rgb.shape[0]),
        "width": int(rgb.shape[2]),
        "height": int(rgb.shape[1]),
        "params": _params(sample, layout),
        "bodies": [body_record(body) for body in sample.scene.bodies],
        "state": _array(sample.state, np.float32),
        "contacts": sample.contacts,
        "events": [
            {
                "kind": event.kind,
                "frame": int(event.frame),
                "time_s": float(event.time_s),
                "bodies": [int(body) for body in event.bodies],
                "value": float(event.value),
            }
            for event in sample.events
        ],
        "law": [
            {
                "name": check.name,
                "predicted": float(check.predicted),
                "measured": float(check.measured),
                "residual": float(check.residual),
            }
            for check in sample.law
        ],
        "decision": {
            "kind": sample.decision.kind,
            "frame": int(sample.decision.frame),
            "time_s": float(sample.decision.time_s),
            "in_video": bool(sample.decision.in_video),
            "event_frames": int(sample.decision.event_frames),
            "outcome_frames": int(sample.decision.outcome_frames),
            "horizon_s": float(sample.decision.horizon_s),
        },
        "boxes": _array(sample.boxes, np.float32),
        "visible": _array(sample.visible, np.float32),
        "centroids": _array(sample.centroids, np.float32),
        "projected_px": _array(sample.projected_px, np.float32),
        "scene": scene_to_json(sample.scene),
        "recipe_hash": sample.recipe_hash,
        "generator_version": int(sample.generator_version),
        "attempt": int(sample.attempt),
    }
    values |= study_values(sample.study, layout.labels, rgb.shape[0], len(sample.scene.bodies))
    for place, (camera, frames) in enumerate(sample.frames.items()):
        suffix = f"_{camera}" if place else ""
        if place:
            values |= _seen(frames, suffix, sample.key)
        values[f"video{suffix}"] = encode_video(frames.rgb, sample.fps, layout.codec, frames.changed)
        values[f"camera{suffix}"] = _camera(sample.cameras[camera])
        for name in layout.passes:
            for column, value in encode_pass(name, frames, sample.fps).items():
                values[column + suffix] = value
    return values


def _array(value: Any, dtype: type[np.generic]) -> np.ndarray[Any, Any]:
    return np.ascontiguousarray(value, dtype=dtype)


def _params(sample: Sample, layout: Layout) -> dict[str, Any]:
    own = dict(layout.params_of(sample.scenario))
    params = {
        name: _CASTS[kind](sample.params[name]) if name in own else None for name, kind in layout.params
    }
    for name, value in params.items():
        _finite(sample, f"parameter {name}", value)
    for event in sample.events:
        _finite(sample, f"event {event.kind}", event.time_s, event.value)
    for check in sample.law:
        _finite(sample, f"law {check.name}", check.predicted, check.measured, check.residual)
    return params


def _finite(sample: Sample, what: str, *numbers: Any) -> None:
    """JSON has no word for infinity, and a label that is not a number helps nobody."""
    if not all(math.isfinite(number) for number in numbers if isinstance(number, float)):
        raise ValueError(f"clip {sample.key}: {what} is not finite: {', '.join(map(str, numbers))}")


def body_record(body: Body) -> dict[str, Any]:
    """The record of a body in the column `bodies`."""
    look = body.look
    return {
        "name": body.name,
        "role": body.role,
        "shape": body.shape.mesh or body.shape.kind,
        "size_m": [float(length) for length in body.shape.size_m],
        "mass_kg": float(body.mass_kg),
        "friction": float(body.friction),
        "elasticity": float(body.elasticity),
        "colour": look.colour_name if look else "",
        "colour_rgb": [float(np.float32(part)) for part in (look.colour if look else (0.0, 0.0, 0.0))],
        "material": body.material,
        "fixed": bool(body.fixed),
    }


def _camera(label: CameraLabel) -> dict[str, Any]:
    return {
        "projection": label.projection,
        "intrinsics": _array(label.intrinsics, np.float64),
        "world_to_camera": _array(label.world_to_camera, np.float64),
    }


def _seen(frames: Frames, suffix: str, key: str) -> Values:
    """Boxes, visibility and centroids of a further camera, as the `Sample` holds them for the main one."""
    if (
        frames.boxes is None
        or frames.centroids is None
        or frames.visible_pixels is None
        or frames.alone_pixels is None
    ):
        raise ValueError(f"clip {key}: camera {suffix[1:]} has no boxes, centroids or pixel counts")
    return {
        f"boxes{suffix}": _array(frames.boxes, np.float32),
        f"visible{suffix}": _array(frames.visible_pixels / np.maximum(frames.alone_pixels, 1), np.float32),
        f"centroids{suffix}": _array(frames.centroids, np.float32),
    }
