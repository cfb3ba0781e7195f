"""The shortcut audit of recipes: planted shortcuts are found, what ships is free of them."""

from __future__ import annotations

from typing import Any

import pytest

from simgen.recipe import Recipe
from simgen.recipe.loading import recipe_from_data
from simgen.scenarios import get_scenario
from simgen.study.audit import FactorAudit, audit_factors, audit_first_frame, clips_to_audit, pairs_to_audit
from simgen.study.dependence import PairRow
from simgen.study.first_frame import FirstFrameAudit, Score

HIDDEN = {"hide": ["ramp", "stop"]}


def incline(**changes: Any) -> Recipe:
    data: dict[str, Any] = {"name": "audited", "scenario": "incline", "study": {"factors": ["angle_deg"]}}
    split = changes.pop("train", {})
    return recipe_from_data({**data, "splits": {"train": {"clips": 200, **split}}, **changes})


def test_a_colour_that_goes_with_the_speed_is_found() -> None:
    recipe = recipe_from_data(
        {
            "name": "confounded",
            "scenario": "uniform_motion",
            "splits": {
                "train": {
                    "clips": 100,
                    "cases": [
                        {"speed_m_s": {"uniform": [0.4, 0.8]}, "look.subject_colour": "red"},
                        {"speed_m_s": {"uniform": [0.8, 1.2]}, "look.subject_colour": "blue"},
                    ],
                }
            },
        }
    )
    found = audit_factors(recipe, "train", clips=500)
    assert [(row.first, row.second) for row in found.shortcuts] == [("look.subject_colour", "speed_m_s")]
    assert found.shortcuts[0].bits == pytest.approx(1.0, abs=0.03)  # which of the two cases it is


@pytest.mark.parametrize("sampling", ["independent", "sobol"])
def test_independent_draws_raise_no_alarm(sampling: str) -> None:
    found = audit_factors(incline(sampling=sampling, look={"preset": "varied"}, study={}), "train", clips=500)
    assert len(found.rows) > 100
    assert found.shortcuts == ()
    assert found.text == (
        f"No nuisance factor tells a studied one: {len(found.rows)} pairs in 500 clips, compared with 199 shuffles."
    )


def test_the_place_of_the_ball_on_the_incline_says_nothing_of_the_angle() -> None:
    """What `simgen.scenarios.incline` claims: with ramp and board not drawn, the first frame is the same."""
    found = audit_first_frame(incline(params={"shape": "sphere"}, train=HIDDEN), "train", clips=150)
    assert {score.factor for score in found.scores} == {"angle_deg"}
    assert all(not score.told and score.score < 0.05 for score in found.scores)
    assert found.text == "The boxes of the first frame tell none of the factors (150 clips)."


def test_the_ramp_tells_the_angle_and_the_ball_alone_does_not() -> None:
    found = audit_first_frame(incline(params={"shape": "sphere"}), "train", clips=100)
    everything, moving = found.scores
    assert everything.told and everything.score > 0.9
    assert not moving.told
    assert found.shortcuts == ()


def test_a_start_that_goes_with_the_angle_is_found() -> None:
    cases = [
        {"angle_deg": {"uniform": [5, 15]}, "start_height_m": {"uniform": [1.6, 1.8]}},
        {"angle_deg": {"uniform": [15, 25]}, "start_height_m": {"uniform": [1.8, 2.0]}},
    ]
    recipe = incline(params={"shape": "sphere"}, train={**HIDDEN, "cases": cases})
    (score,) = audit_first_frame(recipe, "train", clips=150).shortcuts
    assert (score.factor, score.bodies) == ("angle_deg", "moving")
    # 3/4 of the angle's variance is between the cases, and a parabola through the height gives 3/4 of that
    assert score.score == pytest.approx(9 / 16, abs=0.1)
    (row,) = audit_factors(recipe, "train", clips=400).shortcuts
    assert (row.first, row.second) == ("start_height_m", "angle_deg")


