"""Whether solids overlap and where they are in the picture: from first principles, without the engine."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np

from simgen.physics.convex import convex_parts
from simgen.scene.meshes import mesh
from simgen.scene.spec import Body, Shape

APART_M = 1e-7  # near enough to stop looking for a better direction
Reach = Callable[[np.ndarray], np.ndarray]  # the furthest point of a convex solid along a direction


def axes(body: Body) -> np.ndarray:
    """The body's own axes as columns: R e_i, by the quaternion product q e q*, written out."""
    x, y, z, w = body.orientation_xyzw
    v = np.array([x, y, z])
    return np.stack([e + 2 * np.cross(v, np.cross(v, e) + w * e) for e in np.eye(3)], axis=1)


def furthest(shape: Shape, way: np.ndarray) -> np.ndarray:
    """The point of the solid, in its own axes, that is furthest along `way`; of a mesh that of its hull."""
    size, kind = shape.size_m, shape.kind
    if kind == "sphere":
        return size[0] * way / np.linalg.norm(way)
    if kind == "box":
        return np.where(way >= 0, 0.5, -0.5) * size
    across = math.hypot(way[0], way[1])
    rim = np.array([way[0], way[1], 0.0]) * (size[0] / across if across > 0 else 0.0)
    if kind in ("cylinder", "tube"):
        return rim + up(math.copysign(size[1] / 2, way[2]))
    if kind == "capsule":
        return size[0] * way / np.linalg.norm(way) + up(math.copysign(size[1] / 2, way[2]))
    if kind == "cone":
        tip, foot = up(0.75 * size[1]), rim - up(size[1] / 4)
        return tip if tip @ way > foot @ way else foot
    if kind == "mesh":
        return corner(mesh(shape.mesh).vertices * size, way)
    raise NotImplementedError(f"no support function for a {kind} yet; add it here")


def up(height: float) -> np.ndarray:
    return np.array([0.0, 0.0, height])


def corner(points: np.ndarray, way: np.ndarray) -> np.ndarray:
    return points[int(np.argmax(points @ way))]


def convex_solids(body: Body) -> Iterator[tuple[Reach, np.ndarray]]:
    """The convex pieces of a body in the world: its furthest point along a way, and its middle."""
    if body.shape.kind != "mesh":
        yield whole(body)
        return
    turn, place = axes(body), np.array(body.position_m)
    for part in convex_parts(body.shape.mesh):
        points = (part * np.asarray(body.shape.size_m)) @ turn.T + place
        yield (lambda way, points=points: corner(points, way)), points.mean(axis=0)


def whole(body: Body) -> tuple[Reach, np.ndarray]:
    """The body as one convex solid (a mesh as its hull)."""
    turn, place = axes(body), np.array(body.position_m)
    return (lambda way: turn @ furthest(body.shape, turn.T @ way) + place), place


def gap(first: Body, second: Body) -> float:
    """A lower bound of the distance between two solids, negative when no direction was found that parts them.

    Exact for balls, faces and parallel axes; else what the first direction shows that parts them. Of a mesh all
    convex pieces are looked at.
    """
    between = np.subtract(second.position_m, first.position_m)
    apart = float(np.linalg.norm(between)) - bound(first.shape) - bound(second.shape)
    if apart > 0:
        return apart
    ways = [sign * way for way in likely_ways(first, second) for sign in (1.0, -1.0)]
    hulls = parting(*whole(first), *whole(second), ways)
    if hulls > -APART_M or "mesh" not in (first.shape.kind, second.shape.kind):
        return hulls
    return min(parting(*one, *other, ways) for one in convex_solids(first) for other in convex_solids(second))


@cache
def bound(shape: Shape) -> float:
    """A radius around its centre that holds all of it: that of a box around it."""
    reach = [abs(furthest(shape, sign * way) @ way) for way in np.eye(3) for sign in (1.0, -1.0)]
    return math.sqrt(sum(max(pair) ** 2 for pair in zip(reach[::2], reach[1::2], strict=True)))


