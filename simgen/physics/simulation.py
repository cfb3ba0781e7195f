"""A scene becomes a trace: the state of every body at every frame, and every contact between frames.

The engine integrates with the semi-implicit Euler method: its velocities belong to the middle of a step and
its positions to the end. Two things make the labels exact for constant forces, in free flight and in steady
contact alike:

* Velocities are carried from the middle of one step to the middle of the next (`simgen.physics.stepping`):
  the positions of free flight are then those of the closed form to rounding.
* The velocity at a frame is the engine's in the middle of the step before, carried on over half a step at the
  rate at which the step after changes it. A body at rest reads 0, a falling one its true speed. If the step
  after holds an impact, the rate of the step before is used: the label is the velocity on the frame's side
  of the impact.

Steps are cut where two bodies meet (`simgen.physics.approach`), so an impact is in the trace at its true
time.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from simgen.errors import Rejected, SimulationError
from simgen.physics import engine, profiles
from simgen.physics.approach import Approach
from simgen.physics.articulation import trees
from simgen.physics.bodies import Bodies, Rates
from simgen.physics.contacts import ContactLog
from simgen.physics.coriolis import FINER, Coriolis, is_correctable, needs_finer_steps
from simgen.physics.energy import mechanical_energy
from simgen.physics.forces import Forces
from simgen.physics.gyroscope import Gyroscope, tumbles
from simgen.physics.placement import check, place
from simgen.physics.properties import Handle
from simgen.physics.pulls import accelerations
from simgen.physics.shapes import inner_radius_m
from simgen.physics.stepping import Stepper
from simgen.physics.trace import Trace
from simgen.scene.presence import present_only
from simgen.scene.spec import SceneSpec

__all__ = ["simulate"]

IMPACT = 4.0  # a change of velocity that many times faster than the step before is an impact
MAX_OVERLAP_M = 2e-3  # hulls are up to 1 mm larger than what they stand for
MAX_GAIN = 0.05  # of the energy in play; without forces nothing can gain any
RUNAWAY_M = 1e6  # a body that far away was shot there by the solver
MAX_TRAVEL = 0.5  # of its inner radius per step: faster bodies can pass through others


def simulate(scene: SceneSpec, finer: int = 1) -> Trace:
    """Simulate `scene` over its video. The result depends on `scene` alone, to the bit.

    A body that is not present (`Body.present`) takes no part, and stands still in the state where the scene has it.
    `finer`: so many times more steps than the scene's profile takes, to see what the step does to the result.
    Raises SimulationError for a scene that means nothing or a result that is not physics, Rejected("overlap")
    when bodies are inside each other at the start, Rejected("too-fast") when one moves so fast that it could
    pass through another, MissingDependencyError without PyBullet.
    """
    there, kept = present_only(scene)
    if len(kept) < len(scene.bodies):
        return _with_absent(scene, kept, simulate(there, finer))
    check(scene)
    bullet, client = engine.empty()
    per_frame = steps_per_frame(scene) * finer
    profiles.apply(bullet, client, scene, 1.0 / (scene.video.fps * per_frame))
    run = _Run(bullet, client, scene, place(bullet, client, scene), per_frame)
    run.refuse_overlaps()
    return run.trace()


def _with_absent(scene: SceneSpec, kept: list[int], trace: Trace) -> Trace:
    """The trace of the bodies at the indices `kept` as one of all bodies of the scene."""
    state = np.zeros((len(trace.time_s), len(scene.bodies), 13))
    for index, body in enumerate(scene.bodies):
        state[:, index, :7] = body.position_m + body.orientation_xyzw
    state[:, kept] = trace.state
    place = np.array(kept, dtype=np.int32)
    contacts = replace(trace.contacts, a=place[trace.contacts.a], b=place[trace.contacts.b])
    return replace(trace, state=state, contacts=contacts)


def steps_per_frame(scene: SceneSpec) -> int:
    """Engine steps between two frames: the fewest that reach the profile's rate. Frames fall on steps."""
    rate_hz = profiles.PROFILES[scene.profile].rate_hz
    if any(needs_finer_steps(tree) for tree in trees(scene)):
        rate_hz *= FINER
    return max(1, math.ceil(rate_hz / scene.video.fps))


class _Sample(NamedTuple):
    """The engine's velocities before a step."""

    time_s: float
    velocity_time_s: float  # to which the velocities belong
    rates: list[Rates]  # of the M movers
    impact: bool  # the step that follows turns velocities round


