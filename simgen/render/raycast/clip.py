"""A scene and its trace as the kernel's arrays, filmed, as `Frames`.

All numbers that come out of the C library or of a simulation (sines, poses, colours in linear light) are rounded to a
binary grid far below what can be seen before they enter the kernel, so that a last bit that differs between machines
does not reach a pixel: 2⁻²⁴ m (60 nm) for positions, 2⁻³⁰ for directions and light.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simgen.errors import RenderError
from simgen.physics.trace import Trace
from simgen.render.frames import Frames
from simgen.render.raycast import layout as at
from simgen.render.raycast.film import film
from simgen.render.settings import RenderSettings
from simgen.scene.camera import intrinsics, world_to_camera
from simgen.scene.rotation import matrix
from simgen.scene.spec import Body, Camera, Look, Rgb, SceneSpec, Shape

__all__ = ["film_clip"]

Floats = NDArray[np.float64]
KINDS = ("sphere", "box", "cylinder", "capsule", "cone", "tube", "mesh")
TEXTURES = ("plain", "checker", "stripes", "wood", "noise", "brushed")
POSITION_BITS, FINE_BITS = 24, 30
UNDRESSED = Look(colour=(0.7, 0.7, 0.7))
HAZE_M = 40.0


def _snap(values: object, bits: int = FINE_BITS) -> Floats:
    scaled = np.ldexp(np.asarray(values, dtype=np.float64), bits)
    result: Floats = np.ldexp(np.rint(scaled), -bits)
    return result


def _linear(colour: Rgb) -> Floats:
    """sRGB in [0, 1] as linear light (IEC 61966-2-1)."""
    c = np.clip(np.asarray(colour, dtype=np.float64), 0.0, 1.0)
    return _snap(np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4))


def encoding_table() -> NDArray[np.uint8]:
    """sRGB bytes for linear light (i / 4095)², i = 0…4095: with the root as index a step is < 0.1 of a byte."""
    light = (np.arange(4096) / 4095.0) ** 2
    coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.floor(_snap(coded) * 255.0 + 0.5).astype(np.uint8)


def _solid(shape: Shape) -> tuple[Floats, Floats, Floats]:
    """The kernel's three sizes, half edges and middle of the bounding box."""
    size = shape.size_m
    nothing = np.zeros(3)
    if shape.kind == "sphere":
        return np.array([size[0], 0.0, 0.0]), np.full(3, size[0]), nothing
    if shape.kind == "box":
        half = np.array(size) / 2
        return half, half, nothing
    if shape.kind == "cylinder":
        return np.array([size[0], size[1] / 2, 0.0]), np.array([size[0], size[0], size[1] / 2]), nothing
    if shape.kind == "capsule":
        return (
            np.array([size[0], size[1] / 2, 0.0]),
            np.array([size[0], size[0], size[1] / 2 + size[0]]),
            nothing,
        )
    if shape.kind == "cone":
        half = np.array([size[0], size[0], size[1] / 2])
        return np.array([size[0], size[1], 0.0]), half, np.array([0.0, 0.0, size[1] / 4])
    if shape.kind == "tube":
        inner = size[0] - size[2]
        return np.array([size[0], size[1] / 2, inner]), np.array([size[0], size[0], size[1] / 2]), nothing
    raise RenderError(f"shape {shape.kind!r} cannot be drawn by the ray caster")


@dataclass(frozen=True, slots=True)
class Stage:
    """What does not change in a clip: N drawn solids, their looks, the lights."""

    drawn: tuple[int, ...]  # index in the scene of every solid
    solids: Floats
    tags: NDArray[np.int32]
    looks: Floats
    lights: Floats
    around: Floats


