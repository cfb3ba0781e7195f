"""A recipe: a dataset, declared. Everything a clip is follows from one of these, a split and an index.

`load_recipe` and `parse_recipe` (simgen.recipe.loading) make them and check them against their scenario; the
sections are in `simgen.recipe.sections`, the parts of a composed scene in `simgen.recipe.parts`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PrivateAttr

from simgen.recipe.designs import ClipDesign, SplitDesign, designs_of
from simgen.recipe.distributions import Distribution, Kind
from simgen.recipe.drawing import COMPOSED, TYPES, Drawing, kind_of_parameter
from simgen.recipe.essence import essence
from simgen.recipe.force_parts import ForcePart, LinkPart
from simgen.recipe.look_section import LookSection
from simgen.recipe.mix import MIX, common_kind
from simgen.recipe.parts import BodyPart, CameraPart, GravityPart, JointPart, SceneParts
from simgen.recipe.sections import (
    CameraView,
    Mixture,
    OutputSection,
    Params,
    Passes,
    RenderSection,
    Section,
    VideoSection,
    all_cameras,
    at_most,
)
from simgen.recipe.splits import Pair, Splits, Study, Sweep, Twin
from simgen.recipe.values import Flag, Name, OneOf, Whole
from simgen.recipe.wording import one_line
from simgen.render.settings import RenderSettings
from simgen.scene.spec import Video

if TYPE_CHECKING:
    from simgen.recipe.draws import Draws
    from simgen.scenarios.base import Scenario

__all__ = ["COMPOSED", "Recipe", "kind_of_parameter"]


class Recipe(Section):
    """What a YAML file declares, defaults filled in."""

    name: Annotated[str, Name(64, "_-")] = Field(description="the dataset's name; part of every clip's key")
    scenario: Annotated[str, Name()] = Field(
        description="what happens: the name of a scenario, `scene` to compose one here, or `mix` for several"
    )
    scenarios: Mixture = Field(
        default=None,
        description="`scenario: mix` only: the scenarios, with weights; `all` is every one that ships, but "
        "replicas of other datasets",
    )
    seed: Annotated[int, Whole(0, 2**64 - 1)] = Field(
        default=0, description="another seed gives other clips; 0 is a seed like any other"
    )
    splits: Splits = Field(description="the splits by name, with clips and what each draws differently")
    params: Params = Field(
        default_factory=dict,
        description="how parameters are drawn; what is left out keeps the scenario's documented default",
    )
    sweeps: Annotated[dict[Annotated[str, Name(32)], Sweep], at_most(100, "sweeps")] = Field(
        default_factory=dict,
        description="splits `sweep_<name>` of groups in which one factor takes several levels",
    )
    pairs: Annotated[dict[Annotated[str, Name(32)], Pair], at_most(100, "pairs")] = Field(
        default_factory=dict, description="splits `pairs_<name>` of factual and counterfactual clips"
    )
    twins: Annotated[dict[Annotated[str, Name(32)], Twin], at_most(100, "twins")] = Field(
        default_factory=dict, description="splits `twins_<name>` of possible and impossible clips"
    )
    sampling: Annotated[Literal["independent", "sobol"], OneOf(("independent", "sobol"))] = Field(
        default="independent",
        description="how parameters are spread: independent draws, or a scrambled Sobol sequence that covers "
        "their space evenly at every size",
    )
    questions: Annotated[int, Whole(0, 100)] = Field(
        default=0, description="at most so many questions about each clip, with choices and the answer"
    )
    study: Study = Field(default_factory=Study, description="what the dataset is made to find out")
    video: VideoSection = Field(default_factory=VideoSection, description="picture and time")
    passes: Annotated[tuple[str, ...], Passes()] = Field(
        default=(), description="dense labels stored beside rgb"
    )
    render: RenderSection = Field(default_factory=RenderSection, description="how the scene is filmed")
    look: LookSection = Field(
        default_factory=dict, description="how everything looks: a preset, and what differs from it"
    )
    cameras: Annotated[
        dict[Annotated[str, Name()], CameraView], BeforeValidator(all_cameras), at_most(8, "cameras")
    ] = Field(
        default_factory=lambda: {"main": CameraView()},
        description="further cameras of the same simulation by name; `main` changes the scenario's own",
    )
    output: OutputSection = Field(default_factory=OutputSection, description="how the dataset is stored")
    bodies: Annotated[dict[Annotated[str, Name()], BodyPart], at_most(100, "bodies")] = Field(
        default_factory=dict, description="`scenario: scene` only: the bodies by name"
    )
    joints: Annotated[dict[Annotated[str, Name()], JointPart], at_most(100, "joints")] = Field(
        default_factory=dict, description="`scenario: scene` only: the joints by name"
    )
    forces: Annotated[dict[Annotated[str, Name()], ForcePart], at_most(100, "forces")] = Field(
        default_factory=dict, description="`scenario: scene` only: springs, drag and attraction by name"
    )
    links: Annotated[dict[Annotated[str, Name()], LinkPart], at_most(100, "links")] = Field(
        default_factory=dict,
        description="`scenario: scene` only: rods, strings and coils to be seen, by name",
    )
    camera: CameraPart | None = Field(
        default=None, description="`scenario: scene` only: the main camera; left out, it frames what moves"
    )
    gravity: GravityPart = Field(
        default=None,
        description="`scenario: scene` only: [x, y, z] in m/s², or a number for downwards; 9.81 if left out",
    )
    ground: Annotated[bool, Flag()] = Field(
        default=True, description="`scenario: scene` only: a floor with its top at z = 0"
    )

    _source: str = PrivateAttr(default="")

    @property
    def source(self) -> str:
        """The text that it was read from; one that means the same when it was made or changed in Python."""
        if self._source:
            return self._source
        data = self.model_dump(mode="json", exclude_defaults=True)
        lines = (f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in data.items())
        return "".join(f"{one_line(line)}\n" for line in lines)

    @property
    def composed(self) -> bool:
        """True for `scenario: scene`."""
        return self.scenario == COMPOSED

    @property
    def mixed(self) -> bool:
        """True for `scenario: mix`."""
        return self.scenario == MIX

    @cached_property
    def designs(self) -> dict[str, SplitDesign]:
        """Every split of the dataset by name: those under `splits`, then sweeps, pairs and twins."""
        return designs_of(self.splits, self.sweeps, self.pairs, self.twins)

    def clip(self, split: str, index: int) -> ClipDesign:
        """Clip `index` of a split, before anything is drawn. Raises KeyError for a split that there is not."""
        return self.designs[split].clip(self.seed, index)

    @property
    def training(self) -> str | None:
        """The split that is trained on, against which the others are held; None where none is named so."""
        return self.study.train or ("train" if "train" in self.designs else None)

    def training_of(self, split: str) -> str | None:
        """The split that is trained on, against which clips of a split are held."""
        return self.designs[split].against or self.training

    @cached_property
    def compares(self) -> bool:
        """Whether some split draws otherwise than the one that is trained on, so that clips can be out of its range."""
        drawing = self.drawing
        return any(
            train is not None
            and (
                drawing.weights[name] != drawing.weights[train]
                or drawing.params[name] != drawing.params[train]
                or drawing.looks[name] != drawing.looks[train]
                or bool(design.varied)
            )
            for name, design in self.designs.items()
            for train in (self.training_of(name),)
        )

    @cached_property
    def drawing(self) -> Drawing:
        """How its clips are drawn."""
        return Drawing(self)

    def scenario_weights(self, split: str) -> dict[str, int]:
        """The scenarios that a split has, by name, with their weights in lowest terms; {scenario: 1} unless
        mixed.

        Raises KeyError for a split that the recipe does not have.
        """
        return self.drawing.weights[split]

    def scenario_name(self, clip: ClipDesign) -> str:
        """The scenario of a clip; it follows from the address of its draws and the weights."""
        return self.drawing.scenario_name(clip)

    def scenario_object(self, clip: ClipDesign) -> Scenario:
        """The scenario of a clip; a composed one is made of the recipe's own bodies."""
        return self.drawing.scenarios[self.scenario_name(clip)]

    def scene_parts(self) -> SceneParts:
        """What it says of a composed scene."""
        camera = self.camera or CameraPart()
        return SceneParts(
            self.bodies,
            self.joints,
            camera,
            self.gravity,
            self.ground,
            self.params,
            forces=self.forces,
            links=self.links,
        )

    def video_spec(self) -> Video:
        """What is filmed, as a scene has it."""
        width, height = self.video.size
        return Video(width, height, self.video.fps, self.video.frame_count)

    def render_settings(self) -> RenderSettings:
        """How it is filmed, as a renderer takes it."""
        return RenderSettings(self.render.engine, self.render.quality, self.render.shutter)

    def boxes(self, split: str, scenario: str = "") -> tuple[dict[str, Distribution], ...]:
        """The ways in which a split draws, one per case: how every parameter is drawn in clips of one scenario (the
        recipe's own unless it is mixed), and under `look.<name>` every parameter of the look that some split or
        case changes.

        Raises KeyError for a split or a scenario that the recipe does not have.
        """
        return self.drawing.boxes(split, scenario or self.scenario)

    def distributions(self, split: str, scenario: str = "") -> dict[str, Distribution]:
        """How every parameter is drawn in a split, in clips of one scenario (the recipe's own unless it is
        mixed): the split's way, else the recipe's, else the scenario's default; of several cases, in the first.

        Raises KeyError for a split or a scenario that the recipe does not have.
        """
        return self.drawing.params[split][scenario or self.scenario][0]

    def draw_params(self, clip: ClipDesign, draws: Draws) -> dict[str, Any]:
        """Every parameter of one attempt at a clip: float, int, str or bool, each from its own draw
        `params.<name>`, or its level in a sweep.

        What a drawn material decides takes the material's value, unless the recipe sets it itself.
        """
        return self.drawing.draw_params(clip, draws)

    def change_params(self, clip: ClipDesign, draws: Draws, params: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters of the counterfactual clip of a pair: those that its `set` names, changed."""
        return self.drawing.change_params(clip, draws, params)

    def look_of(self, clip: ClipDesign, draws: Draws) -> dict[str, Any]:
        """The section `look` of one attempt at a clip."""
        return self.drawing.look_of(clip, draws)

    def param_types(self) -> dict[str, type]:
        """float, int, str or bool for every parameter, the same in every split; of a mixed recipe, for the
        parameters of all its scenarios.
        """
        found: dict[str, list[Kind]] = {}
        for kinds in self.drawing.kinds.values():
            for name, kind in kinds.items():
                found.setdefault(name, []).append(kind)
        return {name: TYPES[common_kind(kinds) or "float"] for name, kinds in found.items()}

    def mixture(self) -> dict[str, tuple[str, ...]]:
        """The parameters that clips of each scenario have; empty unless the recipe is mixed."""
        return {name: tuple(kinds) for name, kinds in self.drawing.kinds.items()} if self.mixed else {}

    def study_labels(self) -> tuple[str, ...]:
        """The columns of a study that its clips have, by the labels of `simgen.dataset.study_columns`; `questions`
        among them.
        """
        needed = {
            "groups": bool(self.sweeps or self.pairs or self.twins),
            "pairs": bool(self.pairs),
            "twins": bool(self.twins),
            "cuts": bool(self.pairs or self.twins),
            "ood": self.compares,
            "questions": self.questions > 0,
        }
        return tuple(label for label, need in needed.items() if need)

    @property
    def context_frames(self) -> int:
        """How many first frames the study gives a model; 0 where the recipe does not say."""
        return self.study.context_frames if "context_frames" in self.study.model_fields_set else 0

    def study_summary(self) -> dict[str, Any]:
        """What a dataset keeps of its study: its words, factors and training split, and the sizes of ladders and
        groups; empty for a recipe that is none.
        """
        words = self.study.model_dump(mode="json", exclude_defaults=True)
        ladders = {name: list(design.ladder) for name, design in self.designs.items() if design.ladder}
        groups = {name: len(design.members) for name, design in self.designs.items() if design.in_groups}
        if not (words or ladders or groups or self.compares):
            return {}
        more = {"train": self.training, "context_frames": self.study.context_frames}
        return {**words, **more, "ladders": ladders, "groups": groups, "sampling": self.sampling}

    def factors(self) -> dict[str, dict[str, dict[str, str]]]:
        """Role and what reveals it (see `simgen.scenarios.base.Parameter`) of every parameter of each scenario; none
        for a composed one, whose parameters mean what the recipe makes of them.
        """
        return {
            name: {
                parameter.name: {"role": parameter.role, "revealed": parameter.reveals}
                for parameter in scenario.parameters
            }
            for name, scenario in self.drawing.scenarios.items()
        }

    def decisive(self) -> dict[str, tuple[str, ...]]:
        """The kinds of event of which the first is what a clip is about, of each scenario."""
        return {name: tuple(scenario.decisive) for name, scenario in self.drawing.scenarios.items()}

    @cached_property
    def hash(self) -> str:
        """SHA-256 over what changes a clip, in hexadecimal; see `simgen.recipe.essence`."""
        return hashlib.sha256(json.dumps(essence(self), sort_keys=True).encode()).hexdigest()

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Recipe:
        """A copy with other fields, unchecked; what was worked out from the old ones is forgotten."""
        copied = super().model_copy(update=update, deep=deep)
        for name in ("designs", "drawing", "compares", "hash"):
            copied.__dict__.pop(name, None)
        if update:
            copied._source = ""
        return copied
