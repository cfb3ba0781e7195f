"""Small systems of masses and springs: their normal modes, and the frequency of a recorded oscillation.

See `simgen.physics.laws` for the closed forms of a single spring.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Oscillation", "fitted_oscillation", "normal_modes", "row_stiffness"]

Floats = NDArray[np.float64]
STEPS = 8  # of Gauss and Newton: the fit starts where the law says, so that few are enough


@dataclass(frozen=True, slots=True)
class Oscillation:
    """centre + amplitude · exp(−decay t) · cos(rate t + phase)."""

    centre: float
    amplitude: float  # at t = 0, not negative
    decay_per_s: float
    rate_rad_s: float


def row_stiffness(stiffness_n_m: Sequence[float]) -> Floats:
    """The matrix K (N, N) of N masses in a row between two walls, held by N + 1 springs: the forces are −K x.

    Taylor, Classical Mechanics, ch. 11.
    """
    k = np.asarray(stiffness_n_m, dtype=np.float64)
    return np.diag(k[:-1] + k[1:]) - np.diag(k[1:-1], 1) - np.diag(k[1:-1], -1)


def normal_modes(masses_kg: Sequence[float], stiffness: Floats) -> tuple[Floats, Floats]:
    """Angular frequencies (N,) in rad/s, slowest first, and what turns displacements (N,) into mode coordinates, (N, N).

    With y = √m x the equations of motion are y″ = −D y, D = M^−½ K M^−½ symmetric: ω² are its eigenvalues, and its
    eigenvectors (rows here, times √m) the modes. Goldstein, Classical Mechanics, ch. 6.
    """
    root = np.sqrt(np.asarray(masses_kg, dtype=np.float64))
    squares, vectors = np.linalg.eigh(stiffness / np.outer(root, root))
    return np.sqrt(squares), vectors.T * root


def fitted_oscillation(
    time_s: Floats, position: Floats, velocity: Floats, decay_per_s: float, rate_rad_s: float
) -> Oscillation:
    """The damped oscillation nearest to positions and velocities (T,), by least squares from a first guess.

    Velocities count by what they are over the guessed rate, so that both weigh alike.
    """
    decay, rate = decay_per_s, rate_rad_s
    seen = np.concatenate([position, velocity / rate_rad_s])
    still, zero = np.ones_like(time_s), np.zeros_like(time_s)

    def columns(decay: float, rate: float) -> tuple[Floats, Floats, Floats]:
        fade = np.exp(-decay * time_s)
        cos, sin = fade * np.cos(rate * time_s), fade * np.sin(rate * time_s)
        # their rates of change, over the guessed rate
        cos_v, sin_v = (-decay * cos - rate * sin) / rate_rad_s, (-decay * sin + rate * cos) / rate_rad_s
        return (
            np.concatenate([still, zero]),
            np.concatenate([cos, cos_v]),
            np.concatenate([sin, sin_v]),
        )

    centre, a, b = np.linalg.lstsq(np.stack(columns(decay, rate), axis=1), seen, rcond=None)[0]
    for _ in range(STEPS):
        one, cos, sin = columns(decay, rate)
        now = centre * one + a * cos + b * sin
        step = 1e-6 * rate_rad_s
        slopes = []
        for other in ((decay + step, rate), (decay, rate + step)):
            _, cos_then, sin_then = columns(*other)
            slopes.append((a * (cos_then - cos) + b * (sin_then - sin)) / step)
        change = np.linalg.lstsq(np.stack([one, cos, sin, *slopes], axis=1), seen - now, rcond=None)[0]
        centre, a, b = centre + change[0], a + change[1], b + change[2]
        decay, rate = decay + float(change[3]), rate + float(change[4])
    return Oscillation(float(centre), float(np.hypot(a, b)), decay, rate)
