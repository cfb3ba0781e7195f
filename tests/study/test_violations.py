"""Impossible twins: the same to the bit before the violation, different at it, and labelled with what is seen."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from simgen.errors import BuildError, Rejected
from simgen.labels.events import Event
from simgen.physics.energy import mechanical_energy
from simgen.recipe.splits import VIOLATIONS as OF_RECIPES
from simgen.render import PASSES, render
from simgen.scene.json import scene_from_json, scene_to_json
from simgen.study.captions import impossible_captions
from simgen.study.take import film, take_events
from simgen.study.violations import VIOLATIONS, Violated, violate
from tests.scenarios.captions import check_grammar
from tests.study.clips import FRAMES, clip

SCENARIOS = (
    "drop",
    "bounce",
    "incline",
    "collision",
    "projectile",
    "occlusion",
    "collide_and_hide",
    "pendulum",
    "sliding_stop",
    "newtons_cradle",
)


@cache
def twins(name: str, kind: str) -> Violated | None:
    for index in range(3):
        scene, trace, draws = clip(name, index)
        try:
            return violate(kind, scene, trace, draws)
        except Rejected:
            continue
    return None


PAIRS = [(name, kind) for name in SCENARIOS for kind in VIOLATIONS]


@pytest.mark.parametrize(("name", "kind"), PAIRS)
def test_twins_are_the_same_before_the_violation_and_differ_at_it(name: str, kind: str) -> None:
    found = twins(name, kind)
    if found is None:
        pytest.skip(f"{name} offers no occasion for {kind}")
    frame, take, possible = found.frame, found.take, found.possible
    assert found.kind == kind
    assert take.cut == frame
    assert 2 <= frame <= FRAMES - 4
    one, other = film(possible, passes=PASSES), film(take, passes=PASSES)
    for label in ("rgb", "depth_m", "segmentation", "normals", "visible_pixels", "boxes", "centroids"):
        assert np.array_equal(getattr(one, label)[:frame], getattr(other, label)[:frame]), label
    assert np.array_equal(possible.trace.state[:frame], take.trace.state[:frame])
    assert np.array_equal(possible.present()[:frame], take.present()[:frame])
    early, early_too = possible.trace.contacts.frame < frame, take.trace.contacts.frame < frame
    assert np.array_equal(possible.trace.contacts.time_s[early], take.trace.contacts.time_s[early_too])
    assert not np.array_equal(one.rgb[frame], other.rgb[frame])
    assert np.isfinite(take.trace.state).all()
    assert np.isfinite(other.boxes).all()  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "kind"), PAIRS)
def test_events_and_captions_of_the_impossible_are_fit_to_be_read(name: str, kind: str) -> None:
    found = twins(name, kind)
    if found is None:
        pytest.skip(f"{name} offers no occasion for {kind}")
    events = take_events(found.take)
    absent = ~found.take.present()
    times = [event.time_s for event in events]
    assert times == sorted(times)
    for event in events:
        assert math.isfinite(event.value)
        assert not any(absent[event.frame, body] and absent[event.frame - 1, body] for body in event.bodies)
    if kind != "vanish":  # of what is gone nothing is told in the frame in which it goes
        assert before(found, events) == before(found, take_events(found.possible))
    _, _, draws = clip(name)
    captions = impossible_captions(found, events, draws)
    assert set(captions) == {"plain", "qualitative", "numeric", "outcome"}
    for caption in captions.values():
        check_grammar(caption)


def before(found: Violated, events: tuple[Event, ...]) -> list[Event]:
    """What happened before the violation; whether something lies still to the end is not among that."""
    return [event for event in events if event.frame < found.frame and event.kind != "comes_to_rest"]


@pytest.mark.parametrize("kind", VIOLATIONS)
def test_every_kind_finds_its_occasion(kind: str) -> None:
    assert sum(twins(name, kind) is not None for name in SCENARIOS) >= 3


def test_the_same_address_makes_the_same_twins() -> None:
    scene, trace, draws = clip("projectile")
    one, other = violate("vanish", scene, trace, draws), violate("vanish", scene, trace, draws)
    assert (one.frame, one.body) == (other.frame, other.body)
    assert np.array_equal(one.take.trace.state, other.take.trace.state)
    frames = {violate("vanish", scene, trace, replace(draws, index=index)).frame for index in range(8)}
    assert len(frames) > 3


def test_vanish_and_appear_change_who_is_there() -> None:
    gone, came = twins("incline", "vanish"), twins("incline", "appear")
    assert gone is not None
    assert came is not None
    assert not gone.take.present()[gone.frame :, gone.body].any()
    assert gone.take.present()[: gone.frame].all()
    assert came.take.present()[came.frame :].all()
    assert not came.take.present()[: came.frame, came.body].any()
    assert not came.possible.present()[:, came.body].any()
    assert not film(came.possible).visible_pixels[:, came.body].any()  # type: ignore[index]


def test_teleport_jumps_further_than_the_body_is_wide() -> None:
    found = twins("drop", "teleport")
    assert found is not None
    frames = film(found.take)
    assert frames.boxes is not None
    assert frames.centroids is not None
    before, after = frames.centroids[found.frame - 1 : found.frame + 1, found.body]
    x0, _, x1, _ = frames.boxes[found.frame - 1, found.body]
    assert np.linalg.norm(after - before) > 0.8 * (x1 - x0)


def test_what_passes_through_does_not_touch() -> None:
    for name in ("collision", "drop"):
        found = twins(name, "pass_through")
        assert found is not None
        contacts = found.take.trace.contacts
        late = contacts.frame >= found.frame
        pairs = set(zip(contacts.a[late].tolist(), contacts.b[late].tolist(), strict=True))
        assert tuple(sorted((found.body, found.other))) not in pairs
        there = found.possible.trace.contacts
        assert len(there.frame[there.frame >= found.frame - 1]) > 0


def test_energy_comes_from_nowhere() -> None:
    for name, kind in (("drop", "gain_energy"), ("drop", "time_reversal")):
        found = twins(name, kind)
        assert found is not None
        energy, _ = mechanical_energy(found.take.scene, found.take.trace.state)
        assert energy[-1] > 1.05 * energy[found.frame - 1]
        undisturbed, _ = mechanical_energy(found.possible.scene, found.possible.trace.state)
        assert (np.diff(undisturbed) < 1e-6 * np.ptp(undisturbed)).all()


def test_reversed_gravity_accelerates_upwards() -> None:
    found = twins("drop", "reverse_gravity")
    assert found is not None
    trace, frame = found.take.trace, found.frame
    gravity = found.take.scene.gravity_m_s2[2]
    change = np.diff(trace.velocity_m_s[frame:, 0, 2]) / np.diff(trace.time_s[frame:])
    np.testing.assert_allclose(change, -gravity, rtol=1e-6)


def test_time_reversal_runs_backwards() -> None:
    found = twins("sliding_stop", "time_reversal") or twins("drop", "time_reversal")
    assert found is not None
    take = found.take
    turn = next(
        turn
        for turn in range(found.frame)
        if np.array_equal(
            take.trace.state[found.frame, :, :7], found.possible.trace.state[2 * turn - found.frame, :, :7]
        )
    )
    for frame in range(found.frame, FRAMES):
        then = found.possible.trace.state[2 * turn - frame]
        assert np.array_equal(take.trace.state[frame, :, :7], then[:, :7])
        assert np.array_equal(take.trace.state[frame, :, 7:], -then[:, 7:])
    contacts = take.trace.contacts
    assert (np.diff(contacts.frame) >= 0).all()
    ends = take.trace.time_s[contacts.frame]
    starts = take.trace.time_s[contacts.frame - 1]
    assert ((contacts.time_s >= starts - 1e-9) & (contacts.time_s <= ends + 1e-9)).all()


def test_swaps_behind_a_screen_show_when_it_comes_out() -> None:
    for kind in ("swap_colour", "swap_shape", "vanish"):
        found = twins("occlusion", kind)
        assert found is not None
        assert found.hidden
        frames = render(found.possible.scene, found.possible.trace)
        assert frames.visible_pixels is not None
        # a part of a pixel that its centre is not in is enough to be seen
        assert frames.visible_pixels[found.frame + 1, found.body] > 0
        assert frames.visible_pixels[found.frame - 1, found.body] == 0


def test_a_swapped_body_differs_in_that_alone() -> None:
    colour, shape = twins("drop", "swap_colour"), twins("drop", "swap_shape")
    assert colour is not None
    assert shape is not None
    assert np.array_equal(colour.take.trace.state, colour.possible.trace.state)
    assert colour.take.later is not None
    assert shape.take.later is not None
    was, now = (scene.bodies[colour.body] for scene in (colour.take.scene, colour.take.later))
    assert now.look is not None
    assert was.look is not None
    assert replace(now, look=was.look) == was
    assert now.look.colour_name not in (was.look.colour_name, "")
    assert shape.take.later.bodies[shape.body].shape.kind != shape.take.scene.bodies[shape.body].shape.kind


def test_later_scenes_survive_json() -> None:
    for name, kind in (("drop", "pass_through"), ("incline", "vanish"), ("collision", "swap_shape")):
        found = twins(name, kind)
        assert found is not None
        assert found.take.later is not None
        assert scene_from_json(scene_to_json(found.take.later)) == found.take.later


def test_kinds_and_subjects_that_there_are_not() -> None:
    scene, trace, draws = clip("collision")
    with pytest.raises(BuildError, match="there is no kind 'explode'; the kinds are vanish, appear"):
        violate("explode", scene, trace, draws)
    with pytest.raises(
        BuildError, match="no body named 'ground' is free to move; those that are: ball_a, ball_b"
    ):
        violate("vanish", scene, trace, draws, "ground")
    assert scene.bodies[violate("vanish", scene, trace, draws, "ball_b").body].name == "ball_b"
    with pytest.raises(Rejected, match="no-reverse-gravity"):
        violate("reverse_gravity", scene, trace, draws)  # there is none


def test_the_page_and_the_recipes_know_the_same_kinds() -> None:
    page = (Path(__file__).parents[2] / "docs" / "twins.md").read_text()
    assert [line for line in page.splitlines() if line.startswith("| `")] == [
        f"| `{kind}` | {meaning} |" for kind, meaning in VIOLATIONS.items()
    ]
    assert tuple(VIOLATIONS) == OF_RECIPES
