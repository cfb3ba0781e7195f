"""Clips of a group: what they share to the bit, and where they part."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simgen import generate
from simgen.dataset.sample import Sample
from simgen.errors import BuildError
from simgen.recipe import Recipe, parse_recipe
from simgen.scene.spec import SceneSpec

VIDEO = "video: {size: 64, fps: 12, seconds: 1}\n"


def recipe(scenario: str, *lines: str) -> Recipe:
    return parse_recipe(
        f"name: g\nscenario: {scenario}\nclips: 1\n{VIDEO}" + "\n".join(lines) + "\n", "g.yaml"
    )


def group(made: Recipe, split: str, number: int = 0) -> list[Sample]:
    size = len(made.designs[split].members)
    return [generate(made, size * number + place, split) for place in range(size)]


def same_frames(one: Sample, other: Sample) -> int:
    """How many first frames are identical to the bit."""
    differs = [bool((a != b).any()) for a, b in zip(one.rgb, other.rgb, strict=True)]
    return differs.index(True) if True in differs else len(differs)


# ── sweeps
# ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("scenario", ["incline", "drop", "projectile", "circular_motion"])
def test_a_mass_that_changes_nothing_changes_no_pixel(scenario: str) -> None:
    made = recipe(scenario, "sweeps: {m: {vary: {mass_kg: [0.5, 1, 5]}, groups: 2}}")
    for number in range(2):
        light, *others = group(made, "sweep_m", number)
        for heavier in others:
            assert same_frames(light, heavier) == len(light.rgb)
            assert heavier.params["mass_kg"] > light.params["mass_kg"]
            assert (heavier.study.group, heavier.study.varied) == (number, "mass_kg")


@pytest.mark.parametrize("scenario", ["bounce", "drop", "incline"])
def test_elasticity_changes_nothing_before_the_first_contact(scenario: str) -> None:
    """The incline's ball touches the ramp all along; there it is the board that it meets."""
    made = recipe(scenario, "sweeps: {e: {vary: {elasticity: [0.3, 0.6, 0.9]}, groups: 2}}")
    for number in range(2):
        dull, *others = group(made, "sweep_e", number)
        meets = [event.time_s for event in dull.events if event.kind in ("first_contact", "bounce")]
        for livelier in others:
            alike = same_frames(dull, livelier)
            if not meets:
                assert alike == len(dull.rgb)
            else:  # the first frame after the contact may look the same: little has happened by then
                assert alike > meets[0] * dull.fps
                assert alike < len(dull.rgb) or meets[0] * dull.fps > len(dull.rgb) - 3


def test_friction_of_a_slide_shows_from_the_second_frame_on() -> None:
    made = recipe("sliding_stop", "sweeps: {f: {vary: {friction: [0.1, 0.5]}, groups: 2}}")
    for number in range(2):
        slippery, rough = group(made, "sweep_f", number)
        assert 1 <= same_frames(slippery, rough) < len(rough.rgb)
        assert (slippery.state[0] == rough.state[0]).all()


def test_a_swept_angle_leaves_everything_else_of_the_scene() -> None:
    made = recipe(
        "incline", "params: {shape: sphere}", "sweeps: {a: {vary: {angle_deg: [5, 25, 45]}, groups: 2}}"
    )

    def rest(scene: SceneSpec) -> SceneSpec:
        kept = [body for body in scene.bodies if body.name not in ("ramp", "stop")]
        turned = tuple(replace(body, orientation_xyzw=(0.0, 0.0, 0.0, 1.0)) for body in kept)
        return scene.with_bodies(turned)

    for number in range(2):
        flat, *steeper = group(made, "sweep_a", number)
        for other in steeper:
            assert rest(other.scene) == rest(flat.scene)
            for name in (
                "ramp",
                "stop",
            ):  # they look the same wherever they are, and are painted to their size
                looks = [replace(clip.scene.body(name).look, texture_size_m=1.0) for clip in (flat, other)]
                assert looks[0] == looks[1]
            assert {**other.params, "angle_deg": 0} == {**flat.params, "angle_deg": 0}


def test_a_swept_look_leaves_the_motion() -> None:
    made = recipe("collision", "sweeps: {c: {vary: {look.light_azimuth_deg: [0, 120]}, groups: 1}}")
    one, other = group(made, "sweep_c")
    assert (one.state == other.state).all()
    assert (one.rgb != other.rgb).any()
    assert one.params == other.params


OVERLAPPING = """\
name: g
scenario: scene
clips: 1
params: {x: {uniform: [0.1, 2]}, near: 0}
bodies:
  a: {shape: sphere, size: 0.2, position: [0, 0, 1]}
  b: {shape: sphere, size: 0.2, position: ["=x-near", 0, 1]}
video: {size: 32, fps: 8, seconds: 0.5}
sweeps: {s: {vary: {near: [0, 0.5]}, groups: 12}}
"""


