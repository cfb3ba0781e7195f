"""What hangs: the stand with an axle on which pendulums and chains turn, and the rods that carry their bobs.

Everything swings in planes of constant y, in front of the stand. Bodies that share a plane or a joint are
placed so that they cannot touch: the axle ends behind the rod, a rod ends at its bob's surface, and what turns
about a bob is in a plane further in front.
"""

from __future__ import annotations

import math

import numpy as np

from simgen.labels import words
from simgen.physics.energy import mechanical_energy
from simgen.physics.trace import Trace
from simgen.scenarios.base import LawCheck
from simgen.scene.rotation import about_axis, multiply
from simgen.scene.spec import Body, Quaternion, SceneSpec, Shape, Vector

__all__ = [
    "ROD_WIDTH_M",
    "bob_depth_m",
    "bob_shape",
    "bob_turn",
    "energy_check",
    "hang_down",
    "often",
    "rod",
    "rod_inertia_kg_m2",
    "stand",
]

ROD_WIDTH_M = 0.04
GAP_M = 0.005  # between neighbours along y
POST_M = 0.14  # the post's edge


def stand(pivot: Vector, depth_m: float) -> tuple[Body, Body]:
    """A post behind the plane of the swing and the axle that sticks out of it towards the pivot.

    `depth_m`: nothing that swings reaches further behind the pivot's plane than that.
    """
    x, y, z = pivot
    front = y + depth_m + 0.06  # of the post
    axle_front = y + ROD_WIDTH_M / 2 + GAP_M
    axle = Body(
        name="axle",
        shape=Shape("cylinder", (0.04, front - axle_front)),
        position_m=(x, (front + axle_front) / 2, z),
        orientation_xyzw=about_axis((1.0, 0.0, 0.0), math.pi / 2),
        mass_kg=0.0,
        fixed=True,
        role="support",
    )
    height = z + POST_M
    post = Body(
        name="post",
        shape=Shape("box", (POST_M, POST_M, height)),
        position_m=(x, front + POST_M / 2, height / 2),
        mass_kg=0.0,
        fixed=True,
        role="support",
    )
    return axle, post


def hang_down(start: Vector, length_m: float, angle_rad: float) -> Vector:
    """The point `length_m` from `start` that is turned by `angle_rad` from straight below it, towards +x."""
    x, y, z = start
    return (x + length_m * math.sin(angle_rad), y, z - length_m * math.cos(angle_rad))


def rod(name: str, start: Vector, angle_rad: float, near_m: float, far_m: float, mass_kg: float) -> Body:
    """A thin bar on the line that leaves `start` at `angle_rad`, from `near_m` to `far_m` along it.

    A negative `near_m` is beyond the pivot.
    """
    return Body(
        name=name,
        shape=Shape("box", (ROD_WIDTH_M, ROD_WIDTH_M, far_m - near_m)),
        position_m=hang_down(start, (near_m + far_m) / 2, angle_rad),
        orientation_xyzw=about_axis((0.0, 1.0, 0.0), -angle_rad),
        mass_kg=mass_kg,
        friction=0.0,
        elasticity=0.5,
        role="prop",
    )


def rod_inertia_kg_m2(length_m: float, mass_kg: float) -> float:
    """Of such a bar about the axis of the swing, through its centre."""
    return mass_kg / 12 * (length_m**2 + ROD_WIDTH_M**2)


def bob_shape(kind: str, radius_m: float) -> Shape:
    """A bob `2 * radius_m` wide: sphere, box (a cube), disc, hoop."""
    if kind == "sphere":
        return Shape("sphere", (radius_m,))
    if kind == "box":
        return Shape("box", (2 * radius_m, 2 * radius_m, 2 * radius_m))
    if kind == "disc":
        return Shape("cylinder", (radius_m, radius_m / 2))
    if kind == "hoop":
        return Shape("tube", (radius_m, 0.6 * radius_m, 0.25 * radius_m))
    raise KeyError(kind)


def bob_depth_m(shape: Shape) -> float:
    """How far a bob reaches in front of and behind its plane."""
    if shape.kind in ("cylinder", "tube"):
        return shape.size_m[1] / 2
    return shape.size_m[0] / (2 if shape.kind == "box" else 1)


def bob_turn(shape: Shape, angle_rad: float) -> Quaternion:
    """Turned with its rod; a disc or hoop with its axis along the axle."""
    turn = about_axis((0.0, 1.0, 0.0), -angle_rad)
    if shape.kind in ("cylinder", "tube"):
        return multiply(turn, about_axis((1.0, 0.0, 0.0), math.pi / 2))
    return turn


def often(count: int) -> str:
    """How many times something swung, in words: "twice", "many times" where words run out."""
    return words.times(count) if count <= 12 else "many times"


def energy_check(name: str, scene: SceneSpec, trace: Trace, frames: int | None = None) -> LawCheck:
    """Conservation of energy over the first `frames` frames (all if None), relative to the energy in play.

    Predicted is the energy at the start, measured the one furthest from it (J; zero is the start at rest).
    """
    energy, scale = mechanical_energy(scene, trace.state[:frames])
    worst = int(np.argmax(np.abs(energy - energy[0])))
    start, off = float(energy[0]), float(energy[worst])
    return LawCheck(name, start, off, abs(off - start) / scale)
