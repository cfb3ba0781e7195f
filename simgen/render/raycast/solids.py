"""Where a ray meets a solid, in the solid's own frame, and which way its surface faces there.

A ray is o + t·d; d need not have unit length. Every solid here is an intersection, a union or a difference
of slabs, spheres, infinite cylinders and cones, so every question comes down to intervals of t: [enter,
leave] is where the ray is inside. `first_hit` gives the first boundary at or after `start`, so it also
works for rays that start inside. The commonest kinds have functions of their own without branches, so that a
loop over rays works on several at once.

What a solid keeps in its three sizes: sphere r · box half x, half y, half z · cylinder and capsule r, half
length · cone base radius, height · tube outer radius, half length, inner radius · coil see `coil`.
"""

from __future__ import annotations

import math

from simgen.render.raycast.coil import coil_hit, coil_surface
from simgen.render.raycast.compile import inlined, kernel, part
from simgen.render.raycast.layout import BOX, CAPSULE, COIL, CONE, CYLINDER, SPHERE

__all__ = [
    "INFINITE",
    "ball_hit",
    "box_hit",
    "cylinder_hit",
    "first_hit",
    "surface",
    "tube_hit",
]

INFINITE = math.inf
TINY = 1e-300


@inlined
def _slab(o: float, d: float, low: float, high: float) -> tuple[float, float]:
    """Where low ≤ o + t·d ≤ high."""
    inverse = 1.0 / (d if abs(d) > TINY else TINY)
    a, b = (low - o) * inverse, (high - o) * inverse
    return min(a, b), max(a, b)


@inlined
def _below_zero(a: float, b: float, c: float) -> tuple[float, float]:
    """Where a·t² + 2·b·t + c ≤ 0 for a ≥ 0; (inf, -inf) when nowhere."""
    along = a < 1e-30  # the ray runs along the axis: everywhere or nowhere
    square = b * b - a * c
    root = math.sqrt(max(square, 0.0))
    divisor = 1.0 if along else a
    enter, leave = (-b - root) / divisor, (-b + root) / divisor
    enter, leave = -INFINITE if along else enter, INFINITE if along else leave
    nowhere = c > 0.0 if along else square <= 0.0
    return INFINITE if nowhere else enter, -INFINITE if nowhere else leave


@inlined
def _first(enter: float, leave: float, start: float) -> float:
    """The first end of [enter, leave] at or after `start`; infinite when there is none."""
    t = enter if enter >= start else leave
    return t if enter <= leave and t >= start else INFINITE


@inlined
def ball_hit(
    ox: float, oy: float, oz: float, dx: float, dy: float, dz: float, s0: float, start: float
) -> float:
    """`first_hit` of a sphere."""
    enter, leave = _below_zero(
        dx * dx + dy * dy + dz * dz, ox * dx + oy * dy + oz * dz, ox * ox + oy * oy + oz * oz - s0 * s0
    )
    return _first(enter, leave, start)


@inlined
def box_hit(
    ox: float, oy: float, oz: float, dx: float, dy: float, dz: float,
    s0: float, s1: float, s2: float, start: float,
) -> float:  # fmt: skip
    """`first_hit` of a box."""
    ax, bx = _slab(ox, dx, -s0, s0)
    ay, by = _slab(oy, dy, -s1, s1)
    az, bz = _slab(oz, dz, -s2, s2)
    return _first(max(ax, ay, az), min(bx, by, bz), start)


@inlined
def cylinder_hit(
    ox: float, oy: float, oz: float, dx: float, dy: float, dz: float, s0: float, s1: float, start: float
) -> float:
    """`first_hit` of a cylinder."""
    low, high = _slab(oz, dz, -s1, s1)
    a, b = _below_zero(dx * dx + dy * dy, ox * dx + oy * dy, ox * ox + oy * oy - s0 * s0)
    return _first(max(low, a), min(high, b), start)


@inlined
def tube_hit(
    ox: float, oy: float, oz: float, dx: float, dy: float, dz: float,
    s0: float, s1: float, s2: float, start: float,
) -> float:  # fmt: skip
    """`first_hit` of a tube."""
    round_a, round_b, rho = dx * dx + dy * dy, ox * dx + oy * dy, ox * ox + oy * oy
    low, high = _slab(oz, dz, -s1, s1)
    a, b = _below_zero(round_a, round_b, rho - s0 * s0)
    enter, leave = max(low, a), min(high, b)
    # the wall: what is left of [enter, leave] without the bore [a, b], one piece before it and one behind
    a, b = _below_zero(round_a, round_b, rho - s2 * s2)
    bored = enter < leave and a < leave and b > enter and a < b
    front = enter if enter >= start else a
    before = bored and a > enter and front >= start
    behind = _first(b if bored else enter, leave, start)
    behind = INFINITE if bored and b >= leave else behind
    return front if before else behind


@part
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
        return ball_hit(ox, oy, oz, dx, dy, dz, s0, start)
    if kind == BOX:
        return box_hit(ox, oy, oz, dx, dy, dz, s0, s1, s2, start)
    if kind == CYLINDER:
        return cylinder_hit(ox, oy, oz, dx, dy, dz, s0, s1, start)
    if kind == CAPSULE:
        round_a, round_b, round_c = dx * dx + dy * dy, ox * dx + oy * dy, ox * ox + oy * oy - s0 * s0
        low, high = _slab(oz, dz, -s1, s1)
        a, b = _below_zero(round_a, round_b, round_c)
        enter, leave = max(low, a), min(high, b)
        nowhere = enter > leave
        enter, leave = INFINITE if nowhere else enter, -INFINITE if nowhere else leave
        below, above = oz + s1, oz - s1  # of the balls at its ends
        a, b = _below_zero(round_a + dz * dz, round_b + below * dz, round_c + below * below)
        enter, leave = min(enter, a), max(leave, b)
        a, b = _below_zero(round_a + dz * dz, round_b + above * dz, round_c + above * above)
        return _first(min(enter, a), max(leave, b), start)
    if kind == COIL:
        return coil_hit(ox, oy, oz, dx, dy, dz, s0, s1, s2, start)
    if kind != CONE:
        return tube_hit(ox, oy, oz, dx, dy, dz, s0, s1, s2, start)
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
    return _first(enter, leave, start)


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
