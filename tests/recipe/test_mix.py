"""Mixed recipes: which scenario a clip shows, how its parameters are drawn, what is refused and in which
words.
"""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import pytest

from simgen.errors import RecipeError
from simgen.recipe import Recipe, load_recipe, parse_recipe, recipe_from_data
from simgen.recipe.distributions import Kind
from simgen.recipe.draws import Draws
from simgen.recipe.mix import catalogue, common_kind, scenario_of_clip
from simgen.recipe.models import kind_of_parameter
from simgen.scenarios import all_scenarios, get_scenario
from simgen.scenarios.registry import own_scenarios

MIX: dict[str, Any] = {"name": "demo", "scenario": "mix", "clips": 100}


def recipe(**changes: Any) -> Recipe:
    """A small mixed recipe; a key that is None is left out."""
    data = {**MIX, "scenarios": ["drop", "incline"], **changes}
    return recipe_from_data({key: value for key, value in data.items() if value is not None})


def shown(made: Recipe, count: int, split: str = "train") -> list[str]:
    return [made.scenario_name(made.clip(split, index)) for index in range(count)]


# ── which clip shows what
# ────────────────────────────────────────────────────────────────────────────────────────────


WEIGHTS = [
    {"a": 1},
    {"a": 1, "b": 1},
    {"a": 2, "b": 1},
    {"a": 50, "b": 1, "c": 1},
    {"a": 7, "b": 5, "c": 3, "d": 2},
    dict.fromkeys("abcdefghijklmnopqrstuvwxyzABCDEFGHIJK", 1),
    {"a": 1000, "b": 999, "c": 1},
]


