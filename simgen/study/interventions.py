"""Interventions: a body is taken away, or something about the scene is changed, and nothing else.

An intervention at the start makes another clip of the same draws. One at a later frame lets the clip run as it would
and changes it there; what is before that frame is the same in both, to the bit.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from simgen.errors import BuildError
from simgen.physics import continue_from, simulate
from simgen.physics.trace import Trace
from simgen.scene.presence import without
from simgen.scene.spec import Body, SceneSpec
from simgen.study.take import Take

__all__ = ["CHANGEABLE", "Intervention", "differences", "intervene", "without"]

# What a body can change while nobody sees it.
CHANGEABLE = (
    "mass_kg",
    "friction",
    "rolling_friction_m",
    "spinning_friction_m",
    "elasticity",
    "inertia_kg_m2",
)
CHANGEABLE_OF_SCENE = ("bodies", "forces", "gravity_m_s2", "profile")


@dataclass(frozen=True, slots=True)
class Intervention:
    """One change to a scene at `frame`: the body named `remove` is taken away, or the scene becomes `scene`."""

    frame: int = 0
    remove: str = ""
    scene: SceneSpec | None = None

    def __post_init__(self) -> None:
        if bool(self.remove) == (self.scene is not None):
            raise ValueError("an intervention removes a body or changes the scene: one of the two")


def intervene(scene: SceneSpec, trace: Trace, intervention: Intervention) -> Take:
    """What becomes of the clip `scene`, whose undisturbed motion is `trace`.

    At frame 0 everything is simulated anew. At a later frame only what cannot be seen may change, in what is there:
    mass, friction, elasticity, gravity, forces. Raises BuildError, in a sentence, for anything else, and what
    `simulate` raises.
    """
    frame = intervention.frame
    changed = without(scene, intervention.remove) if intervention.remove else intervention.scene
    assert changed is not None
    if not 0 <= frame < len(trace.time_s):
        raise BuildError(
            f"at: the intervention is at frame {frame}, but the video's last frame is {len(trace.time_s) - 1}."
        )
    if frame == 0:
        return Take(changed, simulate(changed))
    seen = differences(scene, changed) if intervention.scene is not None else []
    if seen:
        raise BuildError(
            f"set: what changes in the middle of a clip must not be seen by itself, but {' and '.join(seen)} "
            "would change too; intervene at the start instead, or set only mass, friction, elasticity, gravity or forces."
        )
    return Take(scene, continue_from(changed, trace, frame), frame, changed, undisturbed=trace)


def differences(scene: SceneSpec, other: SceneSpec) -> list[str]:
    """What differs between two scenes besides what can change in the middle of a clip, in words; [] if nothing."""
    found = [
        f"the scene's {name}"
        for name in (field.name for field in fields(SceneSpec))
        if name not in CHANGEABLE_OF_SCENE and getattr(scene, name) != getattr(other, name)
    ]
    if [body.name for body in scene.bodies] != [body.name for body in other.bodies]:
        return [*found, "which bodies there are"]
    for first, second in zip(scene.bodies, other.bodies, strict=True):
        parts = _differing(first, second)
        if parts:
            found.append(f"the {' and the '.join(parts)} of {first.name}")
    return found


def _differing(first: Body, second: Body) -> list[str]:
    words: dict[str, Any] = {"position_m": "place", "orientation_xyzw": "orientation"}
    return [
        words.get(field.name, field.name)
        for field in fields(Body)
        if field.name not in CHANGEABLE and getattr(first, field.name) != getattr(second, field.name)
    ]
