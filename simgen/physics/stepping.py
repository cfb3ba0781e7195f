"""Steps of any length through the engine that keep its velocities half a step behind its positions.

The engine integrates with the semi-implicit Euler method: v += a h, x += v h. With v taken to belong to the
middle of a step that is the leapfrog method, exact for a constant acceleration and of second order for any
other. The velocity then has to be carried from the middle of one step to the middle of the next, over half of
both, so a step of h after one of h' is done under gravity and forces scaled by (h' + h) / (2 h): one half
in the very first step, one between equal steps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from simgen.physics.profiles import RESIDUAL_THRESHOLD
from simgen.scene.spec import Vector

__all__ = ["Act", "Stepper"]


class Act(Protocol):
    """What puts forces on bodies, which act in one step."""

    rest_steps: int  # as many of the next steps, if they are whole ones, go without it and without asking it

    def apply(self, time_s: float, velocity_time_s: float, scale: float, forget: bool) -> None:
        """Before a step: its time, that of the velocities, the scale of its forces and whether the step before
        was an impact."""


class Stepper:
    """Owns the engine's clock."""

    def __init__(
        self, bullet: Any, client: int, gravity_m_s2: Vector, step_s: float, contact_erp: float
    ) -> None:
        self.time_s = 0.0
        self.began_s = 0.0  # when the last step began
        self.previous_s = 0.0  # its length
        self.before_s = 0.0  # and that of the one before
        self._step_simulation = bullet.stepSimulation
        self._bullet, self._client, self._gravity = bullet, client, gravity_m_s2
        self._engine_step_s = self._whole_step_s = step_s
        self._contact_erp = contact_erp
        self._engine_scale = 1.0
        self._scale_gravity(1.0)
        # While set, called before every step with whether that step is an impact.
        self.listener: Callable[[bool], None] | None = None
        self.acts: list[Act] = []
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
        for act in self.acts:
            act.apply(self.time_s, self.velocity_time_s, scale, self._after_impact)
        self._after_impact = impact
        self._step_simulation(self._client)
        self.before_s, self.previous_s = self.previous_s, length_s
        self.began_s = self.time_s
        self.time_s += length_s

    def run(self, count: int) -> None:
        """`count` whole steps."""
        whole_s, step_simulation, client = self._whole_step_s, self._step_simulation, self._client
        while count > 0:
            even = self.previous_s == whole_s and self._engine_scale == 1.0 and not self._after_impact
            if not even or self.listener is not None:
                self.step(whole_s)
                count -= 1
                continue
            together = count  # with nothing to do between them
            for act in self.acts:
                act.apply(self.time_s, self.velocity_time_s, 1.0, False)
                together = min(together, 1 + act.rest_steps)
            for act in self.acts:
                act.rest_steps -= together - 1
            for _ in range(together):
                step_simulation(client)
            self.before_s = whole_s
            self._tick(together)
            count -= together

    def _tick(self, count: int) -> None:
        """`count` whole steps have been done; where acts come between them, each is counted by itself."""
        if not self.acts:
            self.time_s += count * self._whole_step_s
            return
        for _ in range(count):
            self.time_s += self._whole_step_s

    def _scale_gravity(self, scale: float) -> None:
        x, y, z = self._gravity
        self._bullet.setGravity(x * scale, y * scale, z * scale, physicsClientId=self._client)
        self._engine_scale = scale