def likely_ways(first: Body, second: Body) -> list[np.ndarray]:
    """Unit vectors that part most pairs: own axes, what is at right angles to two of them, nearest points of
    two segments.
    """
    one, other = (axes(body).T for body in (first, second))
    ways = [*one, *other, *(np.cross(a, b) for a in one for b in other)]
    between = np.subtract(second.position_m, first.position_m)
    ways += [between, *(between - (between @ axis) * axis for axis in (one[2], other[2]))]
    return [way / length for way in ways if (length := float(np.linalg.norm(way))) > 1e-9]


def parting(one: Reach, here: np.ndarray, other: Reach, there: np.ndarray, ways: list[np.ndarray]) -> float:
    """The widest slab between two convex solids that was found.

    After the likely ways Gilbert's algorithm (SIAM J. Control 4(1), 1966): the point of the set of differences
    that is nearest to the origin is approached along chords, and each step's direction bounds the distance.
    """

    def difference(
        way: np.ndarray,
    ) -> np.ndarray:  # of the second's points and the first's, nearest along way
        return other(-way) - one(way)

    between = there - here
    if (length := float(np.linalg.norm(between))) > 1e-9:
        ways = [between / length, *ways]
    best = max(float(difference(way) @ way) for way in ways)
    nearest = difference(ways[0])
    for _ in range(200):
        length = float(np.linalg.norm(nearest))
        if best > -APART_M or length < 1e-12:
            break
        point = difference(nearest / length)
        best = max(best, float(point @ nearest) / length)
        chord = point - nearest
        squared = float(chord @ chord)
        if squared < 1e-24:
            break
        nearest = nearest + min(max(-float(nearest @ chord) / squared, 0.0), 1.0) * chord
    return best


def outline(body: Body) -> np.ndarray:
    """Points (P, 3) of the world on the surface between which all of it is: corners, rims, vertices."""
    shape, size = body.shape, body.shape.size_m
    around = np.linspace(0, 2 * math.pi, 32, endpoint=False)
    rim = np.stack([np.cos(around), np.sin(around), 0 * around], axis=1)
    if shape.kind == "mesh":
        points = mesh(shape.mesh).vertices * size
    elif shape.kind == "box":
        points = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) / 2 * size
    elif shape.kind in ("cylinder", "tube"):
        points = np.concatenate([size[0] * rim + up(end * size[1] / 2) for end in (-1, 1)])
    elif shape.kind == "cone":
        points = np.concatenate([size[0] * rim - up(size[1] / 4), [up(0.75 * size[1])]])
    elif shape.kind == "capsule":
        ways = np.stack(
            [turned @ rim.T for turned in (np.eye(3), np.eye(3)[[2, 0, 1]], np.eye(3)[[0, 2, 1]])]
        )
        ball = size[0] * ways.transpose(0, 2, 1).reshape(-1, 3)
        points = np.concatenate([ball + up(end * size[1] / 2) for end in (-1, 1)])
    else:
        raise NotImplementedError(f"no outline for a {shape.kind} yet; add it here")
    return points @ axes(body).T + np.array(body.position_m)


def picture_box(body: Body, camera, video) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the body in the picture, pixels."""
    if body.shape.kind == "sphere":
        u, v, depth = pinhole(np.array(body.position_m), camera, video)
        reach = body.shape.size_m[0] * pixels_per_metre(depth, camera, video)
        return u - reach, v - reach, u + reach, v + reach
    u, v, _ = pinhole(outline(body), camera, video)
    return u.min(), v.min(), u.max(), v.max()


def pixels_per_metre(depth: Any, camera, video) -> Any:
    if camera.projection == "orthographic":
        return video.height / camera.height_m
    return video.height / 2 / math.tan(math.radians(camera.vertical_fov_deg) / 2) / depth


def pinhole(points: np.ndarray, camera, video) -> tuple[Any, Any, Any]:
    """Pixel (u, v) and depth of a point (3,), or of each of (N, 3), by similar triangles."""
    eye, target = np.array(camera.position_m), np.array(camera.target_m)
    forward = (target - eye) / np.linalg.norm(target - eye)
    right = np.cross(forward, camera.up)
    right /= np.linalg.norm(right)
    up = np.cross(right, forward)
    away = np.asarray(points) - eye
    depth = away @ forward
    scale = pixels_per_metre(depth, camera, video)
    return video.width / 2 + scale * (away @ right), video.height / 2 - scale * (away @ up), depth