class _Run:
    """One pass through the video."""

    def __init__(
        self, bullet: Any, client: int, scene: SceneSpec, handles: list[Handle], per_frame: int
    ) -> None:
        self._scene, self._per_frame = scene, per_frame
        self._step_s = step_s = 1.0 / (scene.video.fps * per_frame)
        profile = profiles.PROFILES[scene.profile]
        self._bodies = Bodies(bullet, client, scene, handles)
        self._movers = self._bodies.movers
        self._stepper = Stepper(bullet, client, scene.gravity_m_s2, step_s, profile.contact_erp)
        self._correct(bullet, client, handles)
        self._log = ContactLog(bullet, client, scene, handles, profile)
        self._pairs = _pairs(scene)
        self._approach = Approach(
            scene,
            self._bodies,
            self._pairs,
            self._stepper,
            self._log,
            step_s,
            profile.processing_threshold_m,
        )
        if scene.forces:
            forces = Forces(bullet, client, scene, self._bodies, handles)
            self._stepper.acts.append(forces)
            self._approach.forces = forces
        self._steps = 0  # whole steps done
        self._state = np.zeros((scene.video.frame_count, len(scene.bodies), 13))
        for index, body in enumerate(scene.bodies):
            first = body.position_m + body.orientation_xyzw + body.velocity_m_s + body.angular_velocity_rad_s
            self._state[0, index] = first
            if body.fixed:
                self._state[:, index] = first
        # Of the movers: orientations at the last frame, and the poses at every frame but the first.
        self._turns = [scene.bodies[index].orientation_xyzw for index in self._movers]
        self._poses: list[tuple[float, ...]] = []

    def refuse_overlaps(self) -> None:
        """Raise Rejected for bodies that are inside each other at the start.

        The engine would throw them apart.
        """
        names = [body.name for body in self._scene.bodies]
        for a, b in self._pairs:
            nearest = self._bodies.nearest(a, b, self._bodies.reach_m(a, b))
            if nearest is not None and nearest[0] < -MAX_OVERLAP_M:
                raise Rejected(
                    "overlap",
                    f"bodies {names[a]!r} and {names[b]!r} overlap by {-nearest[0]:.3g} m at the start",
                )

    def trace(self) -> Trace:
        video, per_frame, step_s = self._scene.video, self._per_frame, self._step_s
        stepper, approach = self._stepper, self._approach
        samples: list[_Sample] = []
        moments: list[tuple[_Sample, _Sample, _Sample]] = []  # before, at and after each frame but the first

        def note(impact: bool) -> None:
            samples.append(self._sample(impact))

        for frame in range(1, video.frame_count + 1):
            start = (frame - 1) * per_frame
            self._log.begin(frame, start * step_s)
            # The first step also tells how fast bodies moved at the frame before it, the last one at the
            # next frame.
            for step in dict.fromkeys((start + 1, start + per_frame)):
                approach.run(step - 1 - self._steps)
                self._settle(step - 1)
                stepper.listener = note
                known = len(samples)
                approach.advance()
                stepper.listener = None
                self._settle(step)
                if step == start + 1 and frame > 1:
                    after = samples[known + 1] if len(samples) > known + 1 else self._sample(False)
                    moments.append((samples[known - 1], samples[known], after))
                    del samples[:known]
                if frame == video.frame_count:
                    break  # one step more than filmed
            else:
                self._read_poses()
        self._state[1:, self._movers, :7] = np.array(self._poses).reshape(
            len(self._state) - 1, len(self._movers), 7
        )
        self._set_velocities(moments)
        self._finish()
        times = np.array([video.frame_time_s(frame) for frame in range(video.frame_count)])
        return Trace(times, self._state, self._log.contacts(video.frame_count - 1), step_s)

    def _settle(self, step: int) -> None:
        """The clock after that many whole steps, free of what adding up costs."""
        self._steps = step
        self._stepper.time_s = step * self._step_s

    def _correct(self, bullet: Any, client: int, handles: list[Handle]) -> None:
        """Have velocity-dependent forces taken at the right time."""
        scene, acts = self._scene, self._stepper.acts
        forest = trees(scene)
        linked = {name for tree in forest for name in tree.bodies}
        for tree in forest:
            if is_correctable(tree):
                links = [handles[scene.body_index(joint.child)] for joint in tree.links]
                acts.append(Coriolis(bullet, client, tree, links))
        if not profiles.PROFILES[scene.profile].maximal_coordinates:
            for body, handle in zip(scene.bodies, handles, strict=True):
                if body.name not in linked and tumbles(body):
                    acts.append(Gyroscope(bullet, client, body, handle))

    def _sample(self, impact: bool) -> _Sample:
        return _Sample(self._stepper.time_s, self._stepper.velocity_time_s, self._bodies.rates(), impact)

    def _set_velocities(self, moments: list[tuple[_Sample, _Sample, _Sample]]) -> None:
        """Velocities at every frame but the first, from the steps on both sides of it."""
        if not moments or not self._movers:
            return
        before, now, after = (
            np.array([(sample.time_s, sample.velocity_time_s, sample.impact) for sample in side])
            for side in zip(*moments, strict=True)
        )
        rates = np.array([[sample.rates for sample in moment] for moment in moments])  # (T − 1, 3, M, 6)
        later = (rates[:, 2] - rates[:, 1]) / (after[:, 1] - now[:, 1])[:, None, None]
        earlier = (rates[:, 1] - rates[:, 0]) / (now[:, 1] - before[:, 1])[:, None, None]
        # Whether the steps after and before the frame are impacts.
        hit_later, hit_earlier = now[:, 2] > 0, before[:, 2] > 0
        free = np.zeros((len(rates), *rates.shape[2:]))  # what a body does between two impacts
        if not self._scene.joints:
            then = self._state[1 : len(rates) + 1].copy()
            then[:, self._movers, 7:10] = rates[:, 1, :, :3]
            free[:, :, :3] = accelerations(self._scene, then)[:, self._movers]
        for columns in (slice(0, 3), slice(3, 6)):
            size, other = (np.linalg.norm(r[:, :, columns], axis=2) for r in (later, earlier))
            jump = (size > IMPACT * other + 1e-6) & ~hit_earlier[:, None] | hit_later[:, None]
            best = np.where(hit_earlier[:, None, None], free[:, :, columns], earlier[:, :, columns])
            later[:, :, columns] = np.where(jump[:, :, None], best, later[:, :, columns])
        at_frame = rates[:, 1] + later * (now[:, 0] - now[:, 1])[:, None, None]
        self._state[1:, self._movers, 7:13] = self._bodies.velocities(at_frame, self._state[1:, :, :7])

    def _read_poses(self) -> None:
        """Add the movers' poses now to those of the frames before."""
        for number, index in enumerate(self._movers):
            position, (x, y, z, w) = self._bodies.pose(index)
            # One path through the quaternions, without jumps of sign.
            qx, qy, qz, qw = self._turns[number]
            if x * qx + y * qy + z * qz + w * qw < 0:
                x, y, z, w = -x, -y, -z, -w
            self._turns[number] = x, y, z, w
            self._poses.append((*position, x, y, z, w))

    def _finish(self) -> None:
        """Refuse what is not physics."""
        state, scene = self._state, self._scene
        for index in self._movers:
            body = scene.bodies[index]
            path = state[:, index]
            if not np.isfinite(path).all():
                raise SimulationError(f"body {body.name!r} left the numbers: its state is not finite")
            if np.abs(path[:, :3]).max() > RUNAWAY_M:
                raise SimulationError(f"body {body.name!r} was shot out of the scene")
            if len(scene.bodies) == 1:
                continue
            speed = float(np.linalg.norm(path[:, 7:10], axis=1).max())
            limit = MAX_TRAVEL * inner_radius_m(body.shape) / self._step_s
            if speed >= limit:
                raise Rejected(
                    "too-fast",
                    f"body {body.name!r} reaches {speed:.3g} m/s; above {limit:.3g} m/s a body of its size "
                    "can pass through others between two steps",
                )
        if scene.forces:
            return  # which give and take energy
        energy, scale = mechanical_energy(scene, state)
        gained = energy - energy[0]
        if gained.max() > MAX_GAIN * scale:
            frame = int(np.argmax(gained > MAX_GAIN * scale))
            raise SimulationError(
                f"the bodies gain {gained.max():.3g} J out of nothing (first seen at frame {frame}): "
                "they spin too fast for the step, or are too many or too unlike in mass for the solver"
            )


def _pairs(scene: SceneSpec) -> list[tuple[int, int]]:
    """Indices a < b of bodies that can touch: one of them moves, and neither a joint holds them together nor do
    they go through each other."""
    joined = {frozenset((joint.parent, joint.child)) for joint in scene.joints}
    joined |= {frozenset(pair) for pair in scene.passing}
    bodies = list(enumerate(scene.bodies))
    return [
        (a, b)
        for a, first in bodies
        for b, second in bodies[a + 1 :]
        if not (first.fixed and second.fixed) and frozenset((first.name, second.name)) not in joined
    ]
