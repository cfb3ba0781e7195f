"""Materials: what they decide is what is simulated, stored, said and seen; a recipe's own word wins."""

from __future__ import annotations

import math
from typing import Any

import pytest

from simgen.build.clip import compose
from simgen.recipe import Recipe, recipe_from_data
from simgen.recipe.draws import Draws
from simgen.scenarios import all_scenarios, get_scenario
from simgen.scene.materials import MATERIALS, NO_MATERIAL
from simgen.scene.spec import SceneSpec
from tests.scenarios.clips import draw, ends, make

WITH_MATERIAL = tuple(
    name
    for name, scenario in all_scenarios().items()
    if any(parameter.name == "material" for parameter in scenario.parameters)
)


def recipe(scenario: str = "drop", split: dict[str, Any] | None = None, **params: Any) -> Recipe:
    look = params.pop("look", {})
    data = {"name": "made", "scenario": scenario, "seed": 3, "params": params, "look": look}
    return recipe_from_data({**data, "splits": {"train": {"clips": 1, "params": split or {}}}})


def clip_of(made: Recipe, index: int = 0) -> tuple[dict[str, Any], SceneSpec]:
    draws = Draws(made.seed, "train", index)
    clip = made.clip("train", index)
    params = made.draw_params(clip, draws)
    return params, compose(made, clip, params, draws)


def test_the_worked_cases_have_materials() -> None:
    assert {"incline", "drop"} <= set(WITH_MATERIAL)


@pytest.mark.parametrize("name", MATERIALS)
def test_presets_are_physical_and_complete(name: str) -> None:
    material = MATERIALS[name]
    assert material.name == name
    assert 0 <= material.friction <= 1.2
    assert 0 <= material.elasticity <= 1
    assert 10 <= material.density_kg_m3 <= 22_600  # osmium is the densest
    parts = {"colour", "texture", "texture_colour", "texture_size", "specular", "roughness"}
    assert set(material.look) == parts


def test_a_steel_ball_has_the_numbers_of_steel() -> None:
    params, scene = clip_of(recipe(material="steel", shape="sphere", radius_m=0.2))
    assert params["mass_kg"] == pytest.approx(7850 * 4 / 3 * math.pi * 0.2**3, rel=1e-12)
    assert params["elasticity"] == MATERIALS["steel"].elasticity
    subject = scene.body("subject")
    assert (subject.material, subject.mass_kg, subject.elasticity) == (
        "steel",
        params["mass_kg"],
        params["elasticity"],
    )


def test_a_material_is_drawn_and_stored_like_any_parameter() -> None:
    made = recipe("incline", material={"choice": ["ice", "wood"]}, shape="box", radius_m=0.2)
    seen = set()
    for index in range(12):
        params, scene = clip_of(made, index)
        material = MATERIALS[params["material"]]
        seen.add(material.name)
        subject = scene.body("subject")
        assert params["friction"] == subject.friction == material.friction
        assert params["mass_kg"] == subject.mass_kg
        assert subject.mass_kg == pytest.approx(material.density_kg_m3 * 0.4**3)
    assert seen == {"ice", "wood"}


def test_what_the_recipe_sets_wins_over_the_material() -> None:
    own = {"friction": {"uniform": [0.1, 0.2]}, "mass_kg": 3}
    for params in (
        clip_of(recipe("incline", material="rubber", **own))[0],
        clip_of(recipe("incline", split=own, material="rubber"))[0],
    ):
        assert 0.1 <= params["friction"] <= 0.2
        assert params["mass_kg"] == 3.0
        assert params["elasticity"] == MATERIALS["rubber"].elasticity


def test_a_material_leaves_every_other_draw_as_it_was() -> None:
    without, with_wood = (clip_of(recipe("incline", **more))[0] for more in ({}, {"material": "wood"}))
    assert without["material"] == NO_MATERIAL
    changed = {name for name in without if without[name] != with_wood[name]}
    assert changed == {"material", "friction", "elasticity", "mass_kg"}


def test_a_composed_scene_may_call_a_parameter_of_its_own_material() -> None:
    data = {
        "name": "own",
        "scenario": "scene",
        "clips": 1,
        "params": {"material": "steel", "friction": 0.3},
        "bodies": {"ball": {"shape": "sphere", "size": 0.1, "position": [0, 0, 1], "friction": "=friction"}},
    }
    params, scene = clip_of(recipe_from_data(data))
    assert params == {"material": "steel", "friction": 0.3}
    assert scene.body("ball").friction == 0.3


@pytest.mark.parametrize("scenario", WITH_MATERIAL)
def test_every_material_of_a_scenario_stays_within_what_the_scenario_documents(scenario: str) -> None:
    """At every corner of size and shape: a mass outside the range of `mass_kg` would be refused in a recipe."""
    entry = get_scenario(scenario)
    ranges = {parameter.name: parameter.range for parameter in entry.parameters}
    params, _ = draw(scenario, 0)
    masses = {name for name in ranges if name.startswith("mass") and name.endswith("_kg")}
    for material in ranges["material"]:
        assert material in (NO_MATERIAL, *MATERIALS)
        for parameter in entry.parameters:
            for end in ends(parameter):
                for shape in ranges.get("shape", ("",)):
                    case = {**params, parameter.name: end, "material": material}
                    decided = entry.of_material({**case, "shape": shape} if shape else case)
                    if material == NO_MATERIAL:
                        assert decided == {}
                        continue
                    assert masses <= set(decided), "say in `solids` which solid each mass belongs to"
                    for name, value in decided.items():
                        low, high = ranges[name]
                        assert low <= value <= high, (material, name, value)


@pytest.mark.parametrize("scenario", WITH_MATERIAL)
def test_captions_and_look_follow_the_material(scenario: str) -> None:
    (parameter,) = (entry for entry in get_scenario(scenario).parameters if entry.name == "material")
    for material in parameter.range[1:]:
        made = recipe(scenario, material=material)
        _, scene = clip_of(made)
        bodies = [body for body in scene.bodies if body.material]
        assert {body.material for body in bodies} == {material}
        for body in bodies:
            assert body.look is not None
            assert body.look.texture == MATERIALS[material].look["texture"].constant
            assert body.look.specular == MATERIALS[material].look["specular"].constant


@pytest.mark.parametrize(("material", "word"), [("rubber", "rubber"), ("wood", "wooden"), ("ice", "ice")])
def test_captions_name_the_material(material: str, word: str) -> None:
    params, draws = draw("drop", 1, shape="sphere")
    made = make(
        "drop", {**params, **get_scenario("drop").of_material({**params, "material": material})}, draws
    )
    assert word not in made.captions["plain"]
    with_it = {**made.params, "material": material}
    caption = make("drop", with_it, draws).captions["plain"]
    assert f" {word} " in caption


def test_the_recipes_look_wins_over_the_material_and_flat_stays_flat() -> None:
    _, scene = clip_of(recipe(material="steel", look={"subject_colour": "red", "subject_specular": 0.1}))
    look = scene.body("subject").look
    assert look is not None
    assert (look.colour_name, look.specular, look.texture) == ("red", 0.1, "brushed")
    _, scene = clip_of(recipe(material="rubber", look={"preset": "flat"}))
    look = scene.body("subject").look
    assert look is not None
    assert (look.texture, look.specular) == ("plain", 0.0)
