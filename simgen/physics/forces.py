"""Springs, drag, attraction and ropes: forces at a distance, put on the bodies before every step.

They are functions of where bodies are and how they move at the time the step begins. Positions the engine
has; velocities it has for half a step earlier, so they are foreseen from the last two. With that the
leapfrog steps of `simgen.physics.stepping` keep the energy of springs and orbits, and drag is of second
order too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.errors import Rejected, SimulationError
from simgen.physics.bodies import Bodies, Motion
from simgen.physics.properties import Handle
from simgen.physics.rope import rope
from simgen.scene.spec import Force, SceneSpec, Vector

__all__ = ["Forces", "check_forces"]

MANY = 32  # springs between bodies, from which on they are worked out all at once
NEAREST_M = 1e-6  # attracting points nearer than that are no longer physics


def check_forces(scene: SceneSpec) -> None:
    """Raise SimulationError, in a sentence, for a force that means nothing."""
    bodies = {body.name: body for body in scene.bodies}
    for force in scene.forces:
        for name in (force.a, *((force.b,) if force.b else ()), *((force.pulley,) if force.pulley else ())):
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
        places = (*force.anchor_m, *force.anchor_b_m)
        if not all(map(math.isfinite, (force.strength_n_m2, *places, *force.wind_m_s))):
            raise SimulationError(f"the {force.kind} on {force.a!r}: its numbers must be finite")
        if force.kind == "rope":
            rope(scene, force)


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
            if force.kind != "rope"
        ]
        springs = [(force, a, b) for force, a, b in self._forces if force.kind == "spring" and b is not None]
        self._net: _Net | None = None
        if len(springs) >= MANY:
            self._net = _Net(springs)
            self._forces = [entry for entry in self._forces if entry[0].kind != "spring" or entry[2] is None]
        self._ropes = [rope(scene, force) for force in scene.forces if force.kind == "rope"]
        self._gravity = scene.gravity_m_s2
        self._pulleys = {line.pulley for line in self._ropes if line.pulley is not None}
        both = [(a, b) for _, a, b in self._forces] + [(line.a, line.b) for line in self._ropes]
        self._acting = dict.fromkeys(index for pair in both for index in pair if index is not None)
        if self._net is not None:
            self._acting |= dict.fromkeys(self._net.bodies)
        self._acting |= dict.fromkeys(self._pulleys)
        self._last: tuple[float, dict[int, Vector]] | None = None
        self.rest_steps = 0
        self.largest_m_s2 = math.inf  # the greatest acceleration that they gave in the last step

    def apply(self, time_s: float, velocity_time_s: float, scale: float, forget: bool) -> None:
        """As `simgen.physics.stepping.Act.apply`."""
        motions: dict[int, Motion] = {}
        for index in self._acting:
            motions[index] = self._bodies.motion(index)
        # a pulley's velocity is that of its turning
        velocities = {
            index: motion[2] if index in self._pulleys else motion[1] for index, motion in motions.items()
        }
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
        pulls: dict[int, Vector] = {} if self._net is None else self._net.pulls(motions, ahead)
        for force, a, b in self._forces:
            x, y, z = _on_a(force, motions[a][0], ahead[a], *_other(force, b, motions, ahead))
            _add(pulls, a, x, y, z)
            if b is not None:
                _add(pulls, b, -x, -y, -z)
        if self._ropes:
            self._pull_ropes(pulls, motions, ahead, scale)
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

    def _pull_ropes(
        self,
        pulls: dict[int, Vector],
        motions: dict[int, Motion],
        ahead: dict[int, Vector],
        scale: float,
    ) -> None:
        """Add what ropes pull to what else pulls, and turn their pulleys."""
        gx, gy, gz = self._gravity
        for line in self._ropes:
            ends = []
            for index in (line.a, line.b):
                px, py, pz = pulls.get(index, (0.0, 0.0, 0.0))
                mass = self._mass[index]
                gain = (gx + px / mass, gy + py / mass, gz + pz / mass)
                ends.append((motions[index][0], ahead[index], gain))
            spin = 0.0
            if line.pulley is not None:
                spin = sum(n * w for n, w in zip(line.axis, ahead[line.pulley], strict=True))
            on_a, on_b, torque = line.tensions(ends[0], ends[1], spin)
            _add(pulls, line.a, *on_a)
            _add(pulls, line.b, *on_b)
            if line.pulley is not None:
                handle = self._handles[line.pulley]
                self._bullet.setJointMotorControl2(
                    handle.body,
                    handle.link,
                    self._bullet.TORQUE_CONTROL,
                    force=torque * scale,
                    physicsClientId=self._client,
                )


class _Net:
    """Many springs between bodies at once: the formula of `_on_a`, with rows of numbers."""

    def __init__(self, springs: Sequence[tuple[Force, int, int]]) -> None:
        self.bodies = sorted({index for _, a, b in springs for index in (a, b)})
        row = {index: place for place, index in enumerate(self.bodies)}
        self._a = np.array([row[a] for _, a, _ in springs])
        self._b = np.array([row[b] for _, _, b in springs])
        self._stiffness = np.array([force.stiffness_n_m for force, _, _ in springs])
        self._length = np.array([force.length_m for force, _, _ in springs])
        self._damping = np.array([force.damping_kg_s for force, _, _ in springs])

    def pulls(self, motions: Mapping[int, Motion], velocities: Mapping[int, Vector]) -> dict[int, Vector]:
        """The force (N) on every body that a spring holds."""
        places = np.array([motions[index][0] for index in self.bodies])
        speeds = np.array([velocities[index] for index in self.bodies])
        way, parting = places[self._b] - places[self._a], speeds[self._b] - speeds[self._a]
        distance = np.sqrt(_dot(way, way))
        there = np.where(distance > 0.0, distance, 1.0)  # a spring of no length has no direction
        growth = _dot(parting, way) / there
        tension = self._stiffness * (distance - self._length) + self._damping * growth
        on_a = (tension / there)[:, None] * way
        count = len(self.bodies)
        total = [
            (np.bincount(self._a, one, count) - np.bincount(self._b, one, count)).tolist() for one in on_a.T
        ]
        return dict(zip(self.bodies, zip(*total, strict=True), strict=True))


def _dot(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Row by row, in an order of its own: the same bits on every machine."""
    product: NDArray[np.float64] = (a[:, 0] * b[:, 0] + a[:, 1] * b[:, 1]) + a[:, 2] * b[:, 2]
    return product


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