def _stage(scene: SceneSpec) -> Stage:
    drawn = tuple(index for index, body in enumerate(scene.bodies) if body.visible)
    if len(scene.bodies) > 255:
        raise RenderError(f"the scene has {len(scene.bodies)} bodies; the segmentation counts to 255")
    solids = np.full((len(drawn), at.SOLID), np.nan)
    tags = np.zeros((len(drawn), at.TAG), np.int32)
    looks = np.zeros((len(drawn), at.LOOK))
    for row, index in enumerate(drawn):
        body = scene.bodies[index]
        solids[row, at.SIZE : at.SIZE + 3], half, middle = _solid(body.shape)
        solids[row, at.HALF : at.HALF + 3], solids[row, at.MIDDLE : at.MIDDLE + 3] = half, middle
        solids[row, at.REACH] = _reach(body, half)
        tags[row, at.KIND] = KINDS.index(body.shape.kind)
        tags[row, at.CONVEX] = body.shape.kind not in ("tube", "mesh")
        tags[row, at.LABEL] = index + 1
        look = body.look or UNDRESSED
        looks[row, at.COLOUR : at.COLOUR + 3] = _linear(look.colour)
        looks[row, at.SECOND : at.SECOND + 3] = _linear(look.texture_colour)
        looks[row, at.TEXTURE] = TEXTURES.index(look.texture)
        looks[row, at.TEXTURE_SIZE] = max(look.texture_size_m, 1e-4)
        looks[row, at.SPECULAR] = look.specular
        looks[row, at.ALPHA] = max(look.roughness, 0.05) ** 2
    return Stage(drawn, solids, tags, looks, _lights(scene), _around(scene))


def _reach(body: Body, half: Floats) -> float:
    if body.shape.kind == "sphere":
        return body.shape.size_m[0]
    return math.sqrt(half[0] * half[0] + half[1] * half[1] + half[2] * half[2])


def _lights(scene: SceneSpec) -> Floats:
    rows = np.zeros((len(scene.lights), at.LIGHT))
    for row, light in zip(rows, scene.lights, strict=True):
        row[at.POINT] = light.kind == "point"
        x, y, z = light.direction
        length = math.sqrt(x * x + y * y + z * z)
        row[at.TOWARDS : at.TOWARDS + 3] = _snap((-x / length, -y / length, -z / length))
        row[at.PLACE : at.PLACE + 3] = light.position_m
        row[at.POWER : at.POWER + 3] = _linear(light.colour) * light.intensity
        row[at.SPREAD] = 0.0
    return rows


def _around(scene: SceneSpec) -> Floats:
    row = np.zeros(at.SURROUNDINGS)
    row[at.AMBIENT : at.AMBIENT + 3] = scene.environment.ambient
    row[at.HORIZON : at.HORIZON + 3] = _linear(scene.environment.horizon)
    row[at.ZENITH : at.ZENITH + 3] = _linear(scene.environment.zenith)
    row[at.UNLIT] = scene.environment.unlit
    row[at.HAZE] = HAZE_M
    return row


def _poses(trace: Trace, drawn: tuple[int, ...]) -> Floats:
    """Centres and rotations, (T, N, 12), on the grid."""
    position = _snap(trace.position_m[:, list(drawn)], POSITION_BITS)
    quaternion = _snap(trace.orientation_xyzw[:, list(drawn)], POSITION_BITS)
    x, y, z, w = np.moveaxis(quaternion, -1, 0)
    quaternion = quaternion / np.sqrt(x * x + y * y + z * z + w * w)[..., None]
    turn = matrix(quaternion).reshape(*position.shape[:2], 9)
    return np.ascontiguousarray(np.concatenate([position, turn], axis=-1))


def _cameras(scene: SceneSpec, trace: Trace, camera: Camera) -> Floats:
    poses = world_to_camera(camera, scene, trace)
    rows = np.zeros((len(poses), at.CAMERA))
    for row, pose in zip(rows, poses, strict=True):
        turn, shift = pose[:3, :3], pose[:3, 3]
        row[at.VIEW : at.VIEW + 9] = _snap(turn).ravel()
        eye = [-sum(turn[k, axis] * shift[k] for k in range(3)) for axis in range(3)]
        row[at.EYE : at.EYE + 3] = _snap(eye, POSITION_BITS)
        row[at.FOCAL] = _snap(intrinsics(camera, scene.video)[0, 0], 16)
        row[at.FLAT] = camera.projection == "orthographic"
        row[at.NEAR], row[at.FAR] = camera.near_m, camera.far_m
    return rows


