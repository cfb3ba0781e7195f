"""Which bodies of a scene are inside each other at t = 0.

Every shape is convex for the engine (nothing passes through a tube's hole, a cone is nearly one), so the
distance of two bodies is that of two convex sets. It is found by the algorithm of Gilbert, Johnson and
Keerthi (IEEE Journal of Robotics and Automation 4(2), 1988): the point nearest to the origin of the set of
differences, approached through simplices. Spheres and capsules are a point and a segment with a margin around
them, so their distances are exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations

from simgen.scene.rotation import matrix
from simgen.scene.spec import Body, SceneSpec, Vector

__all__ = ["overlapping", "separation_m"]

TOUCHING_M = 1e-4  # bodies that far inside each other only touch
ITERATIONS = 64

Support = Callable[[Vector], Vector]


def overlapping(scene: SceneSpec) -> list[tuple[str, str]]:
    """Pairs of bodies that are more than 0.1 mm inside each other, at least one free to move, not jointed
    together.

    Meshes are passed over.
    """
    jointed = {frozenset((joint.parent, joint.child)) for joint in scene.joints}
    pairs = []
    for a, b in combinations([body for body in scene.bodies if body.present], 2):
        if (
            (a.fixed and b.fixed)
            or frozenset((a.name, b.name)) in jointed
            or "mesh" in (a.shape.kind, b.shape.kind)
        ):
            continue
        if math.dist(a.position_m, b.position_m) >= _bounding_radius(a) + _bounding_radius(b):
            continue
        if separation_m(a, b) < -TOUCHING_M / 2:
            pairs.append((a.name, b.name))
    return pairs


def separation_m(a: Body, b: Body) -> float:
    """Distance between the surfaces of two bodies, metres; negative when inside each other, then without
    meaning
    beyond its sign: depth is not measured. Shapes with flat faces are taken TOUCHING_M / 2 smaller all round.
    """
    support_a, margin_a = _core(a)
    support_b, margin_b = _core(b)

    def difference(direction: Vector) -> Vector:
        return _minus(support_a(direction), support_b(_negative(direction)))

    distance = _distance_to_origin(difference)
    return (distance if distance > 0 else -TOUCHING_M) - margin_a - margin_b


def _bounding_radius(body: Body) -> float:
    size = body.shape.size_m
    if body.shape.kind == "sphere":
        return size[0]
    if body.shape.kind == "box":
        return math.hypot(*size) / 2
    if body.shape.kind == "cone":
        return max(0.75 * size[1], math.hypot(size[0], size[1] / 4))
    if body.shape.kind == "capsule":
        return size[0] + size[1] / 2
    return math.hypot(size[0], size[1] / 2)


def _core(body: Body) -> tuple[Support, float]:
    """(support function, margin): the furthest point of the body's core in a direction of the world."""
    local, margin = _local_core(body)
    rows = matrix(body.orientation_xyzw).tolist()
    columns = list(zip(*rows, strict=True))
    centre = body.position_m

    def support(direction: Vector) -> Vector:
        x, y, z = (sum(c * d for c, d in zip(column, direction, strict=True)) for column in columns)
        point = local((x, y, z))
        a, b, c = (sum(r * p for r, p in zip(row, point, strict=True)) for row in rows)
        return (centre[0] + a, centre[1] + b, centre[2] + c)

    return support, margin


def _local_core(body: Body) -> tuple[Support, float]:
    kind, size = body.shape.kind, body.shape.size_m
    if kind == "sphere":
        return (lambda _: (0.0, 0.0, 0.0)), size[0]
    if kind == "capsule":
        half = size[1] / 2
        return (lambda d: (0.0, 0.0, math.copysign(half, d[2]))), size[0]
    skin = min(TOUCHING_M / 2, 0.01 * min(size))
    if kind == "box":
        x, y, z = (length / 2 - skin for length in size)
        return (lambda d: (math.copysign(x, d[0]), math.copysign(y, d[1]), math.copysign(z, d[2]))), 0.0
    if kind == "cone":
        radius, top, bottom = size[0] - skin, 0.75 * size[1] - skin, -0.25 * size[1] + skin

        def cone(d: Vector) -> Vector:
            across = math.hypot(d[0], d[1])
            if top * d[2] >= radius * across + bottom * d[2]:
                return (0.0, 0.0, top)
            return (*_on_rim(d, radius), bottom)

        return cone, 0.0
    radius, half = size[0] - skin, size[1] / 2 - skin
    return (lambda d: (*_on_rim(d, radius), math.copysign(half, d[2]))), 0.0


