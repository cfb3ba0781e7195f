"""A camera that sees everything that moves, for a composed scene that names none.

Where bodies will go is foreseen roughly, without the engine: they fly, as gravity and forces push them, slide
without friction over fixed boxes, and what hangs on joints may reach as far as its links. That is wrong for a
collision and right enough for a camera.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simgen.physics.pulls import STEP_RAD, accelerations, forced, quickest_rad_s
from simgen.scene.meshes import mesh
from simgen.scene.rotation import matrix
from simgen.scene.spec import Body, Camera, SceneSpec, Vector, Video

__all__ = ["Reach", "foreseen", "overview"]

STEPS_PER_S = 120
LONGEST_S = 10.0  # of the foreseen motion; a longer clip has come to rest or gone far away
FURTHEST_M = 1e3  # from the origin, and m/s, that forces are foreseen to take a body
MARGIN = 1.12  # around what is to be seen

Points = NDArray[np.float64]  # (P, 4): x, y, z and the radius of the ball around it


@dataclass(frozen=True)
class Reach:
    """Places that something moving comes to, and those of fixed things nearby."""

    moving: Points
    fixed: Points


def foreseen(scene: SceneSpec) -> Reach:
    """Where the bodies of a scene will be, roughly."""
    jointed = {joint.child for joint in scene.joints}
    boxes = [_Box(body) for body in scene.bodies if body.fixed and body.shape.kind == "box"]
    moving: list[Points] = []
    free = [index for index, body in enumerate(scene.bodies) if not body.fixed and body.name not in jointed]
    for body in scene.bodies:
        if body.name in jointed:
            moving.append(_swing(scene, body))
    if scene.forces:
        moving += _pushed_about(scene, free, boxes)
    else:
        moving += [_flight(scene, scene.bodies[index], boxes) for index in free]
    still = [body for body in scene.bodies if body.fixed and body.role != "ground"]
    ends = [(link.a, link.at_a_m) for link in scene.links] + [(link.b, link.at_b_m) for link in scene.links]
    held = [np.array([[*point, 0.0]]) for name, point in ends if not name]
    return Reach(_stacked(moving), _stacked([*[_corners(body) for body in still], *held]))


def overview(
    reaches: Sequence[Reach],
    video: Video,
    azimuth_deg: float,
    elevation_deg: float,
    vertical_fov_deg: float,
    projection: str,
) -> Camera:
    """The camera from that side in whose picture all of it fits; fixed things count unless they are far
    larger.
    """
    moving = _stacked([reach.moving for reach in reaches])
    fixed = _stacked([reach.fixed for reach in reaches])
    if not len(moving):
        moving = fixed if len(fixed) else np.array([[0.0, 0.0, 0.5, 0.5]])
    low, high = _extent(moving)
    span = float(np.linalg.norm(high - low))
    if len(fixed):
        # A table is part of the picture, a wall across the world is not.
        near = np.linalg.norm(fixed[:, :3] - (low + high) / 2, axis=1) < 1.5 * span
        moving = np.concatenate([moving, fixed[near]])
        low, high = _extent(moving)
    target = (low + high) / 2
    azimuth, elevation = math.radians(azimuth_deg), math.radians(elevation_deg)
    towards = np.array(
        [
            math.cos(elevation) * math.sin(azimuth),
            -math.cos(elevation) * math.cos(azimuth),
            math.sin(elevation),
        ]
    )
    right = np.array([math.cos(azimuth), math.sin(azimuth), 0.0])
    up = np.cross(towards, right)
    half_height = math.tan(math.radians(vertical_fov_deg) / 2)
    half_width = half_height * video.width / video.height
    for _ in range(3):  # the middle of what is there is not yet the middle of the picture
        offset, radius = moving[:, :3] - target, moving[:, 3]
        ways = (offset @ right, offset @ up)
        depth = offset @ towards
        if projection == "orthographic":
            distance = 2 * float(np.max(depth + radius)) + span
            needed = max(
                float(np.max(np.abs(way) + radius)) / half
                for way, half in zip(ways, (video.width / video.height, 1.0), strict=True)
            )
            height, scale = 2 * MARGIN * needed, np.ones_like(depth)
        else:
            distance = 0.1
            for way, half in zip(ways, (half_width, half_height), strict=True):
                reach = radius * math.hypot(1.0, half)  # a ball reaches beyond its centre's line of sight
                distance = max(distance, float(np.max((np.abs(way) + reach) * MARGIN / half + depth)))
            height = 2.0 * distance * half_height
            scale = distance / np.maximum(distance - depth, 1e-9)
        for way, direction in zip(ways, (right, up), strict=True):
            low_side, high_side = np.min((way - radius) * scale), np.max((way + radius) * scale)
            target = target + direction * float(low_side + high_side) / 2
    position = _vector(target + distance * towards)
    return Camera(
        position_m=position,
        target_m=_vector(target),
        vertical_fov_deg=vertical_fov_deg,
        projection="orthographic" if projection == "orthographic" else "perspective",
        height_m=round(height, 4),
        far_m=max(100.0, round(4 * distance, 1)),
    )


def _vector(values: NDArray[np.float64]) -> Vector:
    # rounded, so that the last bit of a machine's mathematics library does not move the camera
    x, y, z = (round(float(value), 4) + 0.0 for value in values)
    return (x, y, z)


def _stacked(parts: Sequence[Points]) -> Points:
    return np.concatenate(parts) if parts else np.empty((0, 4))


def _extent(points: Points) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return (points[:, :3] - points[:, 3:]).min(axis=0), (points[:, :3] + points[:, 3:]).max(axis=0)


def _half_extents(body: Body, axes: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far the body reaches from its centre of mass along each of the (3, 3) rows `axes`; over-estimated
    for cones.
    """
    size = body.shape.size_m
    if body.shape.kind == "sphere":
        return np.full(3, size[0])
    own = matrix(body.orientation_xyzw).T  # rows: the body's axes
    along = np.abs(axes @ own.T)
    if body.shape.kind == "box":
        half: NDArray[np.float64] = along @ (np.asarray(size) / 2)
        return half
    if body.shape.kind == "mesh":
        reach: NDArray[np.float64] = along @ (np.abs(mesh(body.shape.mesh).vertices).max(axis=0) * size)
        return reach
    length = 0.75 * size[1] if body.shape.kind == "cone" else size[1] / 2
    radial = np.sqrt(np.maximum(0.0, 1 - along[:, 2] ** 2))
    capped: NDArray[np.float64] = along[:, 2] * length + (
        size[0] if body.shape.kind == "capsule" else size[0] * radial
    )
    return capped


