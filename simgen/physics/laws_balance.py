"""Formulas for bodies that tip, beyond those of `simgen.physics.laws`: friction at an edge, sums of torques.

SI units, angles in degrees where the name says so.
"""

from __future__ import annotations

import math

__all__ = ["edge_friction"]


def edge_friction(base_m: float, height_m: float, start_deg: float, angle_deg: float) -> float:
    """Coefficient of friction that keeps the edge of a toppling block in place; infinite once it would lift off.

    A block of `base_m` × `height_m`, let go at `start_deg` of tilt, has turned about its edge to `angle_deg`.
    Its centre of mass is at R (sin φ, cos φ) from the edge, φ = tilt − atan(b / h), R half the diagonal, and
    its moment about the edge 4 m R² / 3, so φ'' = (3 g / 4 R) sin φ, φ'² = (3 g / 2 R)(cos φ₀ − cos φ).
    Newton's second law for the centre of mass gives the ground's force, F / N =
    (φ'' cos φ − φ'² sin φ) / (g / R − φ'' sin φ − φ'² cos φ); g and R cancel. (Meriam, Kraige, Dynamics, ch. 6.)
    """
    beta = math.atan2(base_m, height_m)
    start, now = math.radians(start_deg) - beta, math.radians(angle_deg) - beta
    turning = 0.75 * math.sin(now)  # φ'' in units of g / R
    square = 1.5 * (math.cos(start) - math.cos(now))  # φ'² in the same units
    across = turning * math.cos(now) - square * math.sin(now)
    press = 1.0 - turning * math.sin(now) - square * math.cos(now)
    return abs(across) / press if press > 0 else math.inf
