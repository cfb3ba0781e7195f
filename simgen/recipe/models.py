"""A recipe: a dataset, declared. Everything a clip is follows from one of these, a split and an index.

`load_recipe` and `parse_recipe` (simgen.recipe.loading) make them and check them against their scenario; the
sections are in `simgen.recipe.sections`, the parts of a composed scene in `simgen.recipe.parts`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, PrivateAttr

from simgen.recipe.distributions import Choice, Constant, Distribution, Integer, Kind
from simgen.recipe.force_parts import ForcePart, LinkPart
from simgen.recipe.parts import BodyPart, CameraPart, GravityPart, JointPart, SceneParts
from simgen.recipe.quantities import as_floats, distribution_of, plain_quantity
from simgen.recipe.sections import (
    CameraView,
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
        description="what happens: the name of a scenario, or `scene` to compose one here"
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

    def scenario_object(self) -> Scenario:
        """Its scenario; a composed one is made of the recipe's own bodies."""
        return self._scenario

    @cached_property
    def _scenario(self) -> Scenario:
        if self.composed:
            from simgen.scenarios.composed import Composed

            return Composed(self.scene_parts())
        from simgen.scenarios import get_scenario
        from simgen.scenarios.air import AIR, in_air

        scenario = get_scenario(self.scenario)
        drawn = {*self.params, *(name for split in self.splits.values() for name in split.params)}
        known = {parameter.name for parameter in scenario.parameters}
        airy = any(parameter.name in drawn - known for parameter in AIR)
        return in_air(scenario) if airy else scenario

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

    def distributions(self, split: str) -> dict[str, Distribution]:
        """How every parameter is drawn in a split: its own way, else the recipe's, else the scenario's
        default.

        Raises KeyError for a split that the recipe does not have.
        """
        return self._resolved[split]

    def param_types(self) -> dict[str, type]:
        """float, int, str or bool for every parameter, the same in every split."""
        return {name: _TYPES[kind] for name, kind in self._kinds.items()}

    def factors(self) -> dict[str, dict[str, str]]:
        """Role and what reveals it (see `simgen.scenarios.base.Parameter`) of every parameter of a scenario; empty
        for a composed one, whose parameters mean what the recipe makes of them.
        """
        return {
            name: {"role": parameter.role, "revealed": parameter.reveals}
            for name, parameter in self._scenario_parameters().items()
        }

    def draw_params(self, split: str, draws: Draws) -> dict[str, Any]:
        """Every parameter of one clip: float, int, str or bool, each from its own draw `params.<name>`.

        What a drawn material decides takes the material's value, unless the recipe sets it itself.
        """
        params: dict[str, Any] = {}
        for name, distribution in self._resolved[split].items():
            constant = isinstance(distribution, Constant)
            value = distribution.value(0.0 if constant else draws(f"params.{name}"))
            params[name] = _TYPES[self._kinds[name]](value)
        if "material" in params:
            own = {*self.params, *self.splits[split].params}
            decided = self.scenario_object().of_material(params)
            params.update(
                (name, _TYPES[self._kinds[name]](decided[name])) for name in decided if name not in own
            )
        return params

    @property
    def hash(self) -> str:
        """SHA-256 over what changes a clip, in hexadecimal.

        In it: the name (it is in every key), scenario, seed, how each parameter is drawn with defaults filled
        in, splits that draw differently, video, passes, render, look, cameras, the composed scene, and
        GENERATOR_VERSION. Not in it: clip counts, splits that draw as the recipe does, output, how it is
        written.
        """
        return hashlib.sha256(json.dumps(self._essence(), sort_keys=True).encode()).hexdigest()

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Recipe:
        """A copy with other fields, unchecked; what was worked out from the old ones is forgotten."""
        copied = super().model_copy(update=update, deep=deep)
        for name in ("_scenario", "_resolved", "_kinds"):
            copied.__dict__.pop(name, None)
        if update:
            copied._source = ""
        return copied

    def _scenario_parameters(self) -> dict[str, Parameter]:
        if self.composed:
            return {}
        return {parameter.name: parameter for parameter in self.scenario_object().parameters}

    @cached_property
    def _resolved(self) -> dict[str, dict[str, Distribution]]:
        defaults = {name: parameter.default for name, parameter in self._scenario_parameters().items()}
        return {name: {**defaults, **self.params, **split.params} for name, split in self.splits.items()}

    @cached_property
    def _kinds(self) -> dict[str, Kind]:
        if not self.composed:
            return {name: kind_of_parameter(entry) for name, entry in self._scenario_parameters().items()}
        names = dict.fromkeys(name for split in self._resolved.values() for name in split)
        return {name: self._own_kind(name) for name in names}

    def _own_kind(self, name: str) -> Kind:
        """Of a composed scene's parameter: whole only if some split draws it with `integer` and all whole."""
        drawn = [split[name] for split in self._resolved.values() if name in split]
        kinds = {distribution.kind for distribution in drawn}
        if not kinds <= {"int", "float"}:
            return kinds.pop()
        whole = kinds == {"int"} and any(isinstance(distribution, Integer) for distribution in drawn)
        return "int" if whole else "float"

    def _essence(self) -> dict[str, Any]:
        """All that `hash` covers, as plain data."""
        from simgen import GENERATOR_VERSION
        from simgen.scene.look_parameters import resolve_look

        base = {name: entry.default for name, entry in self._scenario_parameters().items()} | self.params
        params = self._canonical(base)
        splits = {}
        for name, split in self._resolved.items():
            own = {key: value for key, value in self._canonical(split).items() if params.get(key) != value}
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
        return {
            **sections,
            "params": params,
            "splits": splits,
            "look": look,
            "generator_version": GENERATOR_VERSION,
        }

    def _canonical(self, params: Mapping[str, Distribution]) -> dict[str, Any]:
        return {
            name: plain_quantity(as_floats(entry) if self._kinds.get(name) == "float" else entry)
            for name, entry in params.items()
        }


_HASHED_AS_WRITTEN = {
    *("name", "scenario", "seed", "video", "passes", "render", "cameras"),
    *("bodies", "joints", "forces", "links", "camera", "gravity", "ground"),
}


def kind_of_parameter(parameter: Parameter) -> Kind:
    """The type of a scenario's parameter: whole when its default is drawn whole, words when its range lists
    words.
    """
    default = parameter.default
    if default.kind == "int":
        return "int" if isinstance(default, (Integer, Choice)) else "float"
    return default.kind
