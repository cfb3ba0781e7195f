"""What a study declares: which address a clip draws from, in which way, with which others."""

from __future__ import annotations

import math
from typing import Any

import pytest

from simgen.errors import RecipeError
from simgen.recipe import Recipe, parse_recipe

HEAD = "name: demo\nscenario: incline\nseed: 7\nparams: {shape: sphere, angle_deg: {uniform: [5, 30]}}\n"


def recipe(*lines: str) -> Recipe:
    return parse_recipe(HEAD + "\n".join(lines) + "\n", "demo.yaml")


def params(made: Recipe, split: str, index: int, attempt: int = 0) -> dict[str, Any]:
    clip = made.clip(split, index)
    return made.draw_params(clip, clip.draws(attempt))


def mistakes(*lines: str) -> str:
    with pytest.raises(RecipeError) as caught:
        recipe(*lines)
    return str(caught.value)


# ── ladders, replicates, mixtures, controls
# ──────────────────────────────────────────────────────────────────────


def test_a_ladder_is_a_split_of_its_largest_size() -> None:
    short, long = recipe("ladder: [10, 100]"), recipe("splits: {train: {clips: 100, ladder: [10, 100]}}")
    assert short.designs["train"].clips == 100
    assert short.designs["train"].ladder == (10, 100)
    assert short.designs == long.designs
    assert short.hash == recipe("clips: 5").hash  # no clip depends on it


def test_replicates_draw_alike_and_share_no_draw() -> None:
    made = recipe("splits: {train: {clips: 4, replicates: 3}}")
    assert list(made.designs) == ["train", "train_r1", "train_r2"]
    assert made.boxes("train") == made.boxes("train_r2")
    angles = [params(made, split, index)["angle_deg"] for split in made.designs for index in range(4)]
    assert len(set(angles)) == 12


def test_a_mixture_has_so_many_clips_of_the_other_range_and_else_the_same_clips() -> None:
    made = recipe(
        "splits:",
        "  train: 10",
        "  far: {clips: 5, params: {angle_deg: {uniform: [35, 60]}}}",
        "  cover: {clips: 10, mix: {from: far, clips: [0, 3, 10]}}",
    )
    assert list(made.designs) == ["train", "far", "cover_0", "cover_3", "cover_10"]
    angles = {
        split: [params(made, split, index)["angle_deg"] for index in range(10)]
        for split in ("cover_0", "cover_3", "cover_10")
    }
    assert all(angle <= 30 for angle in angles["cover_0"])
    assert [angle >= 35 for angle in angles["cover_3"]] == [True] * 3 + [False] * 7
    assert angles["cover_3"][3:] == angles["cover_0"][3:]
    assert angles["cover_10"][:3] == angles["cover_3"][:3]
    for index in range(10):  # nothing else is drawn otherwise
        one, other = params(made, "cover_0", index), params(made, "cover_10", index)
        assert {**one, "angle_deg": 0} == {**other, "angle_deg": 0}
    far = {params(made, "far", index)["angle_deg"] for index in range(5)}
    assert not far & set(angles["cover_10"])  # they are not the clips of the test split


def test_a_control_repeats_the_very_draws() -> None:
    made = recipe("splits: {train: 5, control: {clips: 5, same_as: train, hide: [ramp]}}")
    for index in range(5):
        assert params(made, "train", index) == params(made, "control", index)
    assert made.designs["control"].hide == ("ramp",)


def test_what_same_as_changes_is_all_that_differs() -> None:
    made = recipe("splits: {train: 5, heavy: {clips: 5, same_as: train, params: {mass_kg: 5}}}")
    for index in range(5):
        assert {**params(made, "train", index), "mass_kg": 5.0} == params(made, "heavy", index)


# ── cases
# ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_clip_takes_one_case_whole() -> None:
    made = recipe(
        "splits:",
        "  train:",
        "    clips: 200",
        "    cases:",
        "    - {shape: sphere, mass_kg: {uniform: [1, 2]}, look.subject_colour: red}",
        "    - {shape: box, mass_kg: {uniform: [3, 4]}, look.subject_colour: blue}",
    )
    seen = {"sphere": 0, "box": 0}
    for index in range(200):
        clip = made.clip("train", index)
        drawn = made.draw_params(clip, clip.draws())
        colour = made.look_of(clip, clip.draws())["subject_colour"].constant
        seen[drawn["shape"]] += 1
        if drawn["shape"] == "sphere":
            assert 1 <= drawn["mass_kg"] <= 2
            assert colour == "red"
        else:
            assert 3 <= drawn["mass_kg"] <= 4
            assert colour == "blue"
    # both are equally likely: 100 ± 4 standard deviations
    assert abs(seen["sphere"] - 100) < 4 * math.sqrt(200 * 0.25)


