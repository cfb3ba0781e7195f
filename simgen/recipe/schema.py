"""The JSON Schema of recipes, by which an editor completes keys and underlines mistakes.

It is made from the models, the scenarios and the looks, and is committed as recipes/recipe.schema.json, to
which the first line of every shipped recipe points. It says less than `simgen check`: sums, names and
expressions are beyond it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from simgen.recipe.distributions import DISTRIBUTIONS
from simgen.recipe.force_parts import ForcePart, LinkPart
from simgen.recipe.mix import MIX
from simgen.recipe.models import COMPOSED, Recipe
from simgen.recipe.parts import BodyPart, CameraPart, JointPart
from simgen.recipe.sections import (
    ALL,
    CLIPS,
    CameraView,
    MixedScenario,
    OutputSection,
    RenderSection,
    VideoSection,
)
from simgen.recipe.shorthands import MOST_REPLICATES
from simgen.recipe.splits import MOST_CASES, Blend, Levels, Pair, Split, Study, Sweep, Twin
from simgen.recipe.values import Checked, Name, Whole

__all__ = ["recipe_schema"]

Schema = dict[str, Any]

# Sections of entries by name, which may be lists of entries with a `name`, too.
_NAMED: dict[str, type[BaseModel]] = {
    "cameras": CameraView,
    "bodies": BodyPart,
    "joints": JointPart,
    "forces": ForcePart,
    "links": LinkPart,
}
_NAMES = {"propertyNames": Name().schema()}


def recipe_schema() -> Schema:
    """JSON Schema, draft 2020-12, of a recipe."""
    from simgen.scenarios import all_scenarios

    scenarios = all_scenarios()
    properties = _properties(Recipe)
    properties["scenario"]["anyOf"] = [{"enum": [*scenarios, MIX]}, Name().schema()]
    count = {**CLIPS.schema(), "description": "short for {train: {clips: N}}"}
    split = {"anyOf": [_ref("Split"), CLIPS.schema()]}
    properties["clips"] = count
    ladder, replicates = (_properties(Split)["ladder"], _replicates())
    properties["ladder"] = {**ladder, "description": "short for {train: {ladder: [...]}}"}
    properties["replicates"] = {**replicates, "description": "short for {train: {replicates: N}}"}
    for key, group in (("sweeps", "Sweep"), ("pairs", "Pair"), ("twins", "Twin")):
        properties[key] |= {"type": "object", **_NAMES, "additionalProperties": _ref(group)}
    properties["study"] |= _ref("Study")
    properties["splits"] |= {"type": "object", **_NAMES, "additionalProperties": split, "minProperties": 1}
    properties["params"] |= _params()
    properties["scenarios"] |= _ref("Mixture")
    properties["look"] |= _look()
    for key, model in _NAMED.items():
        name = model.__name__
        mapping = {"type": "object", **_NAMES, "additionalProperties": _ref(name)}
        properties[key] |= {"anyOf": [mapping, {"type": "array", "items": _ref(f"Named{name}")}]}
    vector = properties["gravity"]
    properties["gravity"] = {"anyOf": [{"type": "number"}, vector], "description": vector["description"]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A simgen recipe",
        "description": "A physics video dataset, declared. See docs/recipes.md.",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "required": ["name", "scenario"],
        "oneOf": [
            {"anyOf": [{"required": ["clips"]}, {"required": ["ladder"]}]},
            {"required": ["splits"]},
        ],
        "allOf": [
            *(_for_scenario(name, scenario) for name, scenario in scenarios.items() if name != COMPOSED),
            _if(COMPOSED, {"required": ["bodies"]}),
            _if(MIX, {"required": ["scenarios"], "properties": {"params": _shared(scenarios)}}),
        ],
        "$defs": _definitions(scenarios),
    }


def _replicates() -> Schema:
    return Whole(1, MOST_REPLICATES).schema() | {
        "description": "independent draws of the same split: `<name>`, `<name>_r1`, …"
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _if(scenario: str, then: Schema) -> Schema:
    return {"if": {"properties": {"scenario": {"const": scenario}}, "required": ["scenario"]}, "then": then}


def _for_scenario(name: str, scenario: Any) -> Schema:
    """With this scenario, its parameters and no others."""
    params = _ref(f"{name}_params")
    splits = {"additionalProperties": {"properties": {"params": params}}}
    return _if(name, {"properties": {"params": params, "splits": splits}})


def _params_of(scenario: Any) -> Schema:
    from simgen.scenarios.air import AIR

    known = {parameter.name: parameter for parameter in scenario.parameters}
    known |= {parameter.name: parameter for parameter in AIR if parameter.name not in known}
    return {
        "type": "object",
        "properties": {key: _parameter(parameter) for key, parameter in known.items()},
        "additionalProperties": False,
    }


def _shared(scenarios: Mapping[str, Any]) -> Schema:
    """The params of a mix: those of any scenario, their ranges left to `simgen check`."""
    from simgen.scenarios.air import AIR

    meanings: dict[str, str] = {}
    for parameters in (*(scenario.parameters for scenario in scenarios.values()), AIR):
        for parameter in parameters:
            meanings.setdefault(parameter.name, parameter.meaning)
    return {"properties": {name: {"description": meaning} for name, meaning in sorted(meanings.items())}}


def _mixture(scenarios: Mapping[str, Any]) -> Schema:
    """`all`, a list of names, or weights by name."""
    weight = MixedScenario.model_fields["weight"].metadata[0].schema()
    designed = [name for name, scenario in scenarios.items() if scenario.parameters]
    entries = {}
    for name in designed:
        entry = _definition(MixedScenario)
        entry["properties"]["params"] |= _ref(f"{name}_params")
        entries[name] = {"anyOf": [weight, entry, {"type": "null"}]}
    names: Schema = {"anyOf": [{"enum": [*designed, ALL]}, Name().schema()]}
    anything = {"anyOf": [weight, {"type": "object"}]}
    mapping = {"type": "object", **_NAMES, "properties": entries, "additionalProperties": anything}
    return {
        "anyOf": [
            {"enum": [ALL]},
            {"type": "array", "items": names, "minItems": 1, "uniqueItems": True},
            {**mapping, "minProperties": 1},
        ]
    }


def _parameter(parameter: Any) -> Schema:
    unit = f" {parameter.unit}" if parameter.unit not in ("", "1") else ""
    if isinstance(parameter.range[0], str):
        value: Schema = {"enum": list(parameter.range)}
        span = ""
    else:
        low, high = parameter.range
        value = {"type": "number", "minimum": low, "maximum": high}
        span = f"; {low:g} to {high:g}{unit}"
    return {
        "description": f"{parameter.meaning}{span}; if left out {parameter.default}",
        "anyOf": [value, _ref("Drawn")],
    }


def _params() -> Schema:
    return {"type": "object", "additionalProperties": _ref("Distribution")}


def _look() -> Schema:
    from simgen.scene.look_parameters import LOOK_PARAMETERS, PRESETS

    parameters = {
        name: {"description": parameter.meaning, **_ref("Distribution")}
        for name, parameter in LOOK_PARAMETERS.items()
    }
    preset = {"enum": list(PRESETS), "description": "where the look starts from"}
    return {"type": "object", "properties": {"preset": preset, **parameters}, "additionalProperties": False}


def _properties(model: type[BaseModel]) -> dict[str, Schema]:
    return {name: _field(field) for name, field in model.model_fields.items()}


def _field(field: FieldInfo) -> Schema:
    schema: Schema = {"description": field.description} if field.description else {}
    reader = next((entry for entry in field.metadata if isinstance(entry, Checked)), None)
    # a section, or a section or None; not the value type of a mapping
    ways = get_args(field.annotation) if type(None) in get_args(field.annotation) else (field.annotation,)
    models = [way for way in ways if _is_model(way)]
    if reader is not None:
        schema |= reader.schema()
    elif models:
        schema |= _ref(models[0].__name__)
    default = field.get_default()
    if isinstance(default, (bool, int, float, str)):
        schema["default"] = default
    return schema


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _definitions(scenarios: Mapping[str, Any]) -> dict[str, Schema]:
    scalar = {"type": ["number", "string", "boolean"], "description": "a bare value is a constant"}
    drawn = [_ref(model.__name__) for model in DISTRIBUTIONS.values()]
    definitions: dict[str, Schema] = {
        "Distribution": {"anyOf": [scalar, *drawn]},
        "Drawn": {"anyOf": drawn},
        "Quantity": {
            "description": "a number, a distribution, or an expression of the params",
            "anyOf": [{"type": "number"}, {"type": "string", "pattern": "^="}, *drawn],
        },
    }
    for model in DISTRIBUTIONS.values():
        definitions[model.__name__] = _without_titles(model.model_json_schema())
    sections = (
        *(Split, Blend, Sweep, Pair, Twin, Study),
        VideoSection,
        RenderSection,
        OutputSection,
        CameraView,
        BodyPart,
        JointPart,
        ForcePart,
        LinkPart,
        CameraPart,
    )
    for section in sections:
        definitions[section.__name__] = _definition(section)
    for named in _NAMED.values():
        definition = _definition(named)
        definition["properties"] = {"name": Name().schema(), **definition["properties"]}
        definition["required"] = ["name", *definition.get("required", [])]
        definitions[f"Named{named.__name__}"] = definition
    for drawing in ("Split", "Sweep", "Pair", "Twin"):
        properties = definitions[drawing]["properties"]
        properties["params"] |= _params()
        properties["look"] |= _look()
        properties["cases"] |= {"type": "array", "items": _params(), "maxItems": MOST_CASES}
        properties["scenarios"] |= _ref("Mixture")
    definitions["Split"]["required"] = []  # a ladder says how many clips there are, too
    definitions["Split"]["properties"]["replicates"] = _replicates()
    blend = definitions["Blend"]["properties"]
    many = {"type": "array", "items": blend["clips"], "minItems": 1}
    blend |= {"from": blend.pop("source"), "clips": {"anyOf": [blend["clips"], many]}}
    definitions["Blend"]["required"] = ["from", "clips"]
    definitions["Sweep"]["properties"]["vary"] |= {
        "type": "object",
        "additionalProperties": Levels().schema(),
        "minProperties": 1,
    }
    definitions["Pair"]["properties"]["set"] |= _params()
    definitions["Mixture"] = _mixture(scenarios)
    definitions |= {
        f"{name}_params": _params_of(scenario) for name, scenario in scenarios.items() if name != COMPOSED
    }
    for name in ("BodyPart", "NamedBodyPart", "LinkPart", "NamedLinkPart"):
        colour = definitions[name]["properties"]["colour"]
        colour["anyOf"] = [*colour["anyOf"], {"type": "array", "items": {"type": "number"}, "minItems": 3}]
    return definitions


def _definition(model: type[BaseModel]) -> Schema:
    required = [name for name, field in model.model_fields.items() if field.is_required()]
    definition: Schema = {
        "description": (model.__doc__ or "").split("\n")[0],
        "type": "object",
        "properties": _properties(model),
        "additionalProperties": False,
    }
    return {**definition, "required": required} if required else definition


def _without_titles(schema: Any) -> Any:
    """Pydantic's titles repeat the keys."""
    if isinstance(schema, Mapping):
        kept = {key: _without_titles(entry) for key, entry in schema.items() if key != "title"}
        return {key: entry for key, entry in kept.items() if not (key == "default" and entry is None)}
    return [_without_titles(entry) for entry in schema] if isinstance(schema, list) else schema
