"""The ready studies: their pages, their splits, and what each promises of its clips."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from simgen.build import generate
from simgen.build.driver import build
from simgen.dataset.sample import Sample
from simgen.reading import open_dataset
from simgen.recipe import Recipe, load_recipe, recipe_from_data, shipped_recipes
from simgen.scene.spec import SceneSpec

ROOT = Path(__file__).parents[2]
STUDIES = sorted(name for name in shipped_recipes() if name.startswith("studies/"))
PAGES = ROOT / "docs" / "studies"


@cache
def small(study: str) -> Recipe:
    """A study at 64 px; everything else is as it ships."""
    recipe = load_recipe(f"studies/{study}")
    return recipe.model_copy(update={"video": recipe.video.model_copy(update={"size": (64, 64)})})


@cache
def clip(study: str, split: str, index: int) -> Sample:
    return generate(small(study), index, split)


def group(study: str, split: str, number: int) -> list[Sample]:
    size = len(small(study).designs[split].members)
    return [clip(study, split, number * size + place) for place in range(size)]


def first_contact(sample: Sample) -> int:
    """The frame after the first contact of what moves with something else than it rolls on."""
    return next((e.frame for e in sample.events if e.kind in ("first_contact", "collision")), len(sample.rgb))


# ── pages ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_there_are_seven() -> None:
    names = {name.removeprefix("studies/") for name in STUDIES}
    assert names == {
        *("incline_angle", "bounce_elasticity", "mass_is_hidden", "permanence"),
        *("newtonbench", "physion8", "movi_like"),
    }


@pytest.mark.parametrize("name", STUDIES)
def test_the_page_says_what_the_recipe_has(name: str) -> None:
    recipe = load_recipe(name)
    study = name.removeprefix("studies/")
    page = (PAGES / f"{study}.md").read_text()
    rows = re.findall(r"^\| (`[^|]*`) \| ([\d, ×]+) \|", page, re.MULTILINE)
    told = {
        split: [int(number.replace(",", "")) for number in size.split(" × ")]
        for splits, size in rows
        for split in re.findall(r"`(\w+)`", splits)
    }
    assert told == {
        split: [design.clips // len(design.members), len(design.members)]
        if design.in_groups
        else [design.clips]
        for split, design in recipe.designs.items()
    }
    total = sum(design.clips for design in recipe.designs.values())
    assert f"It makes {total:,} clips of {recipe.video.frame_count} frames" in page
    assert f"({total:,} clips" in recipe.source
    assert f"simgen build {name}" in page
    assert f"simgen build {name}" in recipe.source
    for section in ("**Factors.**", "**Context.**", "## Splits", "## The law", "## How to score"):
        assert section in page
    assert "## What a shortcut scores" in page
    assert all(f"`{factor}`" in page for factor in recipe.study.factors)
    assert (PAGES / f"../images/study-{study}.jpg").is_file()
    assert f"({study}.md)" in (PAGES / "README.md").read_text()


@pytest.mark.parametrize("name", STUDIES)
def test_it_declares_what_it_asks(name: str) -> None:
    study = load_recipe(name).study
    assert all((study.question, study.factors, study.law, study.score))
    assert load_recipe(name).training == "train"


def test_the_table_of_shortcuts_is_what_its_command_prints() -> None:
    shown = subprocess.run(
        [sys.executable, str(PAGES / "shortcuts.py")],
        capture_output=True, text=True, check=True, cwd=ROOT, timeout=600,
        env={"PYTHONPATH": str(ROOT)},
    ).stdout  # fmt: skip
    assert len(shown.splitlines()) > 20
    assert shown.strip() in (PAGES / "README.md").read_text()


def test_the_blind_error_is_that_of_the_closed_form() -> None:
    """For 5/7 g sin θ with θ even on [5°, 30°]: an independent number beside the table's."""
    angles = np.radians(np.linspace(5, 30, 100_001))
    wrong = 5 / 7 * 9.81 * np.abs(np.sin(angles) - np.sin(np.radians(17.5)))
    row = next(line for line in (PAGES / "README.md").read_text().splitlines() if "`test_id`" in line)
    assert float(row.split("|")[6]) == pytest.approx(float(wrong.mean()), abs=0.01)


# ── builds ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["studies/incline_angle", "studies/permanence"])
def test_it_builds_whole(name: str, tmp_path: Path) -> None:
    """Every split in one go, two clips of each and whole groups; possible clips obey their law."""
    recipe = load_recipe(name)
    video = recipe.video.model_copy(update={"size": (32, 32)})
    study = recipe.model_copy(update={"video": video})
    report = build(study, tmp_path / "data", clips=2, workers=1)
    sizes = [len(design.members) for design in recipe.designs.values()]
    assert report.clips == sum(math.ceil(2 / size) * size for size in sizes)
    for split in recipe.designs:
        for sample in open_dataset(tmp_path / "data", split):
            lawful = not sample.study.violation and not sample.study.intervention
            assert sample.law or not lawful or split.startswith("twins")
            tolerances = {law.name: law.tolerance for law in study.drawing.scenarios[sample.scenario].laws}
            assert all(check.residual <= tolerances[check.name] for check in sample.law)


