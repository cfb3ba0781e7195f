"""Contacts gathered over the engine's steps: one row per pair of bodies and interval between two frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from simgen.physics.placement import Handle
from simgen.physics.profiles import Profile
from simgen.physics.trace import Contacts

__all__ = ["ContactLog"]


class ContactLog:
    """Adds up what the engine reports step by step; `contacts` is the table."""

    def __init__(self, bullet: Any, client: int, handles: Sequence[Handle], profile: Profile) -> None:
        self._get_points, self._client = bullet.getContactPoints, client
        # Points further apart are not solved, but keep the force that they last had.
        self._solved_below_m = profile.processing_threshold_m
        self._index = {(handle.body, handle.link): index for index, handle in enumerate(handles)}
        # (frame, a, b) -> time, impulse, impulse-weighted sums of position (3) and normal (3)
        self._rows: dict[tuple[int, int, int], list[float]] = {}

    def add(self, frame: int, start_s: float, step_s: float) -> None:
        """The contacts of the step just done, which began at `start_s`, in the interval that `frame` ends."""
        for point in self._get_points(physicsClientId=self._client):
            force = point[9]
            if not force > 0 or point[8] > self._solved_below_m:
                continue
            a, b = self._index[point[1], point[3]], self._index[point[2], point[4]]
            sign = 1.0
            if a > b:
                a, b, sign = b, a, -1.0
            row = self._rows.get((frame, a, b))
            if row is None:
                row = self._rows[frame, a, b] = [start_s, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
            impulse = force * step_s
            on_a, on_b, normal = point[5], point[6], point[7]
            row[1] += impulse
            row[2] += impulse * (on_a[0] + on_b[0]) / 2
            row[3] += impulse * (on_a[1] + on_b[1]) / 2
            row[4] += impulse * (on_a[2] + on_b[2]) / 2
            row[5] += impulse * sign * normal[0]
            row[6] += impulse * sign * normal[1]
            row[7] += impulse * sign * normal[2]

    def contacts(self) -> Contacts:
        """The table, ordered by (frame, a, b)."""
        keys = sorted(self._rows)
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
