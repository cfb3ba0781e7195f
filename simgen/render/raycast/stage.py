"""A scene as the rows of numbers that the kernels read.

All numbers that come out of the C library or of a simulation (sines, poses, colours in linear light) are
rounded to a binary grid far below what can be seen before they enter a kernel, so that a last bit that
differs between machines does not reach a pixel: 2⁻²⁴ m (60 nm) for positions, 2⁻²⁴ for orientations, 2⁻³⁰
for cameras, lights and colours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from simgen.errors import RenderError
from simgen.render.raycast import layout as at
from simgen.render.raycast.mesh import build
from simgen.render.settings import RenderSettings
from simgen.scene.links import WIRE, check_links, link_look
from simgen.scene.meshes import MESHES
from simgen.scene.presence import is_drawn, links_drawn
from simgen.scene.spec import Link, Look, Rgb, SceneSpec, Shape

__all__ = ["POSITION_BITS", "Stage", "decoding_table", "encoding_table", "snap", "stage"]

Floats = NDArray[np.float64]
KINDS = ("sphere", "box", "cylinder", "capsule", "cone", "tube", "mesh")
TEXTURES = ("plain", "checker", "stripes", "wood", "noise", "brushed")
POSITION_BITS, FINE_BITS = 24, 30
UNDRESSED = Look(colour=(0.7, 0.7, 0.7))
HAZE_M = 25.0
SOFT_SPOTS = 48  # shadow rays to a soft light
OCCLUSION_M = 1.0


def snap(values: object, bits: int = FINE_BITS) -> Floats:
    """`values` rounded to multiples of 2**-bits."""
    result: Floats = np.ldexp(np.rint(np.ldexp(np.asarray(values, dtype=np.float64), bits)), -bits)
    return result


def linear(colour: Rgb) -> Floats:
    """sRGB in [0, 1] as linear light (IEC 61966-2-1)."""
    c = np.clip(np.asarray(colour, dtype=np.float64), 0.0, 1.0)
    return snap(np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4))


@cache
def encoding_table() -> NDArray[np.uint8]:
    """sRGB bytes for linear light (i / 4095)², i = 0…4095; a step of this index is < 0.1 of a byte."""
    light = (np.arange(4096) / 4095.0) ** 2
    coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    table: NDArray[np.uint8] = np.floor(snap(coded) * 255.0 + 0.5).astype(np.uint8)
    return table


@cache
def decoding_table() -> Floats:
    """Linear light of the 256 sRGB bytes."""
    return np.array([linear((byte / 255.0,) * 3)[0] for byte in range(256)])


@dataclass(frozen=True, slots=True)
class Stage:
    """What does not change in a clip. The columns of the arrays are in `layout`."""

    drawn: tuple[
        int, ...
    ]  # index in the scene of the bodies in the first rows of solids; links come after them
    links: tuple[int, ...]  # index in the scene of the links in the rows after those
    solids: Floats
    nodes: Floats
    corners: Floats
    lights: Floats
    world: Floats


def stage(scene: SceneSpec, settings: RenderSettings) -> Stage:
    """Raises RenderError when something in the scene cannot be drawn."""
    if len(scene.bodies) + len(scene.links) > 255:
        links = f" and {len(scene.links)} links" if scene.links else ""
        raise RenderError(
            f"the scene has {len(scene.bodies)} bodies{links}, but the segmentation can only tell 255 apart"
        )
    try:
        check_links(scene)
    except ValueError as error:
        raise RenderError(str(error)) from None
    drawn = tuple(index for index, body in enumerate(scene.bodies) if is_drawn(body))
    drawn_links = links_drawn(scene)
    solids = np.zeros((len(drawn) + len(drawn_links), at.SOLID))
    solids[:, : at.PLACED] = np.nan  # nowhere yet
    trees: dict[tuple[str, tuple[float, ...]], tuple[int, int]] = {}
    nodes, corners = [np.zeros((0, at.NODE))], [np.zeros((0, at.CORNER))]
    for row, index in zip(solids[: len(drawn)], drawn, strict=True):
        body = scene.bodies[index]
        shape = body.shape
        sizes, half, middle = _extent(shape)
        row[at.SIZE : at.SIZE + 3], row[at.HALF : at.HALF + 3], row[at.MIDDLE : at.MIDDLE + 3] = (
            sizes,
            half,
            middle,
        )
        row[at.REACH] = (
            half[0] if shape.kind == "sphere" else math.sqrt(sum(float(h) * float(h) for h in half))
        )
        row[at.KIND] = KINDS.index(shape.kind)
        row[at.CONVEX] = shape.kind not in ("tube", "mesh")
        row[at.LABEL] = index + 1
        row[at.SHOWN] = 1.0
        if shape.kind == "mesh":
            name = (shape.mesh, shape.size_m)
            if name not in trees:
                tree = _scaled(*build(shape.mesh), shape.size_m, sum(map(len, nodes)), sum(map(len, corners)))
                trees[name] = (sum(map(len, nodes)), sum(map(len, nodes)) + len(tree[0]))
                nodes.append(tree[0])
                corners.append(tree[1])
            row[at.ROOT], row[at.ROOT_END] = trees[name]
        _put_look(row, body.look or UNDRESSED)
    for row, number in zip(solids[len(drawn) :], drawn_links, strict=True):
        _put_link(row, scene.links[number], len(scene.bodies) + number + 1)
    high = settings.quality == "high"
    return Stage(
        drawn,
        drawn_links,
        solids,
        np.concatenate(nodes),
        np.concatenate(corners),
        _lights(scene, high),
        _world(scene, high),
    )


def _put_look(row: Floats, look: Look) -> None:
    row[at.COLOUR : at.COLOUR + 3], row[at.SECOND : at.SECOND + 3] = (
        linear(look.colour),
        linear(look.texture_colour),
    )
    row[at.TEXTURE] = TEXTURES.index(look.texture)
    row[at.TEXTURE_SIZE] = max(look.texture_size_m, 1e-4)
    row[at.SPECULAR] = look.specular
    row[at.ALPHA] = max(look.roughness, 0.05) ** 2


def _put_link(row: Floats, link: Link, label: int) -> None:
    """A link's row but for its length, which `placing` adds to what is here."""
    coiled, radius = link.kind == "spring", link.radius_m
    wire = WIRE * radius
    row[at.SIZE : at.SIZE + 3] = (radius - wire, 0.0, wire) if coiled else (radius, 0.0, 0.0)
    row[at.HALF : at.HALF + 3] = (radius, radius, wire if coiled else radius)
    row[at.MIDDLE : at.MIDDLE + 3] = 0.0
    row[at.KIND] = at.COIL if coiled else at.CAPSULE
    row[at.CONVEX] = not coiled
    row[at.LABEL], row[at.SHOWN] = label, 1.0
    _put_look(row, link_look(link))


