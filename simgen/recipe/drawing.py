"""How the clips of a recipe are drawn: what it says of a parameter in the recipe, a scenario of a mix, a split and a
case, put together, and the draws themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from simgen.recipe.designs import ClipDesign
from simgen.recipe.distributions import Choice, Constant, Distribution, Integer, Kind
from simgen.recipe.draws import Draws
from simgen.recipe.mix import catalogue, mixed_weights, reduced, scenario_of_clip
from simgen.recipe.quantities import distribution_of
from simgen.recipe.sections import MixedScenario
from simgen.recipe.sobol import sobol

if TYPE_CHECKING:
    from simgen.recipe.models import Recipe
    from simgen.scenarios.base import Parameter, Scenario

__all__ = ["COMPOSED", "LOOK", "TYPES", "Drawing", "kind_of_parameter"]

COMPOSED = "scene"  # the scenario whose bodies, joints and camera stand in the recipe
LOOK = "look."  # before the name of a factor that is a parameter of the look

TYPES: dict[Kind, type] = {"float": float, "int": int, "str": str, "bool": bool}


class Drawing:
    """Everything about a recipe's draws that does not depend on the clip, worked out once."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._designs = recipe.designs

    @cached_property
    def scenarios(self) -> dict[str, Scenario]:
        """Every scenario that a clip can have, by name."""
        recipe = self._recipe
        if recipe.composed:
            from simgen.scenarios.composed import Composed

            return {COMPOSED: Composed(recipe.scene_parts())}
        from simgen.scenarios import get_scenario
        from simgen.scenarios.air import AIR, in_air

        found: dict[str, Scenario] = {}
        names = mixed_weights(self._mixture, catalogue()) if recipe.mixed else (recipe.scenario,)
        for name in names:
            scenario = get_scenario(name)
            unknown = self._said_anywhere(name) - {parameter.name for parameter in scenario.parameters}
            airy = any(parameter.name in unknown for parameter in AIR)
            found[name] = in_air(scenario) if airy else scenario
        return found

    @cached_property
    def weights(self) -> dict[str, dict[str, int]]:
        """Split -> scenario -> weight in lowest terms."""
        if not self._recipe.mixed:
            return {name: {self._recipe.scenario: 1} for name in self._designs}
        return {
            name: reduced(mixed_weights(design.scenarios or self._mixture, self.scenarios))
            for name, design in self._designs.items()
        }

    @property
    def usual_weights(self) -> dict[str, int]:
        """Those of a mix where no split says otherwise."""
        return reduced(mixed_weights(self._mixture, self.scenarios))

    @cached_property
    def cases(self) -> dict[str, tuple[Mapping[str, Any], ...]]:
        """Split -> its cases, one that says nothing where there are none; those of the last layer that has some."""
        return {
            name: next((layer.cases for layer in reversed(design.layers) if layer.cases), ({},))
            for name, design in self._designs.items()
        }

    @cached_property
    def params(self) -> dict[str, dict[str, tuple[dict[str, Distribution], ...]]]:
        """Split -> scenario -> case -> parameter."""
        return {
            name: {
                scenario: tuple(self.drawn(scenario, name, case) for case in range(len(self.cases[name])))
                for scenario in self.weights[name]
            }
            for name in self._designs
        }

    @cached_property
    def looks(self) -> dict[str, tuple[dict[str, Any], ...]]:
        """Split -> case -> the section `look`."""
        return {
            name: tuple(
                {
                    **self._recipe.look,
                    **{key: entry for layer in design.layers for key, entry in layer.look.items()},
                    **{key.removeprefix(LOOK): entry for key, entry in case.items() if key.startswith(LOOK)},
                }
                for case in self.cases[name]
            )
            for name, design in self._designs.items()
        }

    @cached_property
    def kinds(self) -> dict[str, dict[str, Kind]]:
        """Scenario -> parameter."""
        if self._recipe.composed:
            drawn = [box for split in self.params.values() for box in split[COMPOSED]]
            names = dict.fromkeys(name for box in drawn for name in box)
            return {COMPOSED: {name: _own_kind(name, drawn) for name in names}}
        return {
            name: {entry.name: kind_of_parameter(entry) for entry in scenario.parameters}
            for name, scenario in self.scenarios.items()
        }

    def boxes(self, split: str, scenario: str) -> tuple[dict[str, Distribution], ...]:
        """See `Recipe.boxes`."""
        return tuple(
            box | {f"{LOOK}{name}": look[name] for name in self._changed_looks if name in look}
            for box, look in zip(self.params[split][scenario], self.looks[split], strict=True)
        )

    def drawn(self, scenario: str, split: str | None, case: int = 0) -> dict[str, Distribution]:
        """How the parameters of a scenario are drawn in a split, or where no split says otherwise."""
        drawn = {entry.name: entry.default for entry in self.scenarios[scenario].parameters}
        for layer in self._layers(scenario, split, case):
            # what a mix says for all its scenarios is for those that have such a parameter
            drawn |= {name: layer[name] for name in layer if name in drawn or not self._recipe.mixed}
        return drawn

    def scenario_name(self, clip: ClipDesign) -> str:
        """See `Recipe.scenario_name`."""
        if not self._recipe.mixed:
            return self._recipe.scenario
        return scenario_of_clip(self.weights[clip.source], clip.seed, clip.split.address, clip.number)

    def draw_params(self, clip: ClipDesign, draws: Draws) -> dict[str, Any]:
        """See `Recipe.draw_params`."""
        scenario, case, values = self.scenario_name(clip), self._case(clip, draws), clip.member.values
        kinds = self.kinds[scenario]
        params: dict[str, Any] = {}
        for place, (name, distribution) in enumerate(self.params[clip.source][scenario][case].items()):
            if name in values:
                drawn = values[name]
            elif isinstance(distribution, Constant):
                drawn = distribution.value(0.0)
            else:
                drawn = distribution.value(self._number(draws, f"params.{name}", place + 1))
            params[name] = TYPES[kinds[name]](drawn)
        return self._with_material(params, scenario, self._said(clip, scenario, case))

    def change_params(self, clip: ClipDesign, draws: Draws, params: Mapping[str, Any]) -> dict[str, Any]:
        """See `Recipe.change_params`."""
        scenario, changes = self.scenario_name(clip), clip.member.intervention
        assert changes is not None
        kinds, changed = self.kinds[scenario], dict(params)
        for name, distribution in changes.set.items():
            constant = isinstance(distribution, Constant)
            changed[name] = TYPES[kinds[name]](
                distribution.value(0.0 if constant else draws(f"pairs.{name}"))
            )
        said = self._said(clip, scenario, self._case(clip, draws)) | set(changes.set)
        return self._with_material(changed, scenario, said)

    def look_of(self, clip: ClipDesign, draws: Draws) -> dict[str, Any]:
        """See `Recipe.look_of`."""
        levels = {
            name.removeprefix(LOOK): distribution_of(value)
            for name, value in clip.member.values.items()
            if name.startswith(LOOK)
        }
        return {**self.looks[clip.source][self._case(clip, draws)], **levels}

    @property
    def _mixture(self) -> dict[str, MixedScenario]:
        return self._recipe.scenarios or {}

    @cached_property
    def _changed_looks(self) -> tuple[str, ...]:
        """The parameters of the look that some split or case changes."""
        return tuple(
            dict.fromkeys(
                key
                for looks in self.looks.values()
                for look in looks
                for key, entry in look.items()
                if key != "preset" and self._recipe.look.get(key) != entry
            )
        )

    def _with_material(self, params: dict[str, Any], scenario: str, said: set[str]) -> dict[str, Any]:
        if "material" in params:
            kinds, decided = self.kinds[scenario], self.scenarios[scenario].of_material(params)
            params |= {name: TYPES[kinds[name]](decided[name]) for name in decided if name not in said}
        return params

    def _number(self, draws: Draws, name: str, dimension: int) -> float:
        """The uniform number behind a parameter. The dimension of a Sobol sequence is the parameter's place among
        those of the scenario, whatever the recipe says of them; a draw after a rejected one is independent.
        """
        if self._recipe.sampling == "sobol" and draws.attempt == 0:
            return sobol(draws.seed, draws.split, dimension, draws.index)
        return draws(name)

    def _case(self, clip: ClipDesign, draws: Draws) -> int:
        count = len(self.cases[clip.source])
        return min(int(self._number(draws, "case", 0) * count), count - 1) if count > 1 else 0

    def _layers(self, scenario: str, split: str | None, case: int) -> list[Mapping[str, Any]]:
        """What the recipe says of the parameters of a scenario in a split (None: where no split says otherwise);
        what comes later counts.
        """
        layers: list[Mapping[str, Any]] = [self._recipe.params]
        if scenario in self._mixture:
            layers.append(self._mixture[scenario].params)
        if split is None:
            return layers
        for layer in self._designs[split].layers:
            layers.append(layer.params)
            if layer.scenarios and scenario in layer.scenarios:
                layers.append(layer.scenarios[scenario].params)
        own = self.cases[split][case]
        return [*layers, {name: entry for name, entry in own.items() if not name.startswith(LOOK)}]

    def _said(self, clip: ClipDesign, scenario: str, case: int) -> set[str]:
        """The parameters that the recipe itself sets in a clip."""
        layers = (*self._layers(scenario, clip.source, case), clip.member.values)
        return {name for layer in layers for name in layer}

    def _said_anywhere(self, scenario: str) -> set[str]:
        """The parameters of a scenario that the recipe sets in any clip."""
        layers = [
            layer
            for name in self._designs
            for case in range(len(self.cases[name]))
            for layer in self._layers(scenario, name, case)
        ]
        levels = [member.values for design in self._designs.values() for member in design.members]
        changes = [pair.set for pair in self._recipe.pairs.values()]
        return {name for entries in (*layers, *levels, *changes) for name in entries}


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
