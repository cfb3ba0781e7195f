"""What the engine is told of one body or link.

Everything, because every default of its is wrong for something.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simgen.physics.inertia import body_inertia
from simgen.physics.profiles import Profile
from simgen.scene.spec import Body

__all__ = ["Handle", "margin_m", "set_properties"]

MAX_SPEED = 1e4  # of a coordinate, m/s and rad/s; the engine's default of 100 slows small rolling balls
# The engine rounds the edges of boxes by their margin (1 mm by default) and swells hulls by it; a much
# smaller one makes lasting contacts between hulls coarse. A ball's margin is its radius, and a cylinder's
# two halves keep theirs.
MARGIN_M = {"box": 1e-6, "cone": 1e-4, "mesh": 1e-4}
DEFAULT_MARGIN_M = 1e-3  # of links and of shapes in several parts


@dataclass(frozen=True, slots=True)
class Handle:
    """Where the engine keeps a body: its id and link, -1 for the base."""

    body: int
    link: int = -1


def margin_m(body: Body, handle: Handle) -> float:
    """The collision margin that the body has once `set_properties` is done."""
    return MARGIN_M.get(body.shape.kind, DEFAULT_MARGIN_M) if handle.link < 0 else DEFAULT_MARGIN_M


def set_properties(bullet: Any, client: int, handle: Handle, body: Body, profile: Profile) -> None:
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
    }
    if not body.fixed:
        # In one call: a maximal-coordinate body that gets an inertia without its mass loses the mass.
        dynamics["mass"] = body.mass_kg
        dynamics["localInertiaDiagonal"] = body_inertia(body)
    bullet.changeDynamics(handle.body, handle.link, physicsClientId=client, **dynamics)
    # In calls of their own: together with others these two make the engine set them all on the base.
    bullet.changeDynamics(handle.body, -1, maxJointVelocity=MAX_SPEED, physicsClientId=client)
    if handle.link < 0 and body.shape.kind in MARGIN_M:
        margin = margin_m(body, handle)
        bullet.changeDynamics(handle.body, -1, collisionMargin=margin, physicsClientId=client)
