"""Air and wind around any scenario: the drag of its bodies, no law claimed, captions that stay true."""

from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.spatial import ConvexHull

from simgen.errors import RecipeError
from simgen.labels import words
from simgen.recipe import Recipe, recipe_from_data
from simgen.recipe.draws import Draws
from simgen.render.surfaces import surface
from simgen.scenarios import all_scenarios, get_scenario
from simgen.scenarios.air import AIR, DRAG_COEFFICIENT, in_air, shown_area_m2
from simgen.scene.spec import Shape

pytest.importorskip("pybullet", reason="the motion is simulated")
from simgen.build import generate
from simgen.physics import simulate

NAMES = [name for name in all_scenarios() if name != "scene"]


def recipe(scenario: str = "projectile", seconds: float = 1.0, **params: Any) -> Recipe:
    video = {"size": 32, "fps": 24, "seconds": seconds}
    return recipe_from_data(
        {"name": "demo", "scenario": scenario, "clips": 4, "params": params, "video": video}
    )


@pytest.mark.parametrize(
    "shape",
    [
        Shape("sphere", (0.3,)),
        Shape("box", (0.2, 0.5, 0.3)),
        Shape("cylinder", (0.3, 0.7)),
        Shape("capsule", (0.2, 0.6)),
        Shape("cone", (0.3, 0.5)),
    ],
    ids=lambda shape: shape.kind,
)
def test_the_shown_area_is_a_quarter_of_the_surface(shape: Shape) -> None:
    """Cauchy's theorem for convex bodies, with the surface of a hull of many points."""
    hull = ConvexHull(surface(shape, 1.0, around=128).vertices)
    assert shown_area_m2(shape) == pytest.approx(hull.area / 4, rel=3e-3)


def test_a_thrown_ball_flies_as_newton_says() -> None:
    """Quadratic drag in a wind, integrated by scipy from the thrown ball's parameters alone."""
    made = recipe(
        radius_m=0.3,
        mass_kg=0.8,
        speed_m_s=4,
        angle_deg=50,
        height_m=1.5,
        wind_m_s=6,
        wind_deg=150,
        air_density_kg_m3=0.9,
    )
    params = made.draw_params(made.clip("train", 0), Draws(0, "train", 0))
    scene = made.scenario_object(made.clip("train", 0)).scene(params, Draws(0, "train", 0), made.video_spec())
    trace = simulate(scene)
    ball = next(body for body in scene.bodies if not body.fixed)
    index = scene.body_index(ball.name)
    wind = 6 * np.array([math.cos(math.radians(150)), math.sin(math.radians(150)), 0.0])
    factor = 0.5 * 0.9 * 0.47 * math.pi * 0.3**2 / 0.8

    def change(_: float, y: np.ndarray) -> np.ndarray:
        through = y[3:] - wind
        return np.concatenate([y[3:], [0, 0, -9.81] - factor * np.linalg.norm(through) * through])

    start = np.concatenate([ball.position_m, ball.velocity_m_s])
    free = int(trace.contacts.frame.min()) if len(trace.contacts) else len(trace.time_s)
    assert free > 10
    path = solve_ivp(
        change, (0, float(trace.time_s[free - 1])), start, t_eval=trace.time_s[:free], rtol=1e-10, atol=1e-12
    )
    np.testing.assert_allclose(trace.position_m[:free, index], path.y[:3].T, atol=2e-6)


@pytest.mark.parametrize("name", NAMES)
def test_every_scenario_can_be_filmed_in_a_wind(name: str) -> None:
    made = recipe(name, wind_m_s={"uniform": [1, 6]}, wind_deg={"choice": [0, 90, 180, -90]})
    sample = generate(made, 0)
    assert sample.law == ()
    assert sample.scenario == name
    assert {"wind_m_s", "wind_deg", "air_density_kg_m3"} <= set(sample.params)
    free = [body.name for body in sample.scene.bodies if not body.fixed]
    assert {force.a for force in sample.scene.forces if force.kind == "drag"} == set(free)
    for tier in ("plain", "qualitative", "numeric"):
        assert "wind" in sample.captions[tier]
    assert words.quantity(sample.params["wind_m_s"], "m/s") in sample.captions["numeric"]


@pytest.mark.parametrize("name", NAMES)
def test_without_air_a_scenario_is_what_it_was(name: str) -> None:
    made = recipe(name)
    assert made.scenario_object(made.clip("train", 0)) is get_scenario(name)


def test_where_the_wind_comes_from() -> None:
    """The cameras of these scenarios look along y."""
    said = {
        angle: generate(recipe(wind_m_s=5, wind_deg=angle), 0).captions["qualitative"]
        for angle in (0, 90, 180, -90)
    }
    assert said[0].endswith("A fresh wind blows from the left.")
    assert said[180].endswith("A fresh wind blows from the right.")
    assert said[90].endswith("A fresh wind blows from the viewer's side.")
    assert said[-90].endswith("A fresh wind blows from the far side.")
    still = generate(recipe(air_density_kg_m3=1.0), 0).captions
    assert still["qualitative"].endswith(("The air is still.", "There is no wind."))
    assert (
        still["numeric"].endswith("The air has a density of 1 kg/m³.") or "density of 1.0" in still["numeric"]
    )
    nothing = generate(recipe(air_density_kg_m3=0, wind_m_s=5), 0).captions
    assert "wind" not in " ".join(nothing.values())


def test_air_shows_the_mass() -> None:
    drop = in_air(get_scenario("drop"))
    made = recipe("drop", wind_m_s=3)
    params = made.draw_params(made.clip("train", 0), Draws(0, "train", 0))
    assert get_scenario("drop").revealed_by(params)["mass_kg"] == "never"
    assert drop.revealed_by(params)["mass_kg"] == "acceleration"
    assert drop.revealed_by(params)["wind_m_s"] == "acceleration"


def test_a_scenario_in_air_is_pickled_and_made_once() -> None:
    drop = in_air(get_scenario("drop"))
    assert in_air(get_scenario("drop")) is drop
    assert type(pickle.loads(pickle.dumps(drop))).__name__ == type(drop).__name__
    assert set(DRAG_COEFFICIENT) == {"sphere", "box", "cylinder", "capsule", "cone", "tube", "mesh"}
    assert [entry.name for entry in AIR] == ["wind_m_s", "wind_deg", "air_density_kg_m3"]


def test_mistakes() -> None:
    with pytest.raises(RecipeError, match="wind_m_s: must be between 0 and 20 m/s, not 30"):
        recipe(wind_m_s=30)
    with pytest.raises(RecipeError, match="wind_ms: projectile has no such parameter"):
        recipe(wind_ms=3)


def test_a_composed_scene_has_its_own_parameters() -> None:
    made = recipe_from_data(
        {
            "name": "demo",
            "scenario": "scene",
            "clips": 1,
            "params": {"wind_m_s": 3},
            "bodies": {"ball": {"shape": "sphere", "size": 0.1, "position": [0, 0, 1]}},
            "forces": {"air": {"kind": "drag", "a": "ball", "linear": 0.1, "wind": ["=wind_m_s", 0, 0]}},
        }
    )
    scene = made.scenario_object(made.clip("train", 0)).scene(
        {"wind_m_s": 3.0}, Draws(0, "train", 0), made.video_spec()
    )
    assert [force.wind_m_s for force in scene.forces] == [(3.0, 0.0, 0.0)]
