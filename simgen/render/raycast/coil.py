"""The coil of a spring: a wire of straight pieces with round joints around the z axis, its ends on the axis.

A helix has no closed form for where a ray meets it; twelve straight pieces a turn look round and have one. Of its
pieces only those are tried whose height the ray has while it is as near to the axis as the wire.

What a coil keeps in its three sizes: radius of the helix (of the wire's middle) · half length · radius of the wire.
"""

from __future__ import annotations

import math

import numpy as np

from simgen.render.raycast.compile import kernel

__all__ = ["LEAD", "STEPS", "TURNS", "coil_hit", "coil_surface"]

TURNS = 10
STEPS = 12  # pieces of a turn
LEAD = 0.1  # the part of either half that runs along the axis
# cosines of multiples of 30°; the sine of step k is the cosine of step k − 3
COSINES = np.array(
    [
        1.0, 0.8660254037844386, 0.5, 0.0, -0.5, -0.8660254037844386,
        -1.0, -0.8660254037844386, -0.5, 0.0, 0.5, 0.8660254037844386,
    ]
)  # fmt: skip


@kernel
def _piece(k: int, radius: float, half: float) -> tuple[float, float, float, float, float, float]:
    """Both ends of piece k: the helix from 0 to TURNS · STEPS, then the two pieces of either end."""
    helix = (1.0 - LEAD) * half
    if k >= TURNS * STEPS:
        side = -1.0 if k < TURNS * STEPS + 2 else 1.0
        if k % 2 == 0:
            return 0.0, 0.0, side * half, 0.0, 0.0, side * helix
        return 0.0, 0.0, side * helix, radius, 0.0, side * helix
    rise, now, after = 2.0 * helix / (TURNS * STEPS), k % STEPS, (k + 1) % STEPS
    return (
        radius * COSINES[now], radius * COSINES[now - 3], k * rise - helix,
        radius * COSINES[after], radius * COSINES[after - 3], (k + 1) * rise - helix,
    )  # fmt: skip


@kernel
def _span(low: float, high: float, half: float) -> tuple[int, int]:
    """The first piece of the helix between two heights and the one after the last; none: both the same."""
    helix, count = (1.0 - LEAD) * half, 1.0 * TURNS * STEPS
    per_metre = count / max(2.0 * helix, 1e-9)
    first = min(max(math.floor((low + helix) * per_metre), 0.0), count)
    last = min(max(math.floor((high + helix) * per_metre) + 1.0, 0.0), count)
    return int(first), int(last)


@kernel
def coil_hit(
    ox: float,
    oy: float,
    oz: float,
    dx: float,
    dy: float,
    dz: float,
    radius: float,
    half: float,
    wire: float,
    start: float,
) -> float:
    """The first t ≥ start at which the ray o + t·d enters a piece of the wire, infinite when it never does."""
    # where the ray is within the cylinder around the coil
    outer = radius + wire
    a, b, c = dx * dx + dy * dy, ox * dx + oy * dy, ox * ox + oy * oy - outer * outer
    enter, leave = -math.inf, math.inf
    if a > 1e-30:
        square = b * b - a * c
        if square <= 0.0:
            return math.inf
        root = math.sqrt(square)
        enter, leave = (-b - root) / a, (-b + root) / a
    elif c > 0.0:
        return math.inf
    per_height = 1.0 / (dz if abs(dz) > 1e-300 else 1e-300)
    t0, t1 = (-half - wire - oz) * per_height, (half + wire - oz) * per_height
    enter, leave = max(enter, min(t0, t1)), min(leave, max(t0, t1))
    if enter > leave or leave < start:
        return math.inf
    low, high = min(oz + enter * dz, oz + leave * dz) - wire, max(oz + enter * dz, oz + leave * dz) + wire
    best = math.inf
    first, last = _span(low, high, half)
    if first < last:
        px, py, pz, qx, qy, qz = _piece(first, radius, half)
        after, rise = (first + 1) % STEPS, qz - pz
        for _ in range(first, last):
            t = _enter(ox - px, oy - py, oz - pz, dx, dy, dz, qx - px, qy - py, rise, wire)
            best = t if start <= t < best else best
            after = after + 1 if after + 1 < STEPS else 0
            px, py, pz = qx, qy, pz + rise
            qx, qy = radius * COSINES[after], radius * COSINES[after - 3]
    if low > -(1.0 - LEAD) * half and high < (1.0 - LEAD) * half:
        return best
    for k in range(TURNS * STEPS, TURNS * STEPS + 4):
        px, py, pz, qx, qy, qz = _piece(k, radius, half)
        if max(pz, qz) >= low and min(pz, qz) <= high:
            t = _enter(ox - px, oy - py, oz - pz, dx, dy, dz, qx - px, qy - py, qz - pz, wire)
            best = t if start <= t < best else best
    return best


@kernel
def _enter(
    ox: float,
    oy: float,
    oz: float,
    dx: float,
    dy: float,
    dz: float,
    ax: float,
    ay: float,
    az: float,
    wire: float,
) -> float:
    """Where the ray enters what is within `wire` of the way from the origin to a; infinite if it does not."""
    aa = ax * ax + ay * ay + az * az
    ad, ao = ax * dx + ay * dy + az * dz, ax * ox + ay * oy + az * oz
    dd, do, oo = dx * dx + dy * dy + dz * dz, ox * dx + oy * dy + oz * dz, ox * ox + oy * oy + oz * oz
    square, half, rest = aa * dd - ad * ad, aa * do - ao * ad, aa * oo - ao * ao - wire * wire * aa
    along = ao
    if square > 1e-12 * aa * dd:
        under = half * half - square * rest
        if under < 0.0:
            return math.inf
        t = (-half - math.sqrt(under)) / square
        along = ao + t * ad
        if 0.0 < along < aa:
            return t
    elif rest > 0.0:
        return math.inf
    elif ad < 0.0:  # along the piece, from its far end
        along = aa
    else:
        along = 0.0
    # the ball at the end that the ray comes by
    if along > 0.0:
        ox, oy, oz = ox - ax, oy - ay, oz - az
        do, oo = ox * dx + oy * dy + oz * dz, ox * ox + oy * oy + oz * oz
    under = do * do - dd * (oo - wire * wire)
    if under < 0.0:
        return math.inf
    return (-do - math.sqrt(under)) / dd


@kernel
def coil_surface(
    x: float, y: float, z: float, radius: float, half: float, wire: float
) -> tuple[float, float, float, int]:
    """Outward unit normal at a point of the wire's surface, and a number that changes every half turn."""
    first, last = _span(z - 1.5 * wire, z + 1.5 * wire, half)
    best, nx, ny, nz, face = math.inf, 0.0, 0.0, 1.0, 0
    for number in range(last - first + 4):
        k = first + number if number < last - first else TURNS * STEPS + number - (last - first)
        px, py, pz, qx, qy, qz = _piece(k, radius, half)
        ax, ay, az = qx - px, qy - py, qz - pz
        part = (ax * (x - px) + ay * (y - py) + az * (z - pz)) / max(ax * ax + ay * ay + az * az, 1e-30)
        part = min(max(part, 0.0), 1.0)
        wx, wy, wz = x - px - part * ax, y - py - part * ay, z - pz - part * az
        square = wx * wx + wy * wy + wz * wz
        if square < best:
            best, nx, ny, nz, face = square, wx, wy, wz, k // (STEPS // 2)
    scale = 1.0 / math.sqrt(max(best, 1e-30))
    return nx * scale, ny * scale, nz * scale, face
