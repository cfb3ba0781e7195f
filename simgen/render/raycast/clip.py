"""Film a clip: the fast path for cameras that stand still, the full one for others, and motion blur, as
`Frames`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simgen.physics.trace import Trace
from simgen.render.frames import Frames
from simgen.render.raycast import layout as at
from simgen.render.raycast.film import Arguments, Results, Room, film
from simgen.render.raycast.frame import Canvas
from simgen.render.raycast.memory import array
from simgen.render.raycast.placing import cameras_of, placed
from simgen.render.raycast.stage import Stage, decoding_table, encoding_table, stage
from simgen.render.settings import RenderSettings
from simgen.scene.spec import Camera, SceneSpec

__all__ = ["Studio", "film_clip"]

Floats = NDArray[np.float64]
BLUR_POSES = 16  # pictures that are averaged into one with motion blur


def _canvas(width: int, height: int, labels: int, rgb: bool, normals: bool) -> Canvas:
    pixels = width * height
    tiles = -(-width // at.TILE) * -(-height // at.TILE)
    rows, columns = np.zeros((labels, height), np.int32), np.zeros((labels, width), np.int32)
    rows[0], columns[0] = width, height
    return (
        np.zeros(pixels, np.uint8),
        np.full(pixels, np.inf),
        np.zeros(pixels, np.int32),
        np.zeros(3 * pixels if rgb else 0, np.uint8),
        np.zeros(3 * pixels if normals else 0, np.float32),
        np.zeros((tiles, at.BOUNDS)),
        rows,
        columns,
        np.zeros(tiles, np.uint8),
    )


def _results(frames: int, labels: int, pixels: int, wanted: tuple[str, ...]) -> Results:
    def size(name: str, channels: int) -> tuple[int, int]:
        return (frames, channels * pixels) if name in wanted else (0, 0)

    return (
        array(size("rgb", 3), np.uint8),
        array(size("segmentation", 1), np.uint8),
        array(size("depth", 1), np.float32),
        array(size("normals", 3), np.float32),
        array(size("flow", 2), np.float32, zero=True),
        array(size("flow", 1), np.uint8, zero=True),
        np.zeros((frames, labels), np.int32),
        np.zeros((frames, labels), np.int32),
        np.zeros((frames, labels, 4), np.float32),
        np.zeros((frames, labels, 2), np.float32),
        np.zeros((frames, 4), np.int32),
    )


def _room(set_up: Stage, tiles: int, values: int) -> Room:
    return (
        np.zeros_like(set_up.solids),
        np.zeros(at.TRACK),
        np.zeros(at.MARK, np.int32),
        np.zeros((at.CASTERS + len(set_up.lights), len(set_up.solids) + 1), np.int32),
        np.zeros(at.BOUNDS),
        np.zeros(tiles, np.uint8),
        np.zeros(tiles, np.uint8),
        np.zeros(256, np.int32),
        np.zeros((8, tiles)),
        np.empty(values),
    )


class Studio:
    """One scene and camera, ready to film; what one call has drawn the next does not draw again."""

    def __init__(
        self,
        scene: SceneSpec,
        trace: Trace,
        settings: RenderSettings,
        camera: Camera,
        wanted: tuple[str, ...],
        every: bool,
    ) -> None:
        self.stage = stage(scene, settings)
        self.cameras = cameras_of(scene, trace, camera)
        self.places = placed(scene, trace, self.stage, self.cameras)
        self.every = every or len(self.cameras) > 1
        self.wanted = wanted
        self.pixels = scene.video.width * scene.video.height
        self.labels = len(scene.bodies) + len(scene.links)
        self.canvas = _canvas(
            scene.video.width, scene.video.height, self.labels + 1, "rgb" in wanted, "normals" in wanted
        )
        self.base = self.canvas
        self.stage.world[at.BOUNDED] = not self.every
        self.room = _room(self.stage, tiles=len(self.canvas[-1]), values=len(self.canvas[3]))
        if not self.every:
            solids, changed = self.stage.solids, self.places != self.places[:1]
            moves = changed[..., : at.POSE].any(axis=(0, 2)) | changed[..., at.SIZE :].any(axis=(0, 2))
            solids[:, at.MOVES], solids[:, at.SHOWN] = moves, ~moves
            film(
                *self.arguments(
                    True, self.places[:1], self.cameras, _results(1, self.labels, self.pixels, ())
                )
            )
            self.base = tuple(part.copy() for part in self.canvas)  # type: ignore[assignment]
            solids[:, at.SHOWN] = 1.0

    def film(self, places: Floats, cameras: Floats) -> Results:
        results = self.results(len(places))
        film(*self.arguments(self.every, places, cameras, results))
        return results

    def results(self, frames: int) -> Results:
        """Room for what is wanted of so many frames."""
        return _results(frames, self.labels, self.pixels, self.wanted)

    def arguments(self, every: bool, places: Floats, cameras: Floats, results: Results) -> Arguments:
        """What the kernel is called with."""
        set_up = self.stage
        return (
            every, places, cameras, set_up.solids, set_up.nodes, set_up.corners, set_up.lights, set_up.world,
            encoding_table(), self.canvas, self.base, results, self.room,
        )  # fmt: skip


def film_clip(
    scene: SceneSpec,
    trace: Trace,
    settings: RenderSettings,
    passes: tuple[str, ...],
    camera: Camera,
    *,
    every: bool = False,
    rgb: bool = True,
) -> Frames:
    """`every`: without the fast path of cameras that stand still. `rgb=False`: labels only (`Frames.rgb` is
    empty).
    """
    blurred = rgb and settings.shutter > 0.0
    wanted = (*passes, "rgb") if rgb and not blurred else passes
    studio = Studio(scene, trace, settings, camera, wanted, every)
    picture, segmentation, depth, normals, flow, occluded, visible, alone, boxes, centroids, changed = (
        studio.film(studio.places, studio.cameras)
    )
    if scene.links:  # they are no bodies: only the segmentation knows them
        n = len(scene.bodies)
        visible, alone = visible[:, :n].copy(), alone[:, :n].copy()
        boxes, centroids = boxes[:, :n].copy(), centroids[:, :n].copy()
    frames, height, width = len(trace.time_s), scene.video.height, scene.video.width
    if blurred:
        picture = _blur(scene, trace, settings, camera, every)
    return Frames(
        rgb=picture.reshape(frames, height, width, 3) if rgb else np.empty((frames, 0, 0, 3), np.uint8),
        segmentation=segmentation.reshape(frames, height, width) if "segmentation" in passes else None,
        depth_m=depth.reshape(frames, height, width) if "depth" in passes else None,
        normals=normals.reshape(frames, height, width, 3) if "normals" in passes else None,
        flow=flow.reshape(frames, height, width, 2) if "flow" in passes else None,
        flow_occluded=occluded.reshape(frames, height, width).view(np.bool_) if "flow" in passes else None,
        visible_pixels=visible,
        alone_pixels=alone,
        boxes=boxes,
        centroids=centroids,
        changed=changed if rgb and not blurred and not studio.every else None,
    )


def _blur(
    scene: SceneSpec, trace: Trace, settings: RenderSettings, camera: Camera, every: bool
) -> NDArray[np.uint8]:
    """Pictures averaged, in linear light, over the time the shutter is open: about each frame's time, which
    is its middle.
    """
    frames = len(trace.time_s)
    shifts = ((np.arange(BLUR_POSES) + 0.5) / BLUR_POSES - 0.5) * settings.shutter
    steps = (np.arange(frames)[:, None] + shifts).ravel()  # in frames
    studio = Studio(scene, between(trace, steps), settings, camera, ("rgb",), every)
    pixels = studio.pixels
    picture = np.empty((frames, 3 * pixels), np.uint8)
    decode, encode = decoding_table(), encoding_table()
    for f in range(frames):
        part = slice(f * BLUR_POSES, (f + 1) * BLUR_POSES)
        cameras = studio.cameras[part] if len(studio.cameras) > 1 else studio.cameras
        exposures = studio.film(studio.places[part], cameras)[0]
        light = np.zeros(3 * pixels)
        for exposure in exposures:
            light += decode[exposure]
        picture[f] = encode[(np.sqrt(light / BLUR_POSES) * 4095.0 + 0.5).astype(np.intp)]
    return picture


def between(trace: Trace, steps: Floats) -> Trace:
    """The trace at fractional frames: positions and time on the straight line, orientations on the nearest
    arc's chord.

    Before the first frame and after the last the nearest interval goes on.
    """
    last = len(trace.time_s) - 1
    if last == 0:
        return replace(
            trace,
            time_s=np.repeat(trace.time_s, len(steps)),
            state=np.repeat(trace.state, len(steps), axis=0),
        )
    start = np.clip(np.floor(steps).astype(np.intp), 0, last - 1)
    part = (steps - start)[:, None, None]
    first, second = trace.state[start], trace.state[start + 1].copy()
    turn = second[:, :, 3:7]
    turn[(first[:, :, 3:7] * turn).sum(axis=-1) < 0] *= -1
    state = first + (second - first) * part
    state[:, :, 3:7] /= np.sqrt((state[:, :, 3:7] ** 2).sum(axis=-1, keepdims=True))
    time_s = trace.time_s[start] + (trace.time_s[start + 1] - trace.time_s[start]) * part[:, 0, 0]
    return replace(trace, time_s=time_s, state=state)
