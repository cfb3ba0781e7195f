"""Steps of any length through the engine that keep its velocities half a step behind its positions.

The engine integrates with the semi-implicit Euler method: v += a h, x += v h. With v taken to belong to the
middle of a step that is the leapfrog method, exact for a constant acceleration and of second order for any
other. The velocity then has to be carried from the middle of one step to the middle of the next, over half of
both, so a step of h after one of h' is done under gravity and forces scaled by (h' + h) / (2 h): one half
in the very first step, one between equal steps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simgen.physics.profiles import RESIDUAL_THRESHOLD
from simgen.scene.spec import Vector

__all__ = ["Stepper"]


class Stepper:
    """Owns the engine's clock."""

    def __init__(
        self, bullet: Any, client: int, gravity_m_s2: Vector, step_s: float, contact_erp: float
    ) -> None:
        self.time_s = 0.0
        self.previous_s = 0.0  # length of the last step
        self.before_s = 0.0  # and of the one before
        self._step_simulation = bullet.stepSimulation
        self._bullet, self._client, self._gravity = bullet, client, gravity_m_s2
        self._engine_step_s = self._whole_step_s = step_s
        self._contact_erp = contact_erp
        self._engine_scale = 1.0
        self._scale_gravity(1.0)
        # While set, called before every step with whether that step is an impact.
        self.listener: Callable[[bool], None] | None = None
        # Called before every step: its time, that of the velocities, the scale of its forces and whether
        # the step before was an impact.
        self.forces: list[Callable[[float, float, float, bool], None]] = []
        self._after_impact = False

    @property
    def velocity_time_s(self) -> float:
        """The time to which the engine's velocities belong: the middle of the last step."""
        return self.time_s - self.previous_s / 2

    def step(self, length_s: float, impact: bool = False) -> None:
        """One step of the engine. An impact is a very short one that turns velocities round."""
        if self.listener is not None:
            self.listener(impact)
        if length_s != self._engine_step_s:
            # A penetration is pushed out at the speed erp · depth / length, in each step anew: a short step
            # must push out no more than its share. Short steps hold impacts, which are solved to the end:
            # what is left of a flat box's turning by one bounce (10 nm/s) makes the next one fall on a
            # corner.
            self._bullet.setPhysicsEngineParameter(
                fixedTimeStep=length_s,
                contactERP=self._contact_erp * length_s / self._whole_step_s,
                solverResidualThreshold=0.0 if length_s < self._whole_step_s else RESIDUAL_THRESHOLD,
                physicsClientId=self._client,
            )
            self._engine_step_s = length_s
        scale = 1.0 if length_s == self.previous_s else (self.previous_s + length_s) / (2 * length_s)
        if scale != self._engine_scale:
            self._scale_gravity(scale)
        for act in self.forces:
            act(self.time_s, self.velocity_time_s, scale, self._after_impact)
        self._after_impact = impact
        self._step_simulation(self._client)
        self.before_s, self.previous_s = self.previous_s, length_s
        self.time_s += length_s

    def run(self, count: int) -> None:
        """`count` whole steps."""
        whole_s, step_simulation, client = self._whole_step_s, self._step_simulation, self._client
        if self.forces or self.listener is not None:
            for _ in range(count):
                self.step(whole_s)
            return
        while count > 0 and (self.previous_s, self.before_s, self._engine_scale) != (whole_s, whole_s, 1.0):
            self.step(whole_s)
            count -= 1
        for _ in range(count):
            step_simulation(client)
        self.time_s += count * whole_s

    def _scale_gravity(self, scale: float) -> None:
        x, y, z = self._gravity
        self._bullet.setGravity(x * scale, y * scale, z * scale, physicsClientId=self._client)
        self._engine_scale = scale
