"""The free motion of a body between a frame and a moment near it, where forces act at a distance.

Under gravity alone that is a parabola. A charge that is about to meet another is accelerated many times more
strongly at the touch than at the frame before it, so the equations of motion are integrated.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simgen.physics.forces import force_on_a
from simgen.physics.trace import Trace
from simgen.scene.spec import SceneSpec, Vector

__all__ = ["flown", "is_pulled"]

STEPS = 24  # of the fourth-order Runge-Kutta method, over at most the time between two frames


def is_pulled(scene: SceneSpec, body: int) -> bool:
    """Whether a force of the scene acts on the body."""
    name = scene.bodies[body].name
    return any(name in (force.a, force.b) for force in scene.forces)


def flown(
    scene: SceneSpec, trace: Trace, body: int, pair: Sequence[int], frame: int, lapse_s: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Position and velocity (3,) of `body`, of `pair`, `lapse_s` after a frame (before it if negative).

    Both of the pair fly freely; all other bodies are taken to go straight on, as contacts may hold them.
    """
    movers = [index for index in pair if not scene.bodies[index].fixed]
    others = [index for index in range(len(scene.bodies)) if index not in movers]
    place = trace.position_m[frame].astype(np.float64).copy()
    speed = trace.velocity_m_s[frame].astype(np.float64).copy()
    step = lapse_s / STEPS
    for _ in range(STEPS):
        starts = place.copy(), speed[movers]
        rates: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
        for part in (0.0, 0.5, 0.5, 1.0):
            place[others] = starts[0][others] + part * step * speed[others]
            if rates:
                place[movers] = starts[0][movers] + part * step * rates[-1][0]
                speed[movers] = starts[1] + part * step * rates[-1][1]
            rates.append((speed[movers], _accelerations(scene, movers, place, speed)))
        for values, start, which in ((place, starts[0][movers], 0), (speed, starts[1], 1)):
            k = [rate[which] for rate in rates]
            values[movers] = start + step / 6 * (k[0] + 2 * k[1] + 2 * k[2] + k[3])
    return place[body], speed[body]


def _accelerations(
    scene: SceneSpec, movers: Sequence[int], place: NDArray[np.float64], speed: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Of the movers (M, 3), m/s²."""
    pulls = {index: np.zeros(3) for index in range(len(scene.bodies))}
    for force in scene.forces:
        a = scene.body_index(force.a)
        b = scene.body_index(force.b) if force.b else None
        far = (force.anchor_m, (0.0, 0.0, 0.0)) if b is None else (_vector(place[b]), _vector(speed[b]))
        push = np.array(force_on_a(force, _vector(place[a]), _vector(speed[a]), *far))
        pulls[a] += push
        if b is not None:
            pulls[b] -= push
    gravity = np.asarray(scene.gravity_m_s2)
    return np.array([pulls[index] / scene.bodies[index].mass_kg + gravity for index in movers])


def _vector(values: NDArray[np.float64]) -> Vector:
    x, y, z = (float(value) for value in values)
    return (x, y, z)
