"""Mechanical energy of a scene along a trace."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simgen.physics.inertia import body_inertia, principal_axes
from simgen.scene.rotation import IDENTITY, matrix
from simgen.scene.spec import SceneSpec

__all__ = ["mechanical_energy"]


def mechanical_energy(scene: SceneSpec, state: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Kinetic energy and that in gravity of all moving bodies (J), shape (T,), for states (T, N, 13).

    And the energy in play (J): the most kinetic energy there ever is, or the most that gravity gives or
    takes, whichever is larger.
    """
    gravity = np.asarray(scene.gravity_m_s2)
    kinetic = np.zeros(len(state))
    potential = np.zeros(len(state))
    least = 0.0
    for index, body in enumerate(scene.bodies):
        if body.fixed:
            continue
        path = state[:, index]
        turn, axes = matrix(path[:, 3:7]), principal_axes(body)
        if axes != IDENTITY:
            turn = turn @ matrix(axes)
        spin = np.einsum("tij,ti->tj", turn, path[:, 10:13])  # in the body's principal axes
        kinetic += body.mass_kg / 2 * (path[:, 7:10] ** 2).sum(axis=1)
        kinetic += (np.asarray(body_inertia(body)) * spin**2).sum(axis=1) / 2
        potential -= body.mass_kg * (path[:, :3] - path[0, :3]) @ gravity
        least += body.mass_kg * (float(np.linalg.norm(gravity)) * 1e-3 + 0.05**2 / 2)
    return kinetic + potential, max(float(kinetic.max()), float(np.abs(potential).max()), float(least))
