"""Triangle meshes: a tree of bounding boxes built once per mesh, and how a ray goes through it.

The nodes stand in depth-first order and each knows where to go on when the ray misses its box, so a ray
walks the array forwards without a stack. The tree is built for the unit mesh and scaled with it, never
rebuilt. Corner normals are averaged over the faces around a vertex that meet at less than a crease angle,
which makes round things look round; faces joined without a crease form a group, and the renderer takes a
change of group for an edge.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from simgen.render.raycast import layout as at
from simgen.render.raycast.compile import kernel, part
from simgen.scene.meshes import Mesh, mesh

__all__ = ["build", "mesh_hit", "mesh_normal"]

Floats = NDArray[np.float64]
LEAF = 4  # triangles in a leaf at most
CREASE = 0.77  # cosine of 40°: flatter joints are smooth
SLACK = 1e-9  # boxes are this much too large, so that rounding opens no crack between two of them
INFINITE = math.inf


@cache
def build(name: str) -> tuple[Floats, Floats]:
    """Nodes (K, NODE) and corners (F, CORNER) of the unit mesh `name`; indices count from 0 in both."""
    return build_tree(mesh(name))


def build_tree(solid: Mesh) -> tuple[Floats, Floats]:
    """As `build`, for any mesh."""
    points = solid.vertices[solid.triangles]  # (F, 3, 3)
    normals, groups = _corner_normals(solid)
    low, high, centre = points.min(axis=1), points.max(axis=1), points.mean(axis=1)
    nodes: list[list[float]] = []
    order: list[int] = []

    def add(members: NDArray[np.intp]) -> None:
        row = len(nodes)
        nodes.append(
            [*(low[members].min(axis=0) - SLACK), *(high[members].max(axis=0) + SLACK), 0.0, 0.0, 0.0]
        )
        if len(members) <= LEAF:
            nodes[row][at.NODE_FIRST], nodes[row][at.NODE_LAST] = len(order), len(order) + len(members)
            order.extend(int(member) for member in members)
        else:
            axis = int(np.argmax(np.ptp(centre[members], axis=0)))
            ranked = members[np.argsort(centre[members, axis], kind="stable")]
            add(ranked[: len(ranked) // 2])
            add(ranked[len(ranked) // 2 :])
        nodes[row][at.NODE_SKIP] = len(nodes)

    add(np.arange(len(points)))
    corners = np.zeros((len(points), at.CORNER))
    p, n = points[order], normals[order]
    corners[:, at.FIRST : at.FIRST + 3] = p[:, 0]
    corners[:, at.EDGE_1 : at.EDGE_1 + 3] = p[:, 1] - p[:, 0]
    corners[:, at.EDGE_2 : at.EDGE_2 + 3] = p[:, 2] - p[:, 0]
    for k, column in enumerate((at.NORMAL_0, at.NORMAL_1, at.NORMAL_2)):
        corners[:, column : column + 3] = n[:, k]
    corners[:, at.GROUP] = groups[order]
    return np.array(nodes), corners


def _corner_normals(solid: Mesh) -> tuple[Floats, NDArray[np.intp]]:
    """Normals at the corners of every triangle, (F, 3, 3), and its smooth group, (F,)."""
    points, faces = solid.vertices[solid.triangles], solid.triangles
    cross = np.cross(points[:, 1] - points[:, 0], points[:, 2] - points[:, 0])  # weighted by area
    flat = cross / np.sqrt((cross * cross).sum(axis=1, keepdims=True))
    around: dict[int, list[int]] = {}
    for face, triangle in enumerate(faces):
        for vertex in triangle:
            around.setdefault(int(vertex), []).append(face)
    normals = np.empty((len(faces), 3, 3))
    parent = list(range(len(faces)))

    def root(face: int) -> int:
        while parent[face] != face:
            parent[face] = parent[parent[face]]
            face = parent[face]
        return face

    for face, triangle in enumerate(faces):
        for corner, vertex in enumerate(triangle):
            others = around[int(vertex)]
            smooth = [other for other in others if (flat[other] * flat[face]).sum() > CREASE]
            total = cross[smooth].sum(axis=0)
            normals[face, corner] = total / math.sqrt((total * total).sum())
            for other in smooth:
                if len(set(map(int, triangle)) & set(map(int, faces[other]))) >= 2:
                    parent[root(face)] = root(other)
    names = {group: number for number, group in enumerate(sorted({root(face) for face in range(len(faces))}))}
    return normals, np.array([names[root(face)] for face in range(len(faces))])


@part
def mesh_hit(
    nodes: Floats,
    corners: Floats,
    root: int,
    end: int,
    ox: float,
    oy: float,
    oz: float,
    dx: float,
    dy: float,
    dz: float,
    start: float,
    limit: float,
) -> tuple[float, int]:
    """The first t in [start, limit) at which the ray meets a triangle, infinite if none, and the triangle.

    Boxes by slabs, triangles by Möller and Trumbore (1997).
    """
    best, found = limit, -1
    ix = 1.0 / (dx if abs(dx) > 1e-300 else 1e-300)
    iy = 1.0 / (dy if abs(dy) > 1e-300 else 1e-300)
    iz = 1.0 / (dz if abs(dz) > 1e-300 else 1e-300)
    node = root
    while node < end:
        x0, x1 = (nodes[node, 0] - ox) * ix, (nodes[node, 3] - ox) * ix
        y0, y1 = (nodes[node, 1] - oy) * iy, (nodes[node, 4] - oy) * iy
        z0, z1 = (nodes[node, 2] - oz) * iz, (nodes[node, 5] - oz) * iz
        enter = max(min(x0, x1), min(y0, y1), min(z0, z1), start)
        leave = min(max(x0, x1), max(y0, y1), max(z0, z1), best)
        if enter > leave:
            node = int(nodes[node, at.NODE_SKIP])
            continue
        for k in range(int(nodes[node, at.NODE_FIRST]), int(nodes[node, at.NODE_LAST])):
            ax, ay, az = corners[k, at.EDGE_1], corners[k, at.EDGE_1 + 1], corners[k, at.EDGE_1 + 2]
            bx, by, bz = corners[k, at.EDGE_2], corners[k, at.EDGE_2 + 1], corners[k, at.EDGE_2 + 2]
            px, py, pz = dy * bz - dz * by, dz * bx - dx * bz, dx * by - dy * bx
            volume = ax * px + ay * py + az * pz
            if volume == 0.0:
                continue
            scale = 1.0 / volume
            tx, ty, tz = (
                ox - corners[k, at.FIRST],
                oy - corners[k, at.FIRST + 1],
                oz - corners[k, at.FIRST + 2],
            )
            u = (tx * px + ty * py + tz * pz) * scale
            if u < -1e-9 or u > 1.0 + 1e-9:
                continue
            qx, qy, qz = ty * az - tz * ay, tz * ax - tx * az, tx * ay - ty * ax
            v = (dx * qx + dy * qy + dz * qz) * scale
            if v < -1e-9 or u + v > 1.0 + 1e-9:
                continue
            t = (bx * qx + by * qy + bz * qz) * scale
            if start <= t < best:
                best, found = t, k
        node += 1
    if found < 0:
        return INFINITE, -1
    return best, found


@kernel
def mesh_normal(corners: Floats, k: int, x: float, y: float, z: float) -> tuple[float, float, float]:
    """The smooth normal at a point of triangle k, from those of its corners by barycentric coordinates."""
    ax, ay, az = corners[k, at.EDGE_1], corners[k, at.EDGE_1 + 1], corners[k, at.EDGE_1 + 2]
    bx, by, bz = corners[k, at.EDGE_2], corners[k, at.EDGE_2 + 1], corners[k, at.EDGE_2 + 2]
    px, py, pz = x - corners[k, at.FIRST], y - corners[k, at.FIRST + 1], z - corners[k, at.FIRST + 2]
    aa, ab, bb = ax * ax + ay * ay + az * az, ax * bx + ay * by + az * bz, bx * bx + by * by + bz * bz
    ap, bp = ax * px + ay * py + az * pz, bx * px + by * py + bz * pz
    scale = 1.0 / (aa * bb - ab * ab)
    u, v = (bb * ap - ab * bp) * scale, (aa * bp - ab * ap) * scale
    w = 1.0 - u - v
    nx = w * corners[k, at.NORMAL_0] + u * corners[k, at.NORMAL_1] + v * corners[k, at.NORMAL_2]
    ny = w * corners[k, at.NORMAL_0 + 1] + u * corners[k, at.NORMAL_1 + 1] + v * corners[k, at.NORMAL_2 + 1]
    nz = w * corners[k, at.NORMAL_0 + 2] + u * corners[k, at.NORMAL_1 + 2] + v * corners[k, at.NORMAL_2 + 2]
    length = 1.0 / math.sqrt(nx * nx + ny * ny + nz * nz)
    return nx * length, ny * length, nz * length
