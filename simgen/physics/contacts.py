"""Contacts gathered over the engine's steps: one row per pair of bodies and interval between two frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from simgen.physics.profiles import Profile
from simgen.physics.properties import Handle
from simgen.physics.stepping import Stepper
from simgen.physics.trace import Contacts
from simgen.scene.spec import SceneSpec, Vector

__all__ = ["ContactLog"]

SAME_S = 1e-9
STEADY = 1e-2  # forces that change less than that from look to look are followed less often
MOST_UNSEEN = 15

Pair = tuple[int, int]
_Push = tuple[
    float, float, float, float, float, float, float
]  # force (N), and force-weighted sums of position (3) and normal (3)


class ContactLog:
    """Adds up what the engine reports step by step; `contacts` is the table."""

    def __init__(
        self, bullet: Any, client: int, scene: SceneSpec, handles: Sequence[Handle], profile: Profile
    ) -> None:
        self._get_points, self._get_velocity = bullet.getContactPoints, bullet.getBaseVelocity
        self._client, self._handles, self._scene = client, handles, scene
        # Points further apart are not solved, but keep the force that they last had.
        self._solved_below_m = profile.processing_threshold_m
        self._index = {(handle.body, handle.link): index for index, handle in enumerate(handles)}
        # What the engine calls a pair of bodies -> the pair, and whether the first of its bodies is the engine's.
        self._known: dict[tuple[int, int, int, int], tuple[Pair, bool]] = {}
        held = {name for joint in scene.joints for name in (joint.parent, joint.child)}
        held |= {name for force in scene.forces for name in (force.a, force.b)}
        # Bodies on which nothing acts but contacts and gravity.
        self._free = [not body.fixed and body.name not in held for body in scene.bodies]
        self._rows: dict[tuple[int, int, int], list[float]] = {}  # (frame, a, b) -> time and what `_Push` has
        self._last: dict[Pair, _Push] = {}  # of the step looked at last
        self._last_end_s = -1.0
        self._movers: list[int] | None = []  # `_single_movers` of that step
        self._velocities: dict[int, Vector] = {}  # then, of bodies whose contacts may go unseen
        self._frame, self._frame_start_s = 1, 0.0
        self.meeting: dict[Pair, float] = {}  # when a pair is expected to touch, for those about to
        # How many steps need not be looked at: more and more while the same bodies push as they did before.
        self.patience = 0

    def begin(self, frame: int, start_s: float) -> None:
        """From here on steps belong to the interval that begins at `start_s` and that `frame` ends."""
        self._frame, self._frame_start_s = frame, start_s

    def add(self, stepper: Stepper, unseen: int = 0) -> None:
        """The contacts of the step just done.

        `unseen` steps of the same length before it were not looked at. Each body then touched one fixed
        body and no other, so that the change of its momentum tells their impulse.

        An impulse changes velocities from the middle of the step before to the middle of this one. In the
        first step of an interval a part of that lies in the interval before, and goes there if the pair
        already touched there.
        """
        start_s, step_s, before_s = stepper.began_s, stepper.previous_s, stepper.before_s
        pushes = self._pushes()
        frame, last = self._frame, self._last
        lasting = start_s - unseen * step_s - self._last_end_s < SAME_S
        same = pushes.keys() == last.keys()
        if not same:
            self._movers = self._single_movers(pushes)
        velocities: dict[int, Vector] = {}
        share = before_s / (before_s + step_s) if start_s == self._frame_start_s and lasting else 0.0
        steady = lasting and same and self._movers is not None
        for pair, push in pushes.items():
            before = last.get(pair)
            if before is None:
                self._put(frame, pair, max(start_s, self.meeting.get(pair, 0.0)), push, step_s)
                continue
            mover = pair[0] if self._free[pair[0]] else pair[1]
            if unseen and mover in self._velocities:
                velocities[mover] = velocity = self._velocity(mover)
                force = self._unseen_force(mover, pair, push, velocity, step_s, unseen)
                scale = force * step_s * unseen / (before[0] + push[0])
                self._put(frame, pair, start_s - unseen * step_s, before, scale)
                self._put(frame, pair, start_s - unseen * step_s, push, scale)
            if share:
                self._put(frame - 1, pair, start_s, push, step_s * share)
            self._put(frame, pair, start_s, push, step_s * (1 - share))
            steady = steady and abs(push[0] - before[0]) < STEADY * push[0]
        self.patience = min(2 * self.patience + 1, MOST_UNSEEN) if steady else 0
        if steady and not unseen:
            velocities = {index: self._velocity(index) for index in self._movers or ()}
        self._velocities = velocities if steady else {}
        self._last, self._last_end_s = pushes, start_s + step_s
        self.meeting.clear()

    def _single_movers(self, pushes: dict[Pair, _Push]) -> list[int] | None:
        """The bodies that are pushed, if each is a free one that touches one fixed body and no other."""
        movers: list[int] = []
        for a, b in pushes:
            if self._free[a] == self._free[b]:
                return None
            mover = a if self._free[a] else b
            other = b if mover == a else a
            if mover in movers or not self._scene.bodies[other].fixed:
                return None
            movers.append(mover)
        return movers

    def _unseen_force(
        self, mover: int, pair: Pair, push: _Push, velocity: Vector, step_s: float, unseen: int
    ) -> float:
        """Mean normal force (N) of a pair over the unseen steps, from what the momentum of its mover has gained."""
        (x, y, z), (x0, y0, z0), (gx, gy, gz) = velocity, self._velocities[mover], self._scene.gravity_m_s2
        time_s = (unseen + 1) * step_s
        mass = self._scene.bodies[mover].mass_kg if mover == pair[0] else -self._scene.bodies[mover].mass_kg
        gain_x, gain_y, gain_z = x - x0 - gx * time_s, y - y0 - gy * time_s, z - z0 - gz * time_s
        along = mass * (gain_x * push[4] + gain_y * push[5] + gain_z * push[6]) / push[0]
        return max(0.0, along - push[0] * step_s) / (unseen * step_s)

    def _velocity(self, index: int) -> Vector:
        velocity: Vector = self._get_velocity(self._handles[index].body, self._client)[0]
        return velocity

    def _pushes(self) -> dict[Pair, _Push]:
        """The normal forces now, each pair's points together."""
        pushes: dict[Pair, _Push] = {}
        for point in self._get_points(physicsClientId=self._client):
            force = point[9]
            if not force > 0 or point[8] > self._solved_below_m:
                continue
            names = point[1:5]
            pair, in_order = self._known.get(names) or self._pair(names)
            (ax, ay, az), (bx, by, bz), (nx, ny, nz) = point[5:8]
            half, sign = force / 2, force if in_order else -force
            before = pushes.get(pair)
            if before is None:
                pushes[pair] = (
                    force, half * (ax + bx), half * (ay + by), half * (az + bz), sign * nx, sign * ny, sign * nz
                )  # fmt: skip
            else:
                f, x, y, z, mx, my, mz = before
                pushes[pair] = (
                    f + force, x + half * (ax + bx), y + half * (ay + by), z + half * (az + bz),
                    mx + sign * nx, my + sign * ny, mz + sign * nz,
                )  # fmt: skip
        return pushes

    def _pair(self, names: tuple[int, int, int, int]) -> tuple[Pair, bool]:
        """The pair of bodies that the engine calls (body, body, link, link), and whether it is in their order."""
        a, b = self._index[names[0], names[2]], self._index[names[1], names[3]]
        found = self._known[names] = ((a, b), True) if a <= b else ((b, a), False)
        return found

    def _put(self, frame: int, pair: Pair, time_s: float, push: _Push, duration_s: float) -> None:
        key = (frame, *pair)
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = [time_s, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
        force, x, y, z, nx, ny, nz = push
        _, f, px, py, pz, mx, my, mz = row
        row[1:] = (  # in one go: half the time of seven additions in place
            f + force * duration_s, px + x * duration_s, py + y * duration_s, pz + z * duration_s,
            mx + nx * duration_s, my + ny * duration_s, mz + nz * duration_s,
        )  # fmt: skip

    def contacts(self, last: int) -> Contacts:
        """The table, ordered by (frame, a, b), of the frames from 1 to `last`."""
        keys = sorted(key for key in self._rows if key[0] <= last)
        rows = np.array([self._rows[key] for key in keys], dtype=np.float64).reshape(-1, 8)
        columns = np.array(keys, dtype=np.int32).reshape(-1, 3)
        impulse = rows[:, 1]
        normal = rows[:, 5:8]
        length = np.linalg.norm(normal, axis=1, keepdims=True)
        return Contacts(
            frame=columns[:, 0].copy(),
            time_s=rows[:, 0].copy(),
            a=columns[:, 1].copy(),
            b=columns[:, 2].copy(),
            position_m=rows[:, 2:5] / impulse[:, None],
            normal=normal / np.where(length > 0, length, 1.0),
            impulse_n_s=impulse.copy(),
        )
