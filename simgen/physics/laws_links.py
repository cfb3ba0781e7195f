"""Closed forms of swinging bodies: several bodies on one rod as a single pendulum, and where it is at a given time.

See `simgen.physics.laws`; periods are in `simgen.physics.laws_periodic`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simgen.physics.laws_periodic import agm

__all__ = ["compound_pendulum", "elliptic_sine", "pendulum_angle"]


def compound_pendulum(
    masses_kg: Sequence[float], distances_m: Sequence[float], inertias_kg_m2: Sequence[float]
) -> tuple[float, float]:
    """Of bodies fixed to each other along a line from the pivot: the distance (m) of their centre of mass from it,
    and their moment about that centre over their mass (m²), as `pendulum_period` takes them.

    `inertias_kg_m2` are each body's own about its centre and the hinge's axis. Steiner's theorem, HRW ch. 10.
    """
    mass = sum(masses_kg)
    distance = sum(m * d for m, d in zip(masses_kg, distances_m, strict=True)) / mass
    about_pivot = sum(i + m * d * d for m, d, i in zip(masses_kg, distances_m, inertias_kg_m2, strict=True))
    return distance, about_pivot / mass - distance**2


def elliptic_sine(u: ArrayLike, modulus: float) -> NDArray[np.float64]:
    """Jacobi's sn(u, k) for a modulus 0 ≤ k < 1, by descending arithmetic-geometric means.

    Abramowitz & Stegun, Handbook of Mathematical Functions, 16.4.
    """
    a, b, c = 1.0, math.sqrt(1 - modulus**2), modulus
    ratios: list[float] = []
    while c > 1e-16 * a:
        a, b, c = (a + b) / 2, math.sqrt(a * b), (a - b) / 2
        ratios.append(c / a)
    phase = 2 ** len(ratios) * a * np.asarray(u, dtype=np.float64)
    for ratio in reversed(ratios):
        phase = (phase + np.arcsin(ratio * np.sin(phase))) / 2
    sine: NDArray[np.float64] = np.sin(phase)
    return sine


def pendulum_angle(amplitude_deg: float, period_s: float, time_s: ArrayLike) -> NDArray[np.float64]:
    """Angle from the vertical (rad) at the times `time_s` of a pendulum let go at rest at `amplitude_deg` at t = 0.

    sin(θ/2) = k sn(K + 4 K t/T, k) with k = sin(θ₀/2) and K = π / (2 agm(1, cos(θ₀/2))), exact below 180°.
    Landau & Lifshitz, Mechanics, § 11; Whittaker, Analytical Dynamics, § 44.
    """
    half = math.radians(amplitude_deg) / 2
    modulus = math.sin(half)
    quarter = math.pi / 2 / agm(1.0, math.cos(half))
    u = quarter * (1 + 4 * np.asarray(time_s, dtype=np.float64) / period_s)
    angle: NDArray[np.float64] = 2 * np.arcsin(modulus * elliptic_sine(u, modulus))
    return angle
