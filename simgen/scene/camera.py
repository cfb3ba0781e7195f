"""Where a camera stands at every frame and where a world point falls in its picture.

Camera frame: x right, y down, z forward. Pixel convention of the whole project: pixel (row i, column j) covers
[j, j+1) × [i, i+1), its centre is (j + 0.5, i + 0.5). Perspective: (u, v) = (f·x/z + W/2, f·y/z + H/2) with
f = (H/2) / tan(vertical field of view / 2). Orthographic: (u, v) = (s·x + W/2, s·y + H/2) with s = H / height_m.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simgen.physics.trace import Trace
from simgen.scene.rotation import cross
from simgen.scene.spec import Camera, SceneSpec, Vector, Video

__all__ = ["intrinsics", "look_at", "project", "world_to_camera"]


def intrinsics(camera: Camera, video: Video) -> NDArray[np.float64]:
    """K, shape (3, 3), pixels. For an orthographic camera K acts on (x, y, 1) instead of (x/z, y/z, 1)."""
    if camera.projection == "perspective":
        scale = video.height / 2 / math.tan(math.radians(camera.vertical_fov_deg) / 2)
    else:
        scale = video.height / camera.height_m
    return np.array([[scale, 0.0, video.width / 2], [0.0, scale, video.height / 2], [0.0, 0.0, 1.0]])


def look_at(position: ArrayLike, target: ArrayLike, up: Vector) -> NDArray[np.float64]:
    """World-to-camera, shape (4, 4), of a camera at `position` that looks at `target`."""
    eye = np.asarray(position, dtype=np.float64)
    forward = np.asarray(target, dtype=np.float64) - eye
    forward = forward / np.linalg.norm(forward)
    right = cross(forward, np.asarray(up, dtype=np.float64))
    length = float(np.linalg.norm(right))
    if length < 1e-9:  # looking along `up`: any right will do, take the world's x
        right, length = np.array([1.0, 0.0, 0.0]), 1.0
    right = right / length
    down = cross(forward, right)
    pose = np.eye(4)
    pose[:3, :3] = (right, down, forward)
    pose[:3, 3] = -pose[:3, :3] @ eye
    return pose


def world_to_camera(camera: Camera, scene: SceneSpec, trace: Trace) -> NDArray[np.float64]:
    """Poses, shape (1, 4, 4) when the camera stands still, else (T, 4, 4)."""
    eye, target = np.asarray(camera.position_m), np.asarray(camera.target_m)
    if camera.motion == "static":
        return look_at(eye, target, camera.up)[None]
    if camera.motion == "orbit":
        poses = []
        for time_s in trace.time_s:
            angle = math.radians(camera.orbit_deg_s) * float(time_s)
            cos, sin = math.cos(angle), math.sin(angle)
            turn = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
            poses.append(look_at(target + turn @ (eye - target), target, camera.up))
        return np.stack(poses)
    path = trace.position_m[:, scene.body_index(camera.follow)]
    return np.stack([look_at(eye + shift, target + shift, camera.up) for shift in path - path[0]])


def project(
    points: NDArray[np.float64],
    intrinsics: NDArray[np.float64],
    world_to_camera: NDArray[np.float64],
    projection: str,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pixels (T, N, 2) and depth along the axis (T, N) of world points (T, N, 3).

    Depth ≤ 0 is behind the camera; its pixels mean nothing then.
    """
    rotation, translation = world_to_camera[:, :3, :3], world_to_camera[:, :3, 3]
    seen = (
        np.einsum("tij,tnj->tni", np.broadcast_to(rotation, (len(points), 3, 3)), points)
        + translation[:, None]
    )
    depth = seen[..., 2]
    if projection == "perspective":
        plane = seen[..., :2] / np.where(np.abs(depth) < 1e-9, 1e-9, depth)[..., None]
    else:
        plane = seen[..., :2]
    pixels = plane * np.diag(intrinsics)[:2] + intrinsics[:2, 2]
    return pixels, depth