def test_a_group_is_fit_as_a_whole_or_drawn_again_as_a_whole() -> None:
    """At a distance of 0.4 to 0.9 m the first clip is fit, and the second one has two balls in one another."""
    made = parse_recipe(OVERLAPPING, "g.yaml")
    attempts = []
    for number in range(12):
        one, other = group(made, "sweep_s", number)
        assert one.attempt == other.attempt
        assert one.params["x"] == other.params["x"]
        assert abs(one.params["x"] - 0.5) >= 0.4 - 2e-3
        attempts.append(one.attempt)
    assert any(attempts)  # the test tests something


def test_a_member_does_not_depend_on_which_was_made_before() -> None:
    made = parse_recipe(OVERLAPPING, "g.yaml")
    forwards = [generate(made, index, "sweep_s") for index in range(6)]
    backwards = [generate(made, index, "sweep_s") for index in reversed(range(6))][::-1]
    for one, other in zip(forwards, backwards, strict=True):
        assert one.attempt == other.attempt
        assert (one.rgb == other.rgb).all()
        assert (one.state == other.state).all()


# ── pairs
# ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_without_the_other_ball_the_first_one_goes_on() -> None:
    made = recipe("collision", "pairs: {alone: {remove: ball_b, groups: 3}}")
    for number in range(3):
        factual, alone = group(made, "pairs_alone", number)
        gone = alone.scene.body_index("ball_b")
        assert alone.study.intervention == "remove ball_b"
        assert alone.study.intervention_frame == 0
        assert not alone.study.present[:, gone].any()
        assert (alone.visible[:, gone] == 0).all()
        assert not len(alone.contacts) or gone not in {*alone.contacts.a, *alone.contacts.b}
        moving = alone.scene.body_index("ball_a")
        speed = np.linalg.norm(alone.state[:, moving, 7:10], axis=1)
        assert np.ptp(speed) < 1e-4  # nothing is in its way
        assert factual.captions["counterfactual"].startswith("If ")
        assert alone.captions["counterfactual"]
        assert "ball_b" not in " ".join(alone.captions.values())


def test_a_pair_shares_everything_up_to_the_intervention() -> None:
    made = recipe(
        "sliding_stop",
        "passes: [depth, segmentation, normals]",
        "params: {friction: 0.3, speed_m_s: {uniform: [2, 3]}}",
        "pairs: {ice: {set: {friction: 0.05}, at_s: 0.5, groups: 2}}",
    )
    for number in range(2):
        factual, ice = group(made, "pairs_ice", number)
        frame = ice.study.intervention_frame
        assert frame == 6
        assert same_frames(factual, ice) > frame
        assert same_frames(factual, ice) < len(ice.rgb)
        assert (factual.state[:frame] == ice.state[:frame]).all()
        one, other = factual.frames["main"], ice.frames["main"]
        for name in ("depth_m", "segmentation", "normals"):
            first, second = getattr(one, name), getattr(other, name)
            assert (first[:frame] == second[:frame]).all(), name
        (subject,) = (i for i, body in enumerate(ice.scene.bodies) if not body.fixed)
        speed = np.linalg.norm(ice.state[frame:, subject, 7:10], axis=1)
        time_s = np.arange(len(speed)) / 12
        slowed = speed[0] - 0.05 * ice.params["gravity_m_s2"] * time_s  # v = v₀ − μ g t
        assert np.abs(speed - slowed).max() < 2e-3
        braked = np.linalg.norm(factual.state[frame:, subject, 7:10], axis=1)
        assert braked[-1] < speed[-1] - 0.5


def test_a_change_that_can_be_seen_is_refused_in_the_middle() -> None:
    made = recipe("incline", "pairs: {p: {set: {angle_deg: 50}, at_s: 0.5, groups: 1}}")
    with pytest.raises(BuildError, match="what changes in the middle of a clip must not be seen by itself"):
        generate(made, 1, "pairs_p")


def test_from_the_start_a_change_may_be_seen_and_the_law_holds() -> None:
    made = recipe("incline", "params: {shape: sphere}", "pairs: {p: {set: {angle_deg: 50}, groups: 2}}")
    for number in range(2):
        factual, steep = group(made, "pairs_p", number)
        assert steep.params == {**factual.params, "angle_deg": 50.0}
        assert [check.name for check in steep.law] == ["incline_acceleration"]
        assert steep.law[0].measured > factual.law[0].measured


# ── twins
# ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("scenario", "violations"),
    [
        ("occlusion", ["vanish", "swap_colour", "swap_shape"]),
        ("projectile", ["teleport", "reverse_gravity", "appear"]),
        ("bounce", ["gain_energy", "pass_through", "time_reversal"]),
    ],
)
def test_twins_are_the_same_up_to_the_frame_that_is_named(scenario: str, violations: list[str]) -> None:
    made = recipe(
        scenario, f"twins: {{t: {{violations: [{', '.join(violations)}], groups: {len(violations)}}}}}"
    )
    for number, kind in enumerate(violations):
        possible, impossible = group(made, "twins_t", number)
        assert (possible.study.plausible, possible.study.violation, possible.study.violation_frame) == (
            True,
            "",
            -1,
        )
        assert (impossible.study.plausible, impossible.study.violation) == (False, kind)
        assert same_frames(possible, impossible) == impossible.study.violation_frame
        assert impossible.law == ()
        assert impossible.params == possible.params
        assert np.isfinite(impossible.state).all()
