"""Where a scene's links are: what is seen between two points and never acts (`simgen.scene.spec.Link`).

Worked out from the trace with element-wise arithmetic, so that it has the same bits everywhere.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simgen.physics.trace import Trace
from simgen.scene.rotation import matrix
from simgen.scene.spec import Link, Look, SceneSpec, Vector

__all__ = ["WIRE", "check_links", "link_ends", "link_frames", "link_look"]

Floats = NDArray[np.float64]
WIRE = 0.14  # a spring's wire: its radius as a part of the coil's outer radius
LOOKS = {
    "rod": Look(colour=(0.55, 0.57, 0.60), specular=0.4, roughness=0.35),
    "string": Look(colour=(0.30, 0.26, 0.22), specular=0.05, roughness=0.8),
    "spring": Look(colour=(0.50, 0.53, 0.58), specular=0.5, roughness=0.3),
}


def link_look(link: Link) -> Look:
    """How the link looks: its own look, or that of its kind."""
    return link.look or LOOKS[link.kind]


def check_links(scene: SceneSpec) -> None:
    """Raise ValueError, in a sentence, for a link that cannot be drawn."""
    names = {body.name for body in scene.bodies}
    for number, link in enumerate(scene.links):
        for name in (link.a, link.b):
            if name and name not in names:
                raise ValueError(f"link {number} ({link.kind}): there is no body named {name!r}")
        if not (link.radius_m > 0 and math.isfinite(link.radius_m)):
            raise ValueError(f"link {number} ({link.kind}): radius_m must be positive, not {link.radius_m!r}")
        if not all(map(math.isfinite, (*link.at_a_m, *link.at_b_m))):
            raise ValueError(f"link {number} ({link.kind}): its ends must be finite")


def link_ends(scene: SceneSpec, trace: Trace) -> Floats:
    """The world points that the L links join in every frame, (T, L, 2, 3)."""
    ends = np.empty((len(trace.time_s), len(scene.links), 2, 3))
    for number, link in enumerate(scene.links):
        ends[:, number, 0] = _path(scene, trace, link.a, link.at_a_m)
        ends[:, number, 1] = _path(scene, trace, link.b, link.at_b_m)
    return ends


def _path(scene: SceneSpec, trace: Trace, name: str, point: Vector) -> Floats:
    """Where a point of a body, or of the world, is in every frame, (T, 3) or (3,)."""
    if not name:
        return np.asarray(point)
    body = scene.body_index(name)
    place: Floats = trace.position_m[:, body]
    if any(point):
        turn = matrix(trace.orientation_xyzw[:, body])
        place = place + (turn[..., 0] * point[0] + turn[..., 1] * point[1] + turn[..., 2] * point[2])
    return place


def link_frames(ends: Floats) -> tuple[Floats, Floats, Floats]:
    """Middle (T, L, 3), rotation (T, L, 3, 3) and length (T, L) of links between `ends` (T, L, 2, 3).

    The rotation takes the z axis to the way from the first end to the second. Its x axis keeps at right angles to
    the axis of the world that the link is furthest from in its first frame, so a coil does not turn as it swings.
    """
    start, end = ends[:, :, 0], ends[:, :, 1]
    way = end - start
    length = np.sqrt((way[..., 0] * way[..., 0] + way[..., 1] * way[..., 1]) + way[..., 2] * way[..., 2])
    there = length > 1e-9
    ahead = np.where(there[..., None], way / np.where(there, length, 1.0)[..., None], (0.0, 0.0, 1.0))
    order = np.argsort(np.abs(ahead[:1]), axis=-1, kind="stable")
    axes = np.eye(3)
    first, second = _cross(axes[order[..., 0]], ahead), _cross(axes[order[..., 1]], ahead)
    near = (first * first).sum(axis=-1) < 1e-4  # along that axis now: take another, and let it jump
    across = np.where(near[..., None], second, first)
    across = (
        across
        / np.sqrt(
            (across[..., 0] * across[..., 0] + across[..., 1] * across[..., 1])
            + across[..., 2] * across[..., 2]
        )[..., None]
    )
    return (start + end) / 2, np.stack([across, _cross(ahead, across), ahead], axis=-1), length


def _cross(a: Floats, b: Floats) -> Floats:
    (ax, ay, az), (bx, by, bz) = np.moveaxis(a, -1, 0), np.moveaxis(b, -1, 0)
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)