# ── groups
# ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_sweep_varies_its_factor_and_nothing_else() -> None:
    made = recipe("clips: 1", "sweeps: {angle: {vary: {angle_deg: {range: [5, 45, 20]}}, groups: 3}}")
    design = made.designs["sweep_angle"]
    assert (design.clips, design.varied) == (9, "angle_deg")
    for group in range(3):
        drawn = [params(made, "sweep_angle", 3 * group + level) for level in range(3)]
        assert [entry["angle_deg"] for entry in drawn] == [5.0, 25.0, 45.0]
        assert len({tuple({**entry, "angle_deg": 0}.items()) for entry in drawn}) == 1
        clips = [made.clip("sweep_angle", 3 * group + level) for level in range(3)]
        assert {clip.draws(2) for clip in clips} == {clips[0].draws(2)}
        assert [(clip.group, clip.level) for clip in clips] == [(group, level) for level in range(3)]
        assert [other.index for other in clips[1].others()] == [3 * group, 3 * group + 2]


def test_several_factors_take_every_combination() -> None:
    made = recipe("clips: 1", "sweeps: {s: {vary: {angle_deg: [5, 9], friction: [0, 0.5, 0.9]}, groups: 1}}")
    drawn = [params(made, "sweep_s", index) for index in range(6)]
    wanted = [(5, 0), (5, 0.5), (5, 0.9), (9, 0), (9, 0.5), (9, 0.9)]
    assert [(entry["angle_deg"], entry["friction"]) for entry in drawn] == wanted


def test_levels_of_a_range_end_where_they_say() -> None:
    made = recipe("clips: 1", "sweeps: {s: {vary: {friction: {range: [0, 0.9, 0.1]}}, groups: 1}}")
    levels = [member.values["friction"] for member in made.designs["sweep_s"].members]
    assert levels == [round(0.1 * k, 12) for k in range(10)]


def test_twins_take_their_violations_in_turn() -> None:
    made = recipe("clips: 1", "twins: {t: {violations: [vanish, teleport, gain_energy], groups: 4}}")
    clips = [made.clip("twins_t", index) for index in range(8)]
    kinds = ["vanish", "vanish", "teleport", "teleport", "gain_energy", "gain_energy", "vanish", "vanish"]
    assert [clip.violation for clip in clips] == kinds
    assert [clip.member.violation for clip in clips] == [False, True] * 4


# ── what a change leaves alone
# ─────────────────────────────────────────────────────────────────────────────────


STUDY = (
    "splits: {train: {clips: 5, replicates: 2}, far: {clips: 5, params: {angle_deg: {uniform: [35, 60]}}}}",
    "sweeps: {angle: {vary: {angle_deg: [5, 45]}, groups: 2}}",
    "pairs: {slip: {set: {friction: 0}, groups: 2}}",
    "twins: {gone: {violations: [vanish], groups: 2}}",
)


@pytest.mark.parametrize("sampling", ["independent", "sobol"])
def test_one_more_drawn_parameter_leaves_every_other_draw(sampling: str) -> None:
    head = HEAD.replace("shape: sphere", "shape: sphere, radius_m: 0.2, start_height_m: 1.8")
    fixed = parse_recipe("\n".join((head + f"sampling: {sampling}", *STUDY)), "a.yaml")
    freed = head.replace("radius_m: 0.2", "radius_m: {uniform: [0.18, 0.28]}")
    more = parse_recipe("\n".join((freed + f"sampling: {sampling}", *STUDY)), "b.yaml")
    assert list(fixed.designs) == list(more.designs)
    for split, design in fixed.designs.items():
        for index in range(design.clips):
            one, other = params(fixed, split, index), params(more, split, index)
            assert {**one, "radius_m": 0} == {**other, "radius_m": 0}
            assert other["radius_m"] != 0.2


def test_recipes_without_a_study_keep_their_hash() -> None:
    plain = recipe("clips: 5")
    assert plain.hash == recipe("splits: {train: {clips: 9, ladder: [3, 9]}}", "sampling: independent").hash
    for line in (
        "sampling: sobol",
        *STUDY[1:],
        "splits: {train: {clips: 5, hide: [ramp]}}",
        "splits: {train: {clips: 5, look: {subject_colour: red}}}",
        "splits: {train: {clips: 5, cases: [{mass_kg: 1}, {mass_kg: 2}]}}",
        "splits: {train: 5, again: {clips: 5, same_as: train}}",
    ):
        lines = (line,) if line.startswith("splits") else ("clips: 5", line)
        assert recipe(*lines).hash != plain.hash, line


def test_the_source_of_a_changed_recipe_means_the_same() -> None:
    made = recipe(*STUDY).model_copy(update={"seed": 8})
    again = parse_recipe(made.source, "again.yaml")
    assert again.hash == made.hash
    assert again.designs.keys() == made.designs.keys()


