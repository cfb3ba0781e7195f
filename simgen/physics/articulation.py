"""Bodies held together by joints, as the engine's multibodies: one tree of links each.

The engine solves such a tree in its joint angles, so joints never come apart. A tree hangs from the world
(or from a fixed body, which is the same) or has a moving root. Bodies that a joint joins directly do not
collide with each other; all others do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.errors import SimulationError
from simgen.physics.profiles import Profile
from simgen.physics.properties import Handle, set_properties
from simgen.physics.shapes import collision_shape
from simgen.scene.rotation import matrix
from simgen.scene.spec import Body, Joint, Quaternion, SceneSpec

__all__ = ["Tree", "place_tree", "trees"]

_IDENTITY: Quaternion = (0.0, 0.0, 0.0, 1.0)
VELOCITY_TOLERANCE = 1e-6  # relative; below it a declared velocity agrees with what the joints allow

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tree:
    """Bodies in an order in which parents come first. `root` "" is the world."""

    root: str
    links: tuple[Joint, ...]  # the joint by which each body but the root hangs

    @property
    def bodies(self) -> tuple[str, ...]:
        """Names of the moving bodies, parents first."""
        hanging = tuple(joint.child for joint in self.links)
        return hanging if self.root == "" else (self.root, *hanging)


def trees(scene: SceneSpec) -> list[Tree]:
    """The trees that the joints make, in the order of their first bodies in the scene.

    Raises SimulationError for joints that are not a forest.
    """
    bodies = {body.name: body for body in scene.bodies}
    by_child: dict[str, Joint] = {}
    for joint in scene.joints:
        for name in (joint.child, *((joint.parent,) if joint.parent else ())):
            if name not in bodies:
                raise SimulationError(f"joint {joint.name!r}: there is no body named {name!r}")
        if bodies[joint.child].fixed:
            raise SimulationError(
                f"joint {joint.name!r}: its child {joint.child!r} is fixed; swap parent and child"
            )
        if joint.child in by_child:
            raise SimulationError(
                f"joint {joint.name!r}: {joint.child!r} already hangs on {by_child[joint.child].name!r}, "
                "and a body can be the child of one joint only"
            )
        if joint.kind in ("hinge", "slider") and not any(joint.axis):
            raise SimulationError(f"joint {joint.name!r}: its axis has no length")
        by_child[joint.child] = joint

    def moving_parent(name: str) -> str:
        """The moving body that `name` hangs on, "" if there is none."""
        parent = by_child[name].parent if name in by_child else ""
        return "" if not parent or bodies[parent].fixed else parent

    hanging: dict[str, list[Joint]] = {}  # by the moving body at the top of the tree, parents first
    order = {body.name: index for index, body in enumerate(scene.bodies)}
    for name in sorted(by_child, key=order.__getitem__):
        path = [name]
        while parent := moving_parent(path[-1]):
            if parent in path:
                raise SimulationError(f"joint {by_child[name].name!r} closes a loop; joints must form trees")
            path.append(parent)
        joints = hanging.setdefault(path[-1], [])
        for link in reversed(path):
            if link in by_child and by_child[link] not in joints:
                joints.append(by_child[link])
    forest = [Tree("" if top in by_child else top, tuple(joints)) for top, joints in hanging.items()]
    return sorted(forest, key=lambda tree: min(order[name] for name in tree.bodies))


def place_tree(bullet: Any, client: int, scene: SceneSpec, tree: Tree, profile: Profile) -> dict[str, Handle]:
    """Create one tree; the handles of its bodies by name."""
    bodies = {body.name: body for body in scene.bodies}
    kinds = {
        "hinge": bullet.JOINT_REVOLUTE,
        "slider": bullet.JOINT_PRISMATIC,
        "point": bullet.JOINT_SPHERICAL,
        "fixed": bullet.JOINT_FIXED,
    }
    # A link's frame sits at its pivot, turned as its body is at the start; the base's at its centre of mass.
    frames: dict[str, tuple[Array, Array]] = {}
    if tree.root:
        base = bodies[tree.root]
        frames[tree.root] = np.asarray(base.position_m), matrix(base.orientation_xyzw)
    world = np.zeros(3), np.eye(3)
    names = [tree.root, *(joint.child for joint in tree.links)]
    links: dict[str, list[Any]] = {
        key: []
        for key in ("positions", "orientations", "centres", "parents", "types", "axes", "masses", "shapes")
    }
    for joint in tree.links:
        child = bodies[joint.child]
        origin, turn = frames.get(joint.parent, world)
        pivot, child_turn = np.asarray(joint.pivot_m, dtype=np.float64), matrix(child.orientation_xyzw)
        frames[joint.child] = pivot, child_turn
        links["positions"].append((turn.T @ (pivot - origin)).tolist())
        links["orientations"].append(_quaternion(turn.T @ child_turn))
        centre = (child_turn.T @ (np.asarray(child.position_m) - pivot)).tolist()
        links["centres"].append(centre)
        links["parents"].append(names.index(joint.parent) if joint.parent in frames else 0)
        links["types"].append(kinds[joint.kind])
        axis = np.asarray(joint.axis, dtype=np.float64)
        links["axes"].append((child_turn.T @ axis / (np.linalg.norm(axis) or 1.0)).tolist())
        links["masses"].append(child.mass_kg)
        links["shapes"].append(collision_shape(bullet, client, child.shape, centre))
    count = len(tree.links)
    root = bodies[tree.root] if tree.root else None
    identity = bullet.createMultiBody(
        baseMass=root.mass_kg if root else 0.0,
        baseCollisionShapeIndex=collision_shape(bullet, client, root.shape) if root else -1,
        basePosition=root.position_m if root else (0.0, 0.0, 0.0),
        baseOrientation=root.orientation_xyzw if root else _IDENTITY,
        linkMasses=links["masses"],
        linkCollisionShapeIndices=links["shapes"],
        linkVisualShapeIndices=[-1] * count,
        linkPositions=links["positions"],
        linkOrientations=links["orientations"],
        linkInertialFramePositions=links["centres"],
        linkInertialFrameOrientations=[_IDENTITY] * count,
        linkParentIndices=links["parents"],
        linkJointTypes=links["types"],
        linkJointAxis=links["axes"],
        flags=bullet.URDF_USE_SELF_COLLISION | bullet.URDF_USE_SELF_COLLISION_EXCLUDE_PARENT,
        physicsClientId=client,
    )
    if identity < 0:
        raise SimulationError(f"the engine cannot make the {count} joints of {', '.join(tree.bodies)}")
    handles = {joint.child: Handle(identity, link) for link, joint in enumerate(tree.links)}
    if root:
        handles[root.name] = Handle(identity)
        bullet.resetBaseVelocity(
            identity, root.velocity_m_s, root.angular_velocity_rad_s, physicsClientId=client
        )
    else:  # the base has no shape, but its sleeping is the tree's
        bullet.changeDynamics(
            identity, -1, activationState=bullet.ACTIVATION_STATE_DISABLE_SLEEPING, physicsClientId=client
        )
    for name, handle in handles.items():
        set_properties(bullet, client, handle, bodies[name], profile)
    for link, joint in enumerate(tree.links):
        _set_in_motion(bullet, client, Handle(identity, link), joint, bodies)
    return handles


def _set_in_motion(
    bullet: Any, client: int, handle: Handle, joint: Joint, bodies: Mapping[str, Body]
) -> None:
    """Motors off, and the joint's velocity that of its two bodies."""
    rate = _joint_rate(joint, bodies)
    body, link = handle.body, handle.link
    if joint.kind == "point":
        bullet.setJointMotorControlMultiDof(
            body,
            link,
            bullet.POSITION_CONTROL,
            targetPosition=_IDENTITY,
            force=[0.0, 0.0, 0.0],
            physicsClientId=client,
        )
        bullet.resetJointStateMultiDof(body, link, _IDENTITY, rate.tolist(), physicsClientId=client)
    elif joint.kind != "fixed":
        bullet.setJointMotorControl2(body, link, bullet.VELOCITY_CONTROL, force=0.0, physicsClientId=client)
        bullet.resetJointState(body, link, 0.0, float(rate[0]), physicsClientId=client)


