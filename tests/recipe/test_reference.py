"""The JSON Schema and the documentation are current, and the schema takes what simgen takes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from simgen.recipe import load_recipe, parse_recipe, recipe_schema, shipped_recipes
from simgen.recipe.models import Recipe
from simgen.recipe.reference import files
from simgen.scenarios import all_scenarios
from simgen.scenarios.air import AIR
from simgen.scene.look_parameters import LOOK_PARAMETERS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["docs/recipes.md", "recipes/recipe.schema.json"])
def test_generated_files_are_current(name: str) -> None:
    committed = (ROOT / name).read_text(encoding="utf-8")
    assert committed == files()[name], "run python -m simgen.recipe.reference"


def wrong(schema: Any, value: Any, root: Any, path: str = "") -> list[str]:
    """What a JSON Schema has against a value; the keywords that ours uses and no others."""
    found: list[str] = []
    schema = dict(schema)
    for note in ("description", "title", "default", "$schema", "$defs"):
        schema.pop(note, None)
    if reference := schema.pop("$ref", None):
        found += wrong(root["$defs"][reference.removeprefix("#/$defs/")], value, root, path)
    for keyword, rule in schema.items():
        if keyword == "type":
            kinds = rule if isinstance(rule, list) else [rule]
            if not any(is_kind(kind, value) for kind in kinds):
                found.append(f"{path} is no {rule}")
        elif keyword == "enum":
            found += [] if value in rule else [f"{path} is none of {rule}"]
        elif keyword == "const":
            found += [] if value == rule else [f"{path} is not {rule}"]
        elif keyword in ("anyOf", "oneOf"):
            ways = [wrong(way, value, root, path) for way in rule]
            right = sum(not way for way in ways)
            if right == 0 or (keyword == "oneOf" and right > 1):
                found.append(f"{path} fits {right} of {keyword}: {ways}")
        elif keyword == "allOf":
            found += [line for way in rule for line in wrong(way, value, root, path)]
        elif keyword == "if":
            if not wrong(rule, value, root, path):
                found += wrong(schema["then"], value, root, path)
        elif keyword == "then":
            assert "if" in schema
        elif isinstance(value, dict):
            found += wrong_mapping(keyword, rule, schema, value, root, path)
        elif isinstance(value, list):
            found += wrong_list(keyword, rule, value, root, path)
        elif isinstance(value, str) and keyword == "pattern":
            found += [] if re.search(rule, value) else [f"{path} does not match {rule}"]
        elif isinstance(value, str) and keyword == "maxLength":
            found += [] if len(value) <= rule else [f"{path} is longer than {rule}"]
        elif isinstance(value, (int, float)) and keyword in ("minimum", "maximum", "multipleOf"):
            fits = {
                "minimum": value >= rule,
                "maximum": value <= rule,
                "multipleOf": value % (rule or 1) == 0,
            }
            found += [] if fits[keyword] else [f"{path} breaks {keyword} {rule}"]
        else:
            assert keyword in KEYWORDS, f"the schema uses {keyword}, which this test does not know"
    return found


KEYWORDS = {
    *(
        "properties",
        "required",
        "additionalProperties",
        "propertyNames",
        "minProperties",
        "items",
        "minItems",
    ),
    *("maxItems", "uniqueItems", "pattern", "maxLength", "minimum", "maximum", "multipleOf"),
}


def is_kind(kind: str, value: Any) -> bool:
    python = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
    if kind in python:
        return isinstance(value, python[kind])
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and (kind == "number" or value == int(value))


def wrong_mapping(
    keyword: str, rule: Any, schema: Any, value: dict[str, Any], root: Any, path: str
) -> list[str]:
    if keyword == "properties":
        return [
            line
            for key, entry in value.items()
            if key in rule
            for line in wrong(rule[key], entry, root, f"{path}.{key}")
        ]
    if keyword == "required":
        return [f"{path} lacks {key}" for key in rule if key not in value]
    if keyword == "additionalProperties":
        rest = {key: entry for key, entry in value.items() if key not in schema.get("properties", {})}
        if rule is False:
            return [f"{path}.{key} is unknown" for key in rest]
        return [line for key, entry in rest.items() for line in wrong(rule, entry, root, f"{path}.{key}")]
    if keyword == "propertyNames":
        return [line for key in value for line in wrong(rule, key, root, f"{path}.{key}")]
    assert keyword in KEYWORDS, keyword
    return [f"{path} is too small"] if keyword == "minProperties" and len(value) < rule else []


def wrong_list(keyword: str, rule: Any, value: list[Any], root: Any, path: str) -> list[str]:
    if keyword == "items":
        return [
            line for index, entry in enumerate(value) for line in wrong(rule, entry, root, f"{path}.{index}")
        ]
    fits = {
        "minItems": lambda: len(value) >= rule,
        "maxItems": lambda: len(value) <= rule,
        "uniqueItems": lambda: len({json.dumps(entry) for entry in value}) == len(value),
    }
    assert keyword in KEYWORDS, keyword
    return [] if keyword not in fits or fits[keyword]() else [f"{path} breaks {keyword}"]


@pytest.mark.parametrize("name", sorted(shipped_recipes()))
def test_the_schema_takes_every_shipped_recipe(name: str) -> None:
    schema = recipe_schema()
    assert wrong(schema, yaml.safe_load(shipped_recipes()[name].read_text()), schema) == []


RIGHT: dict[str, Any] = {"name": "demo", "scenario": "incline", "clips": 10}
SCENE: dict[str, Any] = {
    "name": "demo",
    "scenario": "scene",
    "clips": 1,
    "params": {"r": 1},
    "bodies": {"a": {"shape": "sphere", "size": "=r", "position": [0, 0, {"uniform": [1, 2]}]}},
}


@pytest.mark.parametrize(
    "data",
    [
        RIGHT,
        {
            **RIGHT,
            "params": {
                "angle_deg": 20,
                "shape": {"choice": ["box"]},
                "mass_kg": {"normal": [1, 1], "min": 1, "max": 2},
            },
        },
        {
            "name": "demo",
            "scenario": "drop",
            "splits": {"train": 5, "test": {"clips": 5, "params": {"height_m": 1}}},
        },
        {**RIGHT, "video": {"size": [64, 32], "fps": 10, "seconds": 1, "codec": "ffv1"}, "passes": ["depth"]},
        {
            **RIGHT,
            "look": {"preset": "flat", "unlit": False, "subject_colour": {"choice": ["red", "#00ff00"]}},
        },
        {**RIGHT, "cameras": {"main": {"distance": 2}, "side": {"motion": "orbit", "orbit_deg_s": 5}}},
        {**RIGHT, "cameras": [{"name": "side", "azimuth_deg": 90}]},
        {**RIGHT, "scenario": "from_a_plugin", "params": {"whatever": 3}},
        {**RIGHT, "scenario": "mix", "scenarios": "all", "params": {"mass_kg": {"uniform": [1, 2]}}},
        {**RIGHT, "scenario": "mix", "scenarios": ["incline", "from_a_plugin"]},
        {
            "name": "demo",
            "scenario": "mix",
            "scenarios": {"all": 1, "incline": {"weight": 2, "params": {"angle_deg": 20}}, "drop": None},
            "splits": {"train": 5, "test": {"clips": 5, "scenarios": {"drop": 3}}},
        },
        SCENE,
        {
            **SCENE,
            "bodies": [
                {"name": "a", "shape": "box", "size": [1, 2, 3], "position": [0, 0, 4], "colour": [1, 0, 0]}
            ],
        },
        {**SCENE, "gravity": 1.6, "ground": False, "camera": {"azimuth_deg": "=r"}},
        {
            **SCENE,
            "gravity": [0, 0, "=-r"],
            "joints": {"j": {"kind": "hinge", "child": "a", "pivot": [0, 0, 3]}},
            "forces": {
                "f": {"kind": "spring", "a": "a", "anchor": [0, 0, 3], "stiffness": {"uniform": [1, 2]}}
            },
            "links": [{"name": "l", "kind": "spring", "a": "a", "at_b": [0, 0, 3], "colour": [1, 0, 0]}],
        },
    ],
)
def test_the_schema_takes(data: dict[str, Any]) -> None:
    schema = recipe_schema()
    assert wrong(schema, data, schema) == []


@pytest.mark.parametrize(
    "data",
    [
        {"scenario": "incline", "clips": 10},
        {"name": "demo", "scenario": "incline"},
        {**RIGHT, "splits": {"train": 3}},
        {**RIGHT, "name": "My Data"},
        {**RIGHT, "vide": {}},
        {**RIGHT, "video": {"size": 255}},
        {**RIGHT, "video": {"fsp": 24}},
        {**RIGHT, "passes": ["dept"]},
        {**RIGHT, "params": {"angle_dge": 3}},
        {**RIGHT, "params": {"angle_deg": 300}},
        {**RIGHT, "params": {"shape": "cone"}},
        {**RIGHT, "params": {"angle_deg": {"unifrom": [1, 2]}}},
        {**RIGHT, "params": {"angle_deg": {"uniform": 3}}},
        {"name": "demo", "scenario": "drop", "splits": {"test": {"clips": 5, "params": {"heigth_m": 1}}}},
        {**RIGHT, "scenario": "mix"},
        {**RIGHT, "scenario": "mix", "scenarios": "al"},
        {**RIGHT, "scenario": "mix", "scenarios": []},
        {**RIGHT, "scenario": "mix", "scenarios": {"incline": -1}},
        {**RIGHT, "scenario": "mix", "scenarios": {"incline": {"wieght": 1}}},
        {**RIGHT, "scenario": "mix", "scenarios": {"incline": {"params": {"angle_dge": 1}}}},
        {**RIGHT, "look": {"preset": "fancy"}},
        {**RIGHT, "look": {"colour": "red"}},
        {**RIGHT, "clips": 0},
        {**SCENE, "bodies": {"a": {"shape": "sphere", "size": 1}}},
        {**SCENE, "bodies": {"a": {"shape": "ball", "size": 1, "position": [0, 0, 1]}}},
        {**SCENE, "bodies": {"a": {"shape": "sphere", "size": 1, "position": [0, 0, "up"]}}},
        {key: entry for key, entry in SCENE.items() if key != "bodies"},
    ],
)
def test_the_schema_refuses(data: dict[str, Any]) -> None:
    schema = recipe_schema()
    assert wrong(schema, data, schema) != []


def test_the_schema_knows_everything() -> None:
    schema = recipe_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert set(schema["properties"]) == {*Recipe.model_fields, "clips", "ladder", "replicates"}
    assert set(schema["properties"]["look"]["properties"]) == {"preset", *LOOK_PARAMETERS}
    assert schema["properties"]["scenario"]["anyOf"][0]["enum"] == [*all_scenarios(), "mix"]
    branches = {branch["if"]["properties"]["scenario"]["const"]: branch["then"] for branch in schema["allOf"]}
    for name, scenario in all_scenarios().items():
        if name != "scene":
            assert branches[name]["properties"]["params"] == {"$ref": f"#/$defs/{name}_params"}
            params = schema["$defs"][f"{name}_params"]["properties"]
            own = [parameter.name for parameter in scenario.parameters]
            assert list(params) == [*own, *(entry.name for entry in AIR if entry.name not in own)]
            assert all(entry["description"] for entry in params.values())


def test_the_documentation_shows_what_happens() -> None:
    """Its example is a recipe, its mistakes are the messages of now (both are made, not written)."""
    text = files()["docs/recipes.md"]
    assert "steep.yaml:2: scenario: there is no scenario 'inclin'. Did you mean 'incline'?" in text
    for name, scenario in all_scenarios().items():
        assert name == "scene" or f"### `{name}`" in text
        assert all(f"| `{parameter.name}` |" in text for parameter in scenario.parameters)
    assert all(
        f"| `{key}` |" in text
        for key in Recipe.model_fields
        if key not in ("bodies", "joints", "forces", "links", "camera")
    )
    assert all(f"| `{name}` |" in text for name in shipped_recipes())
    assert load_recipe("incline").name == "incline"


def test_the_study_of_the_page_is_a_recipe() -> None:
    text = (ROOT / "docs/recipes.md").read_text(encoding="utf-8").split("## Studies")[1]
    made = parse_recipe(re.search(r"```yaml\n(.*?)```", text, re.S)[1], "page.yaml")  # type: ignore[index]
    assert list(made.designs)[:3] == ["train", "train_r1", "train_r2"]
    assert {"coverage_30", "control", "sweep_angle", "pairs_slippery", "twins_gone"} <= set(made.designs)
