"""What a simulation gives: the state of every body at every video frame, and every contact."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["CONTACT_FIELDS", "STATE_FIELDS", "Contacts", "Trace"]

STATE_FIELDS = ("px", "py", "pz", "qx", "qy", "qz", "qw", "vx", "vy", "vz", "wx", "wy", "wz")
CONTACT_FIELDS = ("frame", "time_s", "a", "b", "position_m", "normal", "impulse_n_s")


@dataclass(frozen=True, slots=True)
class Contacts:
    """Touching pairs, one row per pair and interval between two frames, ordered by (frame, a, b). C rows.

    A row of frame f gathers every engine step in (t[f-1], t[f]]: `time_s` is when the pair first touched in
    that interval, `impulse_n_s` the sum of the normal impulses, position and normal their impulse-weighted
    mean. a < b are indices into `SceneSpec.bodies`; the normal points from b to a (the way a is pushed).
    """

    frame: NDArray[np.int32]  # (C,)
    time_s: NDArray[np.float64]  # (C,)
    a: NDArray[np.int32]  # (C,)
    b: NDArray[np.int32]  # (C,)
    position_m: NDArray[np.float64]  # (C, 3)
    normal: NDArray[np.float64]  # (C, 3)
    impulse_n_s: NDArray[np.float64]  # (C,)

    def __len__(self) -> int:
        return int(self.frame.shape[0])


@dataclass(frozen=True, slots=True)
class Trace:
    """T frames of N bodies (fixed ones included, in the order of `SceneSpec.bodies`).

    `state` columns are `STATE_FIELDS`: position of the centre of mass (m), orientation xyzw, velocity
    (m/s), angular velocity (rad/s), all in the world frame. The labels store it as float32; it is float64
    here so that laws can be measured below float32's resolution.
    """

    time_s: NDArray[np.float64]  # (T,)
    state: NDArray[np.float64]  # (T, N, 13)
    contacts: Contacts
    step_s: float  # the engine's step

    @property
    def position_m(self) -> NDArray[np.float64]:
        """(T, N, 3)"""
        return self.state[:, :, 0:3]

    @property
    def orientation_xyzw(self) -> NDArray[np.float64]:
        """(T, N, 4)"""
        return self.state[:, :, 3:7]

    @property
    def velocity_m_s(self) -> NDArray[np.float64]:
        """(T, N, 3)"""
        return self.state[:, :, 7:10]

    @property
    def angular_velocity_rad_s(self) -> NDArray[np.float64]:
        """(T, N, 3)"""
        return self.state[:, :, 10:13]
