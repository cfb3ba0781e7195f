"""Rotations as (x, y, z, w) quaternions and 3×3 matrices."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simgen.scene.spec import Quaternion, Vector

__all__ = ["IDENTITY", "about_axis", "between", "cross", "matrix", "multiply", "quaternions", "rotate"]

IDENTITY: Quaternion = (0.0, 0.0, 0.0, 1.0)


def about_axis(axis: Vector, angle_rad: float) -> Quaternion:
    """The right-handed turn by `angle_rad` about `axis` (any length but zero)."""
    x, y, z = axis
    scale = math.sin(angle_rad / 2) / math.sqrt(x * x + y * y + z * z)
    return (x * scale, y * scale, z * scale, math.cos(angle_rad / 2))


def multiply(first: Quaternion, second: Quaternion) -> Quaternion:
    """The turn `second` followed by the turn `first` (the matrix product first · second)."""
    ax, ay, az, aw = first
    bx, by, bz, bw = second
    return (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )


def matrix(quaternion: ArrayLike) -> NDArray[np.float64]:
    """Rotation matrices, shape (..., 3, 3), of unit quaternions xyzw, shape (..., 4)."""
    turn = np.asarray(quaternion, dtype=np.float64)
    x, y, z, w = turn[..., 0], turn[..., 1], turn[..., 2], turn[..., 3]
    result = np.empty((*turn.shape[:-1], 3, 3))
    result[..., 0, 0] = 1 - 2 * (y * y + z * z)
    result[..., 0, 1] = 2 * (x * y - z * w)
    result[..., 0, 2] = 2 * (x * z + y * w)
    result[..., 1, 0] = 2 * (x * y + z * w)
    result[..., 1, 1] = 1 - 2 * (x * x + z * z)
    result[..., 1, 2] = 2 * (y * z - x * w)
    result[..., 2, 0] = 2 * (x * z - y * w)
    result[..., 2, 1] = 2 * (y * z + x * w)
    result[..., 2, 2] = 1 - 2 * (x * x + y * y)
    return result


def quaternions(matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit quaternions xyzw, shape (..., 4), of rotation matrices, shape (..., 3, 3); either of the two signs.

    By the largest of the four (Shepperd 1978), so that nothing is divided by a small number.
    """
    m = matrices
    xx, yy, zz = m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]
    a, b, c = m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1]
    d, e, f = m[..., 1, 0] + m[..., 0, 1], m[..., 2, 0] + m[..., 0, 2], m[..., 2, 1] + m[..., 1, 2]
    # row k: all four times four times the k-th
    rows = (
        (1 + xx - yy - zz, d, e, a),
        (d, 1 - xx + yy - zz, f, b),
        (e, f, 1 - xx - yy + zz, c),
        (a, b, c, 1 + xx + yy + zz),
    )
    table = np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
    largest = np.diagonal(table, axis1=-2, axis2=-1).argmax(axis=-1)
    chosen = np.take_along_axis(table, largest[..., None, None], axis=-2)[..., 0, :]
    result: NDArray[np.float64] = chosen / np.sqrt((chosen * chosen).sum(axis=-1, keepdims=True))
    return result


def cross(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """a × b of single vectors (3,); `np.cross` is made for many and takes ten times as long for one."""
    ax, ay, az = a.tolist()
    bx, by, bz = b.tolist()
    return np.array((ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx))


def rotate(quaternion: Quaternion, vector: Vector) -> Vector:
    """`vector` turned by `quaternion`."""
    x, y, z = (float(value) for value in matrix(quaternion) @ np.asarray(vector))
    return (x, y, z)


def between(start: Vector, end: Vector) -> Quaternion:
    """The shortest turn that takes the direction `start` to the direction `end`."""
    a = np.asarray(start) / math.hypot(*start)
    b = np.asarray(end) / math.hypot(*end)
    w = 1.0 + float(a @ b)
    if w < 1e-12:  # opposite: turn half way round about anything perpendicular
        axis = np.cross(a, (1.0, 0.0, 0.0) if abs(a[0]) < 0.9 else (0.0, 1.0, 0.0))
        return about_axis((float(axis[0]), float(axis[1]), float(axis[2])), math.pi)
    x, y, z = np.cross(a, b)
    norm = math.sqrt(float(x * x + y * y + z * z) + w * w)
    return (float(x) / norm, float(y) / norm, float(z) / norm, w / norm)