@pytest.mark.parametrize("weights", WEIGHTS)
def test_proportions_are_exact_in_every_round_and_near_exact_always(weights: dict[str, int]) -> None:
    length = sum(weights.values())
    rounds = max(2, 300 // length)
    seen: Counter[str] = Counter()
    for index in range(rounds * length):
        seen[scenario_of_clip(weights, 3, "train", index)] += 1
        due = {name: weight * (index + 1) / length for name, weight in weights.items()}
        assert all(abs(seen[name] - due[name]) < 2 for name in weights), index
        if (index + 1) % length == 0:
            assert seen == {name: round(count) for name, count in due.items()}
        if index > 2500:
            break


def test_weights_count_in_their_lowest_terms() -> None:
    for index in range(30):
        few = scenario_of_clip({"a": 2, "b": 1}, 0, "train", index)
        assert few == scenario_of_clip({"a": 20, "b": 10, "c": 0}, 0, "train", index)


@pytest.mark.parametrize("readers", [2, 4, 8])
def test_readers_that_take_every_nth_clip_see_every_scenario(readers: int) -> None:
    """Four scenarios in a fixed order would give each of four readers one of them."""
    weights = dict.fromkeys("abcd", 1)
    for reader in range(readers):
        seen = Counter(scenario_of_clip(weights, 0, "train", index) for index in range(reader, 400, readers))
        assert min(seen[name] for name in weights) > 0.1 * 400 / readers


def test_seed_and_split_order_the_clips_anew() -> None:
    orders = {
        tuple(scenario_of_clip(WEIGHTS[4], seed, split, index) for index in range(34))
        for seed, split in itertools.product((0, 1), ("train", "test"))
    }
    assert len(orders) == 4


def test_a_scenario_stays_with_its_clip_when_draws_are_rejected_and_builds_grow() -> None:
    made, more = recipe(), recipe(clips=10**9)
    assert shown(made, 50) == shown(more, 50)
    for index in range(6):
        keys = {
            tuple(made.draw_params(made.clip("train", index), Draws(0, "train", index, attempt)))
            for attempt in range(5)
        }
        assert len(keys) == 1
    assert more.scenario_name(more.clip("train", 10**9 - 1)) in ("drop", "incline")


def test_the_order_in_which_scenarios_are_written_means_nothing() -> None:
    one = recipe(scenarios={"incline": 2, "drop": 1, "collision": 4})
    other = recipe(scenarios={"collision": 4, "drop": {"weight": 1}, "incline": {"weight": 2}})
    assert one.hash == other.hash
    assert shown(one, 30) == shown(other, 30)
    assert list(one.param_types()) == list(other.param_types())


def test_many_draws_at_once_begin_with_the_draw() -> None:
    draws = Draws(5, "train", 7)
    many = draws.many("mix.order", 50)
    assert many[0] == draws("mix.order")
    assert many[:10].tolist() == draws.many("mix.order", 10).tolist()
    assert len(set(many.tolist())) == 50
    assert 0 <= many.min() < many.max() < 1


# ── what a clip is made of
# ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_clip_is_drawn_as_in_a_recipe_of_its_own_scenario() -> None:
    """Same seed, split and index: the same parameters as in a recipe that has only this scenario."""
    params = {"elasticity": {"uniform": [0.3, 0.5]}}
    mixed = recipe(params=params)
    alone = {
        name: recipe_from_data({**MIX, "scenario": name, "params": params}) for name in ("drop", "incline")
    }
    for index in range(12):
        clip, draws = mixed.clip("train", index), Draws(0, "train", index)
        name = mixed.scenario_name(clip)
        assert mixed.scenario_object(clip).name == name
        assert mixed.draw_params(clip, draws) == alone[name].draw_params(clip, draws)


def test_what_is_said_nearer_counts() -> None:
    """The split's scenario, the split, the recipe's scenario, the recipe, the scenario's default."""
    made = recipe(
        clips=None,
        scenarios={"drop": {"params": {"mass_kg": 2}}, "incline": 1, "projectile": 1},
        params={"mass_kg": 1, "elasticity": 0.1},
        splits={
            "train": 5,
            "heavy": {
                "clips": 5,
                "params": {"mass_kg": 3},
                "scenarios": {"drop": 1, "incline": {"params": {"mass_kg": 4}}},
            },
        },
    )
    mass = {
        (split, name): str(made.distributions(split, name)["mass_kg"])
        for split, names in (("train", ("drop", "incline", "projectile")), ("heavy", ("drop", "incline")))
        for name in names
    }
    assert mass == {
        ("train", "drop"): "2",
        ("train", "incline"): "1",
        ("train", "projectile"): "1",
        ("heavy", "drop"): "3",
        ("heavy", "incline"): "4",
    }
    (radius,) = (entry for entry in get_scenario("drop").parameters if entry.name == "radius_m")
    assert made.distributions("train", "drop")["radius_m"] == radius.default
    with pytest.raises(KeyError):
        made.distributions("heavy", "projectile")


def test_a_split_may_have_a_scenario_that_the_others_do_not_have() -> None:
    made = recipe(
        clips=None,
        scenarios={"drop": 2, "incline": 1, "collision": 0},
        splits={
            "train": 30,
            "unseen": {"clips": 30, "scenarios": ["collision"]},
            "other": {"clips": 30, "scenarios": {"all": 1, "drop": 4}},
        },
    )
    assert Counter(shown(made, 30)) == {"drop": 20, "incline": 10}
    assert set(shown(made, 30, "unseen")) == {"collision"}
    assert Counter(shown(made, 30, "other")) == {"drop": 20, "incline": 5, "collision": 5}
    assert {"speed_a_m_s", "height_m", "angle_deg"} <= set(made.param_types())


def test_all_is_every_scenario_of_the_package_that_has_parameters_but_replicas() -> None:
    replicas = {scenario.name for scenario in own_scenarios() if scenario.replica}
    assert replicas == {"phyworld_uniform", "phyworld_parabola", "phyworld_collision"}
    names = {scenario.name for scenario in own_scenarios() if scenario.parameters} - replicas
    assert set(catalogue()) == names
    assert set(recipe(scenarios="all").scenario_weights("train")) == names
    weights = recipe(scenarios={"all": 2, "drop": 6}).scenario_weights("train")
    assert weights == {**dict.fromkeys(names, 1), "drop": 3}


def test_the_shipped_catalogue_has_every_scenario() -> None:
    made = load_recipe("catalogue")
    assert set(made.scenario_weights("train")) == set(catalogue())
    count = len(catalogue())
    assert Counter(shown(made, 140 // count * count)) == dict.fromkeys(catalogue(), 140 // count)


def test_parameters_of_one_name_can_share_a_column() -> None:
    """Wherever scenarios are mixed: a word in one and a number in another would not go together."""
    kinds: dict[str, set[Kind]] = {}
    for scenario in all_scenarios().values():
        for parameter in scenario.parameters:
            kinds.setdefault(parameter.name, set()).add(kind_of_parameter(parameter))
    assert [name for name, found in kinds.items() if common_kind(found) is None] == []


def test_what_can_share_a_column() -> None:
    assert common_kind(["int", "int"]) == "int"
    assert common_kind(["int", "float", "int"]) == "float"
    assert common_kind(["str"]) == "str"
    assert common_kind(["str", "float"]) is None
    assert common_kind(["bool", "int"]) is None


def test_the_air_of_a_mix_is_in_every_scenario() -> None:
    """`wind_m_s` is a parameter of any scenario; said of one of them, it blows there only."""
    everywhere = recipe(params={"wind_m_s": {"uniform": [2, 8]}})
    assert all("wind_m_s" in own for own in everywhere.mixture().values())
    somewhere = recipe(scenarios={"drop": {"params": {"wind_m_s": 5}}, "incline": 1})
    assert "wind_m_s" in somewhere.mixture()["drop"]
    assert "wind_m_s" not in somewhere.mixture()["incline"]
    index = shown(somewhere, 4).index("drop")
    assert somewhere.draw_params(somewhere.clip("train", index), Draws(0, "train", index))["wind_m_s"] == 5
    assert somewhere.scenario_object(somewhere.clip("train", index)).name == "drop"


# ── hash and source
# ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_hash_covers_what_changes_a_clip() -> None:
    base = recipe()
    same = [
        recipe(scenarios=["incline", "drop"]),
        recipe(scenarios={"drop": 3, "incline": 3}),
        recipe(clips=None, splits={"train": 7, "test": {"clips": 3, "scenarios": ["drop", "incline"]}}),
        recipe(params={"gravity_m_s2": 9.81}),
        recipe(output={"clips_per_shard": 3}),
    ]
    assert {made.hash for made in same} == {base.hash}
    others = [
        recipe(scenarios=["incline", "drop", "collision"]),
        recipe(scenarios={"drop": 2, "incline": 1}),
        recipe(scenarios={"drop": 1, "incline": 1, "collision": 0}),  # other columns
        recipe(scenarios={"drop": {"params": {"height_m": 1}}, "incline": 1}),
        recipe(params={"mass_kg": 1}),
        recipe(clips=None, splits={"train": 7, "test": {"clips": 3, "scenarios": ["drop"]}}),
        recipe(clips=None, splits={"train": 7, "test": {"clips": 3, "params": {"mass_kg": 1}}}),
        recipe(seed=1),
    ]
    assert len({made.hash for made in others} | {base.hash}) == len(others) + 1


@pytest.mark.parametrize(
    "scenarios",
    [
        "all",
        ["drop", "incline"],
        {"drop": None, "all": 3},
        {"drop": {"weight": 2, "params": {"height_m": 1}}},
    ],
)
def test_a_recipe_made_in_python_can_be_written_and_read(scenarios: Any) -> None:
    made = recipe(scenarios=scenarios)
    again = parse_recipe(made.source, "again.yaml")
    assert (again.hash, again.model_dump()) == (made.hash, made.model_dump())


# ── mistakes
# ────────────────────────────────────────────────────────────────────────────────────────────


def mistakes(rest: str) -> list[str]:
    with pytest.raises(RecipeError) as caught:
        parse_recipe(f"name: demo\nscenario: mix\n{rest}\n", "demo.yaml")
    return str(caught.value).splitlines()


def between(scenario: str, name: str) -> str:
    """The documented range, which is the scenario's to choose."""
    (found,) = (entry.range for entry in get_scenario(scenario).parameters if entry.name == name)
    return f"between {found[0]:g} and {found[1]:g}"


*_FIRST, _LAST = (parameter.name for parameter in get_scenario("drop").parameters)
DROP_HAS = f"{', '.join(_FIRST)} and {_LAST}"
KINDS = "must be `all`, a list of scenarios, or weights by name such as {incline: 2, drop: 1}"
SAYS_HOW = "say which, such as `scenarios: {incline: 2, drop: 1}` or `scenarios: all`."
ELSEWHERE = "the recipe's `scenarios` has no such name; name it there, with weight 0 if the other splits are to be without it."


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("clips: 3", [f"1: scenarios: is missing: {SAYS_HOW}"]),
        ("scenarios:\nclips: 3", [f"3: scenarios: is missing: {SAYS_HOW}"]),
        ("scenarios: al\nclips: 3", [f"3: scenarios: {KINDS}, not 'al'."]),
        ("scenarios: 3\nclips: 3", [f"3: scenarios: {KINDS}, not 3."]),
        ("scenarios: []\nclips: 3", ["3: scenarios: must list the names of scenarios, at least one."]),
        ("scenarios: [drop, 3]\nclips: 3", ["3: scenarios: must list the names of scenarios, at least one."]),
        ("scenarios: {}\nclips: 3", ["3: scenarios: must name at least one scenario."]),
        (
            "scenarios: [drop, drop]\nclips: 3",
            ["3: scenarios: names a scenario twice; to have more of it give weights: {incline: 2, drop: 1}."],
        ),
        (
            "scenarios:\n  - drop\n  - inclin\nclips: 3",
            ["5: scenarios.1: there is no scenario 'inclin'. Did you mean 'incline'?"],
        ),
        (
            "scenarios:\n  drop: -1\n  incline: two\n  collision: 1.5\n  projectile: 1e9\nclips: 3",
            [
                "4: scenarios.drop.weight: must be a whole number between 0 and 1000, not -1.",
                "5: scenarios.incline.weight: must be a whole number, not 'two'.",
                "6: scenarios.collision.weight: must be a whole number, not 1.5.",
                "7: scenarios.projectile.weight: must be a whole number between 0 and 1000, not 1e+09.",
            ],
        ),
        (
            "scenarios: {drop: 0}\nclips: 3",
            ["3: scenarios: gives every scenario the weight 0; one at least needs more."],
        ),
        (
            "scenarios: {drop: 1, scene: 1, mix: 1}\nclips: 3",
            [
                "3: scenarios.scene: scene cannot be part of a mix; it has no parameters of its own.",
                "3: scenarios.mix: mix cannot be part of a mix; it has no parameters of its own.",
            ],
        ),
        (
            "scenarios:\n  drop: {wieght: 2}\n  incline: {params: {angel_deg: 3, friction: 7}}\nclips: 3",
            [
                "4: scenarios.drop.wieght: unknown key. Did you mean 'weight'?",
                "5: scenarios.incline.params.angel_deg: incline has no such parameter. Did you mean 'angle_deg'?",
                f"5: scenarios.incline.params.friction: must be {between('incline', 'friction')}, not 7.",
            ],
        ),
        (
            "scenarios: {all: {params: {mass_kg: 1}}}\nclips: 3",
            [
                "3: scenarios.all.params: must be left out: what holds for every scenario stands under the "
                "recipe's `params`."
            ],
        ),
        (
            "scenarios: [incline, drop]\nclips: 3\nparams:\n  heigth_m: 1\n  friction: 2\n  radius_m: 0.12",
            [
                "6: params.heigth_m: the recipe's scenarios have no such parameter. Did you mean 'height_m'?",
                f"7: params.friction: for incline: must be {between('incline', 'friction')}, not 2.",
                f"8: params.radius_m: for incline: must be {between('incline', 'radius_m')} m, not 0.12.",
            ],
        ),
        (
            "scenarios: [drop]\nclips: 3\nbodies: {}",
            ["5: bodies: is read only with `scenario: scene`, not with mix."],
        ),
        (
            "scenarios: [incline, drop]\nsplits:\n  train: 5\n  a: {clips: 3, scenarios: [dorp]}\n"
            "  b: {clips: 3, scenarios: {collision: 1, drop: 1}}\n  c: {clips: 3, scenarios: {drop: 0}}\n"
            "  d: {clips: 3, params: {angle_deg: 9}, scenarios: {drop: {params: {angle_deg: 3}}}}\n"
            "  e: {clips: 3, scenarios: 5}\n  f: {clips: 3, scenarios: {drop: {params: {height_m: 9}}}}",
            [
                f"6: splits.a.scenarios.0: {ELSEWHERE} Did you mean 'drop'?",
                f"7: splits.b.scenarios.collision: {ELSEWHERE} It has drop and incline.",
                "8: splits.c.scenarios: gives every scenario the weight 0; one at least needs more.",
                f"9: splits.d.params.angle_deg: drop has no such parameter. Its parameters are {DROP_HAS}.",
                "9: splits.d.scenarios.drop.params.angle_deg: drop has no such parameter. Its parameters are "
                f"{DROP_HAS}.",
                f"10: splits.e.scenarios: {KINDS}, not 5.",
                f"11: splits.f.scenarios.drop.params.height_m: must be {between('drop', 'height_m')} m, not 9.",
            ],
        ),
    ],
)
def test_mistakes(rest: str, expected: list[str]) -> None:
    assert mistakes(rest) == [f"demo.yaml:{line}" for line in expected]


def test_scenarios_without_a_mix() -> None:
    with pytest.raises(RecipeError) as caught:
        parse_recipe(
            "name: demo\nscenario: drop\nscenarios: all\nsplits: {a: {clips: 1, scenarios: [drop]}}",
            "demo.yaml",
        )
    assert str(caught.value).splitlines() == [
        "demo.yaml:3: scenarios: is read only with `scenario: mix`.",
        "demo.yaml:4: splits.a.scenarios: is read only with `scenario: mix`.",
    ]
    with pytest.raises(RecipeError, match="Did you mean 'mix'"):
        parse_recipe("name: demo\nscenario: mxi\nclips: 3", "demo.yaml")


def test_a_shared_parameter_is_held_to_the_scenarios_that_it_reaches() -> None:
    """One that says it nearer is not reached."""
    fits = recipe(params={"radius_m": 0.12}, scenarios={"drop": 1, "incline": {"params": {"radius_m": 0.2}}})
    assert {str(fits.distributions("train", name)["radius_m"]) for name in ("drop", "incline")} == {
        "0.12",
        "0.2",
    }
