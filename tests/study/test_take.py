"""Films of takes: identical to the bit before the cut, true in every label after it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simgen.errors import RenderError
from simgen.labels import find_events
from simgen.physics import continue_from, simulate
from simgen.render import PASSES, RenderSettings, render
from simgen.scene.presence import links_drawn
from simgen.scene.spec import Force
from simgen.study.interventions import Intervention, intervene, without
from simgen.study.take import Take, film, film_refusal, take_events
from tests.study.clips import FRAMES, clip

CUT = 12
LABELS = ("rgb", "depth_m", "segmentation", "normals", "visible_pixels", "alone_pixels", "boxes", "centroids")
# The last two have links, and the second of them one that grows as the body moves.
SCENES = (
    ("collision", "ball_b"),
    ("incline", "subject"),
    ("occlusion", "subject"),
    ("pendulum", "bob"),
    ("spring", "body"),
)


def take_without(name: str, body: str) -> Take:
    scene, trace, _ = clip(name)
    return intervene(scene, trace, Intervention(CUT, remove=body))


@pytest.mark.parametrize(("name", "body"), SCENES)
def test_frames_before_the_cut_are_those_of_the_undisturbed_clip(name: str, body: str) -> None:
    scene, trace, _ = clip(name)
    take = take_without(name, body)
    undisturbed, frames = render(scene, trace, passes=PASSES), film(take, passes=PASSES)
    for label in LABELS:
        assert np.array_equal(getattr(frames, label)[:CUT], getattr(undisturbed, label)[:CUT])
    for label in ("flow", "flow_occluded"):
        assert np.array_equal(getattr(frames, label)[: CUT - 1], getattr(undisturbed, label)[: CUT - 1])
    assert not np.array_equal(frames.rgb[CUT], undisturbed.rgb[CUT])
    assert len(frames.rgb) == FRAMES


@pytest.mark.parametrize(("name", "body"), SCENES)
@pytest.mark.parametrize("engine", ["raycast", "tiny"])
def test_what_is_gone_is_not_drawn(name: str, body: str, engine: str) -> None:
    scene, _, _ = clip(name)
    index, gone = scene.body_index(body), without(scene, body)
    frames = render(gone, simulate(gone), RenderSettings(engine=engine), ("segmentation",))  # type: ignore[arg-type]
    assert frames.segmentation is not None
    assert frames.visible_pixels is not None
    assert frames.alone_pixels is not None
    assert frames.boxes is not None
    assert not (frames.segmentation == index + 1).any()
    hidden = set(range(len(scene.links))) - set(links_drawn(gone))
    assert not np.isin(frames.segmentation, [len(scene.bodies) + 1 + link for link in hidden]).any()
    assert not frames.visible_pixels[:, index].any()
    assert not frames.alone_pixels[:, index].any()
    assert not frames.boxes[:, index].any()


def test_a_link_keeps_its_number_when_another_is_gone() -> None:
    scene, trace, _ = clip("coupled_springs", size=96)
    gone = without(scene, "body_a")
    kept = set(links_drawn(gone))
    assert 0 < len(kept) < len(scene.links)
    frames = render(gone, trace, passes=("segmentation",))
    assert frames.segmentation is not None
    seen = {int(label) - len(scene.bodies) - 1 for label in np.unique(frames.segmentation)}
    assert {label for label in seen if label >= 0} == kept


def test_the_flow_across_the_cut_shows_the_motion_to_the_later_scene() -> None:
    scene, trace, _ = clip("collision")
    a, b = scene.body_index("ball_a"), scene.body_index("ball_b")
    frames = film(take_without("collision", "ball_b"), passes=("flow", "segmentation"))
    undisturbed = render(scene, trace, passes=("flow",))
    assert frames.flow is not None
    assert frames.flow_occluded is not None
    assert frames.segmentation is not None
    assert undisturbed.flow is not None
    label = frames.segmentation[CUT - 1]
    assert (label == b + 1).any()
    assert (frames.flow[CUT - 1][label == b + 1] == 0).all()
    assert frames.flow_occluded[CUT - 1][label == b + 1].all()
    # what stays moves as it did: it is where it was at the frame of the cut
    stays = label == a + 1
    assert stays.any()
    np.testing.assert_array_equal(frames.flow[CUT - 1][stays], undisturbed.flow[CUT - 1][stays])
    assert np.abs(frames.flow[CUT - 1][stays]).max() > 0.1


def test_a_teleport_flows_to_where_the_body_turns_up() -> None:
    scene, trace, _ = clip("drop")
    moved = trace.state[CUT].copy()
    moved[0, 0] += 0.3
    take = Take(scene, continue_from(scene, trace, CUT, moved), CUT, scene, ("subject",))
    frames = film(take, passes=("flow", "segmentation"))
    assert frames.flow is not None
    assert frames.segmentation is not None
    assert frames.centroids is not None
    ball = frames.segmentation[CUT - 1] == 1
    jump = frames.centroids[CUT, 0] - frames.centroids[CUT - 1, 0]
    assert abs(jump[0]) > 3
    np.testing.assert_allclose(np.median(frames.flow[CUT - 1][ball], axis=0), jump, atol=1.0)


def test_cameras_that_follow_and_orbit_go_on_across_the_cut() -> None:
    for motion in ({"motion": "follow", "follow": "subject"}, {"motion": "orbit", "orbit_deg_s": 30.0}):
        scene, trace, _ = clip("incline")
        scene = replace(scene, cameras=(replace(scene.cameras[0], **motion),))  # type: ignore[arg-type]
        same = film(Take(scene, trace, CUT, scene))
        assert np.array_equal(same.rgb, render(scene, trace).rgb)


def test_present_says_who_is_there() -> None:
    take = take_without("collision", "ball_b")
    present = take.present()
    assert present.shape == (FRAMES, 3)
    assert present[:, 0].all()
    assert present[:CUT, 1].all()
    assert not present[CUT:, 1].any()
    gone = np.broadcast_to(take.trace.state[CUT, 1, :7], take.trace.state[CUT:, 1, :7].shape)
    assert np.array_equal(take.trace.state[CUT:, 1, :7], gone)
    assert not take.trace.state[CUT:, 1, 7:].any()


def test_motion_blur_and_pieces_of_links_are_refused() -> None:
    take = take_without("spring", "body")
    with pytest.raises(RenderError, match=r"cannot have motion blur.*leave `shutter` out of `render`"):
        film(take, RenderSettings(shutter=0.5))
    with pytest.raises(
        RenderError, match=r"'tiny' draws links in pieces .*use `render: \{engine: raycast\}`"
    ):
        film(take, RenderSettings(engine="tiny"))
    scene, trace, _ = clip("spring")
    assert film_refusal(Take(scene, trace), RenderSettings(shutter=0.5)) == ""


def test_a_take_holds_together() -> None:
    scene, trace, _ = clip("drop")
    with pytest.raises(ValueError, match="a take with a cut has a later scene"):
        Take(scene, trace, 3)
    with pytest.raises(ValueError, match="frame 30 is no cut of a video of 30 frames"):
        Take(scene, trace, 30, scene)
    with pytest.raises(ValueError, match="the same bodies in the same order"):
        Take(scene, trace, 3, scene.with_bodies(scene.bodies[::-1]))


@pytest.mark.parametrize(
    "name", ["drop", "incline", "collision", "occlusion", "collide_and_hide", "projectile"]
)
def test_events_of_a_take_that_changes_nothing_are_those_of_the_clip(name: str) -> None:
    scene, trace, _ = clip(name)
    assert take_events(Take(scene, trace, CUT, scene)) == find_events(scene, trace)


def test_what_is_gone_has_no_events_afterwards_and_keeps_those_of_before() -> None:
    scene, trace, _ = clip("occlusion")
    index = scene.body_index("subject")
    mine = [event for event in find_events(scene, trace) if index in event.bodies]
    for cut in range(2, FRAMES - 1, 4):
        take = intervene(scene, trace, Intervention(cut, remove="subject"))
        assert take_events(take) == tuple(event for event in mine if event.frame < cut)


def test_a_jump_is_no_event() -> None:
    scene, trace, _ = clip("drop")
    # from the air onto the ground, at rest: it neither lands nor bounces on the way
    moved = trace.state[6].copy()
    moved[0, 2], moved[0, 7:13] = trace.position_m[:, 0, 2].min(), 0.0
    take = Take(scene, continue_from(scene, trace, 6, moved), 6, scene, ("subject",), trace)
    kinds = {event.kind for event in take_events(take) if event.frame <= 6}
    assert "bounce" not in kinds
    assert "apex" not in kinds


def test_a_force_that_hangs_on_what_is_gone_pulls_no_more() -> None:
    scene, _, _ = clip("collision")
    tied = replace(scene, forces=(Force("spring", "ball_a", "ball_b", stiffness_n_m=10.0),))
    take = intervene(tied, simulate(tied), Intervention(CUT, remove="ball_b"))
    velocity = take.trace.velocity_m_s[CUT + 1 :, 0]
    assert np.abs(velocity - velocity[0]).max() < 1e-9
    assert all(np.isfinite(event.value) for event in take_events(take))