def _canvas(
    width: int, height: int, labels: int, rgb: bool, normals: bool
) -> tuple[NDArray[np.generic], ...]:
    pixels = width * height
    tiles = -(-width // at.TILE) * -(-height // at.TILE)
    rows, columns = np.zeros((labels, height), np.int32), np.zeros((labels, width), np.int32)
    rows[0], columns[0] = width, height
    return (
        np.zeros(pixels, np.uint8),  # label
        np.full(pixels, np.inf),  # depth
        np.zeros(pixels, np.int32),  # key
        np.zeros(3 * pixels if rgb else 0, np.uint8),
        np.zeros(3 * pixels if normals else 0, np.float32),
        np.zeros((tiles, 6)),  # bounds
        rows,
        columns,
        np.zeros(labels, np.int32),  # rays that met each solid
        np.zeros(tiles, np.uint8),  # tiles that something moving reaches
    )


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
    """`every`: without the fast path of cameras that stand still. `rgb=False`: labels only (`Frames.rgb` is empty)."""
    stage = _stage(scene)
    poses, cameras = _poses(trace, stage.drawn), _cameras(scene, trace, camera)
    width, height, frames, bodies = scene.video.width, scene.video.height, len(poses), len(scene.bodies)
    moves = (poses != poses[:1]).any(axis=(0, 2))
    stage.tags[:, at.MOVES] = moves
    pixels = width * height
    canvas = _canvas(width, height, bodies + 1, rgb, "normals" in passes)

    def room(name: str, channels: int, kind: type[np.generic]) -> NDArray[np.generic]:
        return np.empty(
            (frames, channels * pixels) if name in (*passes, "rgb" if rgb else "") else (0, 0), kind
        )

    picture, segmentation = room("rgb", 3, np.uint8), room("segmentation", 1, np.uint8)
    depth_m, normals = room("depth", 1, np.float32), room("normals", 3, np.float32)
    visible, alone = np.zeros((frames, bodies), np.int32), np.zeros((frames, bodies), np.int32)
    boxes, centroids = np.zeros((frames, bodies, 4), np.float32), np.zeros((frames, bodies, 2), np.float32)
    fixed_parts = (stage.solids, stage.tags)
    lit = (stage.looks, stage.lights, stage.around, encoding_table())
    results = (picture, segmentation, depth_m, normals, visible, alone, boxes, centroids)
    every = every or len(cameras) > 1
    if not every:
        empty = (
            np.empty((0, 0), np.uint8), np.empty((0, 0), np.uint8), np.empty((0, 0), np.float32), np.empty((0, 0), np.float32),
            np.zeros((1, bodies), np.int32), np.zeros((1, bodies), np.int32),
            np.zeros((1, bodies, 4), np.float32), np.zeros((1, bodies, 2), np.float32),
        )  # fmt: skip
        shown = (~moves).astype(np.int32)
        film(True, width, height, poses[:1], cameras, *fixed_parts, shown, *lit, canvas, canvas, *empty)
        canvas[-1][:] = 0
        base = tuple(part.copy() for part in canvas)
    else:
        base = canvas
    shown = np.ones(len(stage.drawn), np.int32)
    film(every, width, height, poses, cameras, *fixed_parts, shown, *lit, canvas, base, *results)
    return Frames(
        rgb=picture.reshape(frames, height, width, 3) if rgb else np.empty((frames, 0, 0, 3), np.uint8),
        segmentation=segmentation.reshape(frames, height, width) if "segmentation" in passes else None,
        depth_m=depth_m.reshape(frames, height, width) if "depth" in passes else None,
        normals=normals.reshape(frames, height, width, 3) if "normals" in passes else None,
        visible_pixels=visible,
        alone_pixels=alone,
        boxes=boxes,
        centroids=centroids,
    )
