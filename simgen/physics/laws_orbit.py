"""Where a body is on its ellipse, and how near two charges come: the parts of the two-body problem that
`simgen.physics.laws_periodic` does not have.

The motion is that of the separation of two bodies under a force S/r², attractive for S > 0; GM stands for
S over their reduced mass.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["nearest_distance", "orbit_radius", "orbit_state"]


def orbit_radius(axis_m: float, eccentricity: float, anomaly_deg: float) -> float:
    """Distance (m) from the focus at a true anomaly, which is 0 at the nearest point: a (1 − e²)/(1 + e cos ν).

    Goldstein, Classical Mechanics, ch. 3.
    """
    return axis_m * (1 - eccentricity**2) / (1 + eccentricity * math.cos(math.radians(anomaly_deg)))


def orbit_state(
    axis_m: float, eccentricity: float, anomaly_deg: float, strength_m3_s2: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Separation (2,) and its velocity (2,) with the nearest point along +x and the motion anticlockwise.

    v = √(GM/p) (−sin ν, e + cos ν), p = a (1 − e²). Bate, Mueller, White, Fundamentals of Astrodynamics, ch. 2.
    """
    angle = math.radians(anomaly_deg)
    radius = orbit_radius(axis_m, eccentricity, anomaly_deg)
    scale = math.sqrt(strength_m3_s2 / (axis_m * (1 - eccentricity**2)))
    place = radius * np.array([math.cos(angle), math.sin(angle)])
    return place, scale * np.array([-math.sin(angle), eccentricity + math.cos(angle)])


def nearest_distance(
    separation_m: ArrayLike, velocity_m_s: ArrayLike, strength_n_m2: float, reduced_mass_kg: float
) -> float:
    """Least distance (m) on the whole path of two bodies with that separation and relative velocity now.

    Where the radial velocity is 0, E = L²/(2 μ r²) − S/r (energy E and angular momentum L of the relative motion,
    S > 0 attracts). Of the two roots of E r² + S r − L²/(2μ) = 0 the nearest point is the one that is
    2 c / (S + √(S² + 4 E c)), c = L²/(2μ), where it attracts, and (−S + √…)/(2E) where it repels.
    Goldstein ch. 3. `laws.closest_approach` is the head-on case.
    """
    place, velocity = np.asarray(separation_m, dtype=np.float64), np.asarray(velocity_m_s, dtype=np.float64)
    distance = float(np.linalg.norm(place))
    energy = reduced_mass_kg * float(velocity @ velocity) / 2 - strength_n_m2 / distance
    spin = float(place @ place) * float(velocity @ velocity) - float(place @ velocity) ** 2
    c = reduced_mass_kg * max(0.0, spin) / 2
    root = math.sqrt(max(0.0, strength_n_m2**2 + 4 * energy * c))
    if strength_n_m2 >= 0:
        return 2 * c / (strength_n_m2 + root)
    return (root - strength_n_m2) / (2 * energy)
