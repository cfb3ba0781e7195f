"""A recipe: a dataset, declared. Everything a clip is follows from one of these, a split and an index.

`load_recipe` and `parse_recipe` (simgen.recipe.loading) make them and check them against their scenario; the
sections are in `simgen.recipe.sections`, the parts of a composed scene in `simgen.recipe.parts`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, PrivateAttr

from simgen.recipe.distributions import Choice, Constant, Distribution, Integer, Kind
from simgen.recipe.force_parts import ForcePart, LinkPart
from simgen.recipe.mix import MIX, catalogue, common_kind, mixed_weights, reduced, scenario_of_clip
from simgen.recipe.parts import BodyPart, CameraPart, GravityPart, JointPart, SceneParts
from simgen.recipe.quantities import as_floats, distribution_of, plain_quantity
from simgen.recipe.sections import (
    CameraView,
    MixedScenario,
    Mixture,
    OutputSection,
    Params,
    Passes,
    RenderSection,
    Section,
    Split,
    VideoSection,
    all_cameras,
    all_splits,
    at_most,
)
from simgen.recipe.values import Flag, Name, Whole, misplaced
from simgen.recipe.wording import one_line, shown
from simgen.render.settings import RenderSettings
from simgen.scene.spec import Video

if TYPE_CHECKING:
    from simgen.recipe.draws import Draws
    from simgen.scenarios.base import Parameter, Scenario

__all__ = ["COMPOSED", "Recipe", "kind_of_parameter"]

COMPOSED = "scene"  # the scenario whose bodies, joints and camera stand in the recipe

_TYPES: dict[Kind, type] = {"float": float, "int": int, "str": str, "bool": bool}


def _look(value: Any) -> Any:
    """The preset's name and a distribution for everything else."""
    if not isinstance(value, Mapping):
        raise ValueError(f"must be a mapping such as {{preset: lab}}, not {shown(value)}.")
    look: dict[str, Any] = {}
    for name, entry in value.items():
        try:
            look[name] = entry if name == "preset" else distribution_of(entry)
        except ValueError as error:
            raise misplaced(str(error), name) from None
    return look


def _plain_look(look: Mapping[str, Any]) -> dict[str, Any]:
    return {name: entry if isinstance(entry, str) else plain_quantity(entry) for name, entry in look.items()}