def test_a_ramp_that_turns_about_a_fixed_point_leaks_its_angle_though_it_is_not_drawn() -> None:
    """The leak of the first prototype of the incline study."""
    recipe = recipe_from_data(
        {
            "name": "leaky",
            "scenario": "scene",
            "study": {"factors": ["angle_deg"]},
            "params": {"angle_deg": {"uniform": [5, 30]}, "radius_m": {"uniform": [0.1, 0.15]}},
            "bodies": {
                "ball": {
                    "shape": "sphere",
                    "size": "=radius_m",
                    "position": [
                        "=-1.0 * cos(angle_deg * pi / 180)",
                        0,
                        "=0.3 + 1.0 * sin(angle_deg * pi / 180) + radius_m",
                    ],
                }
            },
            "camera": {"position": [0, -5, 1], "target": [0, 0, 0.6]},
            "splits": {"train": 100},
        }
    )
    found = audit_first_frame(recipe, "train", clips=100)
    assert [score.factor for score in found.shortcuts] == ["angle_deg"]
    assert found.shortcuts[0].score > 0.95
    assert "The first frame's boxes of the moving bodies alone tell angle_deg: R² " in found.text


def test_which_pairs_are_audited() -> None:
    parameters = get_scenario("uniform_motion").parameters
    roles = {parameter.name: parameter.role for parameter in parameters}
    names = [*roles, "look.subject_colour"]
    pairs = pairs_to_audit(names, parameters)
    assert {roles.get(first, "nuisance") for first, _ in pairs} == {"nuisance"}
    assert {roles[second] for _, second in pairs} <= {"causal", "hidden"}
    assert ("look.subject_colour", "speed_m_s") in pairs
    studied = pairs_to_audit(names, parameters, ["speed_m_s"])
    assert {second for _, second in studied} == {"speed_m_s"}
    assert {first for first, _ in studied} == set(names) - {"speed_m_s"}
    assert pairs_to_audit(["a", "b", "c", "look.x"]) == [
        *(("a", "b"), ("a", "c"), ("b", "c")),
        *(("look.x", "a"), ("look.x", "b"), ("look.x", "c")),
    ]


def test_clips_of_a_mix_and_of_a_blend() -> None:
    mixed = recipe_from_data(
        {"name": "both", "scenario": "mix", "scenarios": ["incline", "drop"], "splits": {"train": 10}}
    )
    clips = clips_to_audit(mixed, "train", "drop", 30)
    assert len(clips) == 30
    assert {mixed.scenario_name(clip) for clip in clips} == {"drop"}
    blended = recipe_from_data(
        {
            "name": "blend",
            "scenario": "incline",
            "splits": {
                "far": {"clips": 10, "params": {"angle_deg": {"uniform": [35, 60]}}},
                "mixed": {"clips": 40, "mix": {"from": "far", "clips": 10}},
            },
        }
    )
    assert len(clips_to_audit(blended, "mixed", "", 500)) == 40
    assert len(clips_to_audit(blended, "far", "", 500)) == 500
    assert len(audit_factors(mixed, "train", "drop", clips=60).rows) > 0


def test_the_words_and_the_table() -> None:
    rows = (
        PairRow("radius_m", "angle_deg", 0.5, -0.25, 0.1234, 12.0, True),
        PairRow("look.x", "angle_deg", None, None, 0.0, 0.5, False),
    )
    audit = FactorAudit(2000, rows)
    assert audit.text == ("radius_m tells angle_deg: mutual information 0.123 bit, rank correlation −0.25.")
    assert audit.markdown.splitlines()[2:] == [
        "| `radius_m` | `angle_deg` | 0.123 bit | +0.50 | −0.25 | yes |",
        "| `look.x` | `angle_deg` | 0.000 bit |  |  | no |",
    ]
    assert FactorAudit(0, ()).text == "No nuisance factor varies beside one that is studied."
    scores = (
        Score("angle_deg", "moving", "R²", 0.563, 0.04, True),
        Score("shape", "everything", "errors saved", -0.01, 0.02, False),
    )
    frames = FirstFrameAudit(300, scores)
    assert frames.text == (
        "The first frame's boxes of the moving bodies alone tell angle_deg: R² 0.56, by chance at most 0.04."
    )
    assert frames.markdown.splitlines()[2:] == [
        "| `angle_deg` | the moving bodies alone | R² 0.56 | 0.04 | yes |",
        "| `shape` | all that is seen | errors saved −0.01 | 0.02 | no |",
    ]


def test_filming_is_told_about() -> None:
    heard: list[tuple[int, int]] = []
    audit_first_frame(incline(), "train", clips=20, progress=lambda done, total: heard.append((done, total)))
    assert heard == [(done, 20) for done in range(1, 21)]
