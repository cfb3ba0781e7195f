"""Meshes in the engine: they rest on what they fall on, and tumble as their own mass makes them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.spatial.transform import Rotation

from simgen.errors import SimulationError
from simgen.physics import simulate
from simgen.physics.inertia import mass_properties
from simgen.scene.meshes import MESHES, mesh
from simgen.scene.rotation import about_axis, multiply
from simgen.scene.spec import Body, Joint, Shape
from tests.physics.scenes import GROUND, scene

TILTED = multiply(about_axis((1.0, 0.2, 0.0), 0.5), about_axis((0.0, 0.3, 1.0), 0.7))


@pytest.mark.parametrize("name", MESHES)
def test_a_mesh_that_is_dropped_rests_on_the_ground(name: str) -> None:
    """Within 1 mm: the engine swells pieces of a shape in several parts by as much, and lets none sink."""
    size = (0.3, 0.3, 0.3)
    points = mesh(name).vertices * size
    lift = -(points @ Rotation.from_quat(TILTED).as_matrix().T)[:, 2].min()
    thing = Body(
        "thing", Shape("mesh", size, name), (0.0, 0.0, lift + 0.05), TILTED, friction=0.6, rolling_friction_m=0.005,
        elasticity=0.0, mass_kg=1.0,
    )  # fmt: skip
    trace = simulate(scene(thing, GROUND, seconds=2.5, profile="resting"))
    turns = Rotation.from_quat(trace.orientation_xyzw[:, 0]).as_matrix()
    lowest = np.einsum("tij,vj->tvi", turns, points)[:, :, 2].min(axis=1) + trace.position_m[:, 0, 2]
    assert lowest.min() > -1e-3  # a corner that strikes may go in for a step
    assert lowest[-12:].min() > -1e-4
    assert lowest[-12:].max() < 1.2e-3
    assert np.linalg.norm(trace.velocity_m_s[-1, 0]) < 0.05


@pytest.mark.parametrize("name", ["gear", "mug", "staircase", "wedge"])
def test_a_mesh_in_flight_turns_as_euler_says(name: str) -> None:
    """Without a torque: I dω/dt = −ω × I ω with the whole tensor, in the body's own axes, by scipy."""
    size, spin = (0.4, 0.3, 0.5), np.array([3.0, -2.0, 4.0])
    body = Body(
        "thing",
        Shape("mesh", size, name),
        (0.0, 0.0, 1.0),
        TILTED,
        angular_velocity_rad_s=tuple(spin),
        mass_kg=2.0,
    )
    told = scene(body, gravity_m_s2=(0.0, 0.0, 0.0), seconds=1.0)
    trace = simulate(told)
    solid = mesh(name)
    tensor = mass_properties(solid.vertices * size, solid.triangles)[2]

    def change(_: float, y: np.ndarray) -> np.ndarray:
        turn, own = Rotation.from_quat(y[:4]), y[4:]
        x, yy, z, w = y[:4]
        a, b, c = turn.apply(own)  # in the world
        rate = 0.5 * np.array([
            a * w + b * z - c * yy, -a * z + b * w + c * x, a * yy - b * x + c * w, -a * x - b * yy - c * z
        ])  # fmt: skip
        return np.concatenate([rate, np.linalg.solve(tensor, -np.cross(own, tensor @ own))])

    own = Rotation.from_quat(TILTED).inv().apply(spin)
    end = float(trace.time_s[-1])
    exact = solve_ivp(change, (0.0, end), np.concatenate([TILTED, own]), rtol=1e-10, atol=1e-12).y[:, -1]
    apart = Rotation.from_quat(trace.orientation_xyzw[-1, 0]) * Rotation.from_quat(exact[:4]).inv()
    assert math.degrees(apart.magnitude()) < 0.05
    world = Rotation.from_quat(exact[:4]).apply(exact[4:])
    np.testing.assert_allclose(trace.angular_velocity_rad_s[-1, 0], world, atol=2e-3)
    np.testing.assert_allclose(trace.orientation_xyzw[0, 0], TILTED)


def test_a_mesh_without_symmetry_cannot_hang_on_a_joint() -> None:
    wedge = Body("thing", Shape("mesh", (0.4, 0.4, 0.4), "wedge"), (0.0, 0.0, 1.0))
    hinge = Joint("hinge", "hinge", "", "thing", (0.0, 0.0, 1.3))
    with pytest.raises(
        SimulationError, match="are not its principal axes of inertia, so it cannot hang on joints"
    ):
        simulate(scene(wedge, joints=(hinge,), profile="joints"))
