"""Clips of composed scenes: the shipped ones, and the laws that are claimed of a scene only where they must hold."""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import Any

import pytest

from simgen.labels import find_events
from simgen.physics import simulate
from simgen.recipe import Recipe, load_recipe, shipped_recipes
from simgen.recipe.draws import Draws
from simgen.scene.appearance import dress
from tests.recipe.test_composed import BALL, ball, recipe, scene_of

COMPOSED = sorted(name for name in shipped_recipes() if load_recipe(name).composed)
needs_engine = pytest.mark.skipif(find_spec("pybullet") is None, reason="needs the physics engine")


@needs_engine
@pytest.mark.parametrize("name", COMPOSED)
def test_the_shipped_scenes(name: str) -> None:
    """They simulate, obey what must hold, and are told in sentences whose numbers are labels."""
    made = load_recipe(name)
    scenario = made.scenario_object(made.clip("train", 0))
    tolerance = {law.name: law.tolerance for law in scenario.laws}
    captions = []
    for index in range(3):
        draws = Draws(made.seed, "train", index)
        params = made.draw_params(made.clip("train", index), draws)
        scene = dress(scenario.scene(params, draws, made.video_spec()), made.look, draws)
        trace = simulate(scene)
        events = find_events(scene, trace)
        for check in scenario.measure(params, scene, trace):
            assert check.residual <= tolerance[check.name], check
        told = scenario.captions(params, scene, trace, events, draws)
        captions.append(told)
        assert tuple(told) == ("plain", "qualitative", "numeric", "outcome")
        known = [event.time_s for event in events]
        for index_of_body, body in enumerate(scene.bodies):
            known += [body.mass_kg, float(trace.position_m[0, index_of_body, 2])]
        for text in told.values():
            assert re.fullmatch(r"[A-Z].*[^.]\.", text), text
            assert not re.search(r"\b(an [^aeiou]|a [aeiou]|(\w+) \2\b)", text), text
            for number in re.findall(r"\d+\.\d+", text):
                assert any(f"{value:.2f}" == number for value in known), (number, text)
    assert len({told["numeric"] for told in captions}) == 3


@needs_engine
def test_laws_with_forces() -> None:
    """A spring between two that fly keeps their momentum; one to the world, and drag, do not: nothing is claimed."""
    two = {**ball(position=[0, 0, 5], velocity=[2, 0, 0]), "other": {**BALL, "position": [1, 0, 5]}}

    def laws(**force: Any) -> list[str]:
        made = recipe(bodies=two, forces={"f": {"a": "ball", **force}}, gravity=1.6, ground=False)
        scene = scene_of(made)
        checks = made.scenario_object(made.clip("train", 0)).measure({}, scene, simulate(scene))
        assert all(check.residual < 1e-5 for check in checks)
        return [check.name for check in checks]

    assert laws(kind="spring", b="other", stiffness=20, damping=1) == ["scene_momentum"]
    assert laws(kind="attraction", b="other", strength=-2) == ["scene_momentum"]
    assert laws(kind="spring", anchor=[0, 0, 6], stiffness=20) == []
    assert laws(kind="drag", linear=0.1) == []


@needs_engine
def test_laws_where_they_must_hold() -> None:
    """A pendulum's energy; the momentum of what flies; nothing for what rests on the ground."""

    def laws(made: Recipe) -> dict[str, float]:
        scene = scene_of(made)
        checks = made.scenario_object(made.clip("train", 0)).measure({}, scene, simulate(scene))
        return {check.name: check.residual for check in checks}

    pendulum = recipe(
        bodies=ball(position=[0.5, 0, 1], mass=3),
        joints={"j": {"kind": "hinge", "child": "ball", "pivot": [0, 0, 1.5]}},
    )
    ((name, residual),) = laws(pendulum).items()
    assert name == "scene_energy"
    assert residual < 1e-4
    thrown = recipe(bodies=ball(position=[0, 0, 20], velocity=[1, 2, 3]))
    assert laws(thrown)["scene_momentum"] < 1e-6
    meeting = recipe(
        bodies={
            **ball(position=[0, 0, 5], velocity=[2, 0, 0], mass=2),
            "other": {**BALL, "position": [1, 0.05, 5]},
        },
        gravity=0,
        ground=False,
    )
    assert laws(meeting)["scene_momentum"] < 1e-6
    assert laws(recipe(bodies=ball(position=[0, 0, 0.1]))) == {}


@needs_engine
def test_a_law_that_is_broken_is_seen() -> None:
    """The checks compare with the trace: one that gains energy or momentum on its way does not pass."""
    made = recipe(bodies=ball(position=[0, 0, 20], velocity=[1, 2, 3]))
    scene = scene_of(made)
    trace = simulate(scene)
    trace.state[-1, 0, 7] += 1.0
    (check,) = made.scenario_object(made.clip("train", 0)).measure({}, scene, trace)
    assert check.residual > 0.01
