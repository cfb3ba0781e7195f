"""A motion that goes on from one of its frames in another scene: friction is gone, a body is taken away.

What was before the frame stays as it is, to the bit; what comes after is a simulation of its own, which starts with
the poses and velocities at the frame and runs on the same grid of steps.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simgen.physics.simulation import simulate
from simgen.physics.trace import Contacts, Trace
from simgen.scene.presence import acting
from simgen.scene.rotation import matrix
from simgen.scene.spec import Body, Joint, Quaternion, SceneSpec, Vector

__all__ = ["continue_from", "joined", "scene_at"]

Floats = NDArray[np.float64]


def continue_from(scene_after: SceneSpec, trace: Trace, frame: int, state: Floats | None = None) -> Trace:
    """The motion of `trace`, but from `frame` on in `scene_after`: the same bodies, with other properties, other
    gravity or forces, or bodies that are no longer present. T frames, as the trace has.

    Rows before `frame`, and contacts up to it, are those of `trace`. Row `frame` has its poses and velocities too,
    which are where the simulation starts, or those of `state` (N, 13) where that is given; an absent body stands
    still there. Joints are carried along with the bodies that they hold. Raises what `simulate` raises: Rejected for
    bodies that are inside each other at the frame, SimulationError for velocities that a joint does not allow.
    """
    count = len(trace.time_s)
    if not 0 <= frame < count:
        raise ValueError(f"the trace has frames 0 to {count - 1}, so nothing goes on from frame {frame}")
    start = scene_at(scene_after, trace.state[frame] if state is None else state)
    video = replace(scene_after.video, frame_count=count - frame)
    return joined(trace, simulate(replace(start, video=video)), frame)


def scene_at(scene: SceneSpec, state: Floats) -> SceneSpec:
    """The scene as it is when its bodies are in `state` (N, 13), joints carried along. An absent body stands still."""
    bodies = tuple(_body_at(body, row) for body, row in zip(scene.bodies, state, strict=True))
    joints = tuple(_carried(scene, joint, bodies) for joint in acting(scene).joints)
    return replace(acting(scene), bodies=bodies, joints=joints)


def _body_at(body: Body, row: Floats) -> Body:
    moves = not body.fixed and body.present
    still = (0.0, 0.0, 0.0)
    x, y, z, w = (float(value) for value in row[3:7])
    orientation: Quaternion = (x, y, z, w)
    return replace(
        body,
        position_m=_vector(row[0:3]),
        orientation_xyzw=orientation,
        velocity_m_s=_vector(row[7:10]) if moves else still,
        angular_velocity_rad_s=_vector(row[10:13]) if moves else still,
    )


def _carried(scene: SceneSpec, joint: Joint, bodies: tuple[Body, ...]) -> Joint:
    """The joint where its parent now is; the world and fixed bodies stay where they were."""
    if not joint.parent:
        return joint
    then, now = scene.body(joint.parent), bodies[scene.body_index(joint.parent)]
    turn = matrix(now.orientation_xyzw) @ matrix(then.orientation_xyzw).T
    pivot = np.asarray(now.position_m) + turn @ (np.asarray(joint.pivot_m) - np.asarray(then.position_m))
    return replace(joint, pivot_m=_vector(pivot), axis=_vector(turn @ np.asarray(joint.axis)))


def joined(before: Trace, after: Trace, frame: int) -> Trace:
    """`before` up to `frame`, and `after`, whose first row is that frame, from there on."""
    late, kept = after.contacts, before.contacts.frame <= frame
    early = before.contacts
    start_s = before.time_s[frame]
    contacts = Contacts(
        frame=np.concatenate([early.frame[kept], late.frame + np.int32(frame)]),
        time_s=np.concatenate([early.time_s[kept], late.time_s + start_s]),
        a=np.concatenate([early.a[kept], late.a]),
        b=np.concatenate([early.b[kept], late.b]),
        position_m=np.concatenate([early.position_m[kept], late.position_m]),
        normal=np.concatenate([early.normal[kept], late.normal]),
        impulse_n_s=np.concatenate([early.impulse_n_s[kept], late.impulse_n_s]),
    )
    return Trace(
        time_s=before.time_s,
        state=np.concatenate([before.state[:frame], _one_way(before, after.state, frame)]),
        contacts=contacts,
        step_s=max(before.step_s, after.step_s),
    )


def _one_way(before: Trace, state: Floats, frame: int) -> Floats:
    """`state` with quaternions that go on from those of the frame before without a jump of sign."""
    if frame == 0:
        return state
    turns = (state[:, :, 3:7] * before.state[frame - 1, None, :, 3:7]).sum(axis=-1)
    flipped = np.where(turns[:1] < 0, -1.0, 1.0)  # of each body, for all of the rest
    return np.concatenate([state[:, :, :3], state[:, :, 3:7] * flipped[..., None], state[:, :, 7:]], axis=2)


def _vector(values: Floats) -> Vector:
    x, y, z = (float(value) for value in values)
    return (x, y, z)
