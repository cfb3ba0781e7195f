"""Where the surface points of a frame are in the next one, and whether they can be seen there.

A point moves with its body, exactly: from the pixel's ray to the body's frame, with the body's next pose
to the world, through the next camera to pixels. On a link that grows it keeps its part of the way.
It is occluded when it leaves the picture or when a ray from the next camera to it meets something before it: that
is found by casting the ray, not by comparing depths of neighbouring pixels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simgen.render.raycast import layout as at
from simgen.render.raycast.compile import kernel
from simgen.render.raycast.mesh import mesh_hit
from simgen.render.raycast.solids import first_hit

__all__ = ["trace_flow"]

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Integers = NDArray[np.int32]
Bytes = NDArray[np.uint8]
CLOSER = 1e-5  # metres: something that much nearer than the point hides it


@kernel
def _grown(z: float, half: float, half_ahead: float) -> float:
    """Where a point at `z` along a link is when its half length has changed; its round ends keep their shape."""
    if abs(z) >= half:
        return z + (half_ahead - half if z > 0.0 else half - half_ahead)
    return z * (half_ahead / half)


@kernel
def trace_flow(
    f: int,
    still: bool,
    row_of: Integers,
    label: Bytes,
    depth: Floats,
    solids: Floats,
    ahead: Floats,
    nodes: Floats,
    corners: Floats,
    world: Floats,
    flow: Singles,
    occluded: Bytes,
) -> None:
    """Fill flow[f] and occluded[f], which are zero, for the frame that `label` and `depth` show.

    `solids` are the solids of that frame, `ahead` those of the next one (their column CHANGED says which
    of them have moved) and `world` knows the next camera; `still`: it is where it was.
    """
    width, height = int(world[at.WIDTH]), int(world[at.HEIGHT])
    focal, cu, cv, flat = world[at.FOCAL], 0.5 * world[at.WIDTH], 0.5 * world[at.HEIGHT], world[at.FLAT] > 0.0
    n = solids.shape[0]
    # the rows and columns in which anything can have changed
    left, top, right, bottom = 0, 0, width, height
    if still:
        left, top, right, bottom = width, height, 0, 0
        for b in range(n):
            if ahead[b, at.CHANGED] > 0.0:
                for when in range(2):
                    r = at.RECT
                    u0, v0, u1, v1 = ahead[b, r], ahead[b, r + 1], ahead[b, r + 2], ahead[b, r + 3]
                    if when == 0:
                        u0, v0, u1, v1 = solids[b, r], solids[b, r + 1], solids[b, r + 2], solids[b, r + 3]
                    if u0 < u1:
                        left, top = min(left, int(max(u0, 0.0))), min(top, int(max(v0, 0.0)))
                        right = max(right, int(min(max(u1, 0.0) + 1.0, width)))
                        bottom = max(bottom, int(min(max(v1, 0.0) + 1.0, height)))
    for y in range(top, bottom):
        for x in range(left, right):
            p = y * width + x
            if label[p] == 0:
                continue
            b = row_of[label[p]]
            u, v, t = x + 0.5, y + 0.5, depth[p]
            moved = not still or ahead[b, at.CHANGED] > 0.0
            if moved:
                o, d = at.ORIGIN, at.RAY
                sx, sy, sz = 0.0, 0.0, 0.0
                for axis in range(3):
                    w = solids[b, o + axis] + u * solids[b, o + 3 + axis] + v * solids[b, o + 6 + axis]
                    w += t * (solids[b, d + axis] + u * solids[b, d + 3 + axis] + v * solids[b, d + 6 + axis])
                    if axis == 2 and ahead[b, at.SIZE + 1] != solids[b, at.SIZE + 1]:
                        w = _grown(w, solids[b, at.SIZE + 1], ahead[b, at.SIZE + 1])
                    sx += ahead[b, at.TURN + axis] * w
                    sy += ahead[b, at.TURN + 3 + axis] * w
                    sz += ahead[b, at.TURN + 6 + axis] * w
                sx += ahead[b, at.CENTRE] - world[at.EYE]
                sy += ahead[b, at.CENTRE + 1] - world[at.EYE + 1]
                sz += ahead[b, at.CENTRE + 2] - world[at.EYE + 2]
                t = world[6] * sx + world[7] * sy + world[8] * sz
                scale = focal if flat else focal / t
                u = (world[0] * sx + world[1] * sy + world[2] * sz) * scale + cu
                v = (world[3] * sx + world[4] * sy + world[5] * sz) * scale + cv
                flow[f, 2 * p] = u - (x + 0.5)
                flow[f, 2 * p + 1] = v - (y + 0.5)
                if t < world[at.NEAR] or t > world[at.FAR] or u < 0.0 or v < 0.0 or u >= width or v >= height:
                    occluded[f, p] = 1
                    continue
            for other in range(n):
                r = at.RECT
                if (
                    ahead[other, at.SHOWN] == 0.0
                    or not (moved or ahead[other, at.CHANGED] > 0.0)
                    or u < ahead[other, r]
                    or v < ahead[other, r + 1]
                    or u > ahead[other, r + 2]
                    or v > ahead[other, r + 3]
                ):
                    continue
                o, d = at.ORIGIN, at.RAY
                ox = ahead[other, o] + u * ahead[other, o + 3] + v * ahead[other, o + 6]
                oy = ahead[other, o + 1] + u * ahead[other, o + 4] + v * ahead[other, o + 7]
                oz = ahead[other, o + 2] + u * ahead[other, o + 5] + v * ahead[other, o + 8]
                dx = ahead[other, d] + u * ahead[other, d + 3] + v * ahead[other, d + 6]
                dy = ahead[other, d + 1] + u * ahead[other, d + 4] + v * ahead[other, d + 7]
                dz = ahead[other, d + 2] + u * ahead[other, d + 5] + v * ahead[other, d + 8]
                kind, near = int(ahead[other, at.KIND]), world[at.NEAR]
                if kind == at.MESH:
                    root, end = int(ahead[other, at.ROOT]), int(ahead[other, at.ROOT_END])
                    hit, _ = mesh_hit(nodes, corners, root, end, ox, oy, oz, dx, dy, dz, near, t)
                else:
                    s = at.SIZE
                    hit = first_hit(
                        kind,
                        ox,
                        oy,
                        oz,
                        dx,
                        dy,
                        dz,
                        ahead[other, s],
                        ahead[other, s + 1],
                        ahead[other, s + 2],
                        near,
                    )
                # a coil's wire bends a little as it grows, and the point with it
                closer = CLOSER + (ahead[b, at.SIZE + 2] if kind == at.COIL and other == b else 0.0)
                if hit < t - closer:
                    occluded[f, p] = 1
                    break
