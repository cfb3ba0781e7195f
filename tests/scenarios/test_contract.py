"""The contract that every scenario of the registry keeps; a new one need not be named here."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st

from simgen.errors import Rejected
from simgen.labels import EVENT_KINDS
from simgen.scenarios import get_scenario
from simgen.scene.json import scene_to_json
from simgen.scene.spec import Video
from tests.scenarios.captions import UNIT_SUFFIXES, check_captions
from tests.scenarios.clips import DESIGNED, NAMES, Clip, clip, draw, ends, is_whole, make, scenes_at_ends
from tests.scenarios.geometry import gap, picture_box, pinhole

# Clips of the defaults that tests look at, by scenario: they are made once, and fewer where each is slow.
INDICES = {name: range(2 if get_scenario(name).slow else 4) for name in NAMES}
OVERLAP_M = 1e-6  # rounding of positions computed from sines and roots
SMALLEST = 0.075  # of the picture's shorter side: a body of 5 pixels at 64 px
SMALLEST_OF_REPLICA = 0.06  # the smallest body of the dataset that is rebuilt: 0.6 m of 10 m in PhyWorld
ROUNDING_PX = 1e-9
THINNEST = 0.01  # of it: what is thinner can hardly be seen
# what counts as motion: this part of the picture's shorter side, or this turn
SEEN_TO_MOVE, SEEN_TO_TURN_DEG = 0.03, 20.0


def check_clip(made: Clip) -> None:
    """What holds for every clip whatever its parameters."""
    scenario, scene, trace = made.scenario, made.scene, made.trace
    assert np.isfinite(trace.state).all()
    assert {event.kind for event in made.events} <= set(scenario.events)
    tolerance = {law.name: law.tolerance for law in scenario.laws}
    # a scene that the recipe composes may show none: its laws hold for some scenes only
    lawless = scenario.qualitative or scenario.name not in DESIGNED
    assert made.law or lawless, "a clip must show at least one law"
    for check in made.law:
        assert check.residual <= tolerance[check.name], check
    for event in made.events:
        assert 0 <= event.time_s <= trace.time_s[-1]
        assert trace.time_s[event.frame] >= event.time_s - 1e-9
        assert event.frame == 0 or trace.time_s[event.frame - 1] < event.time_s
        assert math.isfinite(event.value)
    joined = {frozenset((joint.parent, joint.child)) for joint in scene.joints}
    for index, first in enumerate(scene.bodies):
        for second in scene.bodies[index + 1 :]:
            if not (first.fixed and second.fixed) and frozenset((first.name, second.name)) not in joined:
                assert gap(first, second) >= -OVERLAP_M, (first.name, second.name)
    if scenario.name in DESIGNED:
        check_in_view(made)
    check_captions(made)


def check_in_view(made: Clip) -> None:
    """Every subject is whole in the first picture and large enough to be seen."""
    camera, video = made.scene.cameras[0], made.scene.video
    shorter = min(video.width, video.height)
    smallest = SMALLEST_OF_REPLICA if made.scenario.replica else SMALLEST
    for body in made.scene.bodies:
        if body.role != "subject" or not body.visible:
            continue
        left, top, right, bottom = picture_box(body, camera, video)
        assert left >= -ROUNDING_PX, (body.name, left)
        assert top >= -ROUNDING_PX, (body.name, top)
        assert right <= video.width + ROUNDING_PX, (body.name, right)
        assert bottom <= video.height + ROUNDING_PX, (body.name, bottom)
        thin, long = sorted((right - left, bottom - top))
        assert long >= smallest * shorter - ROUNDING_PX, f"{body.name}: {long:.1f} of {shorter} pixels"
        assert thin >= THINNEST * shorter, f"{body.name}: {thin:.1f} of {shorter} pixels"


@pytest.mark.parametrize("name", NAMES)
def test_clips_of_the_defaults(name: str) -> None:
    for index in INDICES[name]:
        check_clip(clip(name, index))


@pytest.mark.parametrize("name", NAMES)
def test_the_same_draw_gives_the_same_bits(name: str) -> None:
    first, again = clip(name, 1), make(name, *draw(name, 1))
    assert scene_to_json(first.scene) == scene_to_json(again.scene)
    assert first.trace.state.tobytes() == again.trace.state.tobytes()
    assert first.trace.contacts.impulse_n_s.tobytes() == again.trace.contacts.impulse_n_s.tobytes()
    assert (first.events, first.law, first.captions) == (again.events, again.law, again.captions)


@pytest.mark.parametrize("name", NAMES)
def test_another_index_gives_another_clip(name: str) -> None:
    first, second = clip(name, 0), clip(name, 1)
    assert scene_to_json(first.scene) != scene_to_json(second.scene)
    assert first.trace.state.tobytes() != second.trace.state.tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_something_happens(name: str) -> None:
    """A dataset of bodies that stand still would pass everything else here; a third of the clips must not."""
    moving = [seen_to_move(clip(name, index)) for index in INDICES[name]]
    assert sum(moving) >= len(moving) / 3


def seen_to_move(made: Clip) -> bool:
    """Whether at some frame some body is visibly elsewhere, or turned, than in the first."""
    camera, video = made.scene.cameras[0], made.scene.video
    least = SEEN_TO_MOVE * min(video.width, video.height)
    for index, body in enumerate(made.scene.bodies):
        if body.fixed:
            continue
        path = made.trace.position_m[:, index]
        frame = int(np.argmax(np.linalg.norm(path - path[0], axis=1)))
        before, after = (np.array(pinhole(path[f], camera, video)[:2]) for f in (0, frame))
        turn = np.abs(made.trace.orientation_xyzw[:, index] @ made.trace.orientation_xyzw[0, index])
        turned_deg = 2 * math.degrees(math.acos(min(1.0, float(turn.min()))))
        if np.linalg.norm(after - before) > least or turned_deg > SEEN_TO_TURN_DEG:
            return True
    return False


@pytest.mark.parametrize("name", NAMES)
def test_what_cannot_be_seen_changes_nothing_that_can(name: str) -> None:
    """A hidden parameter leaves the first picture as it is, to the bit: bodies, places, turns, camera."""
    params, draws = draw(name, 2)
    scenario = get_scenario(name)
    for parameter in scenario.parameters:
        if parameter.role == "hidden":
            try:
                low, high = (
                    scenario.scene({**params, parameter.name: end}, draws, Video()) for end in ends(parameter)
                )
            except Rejected:
                continue
            assert low.cameras == high.cameras, parameter.name
            for first, second in zip(low.bodies, high.bodies, strict=True):
                seen = [
                    (b.name, b.shape, b.position_m, b.orientation_xyzw, b.role, b.visible)
                    for b in (first, second)
                ]
                assert seen[0] == seen[1], parameter.name


@pytest.mark.parametrize("name", NAMES)
def test_the_camera_does_not_know_the_answer(name: str) -> None:
    """If the scale or the view depended on what drives the motion, the first picture would give it away."""
    cameras = defaultdict(set)
    for parameter, _, scene in scenes_at_ends(name, *draw(name, 3), Video()):
        if parameter.role != "nuisance":
            cameras[parameter.name].add(scene.cameras)
    assert all(len(found) == 1 for found in cameras.values()), cameras


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(256, 256), (320, 180), (180, 320), (64, 64)])
def test_in_view_in_every_shape_of_picture(name: str, size: tuple[int, int]) -> None:
    video = Video(width=size[0], height=size[1], frame_count=2)
    for _, _, scene in scenes_at_ends(name, *draw(name, 0), video):
        check_in_view(replace(clip(name, 0), scene=scene))


@pytest.mark.parametrize("name", DESIGNED)
def test_captions_vary(name: str) -> None:
    """Not one sentence for all: without colours and numbers there are several wordings per tier."""
    for tier in ("plain", "qualitative", "numeric", "outcome"):
        texts = {re.sub(r"[0-9.]+|red|orange|blue", "", words_of(name, index)[tier]) for index in range(6)}
        assert len(texts) >= 2, tier


@cache
def words_of(name: str, index: int) -> dict[str, str]:
    """The captions of a clip; of a slow scenario further wordings of the same two clips."""
    if index in INDICES[name]:
        return clip(name, index).captions
    made = clip(name, index % len(INDICES[name]))
    draws = replace(made.draws, index=index)
    return made.scenario.captions(made.params, made.scene, made.trace, made.events, draws)


def documented(name: str) -> st.SearchStrategy[dict]:
    """Any point of the documented ranges of all parameters at once, their ends more often than not."""
    strategies = {}
    for parameter in get_scenario(name).parameters:
        low, high = parameter.range[0], parameter.range[-1]
        if isinstance(low, str):
            strategies[parameter.name] = st.sampled_from(parameter.range)
        elif is_whole(parameter):
            strategies[parameter.name] = st.integers(int(low), int(high))
        else:
            strategies[parameter.name] = st.one_of(
                st.sampled_from((float(low), float(high))), st.floats(low, high, allow_subnormal=False)
            )
    return st.fixed_dictionaries(strategies)


def check_documented_ranges(name: str, examples: int) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
        phases=[Phase.generate],  # looking for a smaller failing case would simulate hundreds of clips
    )
    @given(documented(name), st.integers(0, 1000))
    def run(params: dict, index: int) -> None:
        _, draws = draw(name, index)
        try:
            made = make(name, params, draws)
        except Rejected:
            reject()  # must be rare: too many are an error of hypothesis's own
        check_clip(made)

    run()


@pytest.mark.parametrize("name", DESIGNED)
def test_the_documented_ranges_work_end_to_end(name: str) -> None:
    check_documented_ranges(name, examples=2 if get_scenario(name).slow else 6)


@pytest.mark.campaign
@pytest.mark.parametrize("name", DESIGNED)
def test_the_documented_ranges_work_end_to_end_many(name: str) -> None:
    check_documented_ranges(name, examples=40 if get_scenario(name).slow else 400)


def check_each_end(name: str, at_once: bool) -> None:
    """One parameter after the other, or all low ends `at_once`, and all high ones."""
    params, draws = draw(name, 5)
    scenario = get_scenario(name)
    telling = [parameter for parameter in scenario.parameters if parameter.role != "nuisance"]
    if at_once:
        cases = [{parameter.name: ends(parameter)[place] for parameter in telling} for place in (0, -1)]
    else:
        cases = [{parameter.name: end} for parameter in telling for end in ends(parameter)]
    rejected = 0
    for case in cases:
        try:
            made = make(name, {**params, **case}, draws)
        except Rejected:
            rejected += 1
        else:
            check_clip(made)
    # a replica drops what its dataset drops: PhyWorld's fast or large balls that have no room
    assert rejected <= len(cases) / (2 if scenario.replica else 4), (
        "too much of the documented ranges makes no clip"
    )


@pytest.mark.parametrize("name", NAMES)
def test_each_end_of_each_range(name: str) -> None:
    check_each_end(name, at_once=get_scenario(name).slow)


@pytest.mark.campaign
@pytest.mark.parametrize("name", [name for name in NAMES if get_scenario(name).slow])
def test_each_end_of_each_range_of_slow_scenarios(name: str) -> None:
    check_each_end(name, at_once=False)


@pytest.mark.parametrize("name", NAMES)
def test_the_table_of_parameters(name: str) -> None:
    scenario = get_scenario(name)
    assert scenario.name == name
    assert scenario.summary.endswith(".")
    assert set(scenario.events) <= set(EVENT_KINDS)
    assert set(scenario.decisive) <= set(scenario.events)
    assert scenario.qualitative != bool(scenario.laws), "laws, or `qualitative = True`"
    names = [parameter.name for parameter in scenario.parameters]
    assert len(set(names)) == len(names)
    for parameter in scenario.parameters:
        assert parameter.name.endswith(UNIT_SUFFIXES[parameter.unit]), parameter.name
        assert parameter.meaning, parameter.name
        support, words = parameter.default.support(), isinstance(parameter.range[0], str)
        if words:
            assert set(support) <= set(parameter.range), parameter.name
        else:
            assert parameter.range[0] < parameter.range[1], parameter.name
            if is_whole(parameter):
                assert all(float(end).is_integer() for end in parameter.range), parameter.name
            assert parameter.range[0] <= min(support) <= max(support) <= parameter.range[1], parameter.name
    for law in scenario.laws:
        assert re.fullmatch(r"[a-z0-9_]+", law.name)
        assert law.name.startswith(name)
        assert law.formula, law.name
        assert law.source, law.name
        assert law.reason, f"{law.name} must say where its tolerance comes from"
        assert 0 < law.tolerance <= 0.01, law.name