def _extent(shape: Shape) -> tuple[Floats, Floats, Floats]:
    """The kernels' three sizes, and half edges and middle of the bounding box in the body's frame."""
    size, nothing = shape.size_m, np.zeros(3)
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
    if shape.kind == "mesh" and shape.mesh in MESHES:
        root = build(shape.mesh)[0][0]
        low, high = root[at.NODE_LOW : at.NODE_LOW + 3] * size, root[at.NODE_HIGH : at.NODE_HIGH + 3] * size
        return nothing, (high - low) / 2, (high + low) / 2
    raise RenderError(f"the ray caster cannot draw the mesh {shape.mesh!r}; there are {', '.join(MESHES)}")


def _scaled(
    nodes: Floats, corners: Floats, size: tuple[float, ...], node_shift: int, corner_shift: int
) -> tuple[Floats, Floats]:
    """A unit tree stretched along its axes, its indices moved to where it will stand in the arrays of all
    trees.
    """
    nodes, corners = nodes.copy(), corners.copy()
    nodes[:, at.NODE_LOW : at.NODE_LOW + 6] *= np.tile(size, 2)
    nodes[:, at.NODE_SKIP] += node_shift
    nodes[:, at.NODE_FIRST : at.NODE_LAST + 1] += corner_shift
    corners[:, at.FIRST : at.FIRST + 9] *= np.tile(size, 3)
    for column in (at.NORMAL_0, at.NORMAL_1, at.NORMAL_2):
        x, y, z = (corners[:, column + axis] / size[axis] for axis in range(3))
        length = np.sqrt(x * x + y * y + z * z)
        corners[:, column : column + 3] = np.stack([x / length, y / length, z / length], axis=1)
    return nodes, corners


def _lights(scene: SceneSpec, high: bool) -> Floats:
    if len(scene.lights) > 8:
        raise RenderError(f"the scene has {len(scene.lights)} lights; the ray caster takes 8 at most")
    rows = np.zeros((len(scene.lights), at.LIGHT))
    for row, light in zip(rows, scene.lights, strict=True):
        row[at.POINT] = light.kind == "point"
        x, y, z = light.direction
        length = math.sqrt(x * x + y * y + z * z)
        row[at.TOWARDS : at.TOWARDS + 3] = snap((-x / length, -y / length, -z / length))
        row[at.PLACE : at.PLACE + 3] = snap(light.position_m, POSITION_BITS)
        row[at.POWER : at.POWER + 3] = snap(linear(light.colour) * light.intensity)
        row[at.SPREAD] = snap(light.radius) if high else 0.0
    return rows


def _world(scene: SceneSpec, high: bool) -> Floats:
    row, around = np.zeros(at.WORLD), scene.environment
    row[at.AMBIENT : at.AMBIENT + 3] = snap(around.ambient)
    row[at.HORIZON : at.HORIZON + 3], row[at.ZENITH : at.ZENITH + 3] = (
        linear(around.horizon),
        linear(around.zenith),
    )
    row[at.UNLIT] = around.unlit
    row[at.HAZE] = HAZE_M
    row[at.SPOTS] = SOFT_SPOTS
    row[at.OCCLUSION] = OCCLUSION_M if high and not around.unlit else 0.0
    row[at.WIDTH], row[at.HEIGHT] = scene.video.width, scene.video.height
    return row
