"""Arithmetic whose bits are the same everywhere: an arc tangent and value noise, from +, −, ×, ÷ and floor
only.
"""

from __future__ import annotations

import numpy as np

from simgen.render.raycast.compile import kernel

__all__ = ["arc", "noise", "square_wave"]


@kernel
def arc(y: float, x: float) -> float:
    """The angle of (x, y) as a part of a full turn, in [-0.5, 0.5].

    Minimax polynomial of degree 11 in the odd powers, after reduction to |y/x| ≤ 1 (Abramowitz and Stegun
    4.4.49 has the form); absolute error < 2e-6 of a turn, far below a pixel of any texture.
    """
    ax, ay = abs(x), abs(y)
    low, high = min(ax, ay), max(ax, ay)
    if high == 0.0:
        return 0.0
    q = low / high
    s = q * q
    angle = (
        ((((-0.01172120 * s + 0.05265332) * s - 0.11643287) * s + 0.19354346) * s - 0.33262347) * s
        + 0.99997726
    ) * q
    turns = angle * 0.15915494309189535
    if ay > ax:
        turns = 0.25 - turns
    if x < 0.0:
        turns = 0.5 - turns
    return -turns if y < 0.0 else turns


@kernel
def _lattice(x: int, y: int, z: int) -> float:
    """A number in [0, 1) for a lattice point, by integer mixing modulo 2**32."""
    h = (x * 0x8DA6B343 + y * 0xD8163841 + z * 0xCB1AB31F) & 0xFFFFFFFF
    h = ((h ^ (h >> 15)) * 0x2C1B3C6D) & 0xFFFFFFFF
    h = ((h ^ (h >> 12)) * 0x297A2D39) & 0xFFFFFFFF
    return (h ^ (h >> 15)) * (1.0 / 4294967296.0)


@kernel
def noise(x: float, y: float, z: float) -> float:
    """Value noise in [0, 1): random numbers at whole coordinates, joined smoothly (mean 0.5)."""
    fx, fy, fz = np.floor(x), np.floor(y), np.floor(z)
    ix, iy, iz = int(fx), int(fy), int(fz)
    a, b, c = x - fx, y - fy, z - fz
    a = a * a * (3.0 - 2.0 * a)
    b = b * b * (3.0 - 2.0 * b)
    c = c * c * (3.0 - 2.0 * c)
    total = 0.0
    for corner in range(8):
        cx, cy, cz = corner & 1, (corner >> 1) & 1, corner >> 2
        weight = (a if cx else 1.0 - a) * (b if cy else 1.0 - b) * (c if cz else 1.0 - c)
        total += weight * _lattice(ix + cx, iy + cy, iz + cz)
    return total


@kernel
def square_wave(x: float, width: float) -> float:
    """The wave that is +1 on [0, 1), -1 on [1, 2), … averaged over an interval of `width` about x (exact box
    filter).
    """
    w = max(width, 1e-6)
    low, high = 0.5 * (x - 0.5 * w), 0.5 * (x + 0.5 * w)
    # the integral of the wave over x is 1 - 2 |2 frac(x/2) - 1|, up to a constant
    a = abs(low - np.floor(low) - 0.5)
    b = abs(high - np.floor(high) - 0.5)
    return float(2.0 * (a - b) / w)
