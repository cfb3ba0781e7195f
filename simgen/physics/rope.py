"""A rope that does not stretch, from one body over a pulley to another: how hard it pulls.

It is a constraint, solved for the accelerations: while it is taut, what one side gains in length the other side
loses, and the pulley's rim keeps up with it. Where that already holds it goes on to hold exactly, so bodies on
a rope follow closed forms to rounding. A rope can go slack, when a body on it lands; when it is taut again,
what it finds to be wrong (ends that part, a rim that slips) dies away at `SETTLES_PER_S`, as on a rope that
does not bounce.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from simgen.errors import SimulationError
from simgen.physics.inertia import body_inertia
from simgen.scene.rotation import matrix
from simgen.scene.spec import Force, SceneSpec, Vector

__all__ = ["SETTLES_PER_S", "Rope", "rope"]

SETTLES_PER_S = 200.0
TAUT_M = 1e-6  # a rope shorter than its length by more than this is slack

# A vector as (x, y, z): floats, or arrays of one shape for many moments at once.
Triple = tuple[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Rope:
    """A force of the kind `rope`, as far as its scene settles it. Indices are into `SceneSpec.bodies`."""

    a: int
    b: int
    pulley: int | None
    from_a_m: Vector  # the points from which the two hang
    from_b_m: Vector
    length_m: float
    mass_a_kg: float
    mass_b_kg: float
    centre_m: Vector  # the pulley's pivot, its axis and its moment about it
    axis: Vector
    inertia_kg_m2: float

    def tensions(
        self,
        a: tuple[Triple, Triple, Triple],
        b: tuple[Triple, Triple, Triple],
        spin_rad_s: Any,
    ) -> tuple[Triple, Triple, Any]:
        """The forces (N) on a and on b and the torque (N m) on the pulley about its axis.

        Of a and b: position, velocity, and the acceleration that all else gives it; `spin_rad_s` is the
        pulley's about its axis. The two unknown tensions follow from: d·(v' of the body) + (v across d)² / l −
        (rim's acceleration along d) = −2 κ (slip) − κ² (stretch) / 2 for each side, d from pulley to body.
        """
        ahead_a, length_a, rate_a, gain_a = _side(self.from_a_m, *a)
        ahead_b, length_b, rate_b, gain_b = _side(self.from_b_m, *b)
        stretch = length_a + length_b - self.length_m
        k = SETTLES_PER_S
        if self.pulley is None:
            wanted = gain_a + gain_b + 2 * k * (rate_a + rate_b) + k * k * stretch
            pull_a = pull_b = wanted / (1 / self.mass_a_kg + 1 / self.mass_b_kg)
            arm_a = arm_b = 0.0
        else:
            arm_a, arm_b = self._arm(self.from_a_m, ahead_a), self._arm(self.from_b_m, ahead_b)
            wanted_a = gain_a + 2 * k * (rate_a - arm_a * spin_rad_s) + k * k * stretch / 2
            wanted_b = gain_b + 2 * k * (rate_b - arm_b * spin_rad_s) + k * k * stretch / 2
            ease_a = 1 / self.mass_a_kg + arm_a * arm_a / self.inertia_kg_m2
            ease_b = 1 / self.mass_b_kg + arm_b * arm_b / self.inertia_kg_m2
            both = arm_a * arm_b / self.inertia_kg_m2
            det = ease_a * ease_b - both * both
            pull_a = (wanted_a * ease_b - wanted_b * both) / det
            pull_b = (wanted_b * ease_a - wanted_a * both) / det
        taut = stretch >= -TAUT_M
        pull_a, pull_b = taut * (pull_a + abs(pull_a)) / 2, taut * (pull_b + abs(pull_b)) / 2  # never pushes
        torque = pull_a * arm_a + pull_b * arm_b
        return _times(ahead_a, -pull_a), _times(ahead_b, -pull_b), torque

    def _arm(self, point: Vector, ahead: Triple) -> Any:
        """Speed along `ahead` of the rim at `point` per rad/s; torque about the axis per newton along it."""
        rx, ry, rz = (p - c for p, c in zip(point, self.centre_m, strict=True))
        nx, ny, nz = self.axis
        dx, dy, dz = ahead
        return nx * (ry * dz - rz * dy) + ny * (rz * dx - rx * dz) + nz * (rx * dy - ry * dx)


def rope(scene: SceneSpec, force: Force) -> Rope:
    """Raises SimulationError, in a sentence, for a rope that means nothing."""
    a, b = scene.body_index(force.a), scene.body_index(force.b) if force.b else -1
    if b < 0 or scene.bodies[a].fixed or scene.bodies[b].fixed:
        raise SimulationError(f"the rope on {force.a!r}: it needs a moving body at both ends")
    index, centre, axis, inertia = None, (0.0, 0.0, 0.0), (0.0, 1.0, 0.0), 0.0
    if force.pulley:
        hinges = [joint for joint in scene.joints if joint.child == force.pulley and joint.kind == "hinge"]
        if not hinges or (hinges[0].parent and not scene.body(hinges[0].parent).fixed):
            raise SimulationError(
                f"the rope on {force.a!r}: its pulley {force.pulley!r} must turn on a hinge that stands still"
            )
        index, body, joint = scene.body_index(force.pulley), scene.body(force.pulley), hinges[0]
        way = np.asarray(joint.axis, dtype=np.float64)
        way = way / np.linalg.norm(way)
        x, y, z = (float(value) for value in way)
        centre, axis = joint.pivot_m, (x, y, z)
        own = matrix(body.orientation_xyzw).T @ way
        away = np.cross(np.subtract(body.position_m, joint.pivot_m), way)
        inertia = float(np.asarray(body_inertia(body)) @ own**2 + body.mass_kg * away @ away)
    return Rope(
        a=a,
        b=b,
        pulley=index,
        from_a_m=force.anchor_m,
        from_b_m=force.anchor_b_m,
        length_m=force.length_m,
        mass_a_kg=scene.bodies[a].mass_kg,
        mass_b_kg=scene.bodies[b].mass_kg,
        centre_m=centre,
        axis=axis,
        inertia_kg_m2=inertia,
    )


def _side(start: Vector, place: Triple, velocity: Triple, gain: Triple) -> tuple[Triple, Any, Any, Any]:
    """Of one side: its direction, its length, how fast that grows, and how fast that would change without it."""
    way = (place[0] - start[0], place[1] - start[1], place[2] - start[2])
    length = _dot(way, way) ** 0.5
    ahead = _times(way, 1 / length)
    rate = _dot(ahead, velocity)
    return ahead, length, rate, _dot(ahead, gain) + (_dot(velocity, velocity) - rate * rate) / length


def _dot(a: Triple, b: Triple) -> Any:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _times(a: Triple, factor: Any) -> Triple:
    return a[0] * factor, a[1] * factor, a[2] * factor
