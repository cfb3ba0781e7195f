"""What must be true of a stored clip: its labels against each other, its pixels and the manifest.

Every check is a generator of sentences about one clip, none when all is well. They trust nothing but the
values that a reader gives, and compute what they compare with from other columns than the one they check.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.dataset.column_table import DESCRIBING
from simgen.dataset.manifest import Manifest
from simgen.dataset.values import body_record
from simgen.dataset.video import decode_video, frame_rate, recorded_rate
from simgen.errors import DatasetError
from simgen.reading.clip import Clip
from simgen.scene.camera import intrinsics, project
from simgen.scene.json import scene_from_json
from simgen.scene.spec import SceneSpec
from simgen.verification.comparison import same

__all__ = ["check_clip"]

# float32 holds about seven digits; what follows from positions of a few metres is right to 1e-5 of them.
_STATE_TOLERANCE = 1e-4
_PIXEL_TOLERANCE = 0.05  # of a projection of float32 positions, near the picture
_TIME_TOLERANCE_S = 1e-9


def check_clip(clip: Clip, manifest: Manifest, split: str, index: int) -> Iterator[str]:
    """What is wrong with the clip that should be clip `index` of `split`."""
    checks: tuple[Callable[[], Iterator[str]], ...] = (
        lambda: _identity(clip, manifest, split, index),
        lambda: _words(clip),
        lambda: _videos(clip, manifest),
        lambda: _scene(clip, manifest),
        lambda: _state(clip),
        lambda: _happenings(clip),
        lambda: _decision(clip, manifest),
        lambda: _cameras(clip),
        lambda: _boxes(clip),
        lambda: _dense(clip),
    )
    for check in checks:
        try:
            yield from check()
        except (DatasetError, ValueError, KeyError, TypeError, IndexError) as error:
            yield str(error) if isinstance(error, DatasetError) else f"{type(error).__name__}: {error}"


def _identity(clip: Clip, manifest: Manifest, split: str, index: int) -> Iterator[str]:
    expected = {
        "key": f"{manifest.name}-{split}-{index:08d}",
        "split": split,
        "index": index,
        "recipe_hash": manifest.recipe_hash,
        "generator_version": manifest.generator_version,
        **manifest.video,
    }
    for name, value in expected.items():
        if clip.values[name] != value:
            yield f"{name} is {clip.values[name]!r}, expected {value!r}"
    scenarios = dict(manifest.layout.mixture) or (manifest.scenario,)
    if clip.scenario not in scenarios:
        yield f"scenario is {clip.scenario!r}, expected {' or '.join(map(repr, scenarios))}"
        return
    kinds = {"float": float, "int": int, "bool": bool, "str": str}
    params, own = clip.values["params"], dict(manifest.layout.params_of(clip.scenario))
    for name, kind in manifest.layout.params:
        param = params[name]
        if name not in own:
            if param is not None:
                yield f"parameter {name} is {param!r}, but clips of {clip.scenario} have no such parameter"
            continue
        if type(param) is not kinds[kind] or param in (math.inf, -math.inf) or param != param:
            yield f"parameter {name} is {param!r}, not a finite {kind}"


def _words(clip: Clip) -> Iterator[str]:
    if clip.caption != clip.captions["plain"]:
        yield "caption is not the tier plain of captions"
    for tier, text in clip.captions.items():
        if tier in DESCRIBING and not text.strip():
            yield f"the caption {tier} is empty"


def _videos(clip: Clip, manifest: Manifest) -> Iterator[str]:
    video = manifest.video
    expected = (video["frame_count"], video["height"], video["width"], 3)
    for camera in manifest.layout.cameras:
        data = clip.video_bytes(camera)
        shape = decode_video(data, clip.key, strict=True).shape
        if shape != expected:
            yield f"the video of camera {camera} is {shape}, expected {expected}"
        if recorded_rate(data) != frame_rate(video["fps"]):
            yield f"the video of camera {camera} plays at {recorded_rate(data)} frames/s, not {video['fps']}"


def _scene(clip: Clip, manifest: Manifest) -> Iterator[str]:
    scene = scene_from_json(clip.scene_json)
    video = manifest.video
    filmed = {name: getattr(scene.video, name) for name in video}
    if filmed != dict(video):
        yield f"the scene is filmed as {filmed}, the clip as {dict(video)}"
    if tuple(camera.name for camera in scene.cameras) != manifest.layout.cameras:
        yield "the scene has other cameras than the dataset"
    if not same([body_record(body) for body in scene.bodies], clip.bodies):
        yield "bodies are not those of the scene"
    for camera in scene.cameras:
        label = clip.cameras[camera.name]
        if label.projection != camera.projection:
            yield f"camera {camera.name} is {label.projection}, in the scene {camera.projection}"
        if not np.allclose(label.intrinsics, intrinsics(camera, scene.video), rtol=1e-9):
            yield f"the intrinsics of camera {camera.name} are not those of the scene"


def _state(clip: Clip) -> Iterator[str]:
    scene, state = scene_from_json(clip.scene_json), clip.state
    expected = (scene.video.frame_count, len(scene.bodies), 13)
    if state.shape != expected:
        yield f"state is {state.shape}, expected {expected}"
        return
    if not np.isfinite(state).all():
        yield f"state of {_where(~np.isfinite(state).all(axis=2), scene)} is not finite"
        return
    length = np.linalg.norm(state[:, :, 3:7], axis=2)
    if (wrong := np.abs(length - 1) > _STATE_TOLERANCE).any():
        yield f"the quaternion of {_where(wrong, scene)} is not of unit length"
    start = np.array([body.position_m for body in scene.bodies])
    away = np.linalg.norm(state[0, :, :3] - start, axis=1) / np.maximum(1, np.linalg.norm(start, axis=1))
    if (wrong := away[None] > _STATE_TOLERANCE).any():
        yield f"the position of {_where(wrong, scene)} is not that of the scene"
    fixed = np.array([body.fixed for body in scene.bodies])
    if (wrong := ((state != state[:1]).any(axis=2) | (state[:, :, 7:] != 0).any(axis=2)) & fixed).any():
        yield f"{_where(wrong, scene)} is fixed but moves"


def _where(wrong: NDArray[np.bool_] | np.bool_, scene: SceneSpec) -> str:
    """The first (frame, body) that is wrong, in words."""
    frame, body = (int(place) for place in np.argwhere(wrong)[0])
    return f"{scene.bodies[body].name} at frame {frame}"


def _happenings(clip: Clip) -> Iterator[str]:
    frames, bodies = clip.state.shape[:2]
    contacts, fps = clip.contacts, clip.fps
    if len(contacts):
        early, late = (contacts.frame - 1) / fps, contacts.frame / fps
        times = contacts.time_s
        if ((contacts.frame < 0) | (contacts.frame >= frames)).any():
            yield "a contact is at a frame that the clip does not have"
        if ((times < early - _TIME_TOLERANCE_S) | (times > late + _TIME_TOLERANCE_S) | (times < 0)).any():
            yield "the time of a contact is outside the interval of its frame"
        if ((contacts.a < 0) | (contacts.a >= contacts.b) | (contacts.b >= bodies)).any():
            yield "a contact is not between two bodies a < b of the clip"
        order = [tuple(row) for row in np.stack([contacts.frame, contacts.a, contacts.b], 1)]
        if order != sorted(set(order)):
            yield "contacts are not in the order of frame, a, b, or one is there twice"
        numbers = (contacts.time_s, contacts.position_m, contacts.normal, contacts.impulse_n_s)
        if not all(np.isfinite(part).all() for part in numbers):
            yield "a number of a contact is not finite"
        elif (contacts.impulse_n_s < 0).any() or (np.linalg.norm(contacts.normal, axis=1) > 1 + 1e-6).any():
            yield "a contact pulls, or its normal is longer than 1"
    for event in clip.events:
        if not 0 <= event.frame < frames or event.frame != math.ceil(event.time_s * fps - 1e-6):
            yield f"the event {event.kind} at {event.time_s:.6g} s is not of frame {event.frame}"
        if not all(0 <= body < bodies for body in event.bodies) or not math.isfinite(event.value):
            yield f"the event {event.kind} names a body that is not there, or its value is not finite"
    for check in clip.law:
        if (
            not all(map(math.isfinite, (check.predicted, check.measured, check.residual)))
            or check.residual < 0
        ):
            yield f"the law {check.name} has a number that is not finite, or a negative residual"


def _decision(clip: Clip, manifest: Manifest) -> Iterator[str]:
    if "decision" not in clip.layout.labels:
        return
    decision, frames = clip.decision, len(clip.state)
    decisive = manifest.decisive.get(clip.scenario, ())
    first = next((event for event in clip.events if event.kind in decisive), None)
    expected = ("", -1, -1.0, False) if first is None else (first.kind, first.frame, first.time_s, True)
    if (decision.kind, decision.frame, decision.time_s, decision.in_video) != expected:
        yield f"decision names {decision.kind or 'no event'} at frame {decision.frame}, the events say otherwise"
    needed, outcome = decision.event_frames, decision.outcome_frames
    if not 0 <= needed <= frames or not 0 <= outcome <= frames or (outcome and not 0 < needed <= outcome):
        yield f"decision needs {needed} and {outcome} first frames of {frames}"
    if not 0 <= decision.horizon_s <= (frames - 1) / clip.fps + _TIME_TOLERANCE_S:
        yield f"decision has a horizon of {decision.horizon_s} s, outside the video"


def _cameras(clip: Clip) -> Iterator[str]:
    frames = len(clip.state)
    for name, label in clip.cameras.items():
        pose = label.world_to_camera
        turn = pose[:, :3, :3]
        if pose.shape not in ((1, 4, 4), (frames, 4, 4)):
            yield f"world_to_camera of {name} is {pose.shape}"
        elif not np.allclose(turn @ np.swapaxes(turn, 1, 2), np.eye(3), atol=1e-9):
            yield f"world_to_camera of {name} is not a rotation and a translation"
    label = next(iter(clip.cameras.values()))
    positions = clip.state[:, :, :3].astype(np.float64)
    pixels, depth = project(positions, label.intrinsics, label.world_to_camera, label.projection)
    near = (depth > 0.01) & (np.abs(pixels) < 1e4).all(axis=2)
    if (np.abs(pixels - clip.projected_px).max(axis=2)[near] > _PIXEL_TOLERANCE).any():
        yield "projected_px is not where the camera sees the positions in state"


def _boxes(clip: Clip) -> Iterator[str]:
    scene = scene_from_json(clip.scene_json)
    width, height = scene.video.width, scene.video.height
    for camera in clip.layout.cameras:
        suffix, seen = clip.layout.suffix(camera), f" of camera {camera}"
        boxes, centroids = clip.values[f"boxes{suffix}"], clip.values[f"centroids{suffix}"]
        visible = clip.values[f"visible{suffix}"]
        expected = clip.state.shape[:2]
        if (boxes.shape, centroids.shape, visible.shape) != ((*expected, 4), (*expected, 2), expected):
            yield f"boxes, centroids or visible{seen} have another shape than state"
            continue
        x0, y0, x1, y1 = np.moveaxis(boxes, -1, 0)
        inside = (x0 >= 0) & (y0 >= 0) & (x0 <= x1) & (y0 <= y1) & (x1 <= width) & (y1 <= height)
        if not inside.all():
            yield f"the box{seen} of {_where(~inside, scene)} is not inside the picture"
        shown = visible > 0
        if (wrong := ~((visible >= 0) & (visible <= 1))).any():
            yield f"visible{seen} of {_where(wrong, scene)} is not between 0 and 1"
        if (wrong := shown != (x1 > x0)).any():
            yield f"{_where(wrong, scene)} is visible without a box{seen}, or has a box but is not visible"
        u, v = np.moveaxis(centroids, -1, 0)
        within = (u >= x0) & (u <= x1) & (v >= y0) & (v <= y1)
        if (wrong := shown & ~within).any():
            yield f"the centroid{seen} of {_where(wrong, scene)} is not inside its box"


def _dense(clip: Clip) -> Iterator[str]:
    scene = scene_from_json(clip.scene_json)
    expected = (scene.video.frame_count, scene.video.height, scene.video.width)
    for camera in clip.layout.cameras:
        seen = f" of camera {camera}"
        passes: dict[str, NDArray[Any]] = {}
        for name in clip.layout.passes:
            passes |= clip.dense(name, camera)
        wrong = [name for name, array in passes.items() if array.shape[:3] != expected]
        if wrong:
            yield f"{' and '.join(wrong)}{seen} is not of {expected} pixels"
            continue
        yield from (f"{line}{seen}" for line in _pixels(passes))
        if "segmentation" in passes:
            suffix = clip.layout.suffix(camera)
            labels = {name: clip.values[f"{name}{suffix}"] for name in ("boxes", "centroids", "visible")}
            yield from (f"{line}{seen}" for line in _segmentation(passes["segmentation"], labels, scene))


def _pixels(passes: Mapping[str, NDArray[Any]]) -> Iterator[str]:
    for name, array in passes.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            yield f"{name} is not finite"
    if "flow" in passes and passes["flow"][-1].any():
        yield "flow of the last frame is not 0"
    there = {"segmentation": passes.get("segmentation"), "depth_m": passes.get("depth_m")}
    if "normals" in passes:
        there["normals"] = np.abs(passes["normals"]).sum(axis=3)
    masks = {name: array > 0 for name, array in there.items() if array is not None}
    first = next(iter(masks), None)
    for name, mask in masks.items():
        if first is not None and (count := int((mask != masks[first]).sum())):
            yield f"{count} pixels are background in one of {first} and {name} and not in the other"


def _segmentation(ids: NDArray[np.uint8], labels: Mapping[str, Any], scene: SceneSpec) -> Iterator[str]:
    """Boxes, centroids and visibility against the mask's own pixels."""
    bodies = len(scene.bodies)
    if ids.max(initial=0) > bodies + len(scene.links):
        links = f" and {len(scene.links)} links" if scene.links else ""
        yield f"segmentation names body {int(ids.max()) - 1}, there are {bodies}{links}"
        return
    _, height, width = ids.shape
    for body in range(bodies):
        mask = ids == body + 1
        rows, columns = mask.sum(axis=2), mask.sum(axis=1)  # (T, H) and (T, W) pixels of the body
        count = rows.sum(axis=1)
        here = count > 0
        boxes = np.stack([_first(columns), _first(rows), _last(columns), _last(rows)], axis=1) * here[:, None]
        safe = np.maximum(count, 1)
        centres = np.stack(
            [columns @ (np.arange(width) + 0.5) / safe, rows @ (np.arange(height) + 0.5) / safe], 1
        )
        name = scene.bodies[body].name
        if (labels["boxes"][:, body] != boxes).any():
            yield f"the box of {name} is not around its pixels in segmentation"
        if np.abs(labels["centroids"][:, body] - centres).max(initial=0.0) > 0.01:
            yield f"the centroid of {name} is not that of its pixels in segmentation"
        if ((labels["visible"][:, body] > 0) != here).any():
            yield f"visible of {name} does not agree with segmentation"


def _first(counts: NDArray[Any]) -> NDArray[Any]:
    place: NDArray[Any] = np.argmax(counts > 0, axis=1)
    return place


def _last(counts: NDArray[Any]) -> NDArray[Any]:
    place: NDArray[Any] = counts.shape[1] - _first(counts[:, ::-1])
    return place