# ── mistakes
# ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("splits: {train: 5, control: {clips: 5, same_as: trian}}",),
         "demo.yaml:5: splits.control.same_as: there is no split 'trian'. Did you mean 'train'?"),
        (("splits: {a: {clips: 5, same_as: b}, b: {clips: 5, same_as: a}}",),
         "demo.yaml:5: splits.a.same_as: leads back to itself.\n"
         "demo.yaml:5: splits.b.same_as: leads back to itself."),
        (("splits: {train: {clips: 5, hide: [rmap]}}",),
         "demo.yaml:5: splits.train.hide.0: the scene has no body 'rmap'. Did you mean 'ramp'?"),
        (("splits: {train: {clips: 5, ladder: [3, 9]}}",),
         "demo.yaml:5: splits.train.ladder: reaches 9, and the split has 5 clips."),
        (("ladder: [9, 3]",),
         "demo.yaml:5: ladder: must be in increasing order, such as [100, 1000, 10000]."),
        (("splits: {train: {clips: 5, replicates: 0}}",),
         "demo.yaml:5: splits.train.replicates: must be a whole number between 1 and 100, not 0."),
        (("splits: {train: 5, c: {clips: 5, mix: {from: far, clips: [0, 3]}}}",),
         "demo.yaml:5: splits.c.mix.from: there is no split 'far'. There are train, c_0 and c_3."),
        (("splits: {train: 5, c: {clips: 5, mix: {from: train, clips: 9}}}",),
         "demo.yaml:5: splits.c.mix.clips: must be at most the split's 5 clips."),
        (("clips: 5", "sweeps: {s: {vary: {angel_deg: [1, 2]}, groups: 2}}"),
         "demo.yaml:6: sweeps.s.vary.angel_deg: incline has no such parameter. Did you mean 'angle_deg'?"),
        (("clips: 5", "sweeps: {s: {vary: {angle_deg: [10, 80]}, groups: 2}}"),
         "demo.yaml:6: sweeps.s.vary.angle_deg: must stay between 5 and 60 deg, but reaches 80."),
        (("clips: 5", "sweeps: {s: {vary: {angle_deg: {range: [5, 45]}}, groups: 2}}"),
         "demo.yaml:6: sweeps.s.vary.angle_deg: must be a list of values, or {range: [low, high, step]} with "
         "three numbers."),
        (("clips: 5", "sweeps: {s: {vary: {look.subject_color: [red, blue]}, groups: 2}}"),
         "demo.yaml:6: sweeps.s.vary.look.subject_color: looks have no such parameter. Did you mean "
         "'subject_colour'?"),
        (("clips: 5", "sweeps: {s: {groups: 2}}"),
         "demo.yaml:6: sweeps.s.vary: is missing: factors (a parameter, or `look.<name>`) with their levels; of "
         "several, every combination."),
        (("clips: 5", "pairs: {p: {groups: 2}}"),
         "demo.yaml:6: pairs.p: takes one intervention: `remove: BODY` or `set: {friction: 0}`."),
        (("clips: 5", "pairs: {p: {groups: 2, remove: stopp}}"),
         "demo.yaml:6: pairs.p.remove: the scene has no body 'stopp'. Did you mean 'stop'?"),
        (("clips: 5", "twins: {t: {groups: 2, violations: [vanishes]}}"),
         "demo.yaml:6: twins.t.violations: must be vanish, appear, teleport, pass_through, swap_colour, "
         "swap_shape, reverse_gravity, gain_energy or time_reversal, not 'vanishes'. Did you mean 'vanish'?"),
        (("splits: {train: 5, sweep_s: 5}", "sweeps: {s: {vary: {angle_deg: [5, 9]}, groups: 2}}"),
         "demo.yaml:6: sweeps.s: makes the split sweep_s, and `splits` has one of that name; rename one of them."),
        (("splits: {train: 5, far: {clips: 5, against: trian}}",),
         "demo.yaml:5: splits.far.against: there is no split 'trian'. Did you mean 'train'?"),
        (("clips: 5", "study: {train: trian}"),
         "demo.yaml:6: study.train: there is no split 'trian'. Did you mean 'train'?"),
        (("clips: 5", "study: {factors: [angle]}"),
         "demo.yaml:6: study.factors.0: there is no such parameter. Did you mean 'angle_deg'?"),
        (("splits: {train: {clips: 5, cases: [{shape: sphere}, {shape: cone}]}}",),
         "demo.yaml:5: splits.train.cases.1.shape: must be sphere, cylinder, hoop or box, not 'cone'."),
        (("clips: 5", "twins: {t: {groups: 2, violations: [vanish]}}", "render: {shutter: 0.5}"),
         "demo.yaml:7: render.shutter: cannot be open in a recipe whose clips change at a frame (twins, pairs with "
         "`at_s`): motion blur would show the change before it comes. Leave it out."),
    ],
)  # fmt: skip
def test_one_mistake(lines: tuple[str, ...], message: str) -> None:
    assert mistakes(*lines) == message
