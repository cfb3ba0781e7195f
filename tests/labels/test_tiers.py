"""The tier `hidden`, and what captions say of bodies that are not drawn."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simgen.labels.tiers import amount, complete, hidden, undrawn
from simgen.recipe.distributions import Constant
from simgen.scenarios import get_scenario
from simgen.scenarios.air import in_air
from simgen.scenarios.base import Parameter
from simgen.scene.spec import Video
from tests.scenarios.captions import NUMBER, check_grammar
from tests.scenarios.clips import DESIGNED, NAMES, Clip, clip, coloured, draw, make


def told(name: str, **fixed: object) -> str:
    made = make(name, *draw(name, 0, **fixed))
    return hidden(made.scenario, made.params, made.scene)


@pytest.mark.parametrize("name", NAMES)
def test_every_hidden_parameter_is_told_as_printed(name: str) -> None:
    """Each one that plays a part, in the order of the scenario, and no other number."""
    for index in range(2):
        params, draws = draw(name, index)
        scenario = get_scenario(name)
        text = hidden(scenario, params, coloured(scenario.scene(params, draws, Video()), draws))
        ways = scenario.revealed_by(params)
        values = [
            params[parameter.name]
            for parameter in scenario.parameters
            if parameter.role == "hidden" and not (ways[parameter.name] == "never" != parameter.reveals)
        ]
        if not values:
            assert text == ""
            continue
        check_grammar(text)
        numbers = [value for value in values if not isinstance(value, str)]
        found = list(NUMBER.finditer(text))
        assert len(found) == len(numbers), text
        for match, value in zip(found, numbers, strict=True):
            assert match[1] == f"{value:.{len(match[2])}f}", text
            assert value == 0 or abs(float(match[1]) / value - 1) < 0.06, "two digits at least"
        assert all(value in text for value in values if isinstance(value, str))
        assert "No frame shows" in text


def test_the_sentences_of_a_few_scenarios() -> None:
    gravity = {"gravity_m_s2": 9.81}
    assert told("circular_motion", setup="floor", shape="box", mass_kg=2.0, **gravity) == (
        "The mass of the cube is 2.00 kg. No frame shows this by itself. Nothing in the video depends on it."
    )
    assert told("slip_to_roll", friction=0.125, inside="hollow", mass_kg=0.5, **gravity) == (
        "The coefficient of friction is 0.12, the inside of the ball is hollow, the mass of the ball is 0.50 kg and the "
        "strength of gravity is 9.81 m/s². No frame shows any of this by itself. Nothing in the video depends on the mass "
        "of the ball."
    )
    collision = told("collision", mass_a_kg=1.0, mass_b_kg=2.0, elasticity=0.5)
    made = make("collision", *draw("collision", 0, mass_a_kg=1.0, mass_b_kg=2.0, elasticity=0.5))
    colours = [body.look.colour_name for body in made.scene.bodies if body.look]
    assert colours[0] != colours[1]
    assert collision.startswith(
        f"The mass of the {colours[0]} ball is 1.00 kg, the mass of the {colours[1]} ball is 2.00 kg and the coefficient"
    )


def test_what_is_not_there_is_not_told() -> None:
    assert "ball b" not in told("charges", count=2) and "ball c" not in told("charges", count=2)
    assert told("charges", count=2).count("charge of") == 2
    assert told("charges", count=4).count("charge of") == 4
    assert "gravity" not in told("circular_motion", setup="floor")
    assert "gravity" in told("circular_motion", setup="conical")


def test_a_material_decides() -> None:
    scenario = get_scenario("drop")
    params, draws = draw("drop", 0, material="steel")
    params |= scenario.of_material(params)
    scene = make("drop", params, draws).scene
    text = hidden(scenario, params, scene)
    assert (
        "The material, steel, decides the coefficient of restitution on the ground and the mass of the"
        in text
    )
    params["elasticity"] = 0.123  # as a recipe may set it
    assert "The material, steel, decides the mass of the" in hidden(scenario, params, scene)


def test_in_air_the_density_is_told() -> None:
    scenario = in_air(get_scenario("drop"))
    params, draws = draw("drop", 0)
    params |= {"wind_m_s": 0.0, "wind_deg": 0.0, "air_density_kg_m3": 1.2}
    text = hidden(scenario, params, scenario.scene(params, draws, clip("drop", 0).scene.video))
    assert "the density of the air is 1.20 kg/m³" in text
    assert "Nothing in the video" not in text, "in air a mass shows"


def test_small_numbers_keep_two_digits() -> None:
    assert amount(0.0062, "kg") == "0.0062 kg"
    assert amount(0.0496, "1") == "0.050"
    assert amount(0, "kg") == "0.00 kg"
    assert amount(-1.2, "1") == "-1.20"


def test_a_parameter_is_told_by_its_meaning() -> None:
    """What a plug-in gets that says nothing of how to tell it."""
    parameter = Parameter(
        "tilt_deg", Constant(constant=1), "deg", "tilt of the floor: unseen", (0, 2), "hidden"
    )
    assert parameter.phrase == "the tilt of the floor is {}"


def hide(made: Clip, *names: str) -> Clip:
    bodies = (replace(body, visible=body.name not in names) for body in made.scene.bodies)
    return replace(made, scene=made.scene.with_bodies(tuple(bodies)))


@pytest.mark.parametrize("name", DESIGNED)
def test_what_is_not_drawn_is_said_in_every_tier_that_describes(name: str) -> None:
    made = clip(name, 0)
    drawn = complete(made.captions, made.scenario, made.params, made.scene)
    assert {tier: drawn[tier] for tier in made.captions} == made.captions
    assert drawn["counterfactual"] == "" and undrawn(made.scene) == ""
    names = [body.name for body in made.scene.bodies][:2]
    unseen = hide(made, *names)
    texts = complete(unseen.captions, unseen.scenario, unseen.params, unseen.scene)
    for tier in made.captions:
        assert texts[tier] == f"{made.captions[tier]} {undrawn(unseen.scene)}"
        check_grammar(texts[tier])
    assert texts["hidden"] == drawn["hidden"]


def test_the_sentence_of_what_is_not_drawn() -> None:
    made = clip("incline", 0)
    assert undrawn(hide(made, "ramp").scene) == "The ramp is there but is not drawn."
    balls = clip("collision", 0)
    assert undrawn(hide(balls, "ball_a").scene) == "Ball A is there but is not drawn."
    net = clip("drape", 0)
    every = [body.name for body in net.scene.bodies]
    assert undrawn(hide(net, *every).scene) == f"{len(every)} bodies are there but are not drawn."
    assert undrawn(hide(made, "ground", "ramp").scene) == (
        "The ramp and the ground are there but are not drawn."
    )
