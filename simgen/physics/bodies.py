"""The bodies of a placed scene as the engine has them now.

Where they are, how they move, how near two are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.physics.articulation import trees
from simgen.physics.convex import convex_parts
from simgen.physics.inertia import principal_axes
from simgen.physics.properties import Handle, margin_m
from simgen.physics.shapes import rounding_m
from simgen.scene.rotation import IDENTITY, cross, matrix, multiply
from simgen.scene.spec import Quaternion, SceneSpec, Vector

__all__ = ["Bodies", "Motion", "Rates"]

Motion = tuple[Vector, Vector, Vector]  # position (m), velocity (m/s), angular velocity (rad/s)
Rates = tuple[float, ...]  # six, see `Bodies.rates`
FAR_M = 1e3
# The engine measures every piece of one body against every piece of the other that is within reach, so
# bodies of many pieces are given a short reach.
MANY_PIECES, SHORT_REACH_M = 8, 0.03
_STILL = (0.0, 0.0, 0.0)


class Bodies:
    """Reads from the engine by index into `SceneSpec.bodies`; M movers are the bodies that are not fixed."""

    def __init__(self, bullet: Any, client: int, scene: SceneSpec, handles: Sequence[Handle]) -> None:
        self._bullet, self._client, self._handles = bullet, client, handles
        self._fixed = {index: body.position_m for index, body in enumerate(scene.bodies) if body.fixed}
        self.movers = [index for index, body in enumerate(scene.bodies) if not body.fixed]
        # Of bodies that the engine knows by other axes than their own: the turn from their own to those.
        self._from_principal: dict[int, Quaternion] = {}
        for index in self.movers:
            x, y, z, w = principal_axes(scene.bodies[index])
            if (x, y, z, w) != IDENTITY:
                self._from_principal[index] = (-x, -y, -z, w)
        # By how much `nearest` can be too far.
        self.rounding_m = [
            rounding_m(body.shape, margin_m(body, handle))
            for body, handle in zip(scene.bodies, handles, strict=True)
        ]
        self._pieces = [
            len(convex_parts(body.shape.mesh)) if body.shape.kind == "mesh" else 1 for body in scene.bodies
        ]
        self._index = {body.name: index for index, body in enumerate(scene.bodies)}
        links = [joint for tree in trees(scene) for joint in tree.links]
        self._joints = {self._index[joint.child]: joint for joint in links}
        self._parents_first = list(self._joints)
        # Pivot and axis in the frame of the body that hangs on the joint.
        self._pivot: dict[int, NDArray[np.float64]] = {}
        self._axis: dict[int, NDArray[np.float64]] = {}
        for index, joint in self._joints.items():
            body = scene.bodies[index]
            back = matrix(body.orientation_xyzw).T
            self._pivot[index] = back @ (np.asarray(joint.pivot_m) - np.asarray(body.position_m))
            axis = np.asarray(joint.axis, dtype=np.float64)
            self._axis[index] = back @ axis / (np.linalg.norm(axis) or 1.0)

    def pose(self, index: int) -> tuple[Vector, Quaternion]:
        """Position of the centre of mass (m) and orientation xyzw."""
        handle = self._handles[index]
        if handle.link < 0:
            position, orientation = self._bullet.getBasePositionAndOrientation(handle.body, self._client)
            if index in self._from_principal:
                orientation = multiply(orientation, self._from_principal[index])
        else:
            position, orientation = self._bullet.getLinkState(handle.body, handle.link, 0, 1, self._client)[
                :2
            ]
        return position, orientation

    def motion(self, index: int) -> Motion:
        """Position and the engine's velocities, which belong to the middle of the last step."""
        if index in self._fixed:
            return self._fixed[index], _STILL, _STILL
        handle = self._handles[index]
        if handle.link < 0:
            position, _ = self._bullet.getBasePositionAndOrientation(handle.body, self._client)
            velocity, spin = self._bullet.getBaseVelocity(handle.body, self._client)
            return position, velocity, spin
        state = self._bullet.getLinkState(handle.body, handle.link, 1, 1, self._client)
        return state[0], state[6], state[7]

    def rates(self) -> list[Rates]:
        """The engine's own velocities of the M movers, which belong to the middle of the last step.

        Velocity (m/s) and angular velocity (rad/s) of a body, but those of its joint for one that hangs on
        another: along a slider's axis in column 0, about a hinge's in 3, of a point joint in the body's own
        frame in 3 to 5.
        """
        rows: list[Rates] = []
        for index in self.movers:
            handle, joint = self._handles[index], self._joints.get(index)
            if joint is None:
                velocity, spin = self._bullet.getBaseVelocity(handle.body, self._client)
                rows.append(velocity + spin)
            elif joint.kind == "point":
                spin = self._bullet.getJointStateMultiDof(handle.body, handle.link, self._client)[1]
                rows.append((*_STILL, *spin))
            elif joint.kind == "fixed":
                rows.append(_STILL + _STILL)
            else:
                rate = self._bullet.getJointState(handle.body, handle.link, self._client)[1]
                rows.append(
                    (rate, 0.0, 0.0, *_STILL) if joint.kind == "slider" else (*_STILL, rate, 0.0, 0.0)
                )
        return rows

    def velocities(self, rates: NDArray[np.float64], poses: NDArray[np.float64]) -> NDArray[np.float64]:
        """Velocities and angular velocities (T, M, 6) of bodies in `poses` (T, N, 7) moving at `rates` (T, M, 6)."""
        if not self._joints:
            return rates
        return np.stack([self._linked(*frame) for frame in zip(rates, poses, strict=True)])

    def _linked(self, rates: NDArray[np.float64], poses: NDArray[np.float64]) -> NDArray[np.float64]:
        """`velocities` at one frame: (M, 6) of `poses` (N, 7) and `rates` (M, 6)."""
        known = {
            index: row for index, row in zip(self.movers, rates, strict=True) if index not in self._joints
        }
        row_of = {index: rates[row] for row, index in enumerate(self.movers)}
        for index in self._parents_first:
            known[index] = self._hanging(index, row_of[index], known, poses)
        return np.stack([known[index] for index in self.movers])

    def _hanging(
        self,
        index: int,
        rate: NDArray[np.float64],
        known: dict[int, NDArray[np.float64]],
        poses: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Velocity and angular velocity (6,) of a body from its joint's rate and its parent's velocities."""
        joint = self._joints[index]
        turn = matrix(poses[index, 3:7])
        pivot = poses[index, :3] + turn @ self._pivot[index]
        parent = self._index.get(joint.parent)
        moving = known.get(parent) if parent is not None else None
        spin, velocity = np.zeros(3), np.zeros(3)
        if moving is not None and parent is not None:
            spin = moving[3:].copy()
            velocity = moving[:3] + cross(spin, pivot - poses[parent, :3])
        axis = turn @ self._axis[index]
        if joint.kind == "hinge":
            spin = spin + rate[3] * axis
        elif joint.kind == "point":
            spin = spin + turn @ rate[3:]
        elif joint.kind == "slider":
            velocity = velocity + rate[0] * axis
        return np.concatenate([velocity + cross(spin, poses[index, :3] - pivot), spin])

    def reach_m(self, a: int, b: int) -> float:
        """How far apart two bodies can be at most for `nearest` to be quick about them."""
        return SHORT_REACH_M if self._pieces[a] * self._pieces[b] > MANY_PIECES else FAR_M

    def nearest(self, a: int, b: int, reach_m: float = FAR_M) -> tuple[float, Vector, Vector, Vector] | None:
        """Distance of the two surfaces (m, negative inside), normal from b to a, nearest points on a and on
        b.

        None when they are further apart than `reach_m`.
        """
        first, second = self._handles[a], self._handles[b]
        points = self._bullet.getClosestPoints(
            first.body, second.body, reach_m, first.link, second.link, physicsClientId=self._client
        )
        if not points:
            return None
        point = points[0] if len(points) == 1 else min(points, key=_distance)
        return point[8], point[7], point[5], point[6]


def _distance(point: Any) -> float:
    return float(point[8])
