"""Putting a scene's bodies into the engine with every property explicit.

Bodies are made in the order of the scene: the engine's trajectories depend on it.
"""

from __future__ import annotations

import math
from typing import Any

from simgen.errors import SimulationError
from simgen.physics import articulation
from simgen.physics.forces import check_forces
from simgen.physics.inertia import principal_axes
from simgen.physics.profiles import PROFILES, Profile
from simgen.physics.properties import Handle, set_properties
from simgen.physics.shapes import collision_shape
from simgen.scene.links import check_links
from simgen.scene.meshes import MESHES
from simgen.scene.rotation import IDENTITY, multiply
from simgen.scene.spec import Body, SceneSpec

__all__ = ["check", "place"]

MAX_FRICTION = 10.0  # the engine clamps a pair's coefficient there
_SIZES = {"sphere": 1, "box": 3, "cylinder": 2, "capsule": 2, "cone": 2, "tube": 3, "mesh": 3}


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
    if scene.joints and PROFILES[scene.profile].maximal_coordinates:
        raise SimulationError(
            f"the profile {scene.profile!r} has no joints; a scene with joints needs the profile 'joints'"
        )
    for body in scene.bodies:
        _check_body(body)
    held = {name for joint in scene.joints for name in (joint.parent, joint.child)}
    for body in scene.bodies:
        if body.name in held and not body.fixed and principal_axes(body) != IDENTITY:
            raise SimulationError(
                f"body {body.name!r}: the axes of the mesh {body.shape.mesh!r} are not its principal axes of "
                "inertia, so it cannot hang on joints; give it an `inertia_kg_m2`"
            )
    for pair in scene.passing:
        for name in pair:
            if name not in names:
                raise SimulationError(f"passing: there is no body named {name!r}")
    check_forces(scene)
    try:
        check_links(scene)
    except ValueError as error:
        raise SimulationError(str(error)) from None


def _check_body(body: Body) -> None:
    size = body.shape.size_m
    if len(size) != _SIZES.get(body.shape.kind, -1):
        raise SimulationError(f"body {body.name!r}: a {body.shape.kind} does not have {len(size)} sizes")
    if body.shape.kind == "mesh" and body.shape.mesh not in MESHES:
        raise SimulationError(f"there is no mesh {body.shape.mesh!r}; there are {', '.join(MESHES)}")
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
    if body.elasticity > 1:
        raise SimulationError(f"body {body.name!r}: elasticity {body.elasticity!r} is above 1")
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
    forest = articulation.trees(scene)
    tree_of = {name: tree for tree in forest for name in tree.bodies}
    handles: dict[str, Handle] = {}
    for body in scene.bodies:
        if body.name not in tree_of:
            handles[body.name] = _place_free(bullet, client, body, profile)
        elif body.name not in handles:
            handles.update(articulation.place_tree(bullet, client, scene, tree_of[body.name], profile))
    for joint in scene.joints:
        if joint.parent and scene.body(joint.parent).fixed:
            # The fixed body is not of the tree, and the engine keeps only links of a tree from colliding.
            a, b = handles[joint.parent], handles[joint.child]
            bullet.setCollisionFilterPair(a.body, b.body, a.link, b.link, 0, physicsClientId=client)
    for one, other in scene.passing:
        a, b = handles[one], handles[other]
        bullet.setCollisionFilterPair(a.body, b.body, a.link, b.link, 0, physicsClientId=client)
    return [handles[body.name] for body in scene.bodies]


def _place_free(bullet: Any, client: int, body: Body, profile: Profile) -> Handle:
    mass = 0.0 if body.fixed else body.mass_kg
    axes = IDENTITY if body.fixed else principal_axes(body)  # the engine knows bodies by these alone
    identity = bullet.createMultiBody(
        baseMass=mass,
        baseCollisionShapeIndex=collision_shape(bullet, client, body.shape, axes=axes),
        basePosition=body.position_m,
        baseOrientation=body.orientation_xyzw if axes == IDENTITY else multiply(body.orientation_xyzw, axes),
        useMaximalCoordinates=int(profile.maximal_coordinates),
        physicsClientId=client,
    )
    if identity < 0:
        raise SimulationError(
            f"body {body.name!r}: the engine cannot make a {body.shape.kind} of {body.shape.size_m}"
        )
    handle = Handle(identity)
    set_properties(bullet, client, handle, body, profile)
    if not body.fixed:
        bullet.resetBaseVelocity(
            identity, body.velocity_m_s, body.angular_velocity_rad_s, physicsClientId=client
        )
    return handle
