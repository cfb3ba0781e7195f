"""Closed forms of impacts beyond the head-on collision: a ball that grips the ground, a chain of balls, a
rigid body that is hit off its centre.

See `simgen.physics.laws`. All take Newton's coefficient of restitution and Coulomb's friction.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["chain_speed", "oblique_bounce", "off_centre_impact"]


def oblique_bounce(
    across_m_s: float, down_m_s: float, friction: float, elasticity: float, k: float, spin_m_s: float = 0.0
) -> tuple[float, float]:
    """Speed along the ground and ω r (m/s, both after) of a round body of shape factor k that bounces once.

    `spin_m_s` is ω r before, positive in the sense of rolling. The normal impulse is (1 + e) m v; friction
    gives at most μ times that, and no more than what makes the surface stop sliding, m (v − s) k / (1 + k).
    Garwin, Am. J. Phys. 37 (1969) 88, with a surface that grips but does not spring back.
    """
    slip = across_m_s - spin_m_s
    push = min(friction * (1 + elasticity) * down_m_s, abs(slip) * k / (1 + k))  # per mass
    push = push if slip > 0 else -push
    return across_m_s - push, spin_m_s + push / k


def chain_speed(speed_m_s: float, elasticity: float, impacts: int) -> float:
    """Speed (m/s) of the last of equal balls in a row after that many impacts, each with the next one at rest.

    v ((1 + e) / 2)ⁿ: `head_on_collision` of equal masses, n times over.
    """
    return speed_m_s * ((1 + elasticity) / 2) ** impacts


def off_centre_impact(
    velocity_m_s: ArrayLike,
    spin_rad_s: ArrayLike,
    arm_m: ArrayLike,
    normal: ArrayLike,
    mass_kg: float,
    inertia_kg_m2: ArrayLike,
    elasticity: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Velocity (3,) and spin (3,) after, and the impulse (N s), of a body that hits a smooth fixed surface.

    `arm_m` goes from the centre of mass to the point that hits, `normal` is the surface's, pointing at the body,
    `inertia_kg_m2` the (3, 3) tensor in the world's axes now. With u = (v + ω × r)·n, negative before:
    J = −(1 + e) u / (1/m + n·((I⁻¹ (r × n)) × r)), v' = v + J n / m, ω' = ω + I⁻¹ (r × J n).
    Goldstein, Classical Mechanics, ch. 5, with impulses in the place of forces.
    """
    velocity, spin = np.asarray(velocity_m_s, dtype=np.float64), np.asarray(spin_rad_s, dtype=np.float64)
    arm, n = np.asarray(arm_m, dtype=np.float64), np.asarray(normal, dtype=np.float64)
    n = n / np.linalg.norm(n)
    lever = np.cross(arm, n)
    twist = np.linalg.solve(np.asarray(inertia_kg_m2, dtype=np.float64), lever)
    closing = float((velocity + np.cross(spin, arm)) @ n)
    impulse = -(1 + elasticity) * closing / (1 / mass_kg + float(lever @ twist))
    return velocity + impulse / mass_kg * n, spin + impulse * twist, impulse
