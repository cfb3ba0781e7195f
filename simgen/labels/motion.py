"""Events of a single body's motion: apex, starting, stopping, rolling, toppling.

Whether a body rests is judged by how far it gets between two frames, and only roughly by its velocity: an
elastic body that has come to rest on the ground still hops by micrometres, and its velocity at a frame may be
anything up to some mm/s.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from simgen.labels.touches import SLOWEST_M_S, Found, Touch
from simgen.physics.pulls import carried, forced, quickest_rad_s
from simgen.physics.trace import Trace
from simgen.scene.nets import nets
from simgen.scene.rotation import matrix
from simgen.scene.spec import Body, SceneSpec

__all__ = ["events"]

REST_M_S = 0.01  # mean speed between two frames, of the centre or of the surface by turning
REST_S = 0.1  # rest at the end of the video shorter than this is not yet rest
AHEAD_S = (
    1.0  # what forces would set in motion again so soon, with nothing to hold it, does not rest: it turns
)
RELEASED = (
    0.3  # part of the mean acceleration since the start that a body that was let go had in the first frame
)
SLIPS_M_S = 0.05  # speed of the surface over the ground from which a round body slips ...
ROLLS_M_S = 0.02  # ... and below which it rolls
TOPPLED_DEG = 45.0
ROUND = ("sphere", "cylinder", "tube", "capsule")
FLAT_AXIS = 0.5  # cosine between a cylinder's axis and the normal above which it does not roll


def events(scene: SceneSpec, trace: Trace, touches: Sequence[Touch]) -> Iterator[Found]:
    held = nets(scene)  # the bodies of a net are parts of one thing, and tell nothing by themselves
    movers = [index for index, body in enumerate(scene.bodies) if not body.fixed and index not in held]
    moves = {index: _moves(trace, index, scene.bodies[index]) for index in movers}
    linked = _linked(scene)
    for index in movers:
        mine = [touch for touch in touches if index in touch.bodies]
        yield from _apexes(scene, trace, index)
        yield from _start(scene, trace, index, mine, moves[index])
        # a link of a chain that swings on is not at rest, however little it moves itself
        together = np.logical_or.reduce([moves[other] for other in linked[index]])
        if moves[index].any():
            yield from _stop(scene, trace, index, mine, together)
        yield from _rolling(scene, trace, index)
        yield from _toppling(scene, trace, index)


def _linked(scene: SceneSpec) -> dict[int, set[int]]:
    """The moving bodies that joints hold together with each moving body, itself among them."""
    held = nets(scene)
    groups = {
        index: {index} for index, body in enumerate(scene.bodies) if not body.fixed and index not in held
    }
    for joint in scene.joints:
        ends = [scene.body_index(name) for name in (joint.parent, joint.child) if name]
        if len(ends) == 2 and all(end in groups for end in ends):
            both = groups[ends[0]] | groups[ends[1]]
            for index in both:
                groups[index] = both
    return groups


def _reach(body: Body) -> float:
    """Distance from the centre to the furthest point of the shape, roughly (a mesh: within a factor 2), m."""
    kind, size = body.shape.kind, body.shape.size_m
    if kind == "sphere":
        return size[0]
    if kind == "box":
        return math.hypot(*size) / 2
    if kind in ("cylinder", "tube"):
        return math.hypot(size[0], size[1] / 2)
    if kind == "capsule":
        return size[0] + size[1] / 2
    return max(size)


def _moves(trace: Trace, index: int, body: Body) -> NDArray[np.bool_]:
    """Whether the body gets anywhere between frame f and f + 1, shape (T - 1,)."""
    lapse = np.diff(trace.time_s)
    way = np.linalg.norm(np.diff(trace.position_m[:, index], axis=0), axis=1)
    turns = trace.orientation_xyzw[:, index]
    # |q1 - q2| = 2 sin(angle / 4): accurate for small turns, where the scalar product is not
    chord = np.minimum(
        np.linalg.norm(turns[1:] - turns[:-1], axis=1), np.linalg.norm(turns[1:] + turns[:-1], axis=1)
    )
    angle = 4 * np.arcsin(np.clip(chord / 2, 0.0, 1.0))
    reach = _reach(body)
    speed = np.linalg.norm(trace.velocity_m_s[:, index], axis=1)
    speed = np.maximum(speed, reach * np.linalg.norm(trace.angular_velocity_rad_s[:, index], axis=1))
    moves: NDArray[np.bool_] = np.maximum(way, angle * reach) > REST_M_S * lapse
    moves |= np.maximum(speed[1:], speed[:-1]) > SLOWEST_M_S  # up and back down again between two frames
    return moves


def _apexes(scene: SceneSpec, trace: Trace, index: int) -> Iterator[Found]:
    gravity = np.asarray(scene.gravity_m_s2)
    strength = float(np.linalg.norm(gravity))
    if strength == 0:
        return
    up = -gravity / strength
    contacts = trace.contacts
    touched = set(contacts.frame[(contacts.a == index) | (contacts.b == index)].tolist())
    rising = trace.velocity_m_s[:, index] @ up
    height = trace.position_m[:, index] @ up
    for frame in np.flatnonzero((rising[:-1] > 0) & (rising[1:] <= 0)) + 1:
        lapse = float(trace.time_s[frame] - trace.time_s[frame - 1])
        loss = float(rising[frame - 1] - rising[frame])
        if (
            frame in touched or loss < 0.05 * strength * lapse
        ):  # the second: trembling of a body that hangs at rest
            continue
        rise = float(rising[frame - 1]) / loss * lapse
        top = float(height[frame - 1] + rising[frame - 1] * rise / 2)
        if forced(scene, index):  # its acceleration changes on the way
            rise, top = _top(height[frame - 1 : frame + 1], rising[frame - 1 : frame + 1], lapse)
        yield "apex", float(trace.time_s[frame - 1]) + rise, (index,), top


def _top(heights: NDArray[np.float64], speeds: NDArray[np.float64], lapse: float) -> tuple[float, float]:
    """When and how high the cubic with those heights and upward speeds (+, then −) at both ends is highest."""
    (low, high), (start, end) = heights.tolist(), (speeds * lapse).tolist()
    # h(s) = low + start·s + b·s² + c·s³, s from 0 to 1; of the roots of h' the one where it sinks
    b, c = 3 * (high - low) - 2 * start - end, start + end - 2 * (high - low)
    root = math.sqrt(max(b * b - 3 * c * start, 0.0))
    s = start / (root - b) if root > b else 1.0  # without cancellation, and right for c = 0
    s = min(max(s, 0.0), 1.0)
    return s * lapse, low + s * (start + s * (b + s * c))


def _start(
    scene: SceneSpec, trace: Trace, index: int, mine: Sequence[Touch], moves: NDArray[np.bool_]
) -> Iterator[Found]:
    if not moves.any():
        return
    first = int(np.argmax(moves))  # moves between this frame and the next
    struck = [touch.time_s for touch in mine if touch.frame in (first, first + 1) and not touch.at_start]
    speed = np.linalg.norm(trace.velocity_m_s[:, index], axis=1)
    if speed[0] > REST_M_S:
        return
    if struck:
        time_s = min(struck)
    elif first == 0:
        return  # released at the start
    elif not (trace.contacts.frame <= first + 1).any():
        return  # nothing has touched anything yet: it was let go at the start, near balance, and is slow
    elif (
        forced(scene, index)
        and speed[1] > RELEASED * speed[first + 1] * trace.time_s[1] / trace.time_s[first + 1]
    ):
        return  # released at the start, where forces are weak
    else:
        time_s = _zero(trace.time_s, speed, first + 2, first + 1)
        if time_s < float(trace.time_s[1]) / 2:
            return  # released at the start, and slow
        time_s = min(max(time_s, float(trace.time_s[first - 1])), float(trace.time_s[first + 1]))
    frame = int(np.searchsorted(trace.time_s, time_s - 1e-9))
    yield "starts_moving", time_s, (index,), float(speed[frame])


def _stop(
    scene: SceneSpec, trace: Trace, index: int, mine: Sequence[Touch], moves: NDArray[np.bool_]
) -> Iterator[Found]:
    if not moves.any() or moves[-1]:
        return
    last = int(np.flatnonzero(moves)[-1])  # the last interval in which it moves ends at frame last + 1
    if trace.time_s[-1] - trace.time_s[last + 1] < REST_S or _turns(scene, trace, index, last):
        return
    speed = np.linalg.norm(trace.velocity_m_s[:, index], axis=1)
    stopped = []
    for touch in mine:
        goes_on = touch.bounces and any(scene.bodies[other].fixed for other in touch.bodies)
        if touch.frame in (last, last + 1) and not touch.at_start and not goes_on:
            stopped.append(touch.time_s)
    if stopped:
        time_s = max(stopped)
    else:
        time_s = _zero(trace.time_s, speed, last - 1, last)
        time_s = min(max(time_s, float(trace.time_s[last])), float(trace.time_s[last + 2]))
    way = trace.position_m[-1, index] - trace.position_m[0, index]
    yield "comes_to_rest", time_s, (index,), float(np.linalg.norm(way))


def _turns(scene: SceneSpec, trace: Trace, index: int, last: int) -> bool:
    """Whether forces hold a body that touches nothing only for a moment: it moves again soon after the video."""
    contacts = trace.contacts
    if (
        not forced(scene, index)
        or (((contacts.a == index) | (contacts.b == index)) & (contacts.frame > last)).any()
    ):
        return False
    name = scene.bodies[index].name
    if any(name in (joint.parent, joint.child) for joint in scene.joints):
        return False
    state, step = trace.state[-1], min(AHEAD_S / 16, 1.0 / max(quickest_rad_s(scene), 1e-9))
    for _ in range(max(16, min(math.ceil(AHEAD_S / step), 100))):
        state = carried(scene, state, step)
        if float(np.linalg.norm(state[index, 7:10])) > REST_M_S:
            return True
    return False


def _zero(
    time_s: NDArray[np.float64], speed: Sequence[float] | NDArray[np.float64], faster: int, slower: int
) -> float:
    """When a speed that changes steadily reaches 0 beyond the slower of two frames; that frame if never."""
    if not (0 <= faster < len(speed)) or speed[faster] <= speed[slower]:
        return float(time_s[slower])
    lapse = float(time_s[slower] - time_s[faster])
    return float(time_s[slower]) + lapse * float(speed[slower] / (speed[faster] - speed[slower]))


def _rolling(scene: SceneSpec, trace: Trace, index: int) -> Iterator[Found]:
    body = scene.bodies[index]
    if body.shape.kind not in ROUND:
        return
    slip = _slip(scene, trace, index).tolist()
    speed = np.linalg.norm(trace.velocity_m_s[:, index], axis=1)
    surface = np.linalg.norm(trace.angular_velocity_rad_s[:, index], axis=1) * body.shape.size_m[0]
    slipping = -1  # the last frame of this stretch of contact at which it slips
    for frame in range(len(slip)):
        if math.isnan(slip[frame]):
            slipping = -1
        elif slip[frame] > SLIPS_M_S:
            slipping = frame
        elif slip[frame] < ROLLS_M_S and slipping >= 0:
            settled = frame + 1 == len(slip) or slip[frame + 1] < ROLLS_M_S  # a NaN is not settled
            if settled and min(speed[frame], surface[frame]) > SLIPS_M_S:
                steady = slipping > 0 and not math.isnan(slip[slipping - 1])
                time_s = _zero(trace.time_s, slip, slipping - 1, slipping) if steady else trace.time_s[frame]
                time_s = min(max(float(time_s), float(trace.time_s[slipping])), float(trace.time_s[frame]))
                yield "starts_rolling", time_s, (index,), float(speed[frame])
            slipping = -1


def _slip(scene: SceneSpec, trace: Trace, index: int) -> NDArray[np.float64]:
    """Speed (T,) of a round body's surface over the one fixed body it is on; NaN where it is on none."""
    shape, contacts, last = scene.bodies[index].shape, trace.contacts, len(trace.time_s) - 1
    slip = np.full(last + 1, math.nan)
    mine = np.flatnonzero((contacts.a == index) | (contacts.b == index))
    if not len(mine):
        return slip
    # Of every interval between two frames, and of one after the video: whether it has a single row, and which.
    single = np.bincount(contacts.frame[mine], minlength=last + 2) == 1
    row = np.zeros(last + 2, dtype=np.intp)
    row[contacts.frame[mine]] = mine
    other = np.where(contacts.a == index, contacts.b, contacts.a)[row]
    goes_on = single[1:] & (other[1:] == other[:-1])
    goes_on[last] = True
    fixed = np.array([body.fixed for body in scene.bodies])
    frames = np.flatnonzero(single[:-1] & goes_on & fixed[other[:-1]])
    normal = contacts.normal[row[frames]]
    normal = np.where((contacts.a[row[frames]] == index)[:, None], normal, -normal)
    if shape.kind != "sphere":
        axis = matrix(trace.orientation_xyzw[frames, index])[:, :, 2]
        across = np.abs(_dot(axis, normal)) <= FLAT_AXIS
        frames, normal = frames[across], normal[across]
    spin = trace.angular_velocity_rad_s[frames, index]
    surface = trace.velocity_m_s[frames, index] - shape.size_m[0] * np.cross(spin, normal)
    along = surface - _dot(surface, normal)[:, None] * normal
    slip[frames] = np.sqrt(_dot(along, along))
    return slip


