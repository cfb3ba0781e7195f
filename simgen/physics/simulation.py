"""A scene becomes a trace: the state of every body at every frame, and every contact between frames.

The engine integrates with the semi-implicit Euler method: its velocities belong to the middle of a step and
its positions to the end. Two things make the labels exact for constant forces, in free flight and in steady
contact alike:

* The first step is done under half the gravity. That puts the velocity half a step ahead, where the method
  wants it (leapfrog), and the positions of free flight are then those of the closed form to rounding.
* The velocity at a frame is the mean of the engine's before and after the frame, that is the half steps
  around it. A body at rest reads 0, a falling one its true speed. When one of the two half steps holds an
  impact, the other's change is used for both, so that the label is the velocity on the frame's own side of
  the impact.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.errors import Rejected, SimulationError
from simgen.physics import engine, profiles
from simgen.physics.contacts import ContactLog
from simgen.physics.placement import Handle, check, place
from simgen.physics.shapes import inner_radius_m
from simgen.physics.trace import Trace
from simgen.scene.spec import SceneSpec

__all__ = ["simulate"]

RUNAWAY_M = 1e6  # a body that far away was shot there by the solver
MAX_TRAVEL = 0.5  # of its inner radius per step: faster bodies can pass through others


def simulate(scene: SceneSpec) -> Trace:
    """Simulate `scene` over its video. The result depends on `scene` alone, to the bit.

    Raises SimulationError for a scene that means nothing or a result that is not physics,
    Rejected("too-fast") when a body moves so fast that it could pass through another,
    MissingDependencyError without PyBullet.
    """
    check(scene)
    bullet, client = engine.empty()
    step_s = profiles.apply(bullet, client, scene)
    handles = place(bullet, client, scene)
    return _Run(bullet, client, scene, handles, step_s).trace()


class _Run:
    """One pass through the video."""

    def __init__(
        self, bullet: Any, client: int, scene: SceneSpec, handles: list[Handle], step_s: float
    ) -> None:
        self._bullet, self._client, self._scene, self._handles = bullet, client, scene, handles
        self._step_s = step_s
        self._movers = [index for index, body in enumerate(scene.bodies) if not body.fixed]
        self._log = ContactLog(handles)
        self._state = np.zeros((scene.video.frame_count, len(scene.bodies), 13))
        for index, body in enumerate(scene.bodies):
            first = body.position_m + body.orientation_xyzw + body.velocity_m_s + body.angular_velocity_rad_s
            self._state[0, index] = first
            if body.fixed:
                self._state[:, index] = first

    def trace(self) -> Trace:
        scene, video = self._scene, self._scene.video
        per_frame = profiles.steps_per_frame(profiles.PROFILES[scene.profile], video)
        gravity = np.asarray(scene.gravity_m_s2)
        self._gravity(gravity / 2)
        last = (video.frame_count - 1) * per_frame
        for step in range(1, last + 2):  # one more than filmed, for the velocity of the last frame
            phase = step % per_frame
            if phase == 0:
                before = self._velocities()
            self._bullet.stepSimulation(physicsClientId=self._client)
            if step == 1:
                self._gravity(gravity)
            if step <= last:
                points = self._bullet.getContactPoints(physicsClientId=self._client)
                if points:
                    frame = -(-step // per_frame)
                    self._log.add(points, frame, (step - 1) * self._step_s, self._step_s)
                if phase == 0:
                    self._read_poses(step // per_frame)
                    middle = self._velocities()
            if step > per_frame and phase == 1 % per_frame:
                after = self._velocities()
                frame = step // per_frame if per_frame > 1 else step - 1
                self._state[frame, self._movers, 7:13] = _at_frame(before, middle, after)
        self._finish()
        times = np.array([video.frame_time_s(frame) for frame in range(video.frame_count)])
        return Trace(times, self._state, self._log.contacts(), self._step_s)

    def _gravity(self, gravity: NDArray[np.float64]) -> None:
        self._bullet.setGravity(*gravity.tolist(), physicsClientId=self._client)

    def _velocities(self) -> NDArray[np.float64]:
        """The engine's velocities of the movers, (M, 6)."""
        rows = np.empty((len(self._movers), 6))
        for row, index in zip(rows, self._movers, strict=True):
            linear, angular = self._bullet.getBaseVelocity(self._handles[index].body, self._client)
            row[:3], row[3:] = linear, angular
        return rows

    def _read_poses(self, frame: int) -> None:
        for index in self._movers:
            position, orientation = self._bullet.getBasePositionAndOrientation(
                self._handles[index].body, self._client
            )
            previous = self._state[frame - 1, index, 3:7]
            turn = np.asarray(orientation)
            self._state[frame, index, :3] = position
            self._state[frame, index, 3:7] = (
                turn if turn @ previous >= 0 else -turn
            )  # one path, no jumps of sign

    def _finish(self) -> None:
        """Refuse what is not physics."""
        state, scene = self._state, self._scene
        for index in self._movers:
            body = scene.bodies[index]
            path = state[:, index]
            if not np.isfinite(path).all():
                raise SimulationError(f"body {body.name!r} left the numbers: its state is not finite")
            if np.abs(path[:, :3]).max() > RUNAWAY_M:
                raise SimulationError(f"body {body.name!r} was shot out of the scene")
            if len(scene.bodies) == 1:
                continue
            speed = float(np.linalg.norm(path[:, 7:10], axis=1).max())
            limit = MAX_TRAVEL * inner_radius_m(body.shape) / self._step_s
            if speed >= limit:
                raise Rejected(
                    "too-fast",
                    f"body {body.name!r} reaches {speed:.3g} m/s; above {limit:.3g} m/s a body of its size "
                    "can pass through others between two steps",
                )


def _at_frame(
    before: NDArray[np.float64], middle: NDArray[np.float64], after: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Velocities at a frame, (M, 6), from the engine's one step earlier, at the frame and one step later.

    `middle` belongs half a step before the frame. The half step's change is taken from the step that the
    frame begins, unless an impact makes it much larger than that of the step that the frame ends.
    """
    half_later, half_earlier = (after - middle) / 2, (middle - before) / 2
    for columns in (slice(0, 3), slice(3, 6)):
        later = np.linalg.norm(half_later[:, columns], axis=1)
        earlier = np.linalg.norm(half_earlier[:, columns], axis=1)
        impact = later > 4 * earlier + 1e-9
        half_later[impact, columns] = half_earlier[impact, columns]
    return middle + half_later
