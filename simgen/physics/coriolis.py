"""Centrifugal and Coriolis forces of linked bodies, taken at the right time.

The engine takes them from the velocities of half a step earlier, which costs linked bodies energy at the
first order of the step (a double pendulum: 0.4 % of its energy in 2 s at 2400 Hz). The velocities at the
step's own time are foreseen from the last two half steps, and the difference that they make is put on the
joints as a torque, by the engine's inverse dynamics.

Only trees that hang from the world by hinges and sliders: the engine's inverse dynamics knows no others.
The rest is stepped more finely (`FINER` times), and so are chains, whose short links swing across the pull of the
whole much faster than it swings (12 links on a heavy ball: 2 % of the energy in 2 s at 2400 Hz, 0.01 % at 9600 Hz).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simgen.physics.articulation import Tree
from simgen.physics.properties import Handle

__all__ = ["FINER", "Coriolis", "is_correctable", "needs_finer_steps"]

FINER = 4
LONGEST = 2  # joints that move in a tree that the profile's own rate is enough for


def is_correctable(tree: Tree) -> bool:
    """Whether the engine's inverse dynamics covers the tree and there is something to correct."""
    kinds = [joint.kind for joint in tree.links]
    return not tree.root and "point" not in kinds and len(kinds) - kinds.count("fixed") > 1


def needs_finer_steps(tree: Tree) -> bool:
    """Whether its centrifugal forces are left at the first order of the step, or it is a chain."""
    kinds = [joint.kind for joint in tree.links]
    return bool(tree.root) or "point" in kinds or len(kinds) - kinds.count("fixed") > LONGEST


class Coriolis:
    """The correction for one tree; `apply` goes before every step."""

    def __init__(self, bullet: Any, client: int, tree: Tree, handles: Sequence[Handle]) -> None:
        self._bullet, self._client = bullet, client
        moving = [handle for joint, handle in zip(tree.links, handles, strict=True) if joint.kind != "fixed"]
        self._body = moving[0].body
        self._links = [handle.link for handle in moving]
        self._zero = [0.0] * len(moving)
        self._last: tuple[float, list[float]] | None = None
        self.rest_steps = 0

    def apply(self, time_s: float, velocity_time_s: float, scale: float, forget: bool) -> None:
        """Torques for the step that begins at `time_s` and whose forces act with `scale`.

        `velocity_time_s` is that of the engine's velocities. `forget`: the step before was an impact,
        across which nothing can be foreseen.
        """
        states = self._bullet.getJointStates(self._body, self._links, self._client)
        angles, rates = [state[0] for state in states], [state[1] for state in states]
        ahead = rates
        if self._last is not None and not forget:
            then_s, before = self._last
            part = (time_s - velocity_time_s) / (velocity_time_s - then_s)
            ahead = [rate + (rate - old) * part for rate, old in zip(rates, before, strict=True)]
        self._last = velocity_time_s, rates
        # Each includes the same weight, which cancels.
        taken = self._inverse(angles, rates)
        meant = self._inverse(angles, ahead)
        torques = [a - scale * b for a, b in zip(taken, meant, strict=True)]
        if scale != 1.0:
            weight = self._inverse(angles, self._zero)
            torques = [t - (1 - scale) * w for t, w in zip(torques, weight, strict=True)]
        self._bullet.setJointMotorControlArray(
            self._body, self._links, self._bullet.TORQUE_CONTROL, forces=torques, physicsClientId=self._client
        )

    def _inverse(self, angles: list[float], rates: list[float]) -> Sequence[float]:
        """Joint torques that keep the rates from changing."""
        torques: Sequence[float] = self._bullet.calculateInverseDynamics(
            self._body, angles, rates, self._zero, physicsClientId=self._client
        )
        return torques
