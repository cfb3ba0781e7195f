"""What a recipe gives: parameters from addressed draws, types, a hash over what changes a clip, nothing
else.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simgen
from simgen.errors import RecipeError
from simgen.recipe import Recipe, load_recipe, parse_recipe, recipe_from_data, shipped_recipes
from simgen.recipe.draws import Draws
from simgen.recipe.loading import summary
from simgen.render.settings import RenderSettings
from simgen.scene.spec import Video

INCLINE = {"name": "demo", "scenario": "incline", "clips": 100}
SCENE = {
    "name": "demo",
    "scenario": "scene",
    "clips": 100,
    "params": {
        "speed": {"uniform": [1, 2]},
        "count": {"integer": [1, 3]},
        "tint": {"choice": ["red", "blue"]},
    },
    "bodies": {
        "a": {"shape": "sphere", "size": 0.1, "position": [0, 0, "=speed"], "mass": {"uniform": [1, 2]}},
        "b": {"shape": "box", "size": [1, 1, 1], "position": [3, 0, 0.5], "fixed": True},
    },
}


def recipe(**changes: Any) -> Recipe:
    """A small recipe; a key that is None is left out."""
    return recipe_from_data(
        {key: value for key, value in {**INCLINE, **changes}.items() if value is not None}
    )


def composed(**changes: Any) -> Recipe:
    return recipe_from_data({key: value for key, value in {**SCENE, **changes}.items() if value is not None})


def clip_params(made: Recipe, index: int, split: str = "train", attempt: int = 0) -> dict[str, Any]:
    return made.draw_params(made.clip(split, index), Draws(made.seed, split, index, attempt))


def test_defaults_are_the_documented_ones() -> None:
    made = recipe()
    assert (made.seed, made.passes, dict(made.params), dict(made.look)) == (0, (), {}, {})
    assert {name: split.clips for name, split in made.splits.items()} == {"train": 100}
    assert made.video_spec() == Video(256, 256, 24.0, 48)
    assert made.render_settings() == RenderSettings("raycast", "standard", 0.0)
    assert (made.output.format, made.output.clips_per_shard, made.video.codec) == ("parquet", 256, "h264")
    assert list(made.cameras) == ["main"]


def test_sections() -> None:
    made = recipe_from_data(
        {
            "name": "demo-1",
            "scenario": "drop",
            "seed": 2**64 - 1,
            "splits": {"train": 1000, "test": {"clips": 1e3, "params": {"height_m": 1}}},
            "video": {"size": [320, 180], "fps": 12.5, "seconds": 4, "codec": "ffv1"},
            "passes": ["flow", "depth", "depth"],
            "render": {"engine": "tiny", "quality": "high", "shutter": 0.5},
            "cameras": [{"name": "side", "azimuth_deg": 90}, {"name": "main", "distance": 2}],
            "look": {"preset": "varied", "unlit": True},
            "output": {"format": "both", "clips_per_shard": 10},
        }
    )
    assert made.seed == 2**64 - 1
    assert {name: split.clips for name, split in made.splits.items()} == {"train": 1000, "test": 1000}
    assert made.video_spec() == Video(320, 180, 12.5, 50)
    assert made.passes == ("depth", "flow")
    assert made.render_settings() == RenderSettings("tiny", "high", 0.5)
    assert list(made.cameras) == ["main", "side"], "the main camera is always there, and first"
    assert made.cameras["side"].azimuth_deg == 90
    assert made.look["preset"] == "varied"
    json.loads(made.model_dump_json())


def test_a_recipe_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        recipe().seed = 1


def test_the_source_is_kept() -> None:
    text = "name: demo # why\nscenario: incline\nclips: 3\n"
    assert parse_recipe(text, "demo.yaml").source == text


ODD_WORDS = [
    "on",
    "1e6",
    "0x1F",
    "=r",
    "a: b",
    "#c",
    "",
    " ",
    "é",
    "日本",
    "🙂",
    "\u2028",
    "\x85",
    "a\nb",
    "'",
    '"',
]


@pytest.mark.parametrize(
    "made",
    [
        recipe(),
        recipe(
            params={
                "angle_deg": {"uniform": [[5, 6], [1e1, 20.5]]},
                "shape": {"choice": ["box"], "weights": [1e-9]},
            }
        ),
        recipe(
            look={"preset": "varied", "ambient": {"normal": [0.5, 0.1], "min": 0, "max": 1}},
            passes=["depth"],
            seed=2**64 - 1,
        ),
        recipe(
            clips=None,
            splits={"a": 3, "b": {"clips": 1, "params": {"angle_deg": 5}}},
            cameras={"top": {"distance": 2}},
        ),
        composed(),
        composed(
            params={"speed": 1, "odd": {"choice": ODD_WORDS}},
            gravity=[0, 0, {"uniform": [-9, -1]}],
            ground=False,
        ),
        *(load_recipe(name).model_copy(update={"seed": 3}) for name in shipped_recipes()),
    ],
    ids=lambda made: made.name,
)
def test_a_recipe_made_in_python_has_a_text_that_means_the_same(made: Recipe) -> None:
    again = parse_recipe(made.source, "again.yaml")
    assert again.hash == made.hash
    assert again.model_dump() == made.model_dump()


def test_every_parameter_is_drawn_and_typed() -> None:
    made = recipe(params={"mass_kg": 2, "shape": "box", "angle_deg": {"choice": [10, 20]}})
    params = clip_params(made, 0)
    names = [parameter.name for parameter in made.scenario_object(made.clip("train", 0)).parameters]
    assert list(params) == names == list(made.param_types())
    assert {name: type(value) for name, value in params.items()} == made.param_types()
    assert params["mass_kg"] == 2.0
    assert params["shape"] == "box"


def test_types_of_a_composed_scene_s_own_parameters() -> None:
    """A number is a float, unless some split draws it with `integer` and no split can make it a fraction."""
    made = composed(
        clips=None,
        splits={"train": 3, "other": {"clips": 1, "params": {"f": 2.5, "b": 7}}},
        params={
            "a": 2,
            "b": {"integer": [1, 3]},
            "c": {"choice": [1, 2]},
            "d": "x",
            "e": True,
            "f": {"integer": [1, 3]},
            "speed": 1,
        },
    )
    types = {"a": float, "b": int, "c": float, "d": str, "e": bool, "f": float, "speed": float}
    assert made.param_types() == types
    for split in made.splits:
        assert {name: type(value) for name, value in clip_params(made, 0, split).items()} == types
    assert clip_params(made, 0, "other")["b"] == 7


def test_a_split_draws_its_own_way() -> None:
    made = recipe(
        clips=None, splits={"train": 5, "steep": {"clips": 5, "params": {"angle_deg": {"uniform": [50, 60]}}}}
    )
    for index in range(20):
        assert 5 <= clip_params(made, index)["angle_deg"] <= 40
        assert 50 <= clip_params(made, index, "steep")["angle_deg"] <= 60
        assert clip_params(made, index)["mass_kg"] != clip_params(made, index, "steep")["mass_kg"]


def test_an_unknown_split() -> None:
    with pytest.raises(KeyError):
        clip_params(recipe(), 0, "trian")


# ── draws are addressed
# ──────────────────────────────────────────────────────────────────────────────────────────────

FIXED = {"angle_deg": 20, "shape": "box", "mass_kg": 1, "friction": 0.5, "elasticity": 0.2, "radius_m": 0.2}
DRAWN = {
    "angle_deg": {"uniform": [10, 20]},
    "shape": {"choice": ["box", "hoop"]},
    "mass_kg": {"normal": [1, 0.1], "min": 0.5, "max": 2},
    "friction": {"uniform": [[0.1, 0.2], [0.5, 0.6]]},
    "elasticity": {"uniform": [0, 0.5]},
    "radius_m": {"log_uniform": [0.18, 0.3]},
}
SEEDS = st.integers(0, 2**64 - 1)
ADDRESSES = st.tuples(SEEDS, st.integers(0, 2**40), st.integers(0, 19))


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(
    ADDRESSES,
    st.dictionaries(st.sampled_from(sorted(FIXED)), st.sampled_from([FIXED, DRAWN])),
    st.sampled_from(sorted(FIXED)),
    st.sampled_from([FIXED, DRAWN]),
)
def test_fixing_or_adding_a_parameter_leaves_all_others(
    address: tuple[int, int, int], chosen: dict[str, Any], changed: str, source: dict[str, Any]
) -> None:
    seed, index, attempt = address
    params = {name: origin[name] for name, origin in chosen.items()}
    before = clip_params(recipe(seed=seed, params=params), index, attempt=attempt)
    after = clip_params(
        recipe(seed=seed, params={**params, changed: source[changed]}), index, attempt=attempt
    )
    assert {**before, changed: 0} == {**after, changed: 0}


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(ADDRESSES, st.integers(1, 10**9), st.integers(1, 10**9))
def test_the_first_clips_of_a_larger_build(address: tuple[int, int, int], few: int, many: int) -> None:
    """The count of clips is no part of a draw, so a build of N is the beginning of any larger one."""
    seed, index, attempt = address
    small, large = recipe(seed=seed, clips=few), recipe(seed=seed, clips=many)
    assert clip_params(small, index, attempt=attempt) == clip_params(large, index, attempt=attempt)
    assert small.hash == large.hash


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(ADDRESSES, ADDRESSES)
def test_another_address_another_draw(one: tuple[int, int, int], other: tuple[int, int, int]) -> None:
    drawn = [clip_params(recipe(seed=seed), index, attempt=attempt) for seed, index, attempt in (one, other)]
    assert (drawn[0] == drawn[1]) == (one == other)


def test_seed_and_index_do_not_add_up() -> None:
    """`key = seed + index` would make clip 5 of seed 10 clip 4 of seed 11."""
    assert clip_params(recipe(seed=10), 5) != clip_params(recipe(seed=11), 4)


# ── the hash
# ─────────────────────────────────────────────────────────────────────────────────────────────────────────

NOTHING_CHANGES = {
    "clips": {"clips": 7},
    "a plain split": {"clips": None, "splits": {"train": 3, "test": 4}},
    "another name of a split": {"clips": None, "splits": {"other": 100}},
    "output": {"output": {"format": "both", "clips_per_shard": 3}},
    "a written default": {
        "seed": 0,
        "video": {"size": [256, 256]},
        "render": {"engine": "raycast"},
        "passes": [],
    },
    "a preset that is the default": {"look": {"preset": "lab"}},
    "a parameter as the scenario has it": {
        "params": {"gravity_m_s2": 9.81, "angle_deg": {"uniform": [5.0, 40]}}
    },
    "a split that draws the same": {
        "clips": None,
        "splits": {"train": {"clips": 3, "params": {"gravity_m_s2": 9.81}}},
    },
    "an empty main camera": {"cameras": {"main": {}}},
}
SOMETHING_CHANGES = {
    "name": {"name": "other"},
    "scenario": {"scenario": "drop"},
    "seed": {"seed": 1},
    "a parameter": {"params": {"angle_deg": {"uniform": [5, 41]}}},
    "a constant": {"params": {"angle_deg": 5}},
    "a split's own way": {"clips": None, "splits": {"train": {"clips": 3, "params": {"angle_deg": 5}}}},
    "another split's own way": {
        "clips": None,
        "splits": {"train": 3, "test": {"clips": 3, "params": {"angle_deg": 5}}},
    },
    "size": {"video": {"size": 128}},
    "fps": {"video": {"fps": 30}},
    "seconds": {"video": {"seconds": 1}},
    "codec": {"video": {"codec": "ffv1"}},
    "passes": {"passes": ["depth"]},
    "engine": {"render": {"engine": "tiny"}},
    "shutter": {"render": {"shutter": 0.5}},
    "look": {"look": {"preset": "varied"}},
    "a look parameter": {"look": {"ambient": 0.5}},
    "cameras": {"cameras": {"side": {"azimuth_deg": 90}}},
    "main camera": {"cameras": {"main": {"distance": 2}}},
}


@pytest.mark.parametrize("change", NOTHING_CHANGES)
def test_the_hash_leaves_out(change: str) -> None:
    assert recipe(**NOTHING_CHANGES[change]).hash == recipe().hash


def test_the_hash_covers_everything_else() -> None:
    hashes = {name: recipe(**changes).hash for name, changes in SOMETHING_CHANGES.items()}
    assert len({*hashes.values(), recipe().hash}) == len(hashes) + 1


def test_the_hash_of_a_composed_scene() -> None:
    bodies = SCENE["bodies"]
    assert isinstance(bodies, dict)
    a, b = bodies["a"], bodies["b"]
    changes: list[dict[str, Any]] = [
        {"bodies": {"b": b, "a": a}},
        {"bodies": {"a": {**a, "mass": 1.5}, "b": b}},
        {"bodies": {"a": {**a, "position": [0, 0, "=speed + 1"]}, "b": b}},
        {"bodies": {"a": {**a, "colour": "=tint"}, "b": b}},
        {"gravity": 1.6},
        {"ground": False},
        {"camera": {"azimuth_deg": 10}},
        {"joints": {"j": {"kind": "hinge", "child": "a", "pivot": [0, 0, 3]}}},
        {"forces": {"f": {"kind": "drag", "a": "a", "linear": 0.1}}},
        {"forces": {"f": {"kind": "drag", "a": "a", "linear": 0.1, "wind": [1, 0, 0]}}},
        {"links": {"l": {"kind": "rod", "a": "a", "b": "b"}}},
        {"bodies": {"a": {**a, "shape": "mesh", "mesh": "star"}, "b": b}},
        {"bodies": {"a": {**a, "shape": "mesh", "mesh": "torus"}, "b": b}},
    ]
    assert len({composed().hash, *(composed(**change).hash for change in changes)}) == len(changes) + 1
    defaults = {"orientation": [0, 0, 0], "velocity": [0, 0, 0], "rolling_friction": 0, "fixed": False}
    assert composed(bodies={"a": {**a, **defaults}, "b": {**b, "mass": 1}}).hash == composed().hash
    assert composed(forces={}, links={}).hash == composed().hash
    listed = [{"name": name, **body} for name, body in bodies.items()]
    assert composed(bodies=listed).hash == composed().hash
    assert (
        composed(bodies={"a": {**a, "size": [0.1]}, "b": {**b, "size": [1.0, 1, 1]}}).hash == composed().hash
    )


def test_the_hash_covers_the_version_of_the_generator(monkeypatch: pytest.MonkeyPatch) -> None:
    before = recipe().hash
    monkeypatch.setattr(simgen, "GENERATOR_VERSION", simgen.GENERATOR_VERSION + 1)
    assert recipe().hash != before


def test_a_copy_with_another_seed() -> None:
    made = recipe()
    assert clip_params(made, 0)
    changed = made.model_copy(update={"seed": 1, "scenario": "drop"})
    assert changed.hash == recipe(seed=1, scenario="drop").hash
    assert set(clip_params(changed, 0)) == set(clip_params(recipe(scenario="drop"), 0))


def test_another_process_has_the_same_hash_and_draws() -> None:
    """Whatever its hash seed; and reading a recipe imports neither the engine nor the compiler of the
    renderer.
    """
    code = (
        "import sys; from simgen.recipe import load_recipe; from simgen.recipe.draws import Draws\n"
        "for name in ('incline', 'ledge'):\n"
        "    recipe = load_recipe(name)\n"
        "    print(recipe.hash, recipe.draw_params(recipe.clip('train', 3), Draws(recipe.seed, 'train', 3)))\n"
        "print(sorted({'pybullet', 'numba', 'torch', 'pyarrow', 'click'} & set(sys.modules)))"
    )
    texts = [
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
            cwd=Path(simgen.__file__).parents[1],
        ).stdout
        for seed in ("0", "1")
    ]
    made = load_recipe("incline")
    assert texts[0] == texts[1]
    assert texts[0].startswith(f"{made.hash} {clip_params(made, 3)}")
    assert texts[0].endswith("[]\n")


@pytest.mark.parametrize("name", sorted(shipped_recipes()))
def test_recipes_travel_to_other_processes(name: str) -> None:
    made = load_recipe(name)
    split = next(iter(made.splits))
    before = clip_params(made, 0, split)
    other = pickle.loads(pickle.dumps(made))
    assert other == made
    assert (other.hash, other.source, clip_params(other, 0, split)) == (made.hash, made.source, before)


# ── the recipes that ship
# ────────────────────────────────────────────────────────────────────────────────────────────


def test_there_is_one_for_every_scenario() -> None:
    from simgen.scenarios import all_scenarios

    made = {name: load_recipe(name) for name in shipped_recipes()}
    assert {recipe.scenario for recipe in made.values()} >= set(all_scenarios())
    assert all(recipe.name == name.rpartition("/")[2] for name, recipe in made.items())


@pytest.mark.parametrize("name", sorted(shipped_recipes()))
def test_shipped_recipes_help_the_editor_and_the_reader(name: str) -> None:
    text = shipped_recipes()[name].read_text()
    folder = ".." if "/" in name else "."
    assert text.startswith(f"# yaml-language-server: $schema={folder}/recipe.schema.json\n")
    assert summary(text).endswith(".")
    assert 20 < len(summary(text)) < 120


def test_a_recipe_is_found_by_name_and_by_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (
        load_recipe("drop")
        == load_recipe(shipped_recipes()["drop"])
        == load_recipe(str(shipped_recipes()["drop"]))
    )
    assert load_recipe("studies/incline_angle").name == "incline_angle"
    monkeypatch.chdir(tmp_path)
    Path("drop").write_text("name: mine\nscenario: drop\nclips: 1\n")
    assert load_recipe("drop").name == "mine", "a file comes before a shipped recipe of that name"


def test_the_name_of_the_file_is_told() -> None:
    with pytest.raises(RecipeError, match=r"^my\.yaml:1: "):
        parse_recipe("nam: x", "my.yaml")
