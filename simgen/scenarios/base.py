"""What a scenario is: parameters with units and documented ranges, a scene, a law, words.

A scenario is one file that defines one subclass of `Scenario`; everything else (finding it, drawing,
simulating, filming, labelling, storing, documentation, the contract tests) is shared and asks nothing of it
but this interface.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from simgen.labels.events import Event
from simgen.physics.inertia import shape_volume
from simgen.physics.trace import Trace
from simgen.recipe.distributions import Distribution
from simgen.recipe.draws import Draws
from simgen.scene.materials import MATERIALS
from simgen.scene.solids import solid
from simgen.scene.spec import SceneSpec, Shape, Video

__all__ = ["Law", "LawCheck", "Parameter", "Params", "Scenario"]

Params = Mapping[str, Any]  # every sampled parameter under its recipe name: float, int, str or bool


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a scenario, as `simgen scenarios NAME` prints it."""

    name: str  # with its unit as a suffix: angle_deg, mass_kg
    default: Distribution  # what a recipe that leaves it out gets
    unit: str  # "deg", "kg", "m", "m/s", "1" for a pure number, "" for words
    meaning: str  # one line
    range: tuple[float, float] | tuple[str, ...]  # everything in it works from end to end; outside is refused
    role: Literal[
        "causal", "nuisance", "hidden"
    ]  # causal: changes the motion and can be seen; hidden: cannot be seen
    # What shows its value, in principle, to somebody who knows all laws: "picture" (the first frame),
    # "velocity" (two frames), "acceleration" (three), a kind of event (a frame after it), or "never" (it
    # changes nothing that can be seen). "" stands for "picture", and for "never" where the role is hidden.
    revealed: str = ""
    # How the caption of the tier hidden tells it, {} for the value with its unit: "the spring is {} at the start".
    # "" is "the <meaning, up to its first comma, colon or bracket> is {}".
    told: str = ""

    @property
    def phrase(self) -> str:
        """`told` with its default filled in."""
        return self.told or f"the {re.split('[,;:(]', self.meaning)[0].strip()} is {{}}"

    @property
    def reveals(self) -> str:
        """`revealed` with its default filled in."""
        return self.revealed or ("never" if self.role == "hidden" else "picture")


@dataclass(frozen=True, slots=True)
class Law:
    """A closed form that the clip must obey."""

    name: str  # snake_case, e.g. "incline_acceleration"
    formula: str  # in plain text with units, e.g. "a = g (sin θ − μ cos θ)"
    source: str  # where the formula comes from: a textbook chapter, a derivation in one line
    tolerance: float  # a clip whose residual is above it is rejected
    reason: str = ""  # where the tolerance comes from


@dataclass(frozen=True, slots=True)
class LawCheck:
    """A law against the recorded trajectory: residual = |measured − predicted| / |predicted| (see `Law`)."""

    name: str
    predicted: float
    measured: float
    residual: float


class Scenario(ABC):
    """One kind of scene. Instances hold no state; all methods are pure functions of their arguments."""

    name: ClassVar[str]
    summary: ClassVar[str]  # one line for the catalogue
    parameters: ClassVar[tuple[Parameter, ...]]
    laws: ClassVar[tuple[Law, ...]] = ()
    events: ClassVar[tuple[str, ...]] = ()  # the kinds of event that its clips can hold; no others may appear
    qualitative: ClassVar[bool] = False  # there is no law for it (a cloth that drapes), so clips show none
    # Rebuilds the scenes of a published dataset, for recipes of its own: `all` in a mix leaves it out.
    replica: ClassVar[bool] = False
    slow: ClassVar[bool] = False  # a clip takes half a second and more to simulate: tests take fewer of them
    # Small errors grow without end: clips store the time up to which a simulation with a ten times finer step
    # agrees (`simgen.labels.horizon`), which costs ten times their simulation.
    chaotic: ClassVar[bool] = False
    decisive: ClassVar[
        tuple[str, ...]
    ] = ()  # the first event of one of these kinds is what the clip is about

    @abstractmethod
    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        """The undressed scene (bodies without a look) with the camera that frames the action.

        Raises `Rejected` for a draw that makes no fit clip (the bodies would overlap).
        """

    @abstractmethod
    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        """Every law that applies to this clip, measured in the trace. Raises `Rejected` if none can be."""

    @abstractmethod
    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        """A sentence or two per tier: plain, qualitative, numeric, outcome. True, grammatical, varied through
        draws.

        Every number in them is a label (a parameter, a state, an event's value) rounded as printed.
        """

    def is_chaotic(self, params: Params) -> bool:
        """Whether a clip of these parameters is chaotic; this one says what the class declares."""
        return self.chaotic

    def revealed_by(self, params: Params) -> dict[str, str]:
        """What reveals each parameter in a clip of these parameters (see `Parameter.revealed`), by its name.

        This one says what the parameters declare. A scenario in which a parameter plays no part in some clips
        (friction, where a ball rolls without slipping) says "never" for it there.
        """
        return {parameter.name: parameter.reveals for parameter in self.parameters}

    def solids(self, params: Params) -> Mapping[str, Shape]:
        """The solid whose mass each mass parameter is, by the parameter's name: a material's density times its
        volume becomes the mass.

        This one holds where `mass_kg` is the mass of `stage.solid(shape, radius_m)`, a ball where there is no
        `shape`; a scenario with other masses, sizes or shapes says which.
        """
        if "mass_kg" in params and "radius_m" in params:
            return {"mass_kg": solid(params.get("shape", "sphere"), params["radius_m"])}
        return {}

    def of_material(self, params: Params) -> dict[str, float]:
        """The parameters that the drawn material decides, with their values; none without a material.

        A recipe's own `friction`, `elasticity` or mass takes precedence; that is not decided here.
        """
        names = {parameter.name for parameter in self.parameters}
        material = MATERIALS.get(params["material"]) if "material" in names else None
        if material is None:
            return {}
        decided = {"friction": material.friction, "elasticity": material.elasticity}
        for name, shape in self.solids(params).items():
            decided[name] = material.density_kg_m3 * shape_volume(shape)
        return {name: value for name, value in decided.items() if name in names}
