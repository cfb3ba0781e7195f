"""Putting a scene's bodies into the engine with every property explicit.

Bodies are made in the order of the scene: the engine's trajectories depend on it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from simgen.errors import SimulationError
from simgen.physics.inertia import body_inertia
from simgen.physics.profiles import PROFILES, Profile
from simgen.physics.shapes import collision_shape
from simgen.scene.spec import Body, SceneSpec

__all__ = ["Handle", "check", "place"]

MAX_FRICTION = 10.0  # the engine clamps a pair's coefficient there
MAX_SPEED = 1e4  # of a coordinate, m/s and rad/s; the engine's default of 100 slows small rolling balls
MARGIN_M = 1e-4  # much less, and lasting contacts get coarse; the engine's 1e-3 rounds edges
_SIZES = {"sphere": 1, "box": 3, "cylinder": 2, "capsule": 2, "cone": 2, "tube": 3, "mesh": 3}


@dataclass(frozen=True, slots=True)
class Handle:
    """Where the engine keeps a body: its id and link, -1 for the base."""

    body: int
    link: int = -1


def check(scene: SceneSpec) -> None:
    """Raise SimulationError, in a sentence, for a scene that means nothing."""
    names = [body.name for body in scene.bodies]
    for name in names:
        if names.count(name) > 1:
            raise SimulationError(f"two bodies are named {name!r}; give each a name of its own")
    if not scene.video.fps > 0 or scene.video.frame_count < 1:
        raise SimulationError("a video needs at least one frame and a frame rate above 0")
    if scene.profile not in PROFILES:
        raise SimulationError(
            f"no solver profile is named {scene.profile!r}; there are {', '.join(PROFILES)}"
        )
    if not _finite(scene.gravity_m_s2):
        raise SimulationError("gravity is not a finite vector")
    if scene.joints:
        raise SimulationError("joints are not simulated yet")
    for body in scene.bodies:
        _check_body(body)


def _check_body(body: Body) -> None:
    size = body.shape.size_m
    if len(size) != _SIZES.get(body.shape.kind, -1):
        raise SimulationError(f"body {body.name!r}: a {body.shape.kind} does not have {len(size)} sizes")
    positive = {"size": min(size), **({} if body.fixed else {"mass": body.mass_kg})}
    if body.inertia_kg_m2 is not None:
        positive["inertia"] = min(body.inertia_kg_m2)
    for what, value in positive.items():
        if not (value > 0 and math.isfinite(value)):
            raise SimulationError(f"body {body.name!r}: its {what} must be above 0, not {value!r}")
    not_negative = {
        "friction": body.friction,
        "rolling friction": body.rolling_friction_m,
        "spinning friction": body.spinning_friction_m,
        "elasticity": body.elasticity,
    }
    for what, value in not_negative.items():
        if not (value >= 0 and math.isfinite(value)):
            raise SimulationError(f"body {body.name!r}: its {what} must not be negative, not {value!r}")
    if body.friction > MAX_FRICTION:
        raise SimulationError(f"body {body.name!r}: friction {body.friction!r} is above {MAX_FRICTION:g}")
    vectors = (body.position_m, body.orientation_xyzw, body.velocity_m_s, body.angular_velocity_rad_s)
    if not all(_finite(vector) for vector in vectors):
        raise SimulationError(f"body {body.name!r}: its pose or velocity is not finite")
    if abs(math.hypot(*body.orientation_xyzw) - 1) > 1e-6:
        raise SimulationError(f"body {body.name!r}: its orientation is not a unit quaternion")
    if body.fixed and any(body.velocity_m_s + body.angular_velocity_rad_s):
        raise SimulationError(f"body {body.name!r} is fixed but has a velocity; a fixed body never moves")


def _finite(vector: tuple[float, ...]) -> bool:
    return all(math.isfinite(value) for value in vector)


def place(bullet: Any, client: int, scene: SceneSpec) -> list[Handle]:
    """Create every body; handles in the order of `scene.bodies`."""
    profile = PROFILES[scene.profile]
    return [_place_free(bullet, client, body, profile) for body in scene.bodies]


def _place_free(bullet: Any, client: int, body: Body, profile: Profile) -> Handle:
    mass = 0.0 if body.fixed else body.mass_kg
    identity = bullet.createMultiBody(
        baseMass=mass,
        baseCollisionShapeIndex=collision_shape(bullet, client, body.shape),
        basePosition=body.position_m,
        baseOrientation=body.orientation_xyzw,
        useMaximalCoordinates=int(profile.maximal_coordinates),
        physicsClientId=client,
    )
    if identity < 0:
        raise SimulationError(
            f"body {body.name!r}: the engine cannot make a {body.shape.kind} of {body.shape.size_m}"
        )
    handle = Handle(identity)
    set_surface(bullet, client, handle, body, profile)
    if not body.fixed:
        bullet.resetBaseVelocity(
            identity, body.velocity_m_s, body.angular_velocity_rad_s, physicsClientId=client
        )
    return handle


def set_surface(bullet: Any, client: int, handle: Handle, body: Body, profile: Profile) -> None:
    """Mass, inertia, damping, friction and elasticity of one body or link."""
    rolling = body.rolling_friction_m
    if profile.maximal_coordinates and body.spinning_friction_m > 0:
        rolling = max(rolling, 1e-9)  # without any rolling friction such bodies ignore the spinning one
    dynamics: dict[str, Any] = {
        "linearDamping": 0.0,
        "angularDamping": 0.0,
        "jointDamping": 0.0,
        "lateralFriction": body.friction,
        "rollingFriction": rolling,
        "spinningFriction": body.spinning_friction_m,
        "restitution": body.elasticity,
        "contactProcessingThreshold": profile.processing_threshold_m,
        "activationState": bullet.ACTIVATION_STATE_DISABLE_SLEEPING,
        "maxJointVelocity": MAX_SPEED,
    }
    if body.shape.kind not in ("sphere", "capsule"):
        # The engine rounds edges by its margin and swells hulls by it; a ball's margin is its radius.
        dynamics["collisionMargin"] = MARGIN_M
    if not body.fixed:
        # In one call: a maximal-coordinate body that gets an inertia without its mass loses the mass.
        dynamics["mass"] = body.mass_kg
        dynamics["localInertiaDiagonal"] = body_inertia(body)
    bullet.changeDynamics(handle.body, handle.link, physicsClientId=client, **dynamics)
