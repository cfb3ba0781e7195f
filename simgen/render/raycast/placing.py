"""Where the solids and the camera are in every frame, as the kernels read it; for links, how long they are, too.

Worked out for all frames at once with numpy's element-wise arithmetic, which gives the same bits
everywhere (matrix products need not: they go through BLAS).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simgen.physics.trace import Trace
from simgen.render.raycast import layout as at
from simgen.render.raycast.stage import POSITION_BITS, Stage, snap
from simgen.scene.camera import intrinsics, world_to_camera
from simgen.scene.links import link_ends, link_frames
from simgen.scene.rotation import matrix
from simgen.scene.spec import Camera, SceneSpec

__all__ = ["cameras_of", "placed"]

Floats = NDArray[np.float64]
MARGIN = 0.01  # pixels that rectangles are wider than what they hold


def cameras_of(scene: SceneSpec, trace: Trace, camera: Camera) -> Floats:
    """One row per frame, or one row when all frames would have the same, (T or 1, CAMERA)."""
    poses = world_to_camera(camera, scene, trace)
    rows = np.zeros((len(poses), at.CAMERA))
    turn, shift = poses[:, :3, :3], poses[:, :3, 3]
    eye = -(turn[:, 0] * shift[:, :1] + turn[:, 1] * shift[:, 1:2] + turn[:, 2] * shift[:, 2:])
    rows[:, at.VIEW : at.VIEW + 9] = snap(turn).reshape(-1, 9)
    rows[:, at.EYE : at.EYE + 3] = snap(eye, POSITION_BITS)
    rows[:, at.FOCAL] = snap(intrinsics(camera, scene.video)[0, 0], 16)
    rows[:, at.FLAT] = camera.projection == "orthographic"
    rows[:, at.NEAR], rows[:, at.FAR] = camera.near_m, camera.far_m
    right, down, ahead = (rows[:, at.VIEW + 3 * k : at.VIEW + 3 * k + 3] for k in range(3))
    step = 1.0 / rows[:, at.FOCAL, None]
    corner = -0.5 * (scene.video.width * step * right + scene.video.height * step * down)
    eye = rows[:, at.EYE : at.EYE + 3]
    if camera.projection == "orthographic":
        rays = (eye + corner, step * right, step * down, ahead, 0 * right, 0 * down)
    else:
        rays = (eye, 0 * right, 0 * down, ahead + corner, step * right, step * down)
    rows[:, at.W_ORIGIN : at.CAMERA] = np.concatenate(rays, axis=1)
    return rows[:1] if (rows == rows[0]).all() else rows


def placed(scene: SceneSpec, trace: Trace, stage: Stage, cameras: Floats) -> Floats:
    """The first PLACED columns of every solid's row in every frame, (T, N, PLACED)."""
    drawn = list(stage.drawn)
    rows = np.zeros((len(trace.time_s), len(stage.solids), at.PLACED))
    rows[..., at.SIZE : at.PLACED] = stage.solids[:, at.SIZE : at.PLACED]
    centre = snap(trace.position_m[:, drawn], POSITION_BITS)
    quaternion = snap(trace.orientation_xyzw[:, drawn], POSITION_BITS)
    x, y, z, w = np.moveaxis(quaternion, -1, 0)
    turn = matrix(quaternion / np.sqrt(x * x + y * y + z * z + w * w)[..., None])
    if stage.links:
        ends = link_ends(scene, trace)[:, list(stage.links)]
        middle, axes, length = link_frames(snap(ends, POSITION_BITS))
        centre, turn = np.concatenate([centre, middle], axis=1), np.concatenate([turn, axes], axis=1)
        _lengthen(rows[:, len(drawn) :], length / 2)
    rows[..., at.CENTRE : at.CENTRE + 3] = centre
    rows[..., at.TURN : at.TURN + 9] = turn.reshape(*turn.shape[:2], 9)
    offset = stage.solids[:, at.MIDDLE : at.MIDDLE + 3]
    rows[..., at.WORLD_MIDDLE : at.WORLD_MIDDLE + 3] = centre + _apply(turn, offset[None])
    back = np.swapaxes(turn, -1, -2)
    camera = cameras[:, None]
    rows[..., at.ORIGIN : at.ORIGIN + 3] = _apply(back, camera[..., at.W_ORIGIN : at.W_ORIGIN + 3] - centre)
    for column in range(3, 18, 3):
        ray = camera[..., at.W_ORIGIN + column : at.W_ORIGIN + column + 3]
        rows[..., at.ORIGIN + column : at.ORIGIN + column + 3] = _apply(back, ray)
    rows[..., at.RECT : at.SIZE] = _rectangles(rows, turn, stage, camera)
    return rows


def _lengthen(rows: Floats, half: Floats) -> None:
    """Fill in what the rows (T, L, PLACED) of links of half lengths (T, L) could not know before."""
    box = rows[..., at.HALF : at.HALF + 3]
    rows[..., at.SIZE + 1] = half
    box[..., 2] += half
    x, y, z = box[..., 0], box[..., 1], box[..., 2]
    rows[..., at.REACH] = np.sqrt(x * x + y * y + z * z)


