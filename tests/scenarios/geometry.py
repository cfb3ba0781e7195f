"""Whether solids overlap and where a point is in the picture: from first principles, without the engine."""

from __future__ import annotations

import math

import numpy as np

from simgen.scene.meshes import mesh
from simgen.scene.spec import Body


def axes(body: Body) -> np.ndarray:
    """The body's own axes as columns: R e_i, by the quaternion product q e q*, written out."""
    x, y, z, w = body.orientation_xyzw
    v = np.array([x, y, z])
    return np.stack([e + 2 * np.cross(v, np.cross(v, e) + w * e) for e in np.eye(3)], axis=1)


def support(body: Body, direction: np.ndarray) -> float:
    """How far the solid reaches along a unit vector, from the world's origin."""
    own = axes(body).T @ direction
    size, kind = body.shape.size_m, body.shape.kind
    if kind == "sphere":
        reach = size[0]
    elif kind == "box":
        reach = sum(abs(part) * length / 2 for part, length in zip(own, size, strict=True))
    elif kind in ("cylinder", "tube"):
        reach = size[0] * math.hypot(own[0], own[1]) + size[1] / 2 * abs(own[2])
    elif kind == "capsule":
        reach = size[0] + size[1] / 2 * abs(own[2])
    elif kind == "cone":
        reach = max(0.75 * size[1] * own[2], size[0] * math.hypot(own[0], own[1]) - size[1] / 4 * own[2])
    elif kind == "mesh":  # its hull
        reach = float((mesh(body.shape.mesh).vertices * size @ own).max())
    else:
        raise NotImplementedError(f"no support function for a {kind} yet; add it here")
    return float(np.dot(body.position_m, direction)) + reach


def gap(first: Body, second: Body) -> float:
    """A lower bound of the distance between two solids: the best separating direction among likely ones.

    Negative when none of them separates the two. Exact for a ball and a box face, two balls, two faces.
    """
    between = np.subtract(second.position_m, first.position_m)
    directions = [between / np.linalg.norm(between)]
    for body in (first, second):
        if body.shape.kind != "sphere":
            directions += [sign * axis for axis in axes(body).T for sign in (1.0, -1.0)]
    return max(-support(second, -way) - support(first, way) for way in directions)


def pinhole(point: np.ndarray, camera, video) -> tuple[float, float, float]:
    """Pixel (u, v) and depth of a point, by similar triangles."""
    eye, target = np.array(camera.position_m), np.array(camera.target_m)
    forward = (target - eye) / np.linalg.norm(target - eye)
    right = np.cross(forward, camera.up)
    right /= np.linalg.norm(right)
    up = np.cross(right, forward)
    away = np.asarray(point) - eye
    depth = float(away @ forward)
    scale = video.height / 2 / math.tan(math.radians(camera.vertical_fov_deg) / 2) / depth
    return video.width / 2 + scale * float(away @ right), video.height / 2 - scale * float(away @ up), depth