def _radius(body: Body) -> float:
    return float(np.linalg.norm(_half_extents(body, matrix(body.orientation_xyzw).T)))


def _corners(body: Body) -> Points:
    axes = matrix(body.orientation_xyzw).T
    half = _half_extents(body, axes)
    signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=np.float64)
    places = np.asarray(body.position_m) + (signs * half) @ axes
    return np.column_stack([places, np.zeros(8)])


class _Box:
    """A fixed box that things land on and stop at."""

    def __init__(self, body: Body) -> None:
        self.centre = np.asarray(body.position_m)
        self.axes = matrix(body.orientation_xyzw).T  # rows
        self.half = np.asarray(body.shape.size_m) / 2

    def push_out(
        self, place: NDArray[np.float64], velocity: NDArray[np.float64], half: NDArray[np.float64]
    ) -> None:
        """Moves a body of those half extents along the box's axes out by the nearest face; both are
        changed.
        """
        inside = self.half + half - np.abs(self.axes @ (place - self.centre))
        face = int(np.argmin(inside))
        if inside[face] <= 0:
            return
        normal = self.axes[face] * math.copysign(1.0, float(self.axes[face] @ (place - self.centre)))
        place += inside[face] * normal
        velocity -= min(0.0, float(velocity @ normal)) * normal