@pytest.mark.parametrize("study", ["physion8", "movi_like"])
def test_slow_ones_make_clips(study: str) -> None:
    recipe = small(study)
    frames = {"video": recipe.video.model_copy(update={"seconds": 0.75, "size": (32, 32)}), "passes": ()}
    short = recipe.model_copy(update=frames)
    for split in recipe.designs:
        if split == "test_both" or recipe.scenario_name(recipe.clip(split, 0)) in ("drop", "collision"):
            assert generate(short, 0, split).split == split


# ── the incline ─────────────────────────────────────────────────────────────────────────────────────────────────────


def scenery(scene: SceneSpec) -> tuple[object, ...]:
    """All of a scene that the angle has nothing to do with."""
    subject = scene.body("subject")
    bodies = [body for body in scene.bodies if body.name not in ("ramp", "stop", "subject")]
    looks = [
        # the grain of the ramp's wood is as fine as the ramp is large
        (body.name, replace(body.look, texture_size_m=0) if body.fixed and body.look else body.look)
        for body in scene.bodies
        if body.role != "ground"
    ]
    own = [subject.shape, subject.position_m, subject.orientation_xyzw, subject.velocity_m_s, subject.mass_kg]
    rest = [scene.gravity_m_s2, scene.cameras, scene.video, scene.lights, scene.environment]
    return (*bodies, *looks, *own, *rest)


def test_a_sweep_of_the_angle_changes_the_ramp_and_nothing_else() -> None:
    sweep = [clip("incline_angle", "sweep_angle", level) for level in (0, 5, 11)]
    assert [sample.params["angle_deg"] for sample in sweep] == [5, 30, 60]
    for sample in sweep[1:]:
        assert scenery(sample.scene) == scenery(sweep[0].scene)
        assert sample.params | {"angle_deg": 5} == sweep[0].params
        assert sample.scene.body("ramp") != sweep[0].scene.body("ramp")
        assert not np.array_equal(sample.rgb[0], sweep[0].rgb[0])
    subject = sweep[0].scene.body_index("subject")
    states = np.stack([sample.state[0, subject] for sample in sweep])
    assert np.array_equal(states, np.broadcast_to(states[0], states.shape))
    assert not states[0, 7:].any(), "it starts at rest"


def test_without_the_ramp_the_first_frame_says_nothing_of_the_angle() -> None:
    """The same sweep with the ramp not drawn: the pictures and the boxes of all angles are the same to the bit."""
    recipe = small("incline_angle")
    hidden = recipe.sweeps["angle"].model_copy(update={"hide": ("ramp", "stop")})
    control = recipe.model_copy(update={"sweeps": {"angle": hidden}})
    frames = [generate(control, index, "sweep_angle") for index in (0, 5, 11)]
    for sample in frames[1:]:
        assert np.array_equal(sample.rgb[0], frames[0].rgb[0])
        assert np.array_equal(sample.boxes[0], frames[0].boxes[0])
        assert not np.array_equal(sample.rgb[-1], frames[0].rgb[-1]), "and what follows does"


@pytest.mark.parametrize(
    ("control", "train", "study"),
    [
        ("control_train", "train", "incline_angle"),
        ("control_far", "test_far", "incline_angle"),
        ("control_open", "behind", "permanence"),
    ],
)
def test_controls_are_the_very_clips_without_the_cause(control: str, train: str, study: str) -> None:
    recipe = small(study)
    for index in (0, 1):
        seen, hidden = clip(study, train, index), clip(study, control, index)
        assert hidden.params == seen.params
        assert np.array_equal(hidden.state, seen.state)
        assert [event.kind for event in hidden.events if event.kind == "first_contact"] == [
            event.kind for event in seen.events if event.kind == "first_contact"
        ]
        unseen = [hidden.scene.body_index(name) for name in recipe.designs[control].hide]
        shown = [place for place in range(len(hidden.scene.bodies)) if place not in unseen]
        assert not hidden.visible[:, unseen].any()
        assert not hidden.boxes[:, unseen].any()
        assert not np.array_equal(hidden.rgb[0], seen.rgb[0])
        assert len(shown) >= 2


def test_coverage_puts_so_many_far_clips_into_the_same_set() -> None:
    recipe = small("incline_angle")

    def angles(split: str) -> list[float]:
        clips = [recipe.clip(split, index) for index in range(300)]
        return [recipe.draw_params(one, one.draws())["angle_deg"] for one in clips]

    plain = angles("coverage_0")
    assert max(plain) <= 30
    for count in (3, 10, 30):
        mixed = angles(f"coverage_{count}")
        assert sum(angle >= 35 for angle in mixed) == count
        assert mixed[count:] == plain[count:]


def test_the_ladder_is_nested_and_replicates_are_independent() -> None:
    recipe = small("incline_angle")
    assert recipe.designs["train"].ladder == (10, 30, 100, 300, 1000)
    draws = [
        [
            recipe.draw_params(one, one.draws())["angle_deg"]
            for one in (recipe.clip(split, i) for i in range(64))
        ]
        for split in ("train", "train_r1", "train_r2")
    ]
    assert len(set(draws[0]) | set(draws[1]) | set(draws[2])) == 3 * 64
    for angles in draws:  # 64 points of a Sobol sequence: one in each 64th of the range
        cells = sorted(int((angle - 5) / 25 * 64) for angle in angles)
        assert cells == list(range(64))