def _on_rim(direction: Vector, radius: float) -> tuple[float, float]:
    across = math.hypot(direction[0], direction[1])
    return (radius * direction[0] / across, radius * direction[1] / across) if across > 0 else (radius, 0.0)


def _distance_to_origin(support: Support) -> float:
    """Distance of the convex set with that support function from the origin; 0 when the origin is inside."""
    nearest = support((1.0, 0.0, 0.0))
    simplex = [nearest]
    for _ in range(ITERATIONS):
        squared = _dot(nearest, nearest)
        if squared < 1e-20:
            return 0.0
        point = support(_negative(nearest))
        if squared - _dot(nearest, point) <= 1e-10 * squared + 1e-18 or point in simplex:
            return math.sqrt(squared)  # nothing of the set is nearer
        nearest, simplex = _nearest_of_simplex([*simplex, point])
        if len(simplex) == 4:
            return 0.0
    return math.sqrt(_dot(nearest, nearest))


def _nearest_of_simplex(points: list[Vector]) -> tuple[Vector, list[Vector]]:
    """The point of a simplex of 2 to 4 corners nearest to the origin, and the corners that it is made of."""
    if len(points) == 2:
        return _nearest_of_segment(points[0], points[1])
    if len(points) == 3:
        return _nearest_of_triangle(points[0], points[1], points[2])
    best: tuple[Vector, list[Vector]] | None = None
    outside = False
    for skipped in range(4):
        a, b, c = (points[i] for i in range(4) if i != skipped)
        normal = _cross(_minus(b, a), _minus(c, a))
        inner, origin = _dot(normal, _minus(points[skipped], a)), _dot(normal, _negative(a))
        if inner * origin < 0 or abs(inner) < 1e-24:  # the origin is beyond this face, or the simplex is flat
            outside = True
            found = _nearest_of_triangle(a, b, c)
            if best is None or _dot(found[0], found[0]) < _dot(best[0], best[0]):
                best = found
    return best if outside and best is not None else ((0.0, 0.0, 0.0), points)


def _nearest_of_segment(a: Vector, b: Vector) -> tuple[Vector, list[Vector]]:
    along = _minus(b, a)
    length = _dot(along, along)
    t = -_dot(a, along) / length if length > 0 else 0.0
    if t <= 0:
        return a, [a]
    if t >= 1:
        return b, [b]
    return (a[0] + t * along[0], a[1] + t * along[1], a[2] + t * along[2]), [a, b]


def _nearest_of_triangle(a: Vector, b: Vector, c: Vector) -> tuple[Vector, list[Vector]]:
    normal = _cross(_minus(b, a), _minus(c, a))
    squared = _dot(normal, normal)
    if squared > 1e-30:
        weights = [_dot(normal, _cross(p, q)) / squared for p, q in ((b, c), (c, a), (a, b))]
        if min(weights) >= 0:  # the origin is above the inside
            height = _dot(normal, a) / squared
            return (height * normal[0], height * normal[1], height * normal[2]), [a, b, c]
    edges = [_nearest_of_segment(p, q) for p, q in ((a, b), (b, c), (c, a))]
    return min(edges, key=lambda edge: _dot(edge[0], edge[0]))


def _dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _minus(a: Vector, b: Vector) -> Vector:
    return (a[0] - b[0], a[1] - b[1], a[2] - b[2])


def _negative(a: Vector) -> Vector:
    return (-a[0], -a[1], -a[2])


def _cross(a: Vector, b: Vector) -> Vector:
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
