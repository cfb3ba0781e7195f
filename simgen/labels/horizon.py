"""Up to when a chaotic clip is what physics says, and not one of many that the finest detail chooses from.

Where a small error grows without end (a double pendulum, a break shot), no simulation follows the true path
for long. Two simulations with different steps part where the error of the coarser one has grown to something
that can be seen; up to there the clip can be foretold from its beginning, after it only its statistics can.
"""

from __future__ import annotations

import numpy as np

from simgen.physics.shapes import inner_radius_m
from simgen.physics.trace import Trace
from simgen.scene.spec import SceneSpec

__all__ = ["AGREES", "FINER", "horizon_s"]

FINER = 10  # times more steps in the simulation that is compared with
AGREES = 0.1  # of a body's inner radius (half its thinnest extent): positions that near are the same


def horizon_s(scene: SceneSpec, trace: Trace, finer: Trace) -> float:
    """The time of the last frame up to which every body of `trace` is where it is in `finer`."""
    movers = [index for index, body in enumerate(scene.bodies) if not body.fixed]
    if not movers:
        return float(trace.time_s[-1])
    apart = np.linalg.norm(trace.position_m[:, movers] - finer.position_m[:, movers], axis=2)  # (T, M)
    near = AGREES * np.array([inner_radius_m(scene.bodies[index].shape) for index in movers])
    parted = np.flatnonzero((apart > near).any(axis=1))
    last = len(trace.time_s) - 1 if not len(parted) else int(parted[0]) - 1
    return float(trace.time_s[max(last, 0)])
