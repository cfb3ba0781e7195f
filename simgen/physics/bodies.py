"""The bodies of a placed scene as the engine has them now.

Where they are, how they move, how near two are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.physics.properties import Handle
from simgen.scene.spec import Quaternion, SceneSpec, Vector

__all__ = ["Bodies", "Motion"]

Motion = tuple[Vector, Vector, Vector]  # position (m), velocity (m/s), angular velocity (rad/s)
FAR_M = 1e3
_STILL = (0.0, 0.0, 0.0)


class Bodies:
    """Reads from the engine by index into `SceneSpec.bodies`; M movers are the bodies that are not fixed."""

    def __init__(self, bullet: Any, client: int, scene: SceneSpec, handles: Sequence[Handle]) -> None:
        self._bullet, self._client, self._handles = bullet, client, handles
        self._fixed = {index: body.position_m for index, body in enumerate(scene.bodies) if body.fixed}
        self.movers = [index for index, body in enumerate(scene.bodies) if not body.fixed]

    def pose(self, index: int) -> tuple[Vector, Quaternion]:
        """Position of the centre of mass (m) and orientation xyzw."""
        handle = self._handles[index]
        if handle.link < 0:
            position, orientation = self._bullet.getBasePositionAndOrientation(handle.body, self._client)
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

    def velocities(self) -> NDArray[np.float64]:
        """The engine's velocities of the movers, (M, 6): velocity (m/s), angular velocity (rad/s)."""
        rows = np.empty((len(self.movers), 6))
        for row, index in zip(rows, self.movers, strict=True):
            _, row[:3], row[3:] = self.motion(index)
        return rows

    def nearest(self, a: int, b: int) -> tuple[float, Vector, Vector, Vector] | None:
        """Distance of the two surfaces (m, negative inside), normal from b to a, nearest points on a and on
        b.

        None when they are too far apart for the engine to say.
        """
        first, second = self._handles[a], self._handles[b]
        points = self._bullet.getClosestPoints(
            first.body, second.body, FAR_M, first.link, second.link, physicsClientId=self._client
        )
        if not points:
            return None
        point = points[0] if len(points) == 1 else min(points, key=_distance)
        return point[8], point[7], point[5], point[6]


def _distance(point: Any) -> float:
    return float(point[8])
