"""Solver profiles: every engine parameter of every scene, and why it has its value.

PyBullet's defaults teach wrong laws (docs/PHYSICS.md has the measurements). A scene names one of four
profiles:

* universal: bodies that fall, roll, slide, collide, with friction; 960 Hz.
* resting: inelastic scenes with many lasting contacts (stacks, dominoes, static friction); 960 Hz.
* restitution: bounces and collisions where the coefficient of restitution must be exact; 960 Hz. Friction
  is coarse.
* joints: universal's contacts with linked bodies; 2400 Hz.

Impacts end steps wherever they happen (`simgen.physics.approach`) and velocities are those of the half
step, so the rate decides neither the height of a bounce nor the length of a fall, only how well lasting
contacts are followed.

Nothing is left to a default, because some parameters survive a reset and leak from one scene into the next.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from simgen.scene.spec import SceneSpec

__all__ = ["PROFILES", "Profile", "apply"]

EVERY_CONTACT = 1e30  # the engine's default: contacts are solved before they touch
# Only touching contacts are solved, which restitution needs. At exactly 0 a contact that is pushed out
# comes and goes from step to step, and friction with it.
TOUCHING = 1e-7
# The solver's iterations end when no velocity changes by more than the square root of this, 10 nm/s. The
# default 1e-7 ends them so early that blocks creep.
RESIDUAL_THRESHOLD = 1e-16
FEWEST = 50  # iterations at most, where that is enough


@dataclass(frozen=True, slots=True)
class Profile:
    """What the engine is told. Rates in Hz, lengths in metres."""

    rate_hz: float  # at least; the true rate is the next multiple of the frame rate
    iterations: int  # at most
    contact_erp: float  # part of a penetration that is pushed out per step
    contact_slop_m: float
    processing_threshold_m: float  # contacts further apart than this are not solved
    restitution_threshold_m_s: float  # slower impacts do not bounce
    split_impulse: bool
    split_impulse_threshold_m: float
    warm_starting: float
    maximal_coordinates: bool  # bodies as btRigidBody instead of btMultiBody


_UNIVERSAL = Profile(
    rate_hz=960,
    iterations=200,
    # Enough that rolling bodies do not sink. Impacts end with nothing to push out
    # (`simgen.physics.approach`), but where a body hits with several corners the others add this part of
    # their speed to the bounce.
    contact_erp=0.02,
    contact_slop_m=0.0,
    processing_threshold_m=TOUCHING,
    restitution_threshold_m_s=0.02,  # bounces below 20 µm are rest: without it resting bodies chatter
    split_impulse=False,  # only maximal coordinates have it
    split_impulse_threshold_m=-0.04,
    warm_starting=0.85,
    maximal_coordinates=False,
)

PROFILES: dict[str, Profile] = {
    "universal": _UNIVERSAL,
    "joints": replace(_UNIVERSAL, rate_hz=2400),  # chaotic ones follow the true path the longer the finer
    "resting": replace(
        _UNIVERSAL,
        rate_hz=960,
        contact_erp=0.08,
        contact_slop_m=1e-5,
        processing_threshold_m=EVERY_CONTACT,
        restitution_threshold_m_s=0.2,
    ),
    "restitution": replace(
        _UNIVERSAL,
        rate_hz=960,
        contact_erp=0.08,
        processing_threshold_m=1e-9,  # friction is coarse here anyway
        restitution_threshold_m_s=0.0,
        split_impulse=True,
        split_impulse_threshold_m=0.0,
        warm_starting=0.0,
        maximal_coordinates=True,
    ),
}


def apply(bullet: Any, client: int, scene: SceneSpec, step_s: float) -> None:
    """Set every engine parameter for `scene`."""
    profile = PROFILES[scene.profile]
    bullet.setPhysicsEngineParameter(
        fixedTimeStep=step_s,
        numSubSteps=0,  # substeps hold applied forces constant: springs gain energy
        numSolverIterations=_iterations(scene),
        solverResidualThreshold=RESIDUAL_THRESHOLD,
        contactERP=profile.contact_erp,
        erp=0.2,
        frictionERP=0.2,
        globalCFM=0.0,
        contactSlop=profile.contact_slop_m,
        contactBreakingThreshold=0.02,  # a C++ global: survives even a disconnect
        restitutionVelocityThreshold=profile.restitution_threshold_m_s,
        useSplitImpulse=int(profile.split_impulse),
        splitImpulsePenetrationThreshold=profile.split_impulse_threshold_m,
        warmStartingFactor=profile.warm_starting,
        enableConeFriction=1,
        deterministicOverlappingPairs=0,
        allowedCcdPenetration=0.04,
        jointFeedbackMode=0,
        enableSAT=0,
        constraintSolverType=bullet.CONSTRAINT_SOLVER_LCP_SI,
        minimumSolverIslandSize=128,
        collisionFilterMode=1,
        enableFileCaching=0,
        reportSolverAnalytics=0,
        physicsClientId=client,
    )
    bullet.setRealTimeSimulation(0, physicsClientId=client)


def _iterations(scene: SceneSpec) -> int:
    """The profile's, but fewer where more would change nothing or cost nearly all of the time.

    * A single round mover: 50 solve its contacts as well as 200 (on the incline the worst residual stays at
      0.008 %), and a hoop takes a quarter less time. A box needs them: at 99 % of what static friction
      can hold it creeps 80 µm in 3 s with 50 iterations and less than 10 µm with 200.
    * A crowd at rest, whose steps never converge. 20 dominoes: the wave is the same to 0.1 ms with 12
      iterations as with 200; a stack of 5 drifts 0.07 mm in 2 s with 50 instead of 0.01 mm.
    """
    profile = PROFILES[scene.profile]
    movers = [body for body in scene.bodies if not body.fixed]
    if len(movers) == 1 and movers[0].shape.kind not in ("box", "mesh"):
        return min(FEWEST, profile.iterations)
    if len(movers) > 2 and any(body.shape.kind == "mesh" for body in movers):
        return min(FEWEST, profile.iterations)
    if scene.profile != "resting":
        return profile.iterations
    return max(FEWEST // 2, min(profile.iterations, 500 // max(len(movers), 1)))