def _flight(scene: SceneSpec, body: Body, boxes: Sequence[_Box]) -> Points:
    seconds = min(LONGEST_S, scene.video.frame_time_s(scene.video.frame_count - 1))
    count = max(1, round(seconds * STEPS_PER_S))
    step = seconds / count
    place, velocity = np.array(body.position_m, float), np.array(body.velocity_m_s, float)
    kick = np.asarray(scene.gravity_m_s2) * step
    halves = [_half_extents(body, box.axes) for box in boxes]
    places = [place.copy()]
    for _ in range(count):
        velocity += kick
        place += velocity * step
        for box, half in zip(boxes, halves, strict=True):
            box.push_out(place, velocity, half)
        places.append(place.copy())
    path = np.array(places)[:: max(1, count // 40)]
    return np.column_stack([np.vstack([path, place]), np.full(len(path) + 1, _radius(body))])


def _pushed_about(scene: SceneSpec, free: Sequence[int], boxes: Sequence[_Box]) -> list[Points]:
    """As `_flight`, for all at once: forces may act between them."""
    seconds = min(LONGEST_S, scene.video.frame_time_s(scene.video.frame_count - 1))
    count = max(1, round(seconds * min(max(STEPS_PER_S, quickest_rad_s(scene) / STEP_RAD), 10 * STEPS_PER_S)))
    step = seconds / count
    state = np.array(
        [[*body.position_m, 0.0, 0.0, 0.0, 1.0, *body.velocity_m_s, 0.0, 0.0, 0.0] for body in scene.bodies]
    )
    halves = {index: [_half_extents(scene.bodies[index], box.axes) for box in boxes] for index in free}
    places = [state[:, :3].copy()]
    for _ in range(count):
        gain = accelerations(scene, state)
        for index in free:
            state[index, 7:10] += gain[index] * step
            state[index, :3] += state[index, 7:10] * step
            for box, half in zip(boxes, halves[index], strict=True):
                box.push_out(state[index, :3], state[index, 7:10], half)
        # what is too stiff for these steps must not take the camera with it
        state[free] = np.clip(np.nan_to_num(state[free]), -FURTHEST_M, FURTHEST_M)
        places.append(state[:, :3].copy())
    path = np.array(places)[:: max(1, count // 40)]
    ends = np.concatenate([path, state[None, :, :3]])
    return [
        np.column_stack([ends[:, index], np.full(len(ends), _radius(scene.bodies[index]))]) for index in free
    ]


def _swing(scene: SceneSpec, body: Body) -> Points:
    """Around the joint by which its tree hangs on the world, as far as the links reach, no higher than its
    energy.
    """
    joint_of = {joint.child: joint for joint in scene.joints}
    free = {entry.name for entry in scene.bodies if not entry.fixed}
    joint, reach, here = joint_of[body.name], 0.0, body.position_m
    for _ in scene.joints:  # at most as many links as joints
        reach += math.dist(here, joint.pivot_m)
        here = joint.pivot_m
        if joint.parent not in free or joint.parent not in joint_of:
            break
        joint = joint_of[joint.parent]
    if joint.kind == "fixed":
        reach = 0.0
    radius = _radius(body)
    gravity = np.asarray(scene.gravity_m_s2)
    strength = float(np.linalg.norm(gravity))
    pivot, start = np.asarray(joint.pivot_m), np.asarray(body.position_m)
    axis = np.asarray(joint.axis) / np.linalg.norm(joint.axis)
    if joint.kind == "slider":
        seconds = min(LONGEST_S, scene.video.frame_time_s(scene.video.frame_count - 1))
        way = axis * (
            abs(float(axis @ body.velocity_m_s)) * seconds + abs(float(axis @ gravity)) * seconds**2 / 2
        )
        return np.column_stack([np.vstack([start - way, start, start + way]), np.full(3, radius)])
    angles = np.arange(24) * math.tau / 24
    across = start - pivot - axis * float(axis @ (start - pivot))
    if joint.kind == "hinge" and np.linalg.norm(across) > 1e-9:
        first = across / np.linalg.norm(across)
        second = np.cross(axis, first)
        middle = start - across if reach < math.dist(body.position_m, joint.pivot_m) * 1.001 else pivot
        length = float(np.linalg.norm(across)) if middle is not pivot else reach
        circle = middle + length * (np.outer(np.cos(angles), first) + np.outer(np.sin(angles), second))
    else:
        flat = np.column_stack([np.cos(angles), np.sin(angles), np.zeros(24)])
        circle = np.vstack([pivot + reach * (flat * c + np.array([0, 0, s])) for c, s in _LATITUDES])
    pushed = any(forced(scene, scene.body_index(other.child)) for other in scene.joints)
    if strength > 0 and not pushed:  # forces may lift it higher
        up = -gravity / strength
        speed = float(np.linalg.norm(body.velocity_m_s))
        top = float(up @ (start - pivot)) + speed**2 / (2 * strength) + 0.1 * reach
        chain = max(
            (
                float(up @ (np.asarray(other.position_m) - pivot))
                for other in scene.bodies
                if other.name in joint_of
            ),
            default=top,
        )
        circle = circle[(circle - pivot) @ up <= max(top, chain)]
    return np.column_stack([np.vstack([circle, start]), np.full(len(circle) + 1, radius)])


_LATITUDES = [(math.cos(angle), math.sin(angle)) for angle in np.linspace(-math.pi / 2, math.pi / 2, 9)]
