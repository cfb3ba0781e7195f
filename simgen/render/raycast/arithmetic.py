"""Arithmetic whose bits are the same everywhere: an arc tangent and value noise, from +, −, ×, ÷ and floor
only.
"""

from __future__ import annotations

import numpy as np

from simgen.render.raycast.compile import inlined

__all__ = ["arc", "noise", "square_wave"]

U = np.uint32


@inlined
def arc(y: float, x: float) -> float:
    """The angle of (x, y) as a part of a full turn, in [-0.5, 0.5], without branches.

    Minimax polynomial of degree 11 in the odd powers, after reduction to |y/x| ≤ 1 (Abramowitz and Stegun
    4.4.49 has the form); absolute error < 2e-6 of a turn, far below a pixel of any texture.
    """
    ax, ay = abs(x), abs(y)
    low, high = min(ax, ay), max(ax, ay)
    q = low / (high if high > 0.0 else 1.0)
    s = q * q
    angle = (
        ((((-0.01172120 * s + 0.05265332) * s - 0.11643287) * s + 0.19354346) * s - 0.33262347) * s
        + 0.99997726
    ) * q
    turns = angle * 0.15915494309189535
    turns = 0.25 - turns if ay > ax else turns
    turns = 0.5 - turns if x < 0.0 else turns
    return -turns if y < 0.0 else turns


@inlined
def _lattice(x: np.uint32, y: np.uint32, z: np.uint32) -> float:
    """A number in [0, 1) for a lattice point, by integer mixing modulo 2**32 (Wellons' low-bias hash)."""
    h = U(U(U(x * U(0x8DA6B343)) + U(y * U(0xD8163841))) + U(z * U(0xCB1AB31F)))
    h = U(U(h ^ U(h >> U(15))) * U(0x2C1B3C6D))
    h = U(U(h ^ U(h >> U(12))) * U(0x297A2D39))
    h = U(h ^ U(h >> U(15)))
    return float(np.int32(h >> U(1)) * (1.0 / 2147483648.0))


@inlined
def noise(x: float, y: float, z: float) -> float:
    """Value noise in [0, 1): random numbers at whole coordinates, joined smoothly (mean 0.5); |x| < 2³¹.

    Written without branches and with 32-bit integers, so that a loop over it works on several points at once.
    """
    fx, fy, fz = np.floor(x), np.floor(y), np.floor(z)
    ix, iy, iz = U(np.int32(fx)), U(np.int32(fy)), U(np.int32(fz))
    jx, jy, jz = U(ix + U(1)), U(iy + U(1)), U(iz + U(1))
    a, b, c = x - fx, y - fy, z - fz
    a = a * a * (3.0 - 2.0 * a)
    b = b * b * (3.0 - 2.0 * b)
    c = c * c * (3.0 - 2.0 * c)
    rest = 1.0 - a
    near = rest * _lattice(ix, iy, iz) + a * _lattice(jx, iy, iz)
    far = rest * _lattice(ix, jy, iz) + a * _lattice(jx, jy, iz)
    front = near + b * (far - near)
    near = rest * _lattice(ix, iy, jz) + a * _lattice(jx, iy, jz)
    far = rest * _lattice(ix, jy, jz) + a * _lattice(jx, jy, jz)
    return float(front + c * (near + b * (far - near) - front))


@inlined
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