# ── what cannot be seen ─────────────────────────────────────────────────────────────────────────────────────────────


def test_elasticity_shows_from_the_first_touch_on() -> None:
    for number in (0, 1):
        sweep = group("bounce_elasticity", "sweep_elasticity", number)
        touch = first_contact(sweep[0])
        assert touch < small("bounce_elasticity").study.context_frames - 3
        for sample in sweep[1:]:
            assert np.array_equal(sample.rgb[:touch], sweep[0].rgb[:touch])
            assert not np.array_equal(sample.rgb, sweep[0].rgb)
        assert first_contact(sweep[-1]) == touch


def test_where_mass_does_nothing_every_frame_is_the_same_to_the_bit() -> None:
    shown = set()
    for number in range(4):
        sweep = group("mass_is_hidden", "sweep_mass", number)
        shown.add(sweep[0].scenario)
        assert [sample.params["mass_kg"] for sample in sweep] == [0.125, 0.5, 2, 8, 32]
        for sample in sweep[1:]:
            assert np.array_equal(sample.rgb, sweep[0].rgb)
            assert np.array_equal(sample.state, sweep[0].state)
    assert shown == {"drop", "incline", "sliding_stop", "bounce"}


@pytest.mark.parametrize("split", ["sweep_striker", "sweep_struck"])
def test_where_mass_decides_it_does_from_the_collision_on(split: str) -> None:
    sweep = group("mass_is_hidden", split, 0)
    touch = first_contact(sweep[0])
    for sample in sweep[1:]:
        assert np.array_equal(sample.rgb[:touch], sweep[0].rgb[:touch])
        assert not np.array_equal(sample.rgb, sweep[0].rgb)
        a, b = sample.scene.body_index("ball_a"), sample.scene.body_index("ball_b")
        masses, speed = (sample.params["mass_a_kg"], sample.params["mass_b_kg"]), sample.params["speed_a_m_s"]
        after = np.linalg.norm(sample.state[-1, b, 7:10])
        assert after == pytest.approx(2 * speed * masses[0] / sum(masses), rel=1e-3)
        assert np.linalg.norm(sample.state[0, a, 7:10]) == pytest.approx(speed, rel=1e-6)


# ── twins ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("study", "split"),
    [("permanence", f"twins_{name}") for name in ("permanence", "immutability", "continuity", "solidity")]
    + [("bounce_elasticity", "twins_energy")],
)
def test_twins_are_the_same_until_the_violation(study: str, split: str) -> None:
    for number in range(2):
        possible, impossible = group(study, split, number)
        start = impossible.study.violation_frame
        assert (possible.study.plausible, impossible.study.plausible) == (True, False)
        assert impossible.study.violation in small(study).designs[split].violations
        assert np.array_equal(possible.rgb[:start], impossible.rgb[:start])
        assert not np.array_equal(possible.rgb[start], impossible.rgb[start])
        assert not impossible.law


def test_out_of_range_is_said_of_every_test_clip() -> None:
    expected = {
        ("incline_angle", "test_id"): (),
        ("incline_angle", "test_near"): ("angle_deg",),
        ("incline_angle", "test_far"): ("angle_deg",),
        ("bounce_elasticity", "test_high"): ("height_m",),
        ("permanence", "test_fast"): ("speed_m_s",),
        ("newtonbench", "ood_height_throw"): ("height_m",),
        ("newtonbench", "ood_friction_up"): ("friction",),
        ("mass_is_hidden", "test_unequal"): ("mass_a_kg",),
    }
    for (study, split), ood in expected.items():
        assert clip(study, split, 0).study.ood == ood


def test_a_study_of_a_mix_keeps_to_the_scenarios_that_a_split_names() -> None:
    """A level of a sweep is held to the ranges of its own scenarios, not of all that the recipe mixes."""
    from simgen.errors import RecipeError

    data = {
        "name": "demo",
        "scenario": "mix",
        "scenarios": {"drop": 1, "projectile": 1},
        "splits": {"train": 4},
        "sweeps": {"height": {"vary": {"height_m": [0.4, 1.7]}, "groups": 1, "scenarios": ["drop"]}},
    }
    assert set(recipe_from_data(data).scenario_weights("sweep_height")) == {"drop"}
    with pytest.raises(RecipeError, match=r"sweeps.height.vary.height_m: for projectile: must stay between"):
        recipe_from_data({**data, "sweeps": {"height": {"vary": {"height_m": [0.4, 1.7]}, "groups": 1}}})
    with pytest.raises(RecipeError, match=r"sweeps.height.scenarios.0: .*Did you mean 'drop'"):
        recipe_from_data(
            {
                **data,
                "sweeps": {"height": {"vary": {"height_m": [0.4, 1]}, "groups": 1, "scenarios": ["dorp"]}},
            }
        )
