"""Contacts gathered over the engine's steps: one row per pair of bodies and interval between two frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from simgen.physics.profiles import Profile
from simgen.physics.properties import Handle
from simgen.physics.trace import Contacts
from simgen.scene.spec import Vector

__all__ = ["ContactLog"]

SAME_S = 1e-9


class ContactLog:
    """Adds up what the engine reports step by step; `contacts` is the table."""

    def __init__(self, bullet: Any, client: int, handles: Sequence[Handle], profile: Profile) -> None:
        self._get_points, self._client = bullet.getContactPoints, client
        # Points further apart are not solved, but keep the force that they last had.
        self._solved_below_m = profile.processing_threshold_m
        self._index = {(handle.body, handle.link): index for index, handle in enumerate(handles)}
        # (frame, a, b) -> time, impulse, impulse-weighted sums of position (3) and normal (3)
        self._rows: dict[tuple[int, int, int], list[float]] = {}
        self._touched_until_s: dict[tuple[int, int], float] = {}

    def add(self, frame: int, start_s: float, step_s: float, share_before: float) -> None:
        """The contacts of the step just done, which began at `start_s`, in the interval that `frame` ends.

        An impulse changes velocities from the middle of the step before to the middle of this one.
        `share_before` is the part of that which lies in the interval before, 0 but for the first step of an
        interval; it goes there if the pair already touched there.
        """
        touching = set()
        for point in self._get_points(physicsClientId=self._client):
            force = point[9]
            if not force > 0 or point[8] > self._solved_below_m:
                continue
            a, b = self._index[point[1], point[3]], self._index[point[2], point[4]]
            on_a, on_b, (nx, ny, nz) = point[5], point[6], point[7]
            if a > b:
                a, b, nx, ny, nz = b, a, -nx, -ny, -nz
            middle = ((on_a[0] + on_b[0]) / 2, (on_a[1] + on_b[1]) / 2, (on_a[2] + on_b[2]) / 2)
            touching.add((a, b))
            impulse = force * step_s
            if share_before and start_s - self._touched_until_s.get((a, b), -1.0) < SAME_S:
                self._put((frame - 1, a, b), start_s, impulse * share_before, middle, (nx, ny, nz))
                impulse *= 1 - share_before
            self._put((frame, a, b), start_s, impulse, middle, (nx, ny, nz))
        for pair in touching:
            self._touched_until_s[pair] = start_s + step_s

    def _put(
        self, key: tuple[int, int, int], time_s: float, impulse: float, position: Vector, normal: Vector
    ) -> None:
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = [time_s, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
        row[1] += impulse
        row[2] += impulse * position[0]
        row[3] += impulse * position[1]
        row[4] += impulse * position[2]
        row[5] += impulse * normal[0]
        row[6] += impulse * normal[1]
        row[7] += impulse * normal[2]

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