def _dot(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Row by row, (K,) of (K, 3), rounded as `a[k] @ b[k]` is."""
    product: NDArray[np.float64] = np.matmul(a[:, None, :], b[:, :, None])[:, 0, 0]
    return product


def _toppling(scene: SceneSpec, trace: Trace, index: int) -> Iterator[Found]:
    body = scene.bodies[index]
    if body.shape.kind == "sphere":
        return
    axes = matrix(trace.orientation_xyzw[:, index])  # (T, 3, 3), the body's axes as columns
    gravity = np.asarray(scene.gravity_m_s2)
    strength = float(np.linalg.norm(gravity))
    if strength == 0:
        return
    upright = np.abs(axes[0].T @ (gravity / strength))
    symmetric = body.shape.kind in ("cylinder", "tube", "capsule", "cone")
    which = 2 if symmetric else int(np.argmax(upright))
    if symmetric and upright[2] < math.cos(math.radians(TOPPLED_DEG)):
        return  # it lies: turning about its axis is rolling
    cosine = np.clip(axes[:, :, which] @ axes[0, :, which], -1.0, 1.0)
    tilt = np.degrees(np.arccos(cosine))
    contacts = trace.contacts
    touched = set(contacts.frame[(contacts.a == index) | (contacts.b == index)].tolist())
    for frame in np.flatnonzero((tilt[:-1] < TOPPLED_DEG) & (tilt[1:] >= TOPPLED_DEG)) + 1:
        if frame in touched or frame - 1 in touched:
            part = (TOPPLED_DEG - tilt[frame - 1]) / (tilt[frame] - tilt[frame - 1])
            time_s = trace.time_s[frame - 1] + part * (trace.time_s[frame] - trace.time_s[frame - 1])
            yield "topples", float(time_s), (index,), float(tilt[-1])
            return
