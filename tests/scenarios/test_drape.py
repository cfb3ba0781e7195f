"""Drape: where the net ends up, what holds it, and that what is told of it is told of the whole."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from simgen.build import generate
from simgen.labels import find_events
from simgen.physics import simulate
from simgen.recipe import parse_recipe
from simgen.scenarios import get_scenario
from simgen.scenarios.drape import SIDE, ending
from simgen.scene.appearance import PRESETS, dress
from simgen.scene.colour import difference
from simgen.scene.spec import SceneSpec, Video
from tests.scenarios.clips import Clip, draw, make

# A net right above a ball, or so far off that more than half of it hangs down on one side.
FIXED = {
    "shape": "sphere",
    "size_m": 0.5,
    "width_m": 1.1,
    "height_m": 0.3,
    "angle_deg": 0.0,
    "direction": "right",
    "mass_kg": 0.8,
    "stiffness_n_m": 120.0,
    "gravity_m_s2": 9.81,
}


def clip(**fixed: object) -> Clip:
    return make("drape", *draw("drape", 3, **{**FIXED, **fixed}))


@pytest.fixture(scope="module")
def held() -> Clip:
    return clip(offset_m=0.0, friction=0.9)


@pytest.fixture(scope="module")
def slipped() -> Clip:
    return clip(offset_m=0.35, friction=0.0)


def scene_of(**fixed: object) -> SceneSpec:
    params, draws = draw("drape", 3, **{**FIXED, **fixed})
    return get_scenario("drape").scene(params, draws, Video())


def beads(made: Clip) -> np.ndarray:
    """Where the beads are, (T, rows, columns, 3)."""
    index = [place for place, body in enumerate(made.scene.bodies) if not body.fixed]
    return made.trace.position_m[:, index].reshape(-1, SIDE, SIDE, 3)


def test_a_net_right_above_drapes_the_ball(held: Clip) -> None:
    assert ending(held.scene, held.trace) == "drapes"
    assert "slides off" not in held.captions["outcome"]
    place = beads(held)[-1]
    middle = place[SIDE // 2, SIDE // 2]
    assert middle[:2] == pytest.approx([0.0, 0.0], abs=0.1)
    assert middle[2] > 0.5, "its middle lies on the top of the ball"
    rim = [place[0], place[-1], place[:, 0], place[:, -1]]
    assert max(edge[:, 2].mean() for edge in rim) < 0.3, "its edges hang down on all sides"


def test_without_friction_a_net_off_the_middle_slides_off(slipped: Clip) -> None:
    assert ending(slipped.scene, slipped.trace) == "off"
    assert "to the right" in slipped.captions["outcome"]
    assert beads(slipped)[-1, ..., 0].mean() > 0.3


def test_a_rough_net_far_off_hangs_down_one_side() -> None:
    made = clip(
        shape="capsule",
        size_m=0.65,
        width_m=0.95,
        height_m=0.36,
        offset_m=0.4,
        direction="left",
        friction=1.2,
        mass_kg=0.3,
        stiffness_n_m=250.0,
        gravity_m_s2=15.0,
    )
    assert ending(made.scene, made.trace) == "side"
    assert "left side" in made.captions["outcome"]
    place = beads(made)[-1]
    assert place[..., 2].max() > 0.36, "some of it is higher than the middle"
    assert place[..., 0].mean() < -0.2


def test_it_falls_freely_until_it_touches(held: Clip) -> None:
    """√(2h / g), and from one end of the net to the other the same height: the strings pull nothing."""
    touch = held.events[0]
    assert (touch.kind, touch.bodies[0]) == ("first_contact", 0)
    # the middle bead, right above the top of the ball
    assert touch.time_s == pytest.approx(math.sqrt(2 * (0.3 - radius(held)) / 9.81), abs=2e-3)
    assert touch.value == pytest.approx(9.81 * touch.time_s, rel=0.02)
    before = int(touch.time_s * 24)
    heights = beads(held)[before, ..., 2]
    fallen = held.scene.bodies[1].position_m[2] - heights
    assert fallen == pytest.approx(np.full_like(fallen, 9.81 * (before / 24) ** 2 / 2), abs=1e-9)


def radius(made: Clip) -> float:
    return float(made.scene.bodies[1].shape.size_m[0])


@pytest.mark.parametrize("name", ["held", "slipped"])
def test_the_net_stays_whole(name: str, request: pytest.FixtureRequest) -> None:
    """No string tears or tangles: neighbours stay near, beads do not sink into each other, the body or the ground."""
    made: Clip = request.getfixturevalue(name)
    place, size = beads(made), radius(made)
    pitch = 1.1 / (SIDE - 1 + 0.72)
    for axis in (1, 2):
        length = np.linalg.norm(np.diff(place, axis=axis), axis=-1)
        assert length.max() < 1.6 * pitch
        assert length.min() > 1.9 * size
    assert place[..., 2].min() > 0.9 * size
    away = np.linalg.norm(place - np.array([0.0, 0.0, 0.25]), axis=-1)
    assert away.min() > 0.25 + 0.85 * size


def test_it_calms_down(held: Clip) -> None:
    """Springs and friction take the energy out; nothing puts any in."""
    speed = np.linalg.norm(held.trace.velocity_m_s, axis=2)
    assert speed.max() < 6.0
    assert speed[-1].mean() < 0.1
    energy = 9.81 * beads(held)[..., 2].mean(axis=(1, 2)) + (speed[:, 1:-1] ** 2).mean(axis=1) / 2
    assert energy.max() <= energy[0] * (1 + 1e-9)


def test_events_are_of_the_whole_net(held: Clip, slipped: Clip) -> None:
    """81 beads touch hundreds of times; what is told is when the net first touches the ball, and the ground."""
    assert len(held.trace.contacts) > 500
    for made in (held, slipped):
        others = [index for event in made.events for index in event.bodies if made.scene.bodies[index].fixed]
        assert others == sorted(set(others)), "each once, the ball before the ground"
        for event in made.events:
            contacts = made.trace.contacts
            first = min(
                time_s
                for time_s, a, b in zip(contacts.time_s, contacts.a, contacts.b, strict=True)
                if set(event.bodies) & {0, 82} & {int(a), int(b)}
            )
            assert event.time_s == pytest.approx(first, abs=1e-3)


def test_a_video_that_ends_before_the_touch(held: Clip) -> None:
    scene = replace(held.scene, video=replace(held.scene.video, frame_count=4))
    trace = simulate(scene)
    events = find_events(scene, trace)
    assert events == ()
    captions = get_scenario("drape").captions(held.params, scene, trace, events, held.draws)
    assert "reach" in captions["outcome"]


def test_a_picture_has_a_number_for_every_body_and_string() -> None:
    scene = scene_of()
    assert len(scene.links) == 2 * SIDE * (SIDE - 1)
    assert len(scene.bodies) + len(scene.links) <= 254


@pytest.mark.parametrize("preset", PRESETS)
def test_the_net_is_of_one_colour(preset: str) -> None:
    params, draws = draw("drape", 3, **FIXED)
    scene = dress(get_scenario("drape").scene(params, draws, Video()), {"preset": preset}, draws)
    looks = {body.look for body in scene.bodies if body.role == "prop"} | {link.look for link in scene.links}
    (look,) = looks
    assert look is not None
    assert look.texture == "plain"
    body = scene.body("body").look
    assert body is not None
    assert difference(look.colour, body.colour) > 0.1


def test_a_recipe_may_choose_the_colour_of_the_net() -> None:
    params, draws = draw("drape", 3, **FIXED)
    scene = dress(get_scenario("drape").scene(params, draws, Video()), {"prop_colour": "green"}, draws)
    names = {body.look.colour_name for body in scene.bodies if body.role == "prop" and body.look}
    assert names == {"green"}


def test_a_clip_claims_no_law_and_no_horizon() -> None:
    text = "name: net\nscenario: drape\nclips: 1\nvideo: {size: 32, fps: 24, seconds: 0.5}\n"
    sample = generate(parse_recipe(text, "net.yaml"), 0)
    assert sample.law == ()
    assert sample.decision.kind == "first_contact"
    assert sample.decision.horizon_s == 0.0


@pytest.mark.campaign
@pytest.mark.parametrize("index", range(8))
def test_finer_steps_lead_to_the_same_ending(index: int) -> None:
    params, draws = draw("drape", index)
    scene = get_scenario("drape").scene(params, draws, Video())
    coarse, fine = simulate(scene), simulate(scene, 2)
    assert ending(scene, coarse) == ending(scene, fine)
