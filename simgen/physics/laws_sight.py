"""Closed forms of what a camera sees of a body that moves steadily. Plain numbers in SI units."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["time_inside"]


def time_inside(
    position_m: ArrayLike,
    velocity_m_s: ArrayLike,
    normals: ArrayLike,
    offsets_m: ArrayLike,
    reaches_m: ArrayLike,
) -> tuple[float, float]:
    """When (s) a body in uniform motion is wholly inside a convex region; from a later to an earlier time if never.

    The region is n·x ≤ o for each of K planes, `normals` (K, 3), `offsets_m` (K,); the body reaches
    `reaches_m` (K,) from its centre along each normal, its radius if it is a ball. Its centre at t is
    x + v t, so each plane allows n·x + (n·v) t + h ≤ o: a half-line of times, and all of them an interval.
    Behind a screen, t = (o − h − n·x) / (n·v) is the way to the plane through the camera and the screen's
    edge over the speed towards it (similar triangles).
    """
    x, v = np.asarray(position_m, dtype=np.float64), np.asarray(velocity_m_s, dtype=np.float64)
    n = np.asarray(normals, dtype=np.float64)
    room, speed = np.asarray(offsets_m) - np.asarray(reaches_m) - n @ x, n @ v
    start, end = -math.inf, math.inf
    for left, rate in zip(room.tolist(), speed.tolist(), strict=True):
        if rate > 0:
            end = min(end, left / rate)
        elif rate < 0:
            start = max(start, left / rate)
        elif left < 0:
            return math.inf, -math.inf
    return start, end