def _joint_rate(joint: Joint, bodies: Mapping[str, Body]) -> Array:
    """The joint's velocity: (1,) rad/s or m/s along its axis, (3,) rad/s in the child's frame for a point
    joint.

    Raises SimulationError when the child's declared velocity is not one that the joint allows.
    """
    child = bodies[joint.child]
    pivot, centre = np.asarray(joint.pivot_m), np.asarray(child.position_m)
    velocity, spin = np.asarray(child.velocity_m_s), np.asarray(child.angular_velocity_rad_s)
    parent_spin, carried = np.zeros(3), np.zeros(3)
    if joint.parent:
        parent = bodies[joint.parent]
        parent_spin = np.asarray(parent.angular_velocity_rad_s)
        carried = np.asarray(parent.velocity_m_s) + np.cross(
            parent_spin, pivot - np.asarray(parent.position_m)
        )
    axis = np.asarray(joint.axis, dtype=np.float64)
    axis = axis / (np.linalg.norm(axis) or 1.0)
    relative = spin - parent_spin
    if joint.kind == "hinge":
        rate = np.array([relative @ axis])
        allowed_spin = parent_spin + rate * axis
        allowed = carried + np.cross(allowed_spin, centre - pivot)
    elif joint.kind == "point":
        rate = matrix(child.orientation_xyzw).T @ relative
        allowed_spin = spin
        allowed = carried + np.cross(allowed_spin, centre - pivot)
    else:
        allowed_spin = parent_spin
        allowed = carried + np.cross(parent_spin, centre - pivot)
        rate = np.array([(velocity - allowed) @ axis if joint.kind == "slider" else 0.0])
        if joint.kind == "slider":
            allowed = allowed + rate * axis
    scale = 1.0 + np.abs(velocity).max() + np.abs(spin).max()
    if max(np.abs(allowed - velocity).max(), np.abs(allowed_spin - spin).max()) > VELOCITY_TOLERANCE * scale:
        raise SimulationError(
            f"body {child.name!r} moves in a way that joint {joint.name!r} does not allow; the nearest that "
            f"it does is velocity_m_s {_text(allowed)} and angular_velocity_rad_s {_text(allowed_spin)}"
        )
    return rate


def _text(vector: Array) -> str:
    return "(" + ", ".join(f"{value:.6g}" for value in vector) + ")"


def _quaternion(turn: Array) -> Quaternion:
    """xyzw of a rotation matrix (3, 3): the eigenvector of Bar-Itzhack's matrix, whatever the angle.

    J. Guidance 23(6), 2000: the quaternion is that of the largest eigenvalue.
    """
    a, b, c = turn
    k = np.array(
        [
            [a[0] - b[1] - c[2], b[0] + a[1], c[0] + a[2], c[1] - b[2]],
            [b[0] + a[1], b[1] - a[0] - c[2], c[1] + b[2], a[2] - c[0]],
            [c[0] + a[2], c[1] + b[2], c[2] - a[0] - b[1], b[0] - a[1]],
            [c[1] - b[2], a[2] - c[0], b[0] - a[1], a[0] + b[1] + c[2]],
        ]
    )
    x, y, z, w = (float(value) for value in np.linalg.eigh(k)[1][:, -1])
    return (x, y, z, w) if w >= 0 else (-x, -y, -z, -w)