class Recipe(Section):
    """What a YAML file declares, defaults filled in."""

    name: Annotated[str, Name(64, "_-")] = Field(description="the dataset's name; part of every clip's key")
    scenario: Annotated[str, Name()] = Field(
        description="what happens: the name of a scenario, `scene` to compose one here, or `mix` for several"
    )
    scenarios: Mixture = Field(
        default=None,
        description="`scenario: mix` only: the scenarios, with weights; `all` is every one that ships",
    )
    seed: Annotated[int, Whole(0, 2**64 - 1)] = Field(
        default=0, description="another seed gives other clips; 0 is a seed like any other"
    )
    splits: Annotated[
        dict[Annotated[str, Name()], Split], BeforeValidator(all_splits), at_most(1000, "splits")
    ] = Field(description="the splits by name, with clips and what each draws differently")
    params: Params = Field(
        default_factory=dict,
        description="how parameters are drawn; what is left out keeps the scenario's documented default",
    )
    video: VideoSection = Field(default_factory=VideoSection, description="picture and time")
    passes: Annotated[tuple[str, ...], Passes()] = Field(
        default=(), description="dense labels stored beside rgb"
    )
    render: RenderSection = Field(default_factory=RenderSection, description="how the scene is filmed")
    look: Annotated[dict[str, Any], BeforeValidator(_look), PlainSerializer(_plain_look)] = Field(
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

    def scenario_weights(self, split: str) -> dict[str, int]:
        """The scenarios that a split has, by name, with their weights in lowest terms; {scenario: 1} unless
        mixed.

        Raises KeyError for a split that the recipe does not have.
        """
        return self._weights[split]

    def scenario_name(self, split: str, index: int) -> str:
        """The scenario of clip `index` of a split; it follows from seed, split, index and the weights."""
        weights = self._weights[split]
        return scenario_of_clip(weights, self.seed, split, index) if self.mixed else self.scenario

    def scenario_object(self, split: str, index: int) -> Scenario:
        """The scenario of clip `index` of a split; a composed one is made of the recipe's own bodies."""
        return self._scenarios[self.scenario_name(split, index)]

    @cached_property
    def _scenarios(self) -> dict[str, Scenario]:
        """Every scenario that a clip can have, by name."""
        if self.composed:
            from simgen.scenarios.composed import Composed

            return {COMPOSED: Composed(self.scene_parts())}
        from simgen.scenarios import get_scenario
        from simgen.scenarios.air import AIR, in_air

        found: dict[str, Scenario] = {}
        for name in mixed_weights(self._mixture, catalogue()) if self.mixed else (self.scenario,):
            scenario = get_scenario(name)
            layers = [layer for split in self.splits.values() for layer in self._layers(name, split)]
            known = {parameter.name for parameter in scenario.parameters}
            unknown = {entry for layer in layers for entry in layer} - known
            airy = any(parameter.name in unknown for parameter in AIR)
            found[name] = in_air(scenario) if airy else scenario
        return found

    @property
    def _mixture(self) -> dict[str, MixedScenario]:
        return self.scenarios or {}

    @cached_property
    def _weights(self) -> dict[str, dict[str, int]]:
        if not self.mixed:
            return {name: {self.scenario: 1} for name in self.splits}
        return {
            name: reduced(mixed_weights(split.scenarios or self._mixture, self._scenarios))
            for name, split in self.splits.items()
        }

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

    def distributions(self, split: str, scenario: str = "") -> dict[str, Distribution]:
        """How every parameter is drawn in a split, in clips of one scenario (the recipe's own unless it is
        mixed): the split's way, else the recipe's, else the scenario's default.

        Raises KeyError for a split or a scenario that the recipe does not have.
        """
        return self._resolved[split][scenario or self.scenario]

    def param_types(self) -> dict[str, type]:
        """float, int, str or bool for every parameter, the same in every split; of a mixed recipe, for the
        parameters of all its scenarios.
        """
        found: dict[str, list[Kind]] = {}
        for kinds in self._kinds.values():
            for name, kind in kinds.items():
                found.setdefault(name, []).append(kind)
        return {name: _TYPES[common_kind(kinds) or "float"] for name, kinds in found.items()}

    def mixture(self) -> dict[str, tuple[str, ...]]:
        """The parameters that clips of each scenario have; empty unless the recipe is mixed."""
        return {name: tuple(kinds) for name, kinds in self._kinds.items()} if self.mixed else {}

    def factors(self) -> dict[str, dict[str, dict[str, str]]]:
        """Role and what reveals it (see `simgen.scenarios.base.Parameter`) of every parameter of each scenario; none
        for a composed one, whose parameters mean what the recipe makes of them.
        """
        return {
            name: {
                parameter.name: {"role": parameter.role, "revealed": parameter.reveals}
                for parameter in scenario.parameters
            }
            for name, scenario in self._scenarios.items()
        }

    def decisive(self) -> dict[str, tuple[str, ...]]:
        """The kinds of event of which the first is what a clip is about, of each scenario."""
        return {name: tuple(scenario.decisive) for name, scenario in self._scenarios.items()}

    def draw_params(self, split: str, draws: Draws) -> dict[str, Any]:
        """Every parameter of one clip: float, int, str or bool, each from its own draw `params.<name>`.

        What a drawn material decides takes the material's value, unless the recipe sets it itself.
        """
        scenario = self.scenario_name(split, draws.index)
        kinds = self._kinds[scenario]
        params: dict[str, Any] = {}
        for name, distribution in self._resolved[split][scenario].items():
            constant = isinstance(distribution, Constant)
            value = distribution.value(0.0 if constant else draws(f"params.{name}"))
            params[name] = _TYPES[kinds[name]](value)
        if "material" in params:
            said = {name for layer in self._layers(scenario, self.splits[split]) for name in layer}
            decided = self._scenarios[scenario].of_material(params)
            params |= {name: _TYPES[kinds[name]](decided[name]) for name in decided if name not in said}
        return params

    @property
    def hash(self) -> str:
        """SHA-256 over what changes a clip, in hexadecimal.

        In it: the name (it is in every key), scenario or scenarios with their weights, seed, how each
        parameter is drawn with defaults filled in, splits that draw differently, video, passes, render, look, cameras, the composed scene, and
        GENERATOR_VERSION. Not in it: clip counts, splits that draw as the recipe does, output, how it is
        written.
        """
        return self._hash

    @cached_property
    def _hash(self) -> str:
        return hashlib.sha256(json.dumps(self._essence(), sort_keys=True).encode()).hexdigest()

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Recipe:
        """A copy with other fields, unchecked; what was worked out from the old ones is forgotten."""
        copied = super().model_copy(update=update, deep=deep)
        for name in ("_scenarios", "_weights", "_resolved", "_kinds", "_hash"):
            copied.__dict__.pop(name, None)
        if update:
            copied._source = ""
        return copied

    @cached_property
    def _resolved(self) -> dict[str, dict[str, dict[str, Distribution]]]:
        """Split -> scenario -> parameter."""
        return {
            name: {scenario: self._drawn(scenario, split) for scenario in self._weights[name]}
            for name, split in self.splits.items()
        }

    def _layers(self, scenario: str, split: Split | None) -> list[dict[str, Distribution]]:
        """What the recipe says of the parameters of a scenario in a split; what comes later counts."""
        layers = [self.params]
        if scenario in self._mixture:
            layers.append(self._mixture[scenario].params)
        if split is not None:
            layers.append(split.params)
            if split.scenarios and scenario in split.scenarios:
                layers.append(split.scenarios[scenario].params)
        return layers

    def _drawn(self, scenario: str, split: Split | None) -> dict[str, Distribution]:
        """How the parameters of a scenario are drawn in a split, or where no split says otherwise."""
        drawn = {entry.name: entry.default for entry in self._scenarios[scenario].parameters}
        for layer in self._layers(scenario, split):
            # what a mix says for all its scenarios is for those that have such a parameter
            drawn |= {name: layer[name] for name in layer if name in drawn or not self.mixed}
        return drawn

    @cached_property
    def _kinds(self) -> dict[str, dict[str, Kind]]:
        """Scenario -> parameter."""
        if self.composed:
            drawn = [split[COMPOSED] for split in self._resolved.values()]
            names = dict.fromkeys(name for split in drawn for name in split)
            return {COMPOSED: {name: _own_kind(name, drawn) for name in names}}
        return {
            name: {entry.name: kind_of_parameter(entry) for entry in scenario.parameters}
            for name, scenario in self._scenarios.items()
        }

    def _essence(self) -> dict[str, Any]:
        """All that `hash` covers, as plain data."""
        from simgen import GENERATOR_VERSION
        from simgen.scene.look_parameters import resolve_look

        base = {name: self._canonical(name, self._drawn(name, None)) for name in self._scenarios}
        splits = {}
        for name, drawn in self._resolved.items():
            own = {}
            for scenario, params in drawn.items():
                differing = {
                    key: value
                    for key, value in self._canonical(scenario, params).items()
                    if base[scenario].get(key) != value
                }
                if differing:
                    own[scenario] = differing
            if own:
                splits[name] = own
        sections = self.model_dump(mode="json", include=_HASHED_AS_WRITTEN)
        for name in ("bodies", "joints", "cameras"):  # their order is the order of bodies and columns
            sections[name] = list(sections[name].items())
        for name in (
            "forces",
            "links",
        ):  # younger than recipes: one without any has the hash that it always had
            if entries := sections.pop(name):
                sections[name] = list(entries.items())
        for _, body in sections["bodies"]:
            if body["mesh"] is None:
                del body["mesh"]
        look = {name: plain_quantity(entry) for name, entry in resolve_look(self.look).items()}
        common = {**sections, "look": look, "generator_version": GENERATOR_VERSION}
        if not self.mixed:
            params = base[self.scenario]
            return {
                **common,
                "params": params,
                "splits": {name: own[self.scenario] for name, own in splits.items()},
            }
        weights = reduced(mixed_weights(self._mixture, self._scenarios))
        differing = {name: own for name, own in self._weights.items() if own != weights}
        return {**common, "scenarios": base, "splits": splits, "weights": weights, "split_weights": differing}

    def _canonical(self, scenario: str, params: Mapping[str, Distribution]) -> dict[str, Any]:
        kinds = self._kinds[scenario]
        return {
            name: plain_quantity(as_floats(entry) if kinds.get(name) == "float" else entry)
            for name, entry in params.items()
        }


_HASHED_AS_WRITTEN = {
    *("name", "scenario", "seed", "video", "passes", "render", "cameras"),
    *("bodies", "joints", "forces", "links", "camera", "gravity", "ground"),
}


def _own_kind(name: str, splits: Sequence[Mapping[str, Distribution]]) -> Kind:
    """Of a composed scene's parameter: whole only if some split draws it with `integer` and all whole."""
    drawn = [split[name] for split in splits if name in split]
    kinds = {distribution.kind for distribution in drawn}
    if not kinds <= {"int", "float"}:
        return kinds.pop()
    whole = kinds == {"int"} and any(isinstance(distribution, Integer) for distribution in drawn)
    return "int" if whole else "float"


def kind_of_parameter(parameter: Parameter) -> Kind:
    """The type of a scenario's parameter: whole when its default is drawn whole, words when its range lists
    words.
    """
    default = parameter.default
    if default.kind == "int":
        return "int" if isinstance(default, (Integer, Choice)) else "float"
    return default.kind