def _apply(turn: Floats, vector: Floats) -> Floats:
    """Rotations (..., 3, 3) times vectors (..., 3), broadcast."""
    x, y, z = vector[..., None, 0], vector[..., None, 1], vector[..., None, 2]
    return np.asarray(turn[..., 0] * x + turn[..., 1] * y + turn[..., 2] * z)


def _rectangles(rows: Floats, turn: Floats, stage: Stage, camera: Floats) -> Floats:
    """u0, v0, u1, v1 (T, N, 4): outside of them no ray meets the solid's bounding box (or what is round, itself)."""
    width, height = stage.world[at.WIDTH], stage.world[at.HEIGHT]
    focal, near, flat = camera[..., at.FOCAL], camera[..., at.NEAR], camera[..., at.FLAT] > 0
    view = camera[..., at.VIEW : at.VIEW + 9].reshape(*camera.shape[:2], 3, 3)
    middle = _apply(view, rows[..., at.WORLD_MIDDLE : at.WORLD_MIDDLE + 3] - camera[..., at.EYE : at.EYE + 3])
    half, reach = rows[..., at.HALF : at.HALF + 3], rows[..., at.REACH]
    # the eight corners of the bounding box, those behind the camera kept away from zero depth
    axes = [_apply(view, turn[..., k] * half[..., k, None]) for k in range(3)]
    signs = np.array(
        [(1.0 if k & 1 else -1.0, 1.0 if k & 2 else -1.0, 1.0 if k & 4 else -1.0) for k in range(8)]
    )
    a, b, c = signs.T[:, :, None, None, None]
    corners = middle + a * axes[0] + b * axes[1] + c * axes[2]
    z, behind = middle[..., 2], ~flat & (corners[..., 2] <= 0.5 * near)
    depth = np.where(flat, 1.0, np.where(behind, 1.0, corners[..., 2]))
    u, v = corners[..., 0] / depth * focal, corners[..., 1] / depth * focal
    box = np.stack([u.min(axis=0), v.min(axis=0), u.max(axis=0), v.max(axis=0)])
    anywhere = 0.5 * np.array([-width, -height, width, height])
    box = np.where(behind.any(axis=0), anywhere[:, None, None], box)
    kinds = stage.solids[:, at.KIND]
    rounded, bounded = _round_rectangles(rows, turn, kinds, view, camera)
    box = np.where(bounded, rounded, box)
    box += 0.5 * np.array([width, height, width, height])[:, None, None]
    box += MARGIN * np.array([-1, -1, 1, 1])[:, None, None]
    nowhere = (z + reach < near) | (z - reach > camera[..., at.FAR]) | behind.all(axis=0)
    return np.moveaxis(np.where(nowhere, np.array([1.0, 1.0, -1.0, -1.0])[:, None, None], box), 0, -1)


def _round_rectangles(
    rows: Floats, turn: Floats, kinds: Floats, view: Floats, camera: Floats
) -> tuple[Floats, NDArray[np.bool_]]:
    """Left, top, right, bottom (4, T, N) from the picture's middle of what is round, and where they hold (T, N).

    It is the hull of two ends: balls (sphere, capsule), discs (cylinder, tube) or a disc and a point (cone). The
    plane x = u·z touches the circle about p with normal n and radius r where (p_x − u·p_z)² =
    r²·(1 + u² − (n_x − u·n_z)²), and the ball where that holds without n.
    """
    focal, near, flat = camera[..., at.FOCAL], camera[..., at.NEAR], camera[..., at.FLAT] > 0
    origin = _apply(view, rows[..., at.CENTRE : at.CENTRE + 3] - camera[..., at.EYE : at.EYE + 3])
    axis = _apply(view, turn[..., 2])
    balls, cones = (kinds == at.SPHERE) | (kinds == at.CAPSULE), kinds == at.CONE
    normal = np.moveaxis(np.where(balls[:, None], 0.0, axis), -1, 0)
    across = np.maximum(1.0 - normal * normal, 0.0)
    radius, length = rows[..., at.SIZE], rows[..., at.SIZE + 1]
    ends = (
        (np.where(cones, -0.25, -1.0) * length, radius),
        (np.where(cones, 0.75, 1.0) * length, np.where(cones, 0.0, radius)),
    )
    holds = balls | cones | (kinds == at.CYLINDER) | (kinds == at.TUBE)
    low, high = np.full((2, *radius.shape), np.inf), np.full((2, *radius.shape), -np.inf)
    for height, r in ends:
        place = np.moveaxis(origin + height[..., None] * axis, -1, 0)
        z, slant = place[2], normal[:2] * normal[2]
        ahead = flat | (z - r * np.sqrt(across[2]) > near)
        below = np.where(flat | ~ahead, 1.0, z * z - r * r * across[2])
        square = place[:2] * (place[:2] * across[2] + 2.0 * z * slant) + z * z * across[:2]
        square -= r * r * (across[:2] * across[2] - slant * slant)
        span = r * np.where(flat, np.sqrt(across[:2]), np.sqrt(np.maximum(square, 0.0)) / below)
        centre = np.where(flat, place[:2], (place[:2] * z + r * r * slant) / below)
        low, high = np.minimum(low, centre - span), np.maximum(high, centre + span)
        holds = holds & ahead
    return np.concatenate([low, high]) * focal, holds
