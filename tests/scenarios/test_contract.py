"""The contract that every scenario of the registry keeps; a new one need not be named here."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simgen.labels import EVENT_KINDS
from simgen.scenarios import get_scenario
from simgen.scenarios.base import Parameter
from simgen.scene.json import scene_to_json
from simgen.scene.spec import Video
from tests.scenarios.captions import check_captions
from tests.scenarios.clips import DESIGNED, NAMES, Clip, clip, draw, make
from tests.scenarios.geometry import gap, pinhole

INDICES = range(6)
UNIT_SUFFIXES = {
    "deg": "_deg",
    "kg": "_kg",
    "m": "_m",
    "m/s": "_m_s",
    "m/s²": "_m_s2",
    "rad/s": "_rad_s",
    "s": "_s",
    "1": "",
    "": "",
}
OVERLAP_M = 1e-6  # rounding of positions computed from sines and roots
SMALLEST = 0.075  # of the picture's shorter side: a body of 5 pixels at 64 px


def check_clip(made: Clip) -> None:
    """What holds for every clip whatever its parameters."""
    scenario, scene, trace = made.scenario, made.scene, made.trace
    assert np.isfinite(trace.state).all()
    assert {event.kind for event in made.events} <= set(scenario.events)
    tolerance = {law.name: law.tolerance for law in scenario.laws}
    # a scene that the recipe composes may show none: its laws hold for some scenes only
    assert made.law or scenario.name not in DESIGNED, "a clip must show at least one law"
    for check in made.law:
        assert check.residual <= tolerance[check.name], check
    for event in made.events:
        assert 0 <= event.time_s <= trace.time_s[-1]
        assert trace.time_s[event.frame] >= event.time_s - 1e-9
        assert event.frame == 0 or trace.time_s[event.frame - 1] < event.time_s
        assert math.isfinite(event.value)
    for index, first in enumerate(scene.bodies):
        for second in scene.bodies[index + 1 :]:
            if not (first.fixed and second.fixed):
                assert gap(first, second) >= -OVERLAP_M, (first.name, second.name)
    if scenario.name in DESIGNED:
        check_in_view(made)
    check_captions(made)


def check_in_view(made: Clip) -> None:
    """Every subject is whole in the first picture and large enough to be seen."""
    camera, video = made.scene.cameras[0], made.scene.video
    shorter = min(video.width, video.height)
    for body in made.scene.bodies:
        if body.role != "subject":
            continue
        radius = body.shape.size_m[0] / (2 if body.shape.kind == "box" else 1)
        u, v, depth = pinhole(np.array(body.position_m), camera, video)
        reach = radius / depth * video.height / 2 / math.tan(math.radians(camera.vertical_fov_deg) / 2)
        assert reach <= u <= video.width - reach, body.name
        assert reach <= v <= video.height - reach, body.name
        assert 2 * reach >= SMALLEST * shorter, f"{body.name}: {2 * reach:.1f} of {shorter} pixels"


@pytest.mark.parametrize("name", NAMES)
def test_clips_of_the_defaults(name: str) -> None:
    for index in INDICES:
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
    """A dataset of bodies that stand still would pass everything else here."""
    moved = [
        max(
            float(np.linalg.norm(made.trace.position_m[-1, body] - made.trace.position_m[0, body]))
            for body, spec in enumerate(made.scene.bodies)
            if not spec.fixed
        )
        for made in (clip(name, index) for index in INDICES)
    ]
    assert sorted(moved)[len(moved) // 2] > 0.1


@pytest.mark.parametrize("name", NAMES)
def test_what_cannot_be_seen_changes_nothing_that_can(name: str) -> None:
    """A hidden parameter leaves the first picture as it is, to the bit: bodies, places, turns, camera."""
    params, draws = draw(name, 2)
    scenario = get_scenario(name)
    for parameter in scenario.parameters:
        if parameter.role == "hidden":
            low, high = (
                scenario.scene({**params, parameter.name: end}, draws, Video()) for end in parameter.range
            )
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
    params, draws = draw(name, 3)
    scenario = get_scenario(name)
    for parameter in scenario.parameters:
        if parameter.role != "nuisance":
            scenes = [
                scenario.scene({**params, parameter.name: end}, draws, Video()) for end in ends(parameter)
            ]
            assert len({scene.cameras for scene in scenes}) == 1, parameter.name


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(256, 256), (320, 180), (180, 320), (64, 64)])
def test_in_view_in_every_shape_of_picture(name: str, size: tuple[int, int]) -> None:
    params, draws = draw(name, 0)
    scenario, video = get_scenario(name), Video(width=size[0], height=size[1], frame_count=2)
    for parameter in scenario.parameters:
        for end in ends(parameter):
            now = {**params, parameter.name: end}
            scene = scenario.scene(now, draws, video)
            check_in_view(replace(clip(name, 0), scene=scene))


@pytest.mark.parametrize("name", DESIGNED)
def test_captions_vary(name: str) -> None:
    """Not one sentence for all: without colours and numbers there are several wordings per tier."""
    for tier in ("plain", "qualitative", "numeric", "outcome"):
        texts = {
            re.sub(r"[0-9.]+|red|orange|blue", "", clip(name, index).captions[tier])
            for index in range(len(INDICES))
        }
        assert len(texts) >= 2, tier


def ends(parameter: Parameter) -> tuple:
    """The ends of a numeric range, every word of the other kind."""
    return tuple(parameter.range)


def documented(name: str) -> st.SearchStrategy[dict]:
    """Any point of the documented ranges of all parameters at once, their ends more often than not."""
    strategies = {}
    for parameter in get_scenario(name).parameters:
        low, high = parameter.range[0], parameter.range[-1]
        if isinstance(low, str):
            strategies[parameter.name] = st.sampled_from(parameter.range)
        else:
            strategies[parameter.name] = st.one_of(
                st.sampled_from((float(low), float(high))), st.floats(low, high)
            )
    return st.fixed_dictionaries(strategies)


def check_documented_ranges(name: str, examples: int) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(documented(name), st.integers(0, 1000))
    def run(params: dict, index: int) -> None:
        _, draws = draw(name, index)
        check_clip(make(name, params, draws))

    run()


@pytest.mark.parametrize("name", DESIGNED)
def test_the_documented_ranges_work_end_to_end(name: str) -> None:
    check_documented_ranges(name, examples=12)


@pytest.mark.campaign
@pytest.mark.parametrize("name", DESIGNED)
def test_the_documented_ranges_work_end_to_end_many(name: str) -> None:
    check_documented_ranges(name, examples=400)


@pytest.mark.parametrize("name", NAMES)
def test_each_end_of_each_range(name: str) -> None:
    params, draws = draw(name, 5)
    for parameter in get_scenario(name).parameters:
        if parameter.role != "nuisance":
            for end in ends(parameter):
                check_clip(make(name, {**params, parameter.name: end}, draws))


@pytest.mark.parametrize("name", NAMES)
def test_the_table_of_parameters(name: str) -> None:
    scenario = get_scenario(name)
    assert scenario.name == name
    assert scenario.summary.endswith(".")
    assert set(scenario.events) <= set(EVENT_KINDS)
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
            assert parameter.range[0] <= min(support) <= max(support) <= parameter.range[1], parameter.name
    for law in scenario.laws:
        assert re.fullmatch(r"[a-z0-9_]+", law.name)
        assert law.name.startswith(name)
        assert law.formula, law.name
        assert law.source, law.name
        assert law.reason, f"{law.name} must say where its tolerance comes from"
        assert 0 < law.tolerance <= 0.01, law.name
