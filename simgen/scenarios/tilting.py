"""What the scenarios of balance share: how far a body has tilted, verdicts as laws, the words for a gravity."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from simgen.labels import words
from simgen.labels.events import Event
from simgen.physics.trace import Trace
from simgen.scenarios.base import LawCheck, Params
from simgen.scenarios.stage import GRAVITY, material
from simgen.scene.materials import MATERIALS
from simgen.scene.rotation import matrix
from simgen.scene.spec import Body

__all__ = [
    "bounced",
    "elsewhere",
    "made_of",
    "named",
    "relative",
    "side_of",
    "tilt_deg",
    "verdict",
]


def side_of(params: Params) -> float:
    """+1 when the parameter `direction` says right, −1 when it says left."""
    return 1.0 if params["direction"] == "right" else -1.0


def tilt_deg(trace: Trace, body: int, side: float) -> NDArray[np.float64]:
    """How far (T,) the body's own z axis leans from upright towards +x (`side` +1) or −x (−1), degrees."""
    up = matrix(trace.orientation_xyzw[:, body])[:, :, 2]
    lean: NDArray[np.float64] = np.degrees(np.arctan2(side * up[:, 0], up[:, 2]))
    return lean


def verdict(name: str, predicted: bool, measured: bool) -> LawCheck:
    """A decision rule as a law: 1 or 0 predicted, 1 or 0 measured, residual = |measured − predicted|."""
    return LawCheck(name, float(predicted), float(measured), float(predicted != measured))


def relative(name: str, predicted: float, measured: float) -> LawCheck:
    """A law whose residual is relative to the prediction."""
    return LawCheck(name, predicted, measured, abs(measured - predicted) / abs(predicted))


def elsewhere(params: Params) -> str:
    """What a numeric caption adds where gravity is not the Earth's."""
    gravity = params["gravity_m_s2"]
    return "" if gravity == GRAVITY else f", where gravity is {words.quantity(gravity, 'm/s²')}"


def named(body: Body, noun: str) -> str:
    """A body without its article under another noun: "blue steel plank"."""
    usual = words.called(body)
    return usual.removesuffix(words.noun(body)) + noun


def bounced(events: Iterable[Event]) -> list[str]:
    """ "bounces twice", if anything of the kind is among the events."""
    bounces = sum(event.kind == "bounce" for event in events)
    return [f"bounces {words.times(bounces)}"] if bounces else []


def made_of(params: Params) -> str:
    """The adjective of the drawn material with a space behind it: "wooden ", "" for none."""
    name = material(params)
    return f"{MATERIALS[name].adjective} " if name else ""
