"""The gyroscopic torque on tumbling bodies, taken at the right time.

A body turning about no principal axis feels −ω × I ω in the equation of its spin. The engine takes it from
the spin of half a step earlier, so that a tumbling body gains energy at the first order of the step (1 % in
10 s at 10 rad/s and 2400 Hz). As in `simgen.physics.coriolis` the spin at the step's own time is foreseen,
and the difference is put on the body as a torque.
"""

from __future__ import annotations

import math
from typing import Any

from simgen.physics.inertia import body_inertia
from simgen.physics.properties import Handle
from simgen.scene.spec import Body, Quaternion, Vector

__all__ = ["Gyroscope", "tumbles"]

LOOK_STEPS = 8  # between two looks at a body that does not tumble
SLOW_RAD_S2 = 1e-3  # gyroscopic accelerations below that are left as they are


def tumbles(body: Body) -> bool:
    """Whether the body has a gyroscopic torque at all: a ball or a cube has none."""
    x, y, z = body_inertia(body)
    return not body.fixed and max(x, y, z) - min(x, y, z) > 1e-9 * max(x, y, z)


class Gyroscope:
    """The correction for one body; `apply` goes before every step."""

    def __init__(self, bullet: Any, client: int, body: Body, handle: Handle) -> None:
        self._bullet, self._client, self._body = bullet, client, handle.body
        self._world_frame = bullet.WORLD_FRAME
        ix, iy, iz = body_inertia(body)
        self._uneven = (iy - iz, iz - ix, ix - iy)
        self._slow_n_m = SLOW_RAD_S2 * min(ix, iy, iz)
        self._last: tuple[float, Vector] | None = None
        self.rest_steps = 0

    def apply(self, time_s: float, velocity_time_s: float, scale: float, forget: bool) -> None:
        """As `Act.apply`."""
        if self.rest_steps > 0 and scale == 1.0 and not forget:
            self.rest_steps -= 1
            return
        _, turn = self._bullet.getBasePositionAndOrientation(self._body, self._client)
        _, spin = self._bullet.getBaseVelocity(self._body, self._client)
        taken = self._torque(turn, spin)
        if math.hypot(*taken) < self._slow_n_m:
            self._last, self.rest_steps = None, LOOK_STEPS
            return
        ahead = spin
        if self._last is not None and not forget:
            then_s, before = self._last
            part = (time_s - velocity_time_s) / (velocity_time_s - then_s)
            (x, y, z), (x0, y0, z0) = spin, before
            ahead = (x + (x - x0) * part, y + (y - y0) * part, z + (z - z0) * part)
        self._last = velocity_time_s, spin
        ax, ay, az = _turned(turn, taken)
        bx, by, bz = _turned(turn, self._torque(turn, ahead))
        torque = (scale * bx - ax, scale * by - ay, scale * bz - az)
        self._bullet.applyExternalTorque(
            self._body, -1, torque, self._world_frame, physicsClientId=self._client
        )

    def _torque(self, turn: Quaternion, spin: Vector) -> Vector:
        """−ω × I ω of a spin in the world frame, N m about the body's own axes."""
        qx, qy, qz, w = turn
        x, y, z = _turned((-qx, -qy, -qz, w), spin)
        a, b, c = self._uneven
        return (a * y * z, b * z * x, c * x * y)


def _turned(turn: Quaternion, vector: Vector) -> Vector:
    """`vector` turned by a quaternion: v + 2 w (q × v) + 2 q × (q × v)."""
    qx, qy, qz, w = turn
    x, y, z = vector
    tx, ty, tz = 2 * (qy * z - qz * y), 2 * (qz * x - qx * z), 2 * (qx * y - qy * x)
    return (x + w * tx + qy * tz - qz * ty, y + w * ty + qz * tx - qx * tz, z + w * tz + qx * ty - qy * tx)
