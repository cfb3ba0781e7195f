"""Pairs of bodies that come near each other, so that the engine's steps can end exactly where two touch.

An impact somewhere inside a step is treated by the engine as if it were at the step's end, after the bodies
have sunk into each other; most of what is wrong with its bounces comes from that. So the distance and the
closing speed of every pair are watched, as seldom as a bound on their speeds allows, and the step in which
a pair would meet is cut in four: up to just before, up to the touch, a very short one in which the solver
turns the velocities round, and the rest. A step's length then no longer matters for a bounce, and the time
of the touch is known far better than the step.

Slow impacts (below `SLOW_M_S`) are left to the engine: they are the end of a series of bounces, or contacts
that last.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from simgen.physics.bodies import FAR_M, Bodies, Motion
from simgen.physics.contacts import ContactLog
from simgen.physics.forces import Forces
from simgen.physics.shapes import bounding_radius_m
from simgen.physics.stepping import Stepper
from simgen.scene.nets import nets
from simgen.scene.spec import SceneSpec

__all__ = ["Approach"]

SLOW_M_S = 0.02  # at 960 Hz a body of that speed sinks in by at most 20 µm
SHORT_S = 1e-7  # length of the steps around a touch
SKIP_S = 1e-11  # less is not worth a step
# How deep bodies are when an impact is solved: the engine finds no contact between balls that are apart, and
# distances between curved surfaces can be foreseen no better over a short step.
DEPTH_M = 1e-10
TOUCHING_M = 2e-5
WAIT_STEPS, MOST_WAIT_STEPS = 4, 32  # between two looks at a pair in contact: the longer it lasts, the more
HORIZON_S = 0.05  # the furthest ahead that a pair is trusted to stay apart
MAX_IMPACTS = 32  # resolved inside one step; a burst beyond that is left to the engine


@dataclass(slots=True)
class _Pair:
    a: int
    b: int
    quiet_until_s: float = -1.0  # no impact before that
    touching: bool = True
    wait_steps: int = 4
    lead_s: float = SHORT_S  # length of the last step before their impact


class Approach:
    """Watches the pairs of one scene and takes its clock through their impacts."""

    def __init__(
        self,
        scene: SceneSpec,
        bodies: Bodies,
        pairs: Sequence[tuple[int, int]],
        stepper: Stepper,
        log: ContactLog,
        step_s: float,
        solved_below_m: float,
    ) -> None:
        """`pairs` can touch; `log` is told of every step that can have contacts.

        The engine solves contacts that are less than `solved_below_m` apart.
        """
        self._bodies, self._stepper, self._log, self._step_s = bodies, stepper, log, step_s
        # An engine that solves contacts before they touch stops bodies where they meet. It needs no help and
        # bears none; only the time of the touch is to be told.
        self._cuts = solved_below_m < TOUCHING_M
        self._lead_m = 2 * solved_below_m
        self._movers = bodies.movers
        self._still = {index: bodies.motion(index) for index, body in enumerate(scene.bodies) if body.fixed}
        # A ball's turning does not bring its surface nearer.
        self._swing_m = [
            0.0 if body.fixed or body.shape.kind == "sphere" else bounding_radius_m(body.shape)
            for body in scene.bodies
        ]
        self._rounding_m = bodies.rounding_m
        self._reach_m = [bounding_radius_m(body.shape) for body in scene.bodies]
        gx, gy, gz = scene.gravity_m_s2
        self._fall = [(0.0, 0.0, 0.0) if body.fixed else (gx, gy, gz) for body in scene.bodies]
        # What bodies may gain from gravity and from others that push them steadily.
        self._gain_m_s2 = 4 * math.hypot(gx, gy, gz) + 1.0
        self.forces: Forces | None = None  # whose accelerations come on top of that
        # Where no step is cut, thousands of pairs of beads of one net are not worth watching; their contacts are
        # looked for in every step instead.
        held = {} if self._cuts else nets(scene)
        watched = [(a, b) for a, b in pairs if held.get(a, -1) != held.get(b, -2)]
        self._unwatched = len(watched) < len(pairs)
        self._pairs = [_Pair(a, b) for a, b in watched]
        self._quiet_until_s = -1.0 if self._pairs else math.inf
        self._touching = bool(self._pairs) or self._unwatched
        self._motions: dict[int, Motion] = {}
        self._read_at_s = -1.0

    def run(self, count: int) -> None:
        """Take the clock forward by `count` whole steps, through every impact on the way."""
        step_s = self._step_s
        while count > 0:
            quiet = (
                min(count, int((self._quiet_until_s - self._stepper.time_s) / step_s))
                if self._pairs
                else count
            )
            if quiet < 1:
                self.advance()
                quiet = 1
            elif self._touching:
                self._follow(quiet)
            else:
                self._stepper.run(quiet)
            count -= quiet

    def _follow(self, count: int) -> None:
        """Whole steps in which contacts last, looked at as often as they need it."""
        while count > 0:
            unseen = min(self._log.patience, count - 1)
            self._stepper.run(unseen)
            self._stepper.step(self._step_s)
            self._log.add(self._stepper, unseen)
            count -= unseen + 1

    def advance(self) -> None:
        """One whole step, through every impact on the way."""
        stepper = self._stepper
        end_s = stepper.time_s + self._step_s
        if end_s <= self._quiet_until_s:
            self._step(self._step_s)
            return
        for _ in range(MAX_IMPACTS):
            left_s = end_s - stepper.time_s
            if left_s < SKIP_S:
                return
            found = self._first_impact(left_s)
            if found is not None and not self._cuts:
                self._hit(self._step_s, impact=False)
                return
            if found is None:
                break
            self._go_through(*found, end_s)
        left_s = end_s - stepper.time_s
        if left_s >= self._step_s - SKIP_S:
            self._step(self._step_s)  # to the bit, so that the engine need not be told another length
        elif left_s >= SKIP_S:
            self._step(left_s)

    def _step(self, length_s: float, impact: bool = False) -> None:
        self._stepper.step(length_s, impact)
        if self._touching:
            self._log.add(self._stepper)

    def _first_impact(self, left_s: float) -> tuple[_Pair, float] | None:
        """The pair that meets first within `left_s` and in how many seconds; None if none does."""
        end_s = self._stepper.time_s + left_s
        first: tuple[_Pair, float] | None = None
        for pair in self._pairs:
            if pair.quiet_until_s >= end_s:
                continue
            wait_s = self._look(pair, left_s)
            if wait_s is not None and (first is None or wait_s < first[1]):
                first = (pair, wait_s)
        self._quiet_until_s = min([pair.quiet_until_s for pair in self._pairs])
        self._touching = self._unwatched or any(pair.touching for pair in self._pairs)
        return first

    def _look(self, pair: _Pair, left_s: float) -> float | None:
        """When the pair meets, in seconds from now, if within `left_s`; sets when to look again."""
        now_s, previous_s = self._stepper.time_s, self._stepper.previous_s
        (pax, pay, paz), (vax, vay, vaz), (wax, way, waz) = self._motion(pair.a)
        (pbx, pby, pbz), (vbx, vby, vbz), (wbx, wby, wbz) = self._motion(pair.b)
        dx, dy, dz = vax - vbx, vay - vby, vaz - vbz
        # A bound on the speed at which any two points of the bodies can come nearer.
        speed = math.sqrt(dx * dx + dy * dy + dz * dz)
        if swing_m := self._swing_m[pair.a]:
            speed += math.sqrt(wax * wax + way * way + waz * waz) * swing_m
        if swing_m := self._swing_m[pair.b]:
            speed += math.sqrt(wbx * wbx + wby * wby + wbz * wbz) * swing_m
        apart = math.sqrt((pax - pbx) ** 2 + (pay - pby) ** 2 + (paz - pbz) ** 2)
        safe_s = self._safe(apart - self._reach_m[pair.a] - self._reach_m[pair.b], speed)
        if safe_s >= 2 * left_s:
            pair.touching, pair.quiet_until_s = False, now_s + min(safe_s, HORIZON_S)
            return None
        rounding_m = self._rounding_m[pair.a] + self._rounding_m[pair.b]
        reach_m = self._bodies.reach_m(pair.a, pair.b)
        beyond_s = self._safe(reach_m - rounding_m, speed)  # what is out of reach cannot meet sooner
        if beyond_s < 2 * left_s:
            reach_m, beyond_s = FAR_M, HORIZON_S
        nearest = self._bodies.nearest(pair.a, pair.b, reach_m)
        if nearest is None:
            pair.touching, pair.quiet_until_s = False, now_s + min(beyond_s, HORIZON_S)
            return None
        gap, (nx, ny, nz), on_a, on_b = nearest
        rx, ry, rz = on_a[0] - pax, on_a[1] - pay, on_a[2] - paz
        qx, qy, qz = on_b[0] - pbx, on_b[1] - pby, on_b[2] - pbz
        # Rate of the gap at the nearest points, and its change.
        rate = (
            (dx + way * rz - waz * ry - wby * qz + wbz * qy) * nx
            + (dy + waz * rx - wax * rz - wbz * qx + wbx * qz) * ny
            + (dz + wax * ry - way * rx - wbx * qy + wby * qx) * nz
        )
        ga, gb = self._fall[pair.a], self._fall[pair.b]
        bend = (ga[0] - gb[0]) * nx + (ga[1] - gb[1]) * ny + (ga[2] - gb[2]) * nz
        wait_s = _meeting(gap + DEPTH_M if gap > 0 else 0.0, rate + bend * previous_s / 2, bend, left_s)
        if wait_s is not None:
            closing = -(rate + bend * (previous_s / 2 + wait_s))
            if closing > SLOW_M_S:
                pair.touching, pair.quiet_until_s = True, now_s
                # The velocity that the solver turns round must be that of the touch, so the step before it is
                # short too; but it must begin where the contact is not yet solved.
                pair.lead_s = max(SHORT_S, self._lead_m / closing)
                self._log.meeting[pair.a, pair.b] = now_s + wait_s
                return wait_s
        near = gap - rounding_m
        if near <= TOUCHING_M and abs(rate) <= SLOW_M_S:
            pair.wait_steps = min(2 * pair.wait_steps, MOST_WAIT_STEPS) if pair.touching else WAIT_STEPS
            pair.touching, pair.quiet_until_s = True, now_s + pair.wait_steps * self._step_s
            return None
        safe_s = self._safe(near, speed)
        pair.touching = safe_s < left_s
        pair.quiet_until_s = now_s + min(max(safe_s, left_s), HORIZON_S)
        return None

    def _safe(self, gap_m: float, speed_m_s: float) -> float:
        """For how long (s) a gap cannot close at that speed and what bodies can gain; 0 when there is none."""
        if gap_m <= 0:
            return 0.0
        gain = self._gain_m_s2
        if self.forces is not None:
            gain += 4 * self.forces.largest_m_s2
            if math.isinf(gain):
                return 0.0  # no step done yet
        return (math.sqrt(speed_m_s * speed_m_s + 2 * gain * gap_m) - speed_m_s) / gain

    def _motion(self, index: int) -> Motion:
        """Read once per time."""
        if self._read_at_s != self._stepper.time_s:
            self._read_at_s = self._stepper.time_s
            self._motions = self._still.copy()
        motion = self._motions.get(index)
        if motion is None:
            motion = self._motions[index] = self._bodies.motion(index)
        return motion

    def _go_through(self, pair: _Pair, wait_s: float, end_s: float) -> None:
        """Step to the touch of `pair`, and through it."""
        stepper = self._stepper
        for _ in range(6):
            if wait_s > 2 * pair.lead_s:
                self._step(wait_s - pair.lead_s)
            elif wait_s > 0:
                self._step(wait_s)
            else:
                break
            again_s = self._look(pair, max(end_s - stepper.time_s, 4 * pair.lead_s))
            if again_s is None:
                return  # it turned away
            wait_s = again_s
        self._hit(SHORT_S, impact=True)

    def _hit(self, length_s: float, impact: bool) -> None:
        """A step in which bodies change their speeds at once, after which what was foreseen of them is void."""
        before = [self._motion(index)[1:] for index in self._movers]
        self._step(length_s, impact)
        now_s = self._stepper.time_s
        changed = set()
        for index, (velocity, spin) in zip(self._movers, before, strict=True):
            _, velocity_after, spin_after = self._motion(index)
            change = math.dist(velocity, velocity_after) + self._swing_m[index] * math.dist(spin, spin_after)
            if change > SLOW_M_S / 2:
                changed.add(index)
        for pair in self._pairs:
            if pair.a in changed or pair.b in changed:
                pair.quiet_until_s = now_s
        self._quiet_until_s = now_s


def _meeting(gap: float, rate: float, bend: float, within: float) -> float | None:
    """The first time in [0, within] at which gap + rate t + bend t²/2 falls to 0; None if there is none."""
    if gap <= 0:
        return 0.0 if rate < 0 else None
    square = rate * rate - 2 * bend * gap
    if square < 0:
        return None
    root = math.sqrt(square)
    if rate >= 0 and bend >= 0:
        return None
    # The stable form of (−rate − √…)/bend: no difference of near equals, no division by a bend of 0.
    time_s = 2 * gap / (root - rate) if rate <= 0 else (-rate - root) / bend
    return time_s if 0 <= time_s <= within else None
