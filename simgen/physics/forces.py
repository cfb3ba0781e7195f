"""Springs, drag and attraction: forces at a distance, put on the bodies before every step.

They are functions of where bodies are and how they move at the time the step begins. Positions the engine
has; velocities it has for half a step earlier, so they are foreseen from the last two. With that the
leapfrog steps of `simgen.physics.stepping` keep the energy of springs and orbits, and drag is of second
order too.
"""

from __future__ import annotations

import math
from typing import Any

from simgen.errors import Rejected, SimulationError
from simgen.physics.bodies import Bodies, Motion
from simgen.physics.properties import Handle
from simgen.scene.spec import Force, SceneSpec, Vector

__all__ = ["Forces", "check_forces"]

NEAREST_M = 1e-6  # attracting points nearer than that are no longer physics


def check_forces(scene: SceneSpec) -> None:
    """Raise SimulationError, in a sentence, for a force that means nothing."""
    bodies = {body.name: body for body in scene.bodies}
    for force in scene.forces:
        for name in (force.a, *((force.b,) if force.b else ())):
            if name not in bodies:
                raise SimulationError(f"the {force.kind} on {force.a!r}: there is no body named {name!r}")
        if force.a == force.b:
            raise SimulationError(f"the {force.kind} on {force.a!r}: a body cannot act on itself")
        numbers = {
            "stiffness_n_m": force.stiffness_n_m,
            "length_m": force.length_m,
            "damping_kg_s": force.damping_kg_s,
            "linear_kg_s": force.linear_kg_s,
            "quadratic_kg_m": force.quadratic_kg_m,
        }
        for name, value in numbers.items():
            if not (value >= 0 and math.isfinite(value)):
                raise SimulationError(
                    f"the {force.kind} on {force.a!r}: {name} must not be negative, not {value!r}"
                )
        if not all(map(math.isfinite, (force.strength_n_m2, *force.anchor_m, *force.wind_m_s))):
            raise SimulationError(f"the {force.kind} on {force.a!r}: its numbers must be finite")


class Forces:
    """All of a scene's forces; `apply` goes before every step."""

    def __init__(
        self, bullet: Any, client: int, scene: SceneSpec, bodies: Bodies, handles: list[Handle]
    ) -> None:
        self._bullet, self._client, self._handles, self._bodies = bullet, client, handles, bodies
        self._fixed = [body.fixed for body in scene.bodies]
        self._mass = [body.mass_kg for body in scene.bodies]
        # Of each force: itself, and the indices of its bodies; None is the world.
        self._forces: list[tuple[Force, int, int | None]] = [
            (force, scene.body_index(force.a), scene.body_index(force.b) if force.b else None)
            for force in scene.forces
        ]
        self._last: tuple[float, dict[int, Vector]] | None = None
        self.largest_m_s2 = math.inf  # the greatest acceleration that they gave in the last step

    def apply(self, time_s: float, velocity_time_s: float, scale: float, forget: bool) -> None:
        """As `simgen.physics.coriolis.Coriolis.apply`."""
        motions: dict[int, Motion] = {}
        for _, a, b in self._forces:
            for index in (a, b):
                if index is not None and index not in motions:
                    motions[index] = self._bodies.motion(index)
        velocities = {index: motion[1] for index, motion in motions.items()}
        ahead = velocities
        if self._last is not None and not forget:
            then_s, before = self._last
            part = (time_s - velocity_time_s) / (velocity_time_s - then_s)
            ahead = {
                index: (
                    v[0] + (v[0] - before[index][0]) * part,
                    v[1] + (v[1] - before[index][1]) * part,
                    v[2] + (v[2] - before[index][2]) * part,
                )
                for index, v in velocities.items()
            }
        self._last = velocity_time_s, velocities
        pulls: dict[int, Vector] = {}
        for force, a, b in self._forces:
            x, y, z = _on_a(force, motions[a][0], ahead[a], *_other(force, b, motions, ahead))
            _add(pulls, a, x, y, z)
            if b is not None:
                _add(pulls, b, -x, -y, -z)
        self.largest_m_s2 = 0.0
        for index, pull in pulls.items():
            if self._fixed[index]:
                continue
            self.largest_m_s2 = max(self.largest_m_s2, math.hypot(*pull) / self._mass[index])
            handle = self._handles[index]
            self._bullet.applyExternalForce(
                handle.body,
                handle.link,
                (pull[0] * scale, pull[1] * scale, pull[2] * scale),
                motions[index][0],
                self._bullet.WORLD_FRAME,
                physicsClientId=self._client,
            )


def _add(pulls: dict[int, Vector], index: int, x: float, y: float, z: float) -> None:
    px, py, pz = pulls.get(index, (0.0, 0.0, 0.0))
    pulls[index] = (px + x, py + y, pz + z)


def _other(
    force: Force, b: int | None, motions: dict[int, Motion], velocities: dict[int, Vector]
) -> tuple[Vector, Vector]:
    """Position and velocity of the force's other end."""
    return (force.anchor_m, (0.0, 0.0, 0.0)) if b is None else (motions[b][0], velocities[b])


def _on_a(force: Force, place: Vector, velocity: Vector, other: Vector, other_velocity: Vector) -> Vector:
    """The force (N) on its body `a`."""
    if force.kind == "drag":
        wx, wy, wz = force.wind_m_s
        ux, uy, uz = velocity[0] - wx, velocity[1] - wy, velocity[2] - wz
        factor = -(force.linear_kg_s + force.quadratic_kg_m * math.sqrt(ux * ux + uy * uy + uz * uz))
        return (factor * ux, factor * uy, factor * uz)
    dx, dy, dz = other[0] - place[0], other[1] - place[1], other[2] - place[2]
    distance = math.sqrt(dx * dx + dy * dy + dz * dz)
    if force.kind == "attraction":
        if distance < NEAREST_M:
            raise Rejected("attraction-meets", f"{force.a!r} comes to the very point that attracts it")
        factor = force.strength_n_m2 / distance**3
        return (factor * dx, factor * dy, factor * dz)
    if distance == 0.0:
        return (0.0, 0.0, 0.0)  # a spring of no length has no direction
    growth = (
        (other_velocity[0] - velocity[0]) * dx
        + (other_velocity[1] - velocity[1]) * dy
        + (other_velocity[2] - velocity[2]) * dz
    ) / distance
    factor = (force.stiffness_n_m * (distance - force.length_m) + force.damping_kg_s * growth) / distance
    return (factor * dx, factor * dy, factor * dz)
