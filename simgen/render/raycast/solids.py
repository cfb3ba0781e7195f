"""Where a ray meets a solid, in the solid's own frame, and which way its surface faces there.

A ray is o + t·d; d need not have unit length. Every solid here is an intersection, a union or a difference
of slabs, spheres, infinite cylinders and cones, so every question comes down to intervals of t: [enter,
leave] is where the ray is inside. `first_hit` gives the first boundary at or after `start`, so it also
works for rays that start inside.

What a solid keeps in its three sizes: sphere r · box half x, half y, half z · cylinder and capsule r, half
length · cone base radius, height · tube outer radius, half length, inner radius · coil see `coil`.
"""

from __future__ import annotations

import math

from simgen.render.raycast.coil import coil_hit, coil_surface
from simgen.render.raycast.compile import kernel
from simgen.render.raycast.layout import BOX, CAPSULE, COIL, CONE, CYLINDER, SPHERE

__all__ = ["INFINITE", "TINY", "first_hit", "surface"]

INFINITE = math.inf
TINY = 1e-300


@kernel
def _slab(o: float, d: float, low: float, high: float) -> tuple[float, float]:
    """Where low ≤ o + t·d ≤ high."""
    inverse = 1.0 / d if abs(d) > TINY else 1.0 / TINY
    a, b = (low - o) * inverse, (high - o) * inverse
    return min(a, b), max(a, b)


@kernel
def _below_zero(a: float, b: float, c: float) -> tuple[float, float]:
    """Where a·t² + 2·b·t + c ≤ 0 for a ≥ 0; (inf, -inf) when nowhere."""
    if a < 1e-30:  # the ray runs along the axis
        if c <= 0.0:
            return -INFINITE, INFINITE
        return INFINITE, -INFINITE
    square = b * b - a * c
    if square <= 0.0:
        return INFINITE, -INFINITE
    root = math.sqrt(square)
    return (-b - root) / a, (-b + root) / a


@kernel
def first_hit(
    kind: int,
    ox: float,
    oy: float,
    oz: float,
    dx: float,
    dy: float,
    dz: float,
    s0: float,
    s1: float,
    s2: float,
    start: float,
) -> float:
    """The first t ≥ start at which the ray crosses the solid's surface; infinite when it never does."""
    if kind == SPHERE:
        enter, leave = _below_zero(
            dx * dx + dy * dy + dz * dz, ox * dx + oy * dy + oz * dz, ox * ox + oy * oy + oz * oz - s0 * s0
        )
    elif kind == BOX:
        ax, bx = _slab(ox, dx, -s0, s0)
        ay, by = _slab(oy, dy, -s1, s1)
        az, bz = _slab(oz, dz, -s2, s2)
        enter, leave = max(ax, ay, az), min(bx, by, bz)
    elif kind == COIL:
        return coil_hit(ox, oy, oz, dx, dy, dz, s0, s1, s2, start)
    elif kind == CONE:
        # ρ = slope · (apex − z), between the base and the apex
        apex, slope = 0.75 * s1, s0 / s1
        low, high = _slab(oz, dz, -0.25 * s1, apex)
        hz = apex - oz
        a = dx * dx + dy * dy - slope * slope * dz * dz
        b = ox * dx + oy * dy + slope * slope * hz * dz
        c = ox * ox + oy * oy - slope * slope * hz * hz
        square = b * b - a * c
        if square <= 0.0:
            return INFINITE
        root = math.sqrt(square)
        # the two roots without cancellation
        q = -b - root if b > 0.0 else -b + root
        t0 = q / a if abs(a) > TINY else -INFINITE
        t1 = c / q if abs(q) > TINY else t0
        first, second = min(t0, t1), max(t0, t1)
        if a > 0.0:
            enter, leave = max(low, first), min(high, second)
        else:  # inside before the first and after the second root: one nappe each, the slab keeps one
            enter, leave = low, min(high, first)
            if enter > leave:
                enter, leave = max(low, second), high
    elif kind == CAPSULE:
        round_a = dx * dx + dy * dy
        round_b = ox * dx + oy * dy
        round_c = ox * ox + oy * oy - s0 * s0
        low, high = _slab(oz, dz, -s1, s1)
        a0, b0 = _below_zero(round_a, round_b, round_c)
        enter, leave = max(low, a0), min(high, b0)
        if enter > leave:
            enter, leave = INFINITE, -INFINITE
        for side in range(2):
            hz = oz - s1 if side else oz + s1
            a1, b1 = _below_zero(round_a + dz * dz, round_b + hz * dz, round_c + hz * hz)
            enter, leave = min(enter, a1), max(leave, b1)
    else:  # cylinder, tube
        round_a = dx * dx + dy * dy
        round_b = ox * dx + oy * dy
        rho = ox * ox + oy * oy
        low, high = _slab(oz, dz, -s1, s1)
        a0, b0 = _below_zero(round_a, round_b, rho - s0 * s0)
        enter, leave = max(low, a0), min(high, b0)
        if kind != CYLINDER and enter < leave:
            # the wall: what is left of [enter, leave] without the bore
            a1, b1 = _below_zero(round_a, round_b, rho - s2 * s2)
            if a1 < leave and b1 > enter and a1 < b1:
                if a1 > enter:
                    if enter >= start:
                        return enter
                    if a1 >= start:
                        return a1
                if b1 >= leave:
                    return INFINITE
                enter = b1
    if enter > leave:
        return INFINITE
    if enter >= start:
        return enter
    if leave >= start:
        return leave
    return INFINITE


@kernel
def surface(
    kind: int, x: float, y: float, z: float, s0: float, s1: float, s2: float
) -> tuple[float, float, float, int]:
    """Outward unit normal at a point of the surface, and the number of the smooth face it is on."""
    if kind == SPHERE:
        return x / s0, y / s0, z / s0, 0
    if kind == BOX:
        ax, ay, az = abs(abs(x) - s0), abs(abs(y) - s1), abs(abs(z) - s2)
        if ax <= ay and ax <= az:
            return (1.0, 0.0, 0.0, 0) if x > 0.0 else (-1.0, 0.0, 0.0, 1)
        if ay <= az:
            return (0.0, 1.0, 0.0, 2) if y > 0.0 else (0.0, -1.0, 0.0, 3)
        return (0.0, 0.0, 1.0, 4) if z > 0.0 else (0.0, 0.0, -1.0, 5)
    if kind == CAPSULE:
        h = min(max(z, -s1), s1)
        return x / s0, y / s0, (z - h) / s0, 0
    if kind == COIL:
        return coil_surface(x, y, z, s0, s1, s2)
    rho = math.sqrt(x * x + y * y)
    safe = max(rho, TINY)
    if kind == CONE:
        slope = s0 / s1
        if abs(z + 0.25 * s1) <= abs((0.75 * s1 - z) * slope - rho):
            return 0.0, 0.0, -1.0, 5
        scale = 1.0 / math.sqrt(1.0 + slope * slope)
        return x / safe * scale, y / safe * scale, slope * scale, 0
    rim, outside = abs(abs(z) - s1), abs(rho - s0)
    if kind != CYLINDER and abs(rho - s2) < min(rim, outside):
        return -x / safe, -y / safe, 0.0, 1
    if rim <= outside:
        return (0.0, 0.0, 1.0, 4) if z > 0.0 else (0.0, 0.0, -1.0, 5)
    return x / safe, y / safe, 0.0, 0
