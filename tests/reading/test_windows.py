"""Windows of frames, and what of a clip's labels lies within them."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simgen.dataset import decode_video
from simgen.dataset.column_table import CAPTION_TIERS, DESCRIBING
from simgen.errors import DatasetError
from simgen.labels.decision import FRAMES_NEEDED, Decision, decide
from simgen.labels.events import Event
from simgen.physics.trace import Contacts
from simgen.reading import Clip, View, open_dataset, windows
from simgen.reading.view import generator
from simgen.verification.comparison import same
from tests.dataset.samples import HandRecipe, build


def shown(clip: Clip, view: View, draw: tuple[int, int, int] = (0, 0, 0)) -> Clip:
    return Clip(clip.values, clip.layout, view, draw)


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(1, 9), st.integers(0, 9))
def test_a_stride_takes_every_so_many_th_frame(frames: int, stride: int, start: int) -> None:
    view = View(frames=frames, stride=stride, start=start)
    indices = windows.frame_indices(view, start + frames * stride, 24.0, generator((0, 0, 0), "start"))
    assert indices.tolist() == list(range(start, start + frames * stride, stride))


@settings(deadline=None)
@given(
    st.integers(1, 60), st.sampled_from([12.0, 23.976, 24.0, 25.0, 29.97, 30.0, 60.0]), st.floats(0.05, 1.0)
)
def test_resampling_takes_the_nearest_recorded_frame(frames: int, recorded_fps: float, share: float) -> None:
    """Against the definition, searched for among all recorded frames in exact fractions."""
    fps = round(recorded_fps * share, 2) or 1.0
    step = Fraction(str(recorded_fps)) / Fraction(str(fps))
    recorded = [
        min(range(math.ceil(k * step) + 2), key=lambda frame: (abs(frame - k * step), -frame))
        for k in range(frames)
    ]
    assert windows.offset(np.arange(frames), 1, fps, recorded_fps).tolist() == recorded
    assert len(set(recorded)) == frames  # no frame twice


def test_every_window_is_as_likely_and_comes_from_its_draw_alone() -> None:
    view = View(frames=4, stride=2)

    def start(seed: int, epoch: int, number: int) -> int:
        return int(windows.frame_indices(view, 12, 24.0, generator((seed, epoch, number), "start"))[0])

    drawn = [start(3, epoch, number) for epoch in range(10) for number in range(200)]
    np.random.seed(1)  # noqa: NPY002
    assert [start(3, epoch, number) for epoch in range(10) for number in range(200)] == drawn
    counts = Counter(drawn)
    assert sorted(counts) == list(range(12 - 6))  # the last window ends with the last frame
    expected = len(drawn) / 6
    chi_squared = sum((count - expected) ** 2 / expected for count in counts.values())
    assert chi_squared < 20.5  # 99.9 % of fair draws, 5 degrees of freedom
    for other in ([start(4, 0, n) for n in range(200)], [start(3, 1, n) for n in range(200)]):
        assert other != drawn[:200]


def test_where_windows_lie() -> None:
    draw = generator((0, 0, 0), "start")
    cases = {
        View(): list(range(14)),
        View(stride=5): [0, 5, 10],
        View(stride=5, start=1): [1, 6, 11],
        View(start=11): [11, 12, 13],
        View(fps=8.0): [0, 3, 6, 9, 12],
        View(frames=4, start="middle"): [5, 6, 7, 8],
        View(frames=5, start="middle"): [4, 5, 6, 7, 8],
        View(frames=14, start="random"): list(range(14)),
        View(frames=1, start=13): [13],
        View(frames=3, fps=16.0, start=2): [2, 4, 5],  # 1.5 frames: the later of two as near
    }
    for view, indices in cases.items():
        assert windows.frame_indices(view, 14, 24.0, draw).tolist() == indices, view


def test_arrays_are_cut_to_the_window(dense: Path) -> None:
    clip = open_dataset(dense, passes=["depth", "segmentation", "normals", "flow"])[2]
    for view in (View(frames=3, start=1), View(frames=2, stride=2, start=2), View(frames=2, start="random")):
        cut = shown(clip, view, (1, 2, 3))
        indices = cut.frame_indices
        assert len(indices) == view.frames
        for name in (
            "state",
            "visible",
            "boxes",
            "centroids",
            "projected_px",
            "depth_m",
            "segmentation",
            "normals",
        ):
            assert np.array_equal(getattr(cut, name), getattr(clip, name)[indices]), name
        assert np.array_equal(cut.rgb, clip.rgb[indices])
        assert np.array_equal(cut.video("side"), clip.video("side")[indices])
        side, whole = cut.frames("side"), clip.frames("side")
        for name in ("boxes", "centroids", "depth_m"):
            assert np.array_equal(getattr(side, name), getattr(whole, name)[indices]), name
        assert (side.flow is None) == (view.stride > 1)
        # a camera that moves has a pose per frame, one that stands still has one
        assert np.array_equal(
            cut.cameras["side"].world_to_camera, clip.cameras["side"].world_to_camera[indices]
        )
        assert np.array_equal(cut.cameras["main"].world_to_camera, clip.cameras["main"].world_to_camera)
        assert cut.fps == clip.fps / view.stride
        assert cut.params == clip.params and cut.law == clip.law and cut.scene == clip.scene
    assert shown(clip, View(fps=6.0)).fps == 6.0


def test_flow_leads_from_frame_to_frame(dense: Path) -> None:
    clip = open_dataset(dense, passes=["flow"])[1]
    assert (clip.flow[2:4] != 0).any(axis=(1, 2, 3)).all()
    cut = shown(clip, View(frames=3, start=1))
    expected = clip.flow[1:4].copy()
    expected[-1] = 0  # where it goes after the last frame is not shown
    assert np.array_equal(cut.flow, expected)
    assert not cut.dense("flow")["flow_occluded"][-1].any()
    assert np.array_equal(cut.dense("flow")["flow_occluded"][:2], clip.dense("flow")["flow_occluded"][1:3])
    with pytest.raises(DatasetError, match="leaves frames out: read flow without stride and fps"):
        _ = shown(clip, View(frames=2, stride=2, start=0)).flow


def test_a_window_that_does_not_fit_names_the_clip(plain: Path) -> None:
    clip = open_dataset(plain)[0]
    for view in (
        View(frames=15),
        View(frames=4, start=11),
        View(fps=25.0),
        View(start=14),
        View(frames=8, stride=2),
    ):
        with pytest.raises(DatasetError, match="clip hand-train-00000000 cannot be cut so: "):
            _ = shown(clip, view).state


FPS = 24.0


@st.composite
def contact_tables(draw: st.DrawFn) -> Contacts:
    """Of 20 frames, up to three pairs; some rows without an impulse."""
    keys = draw(
        st.sets(st.tuples(st.integers(1, 19), st.sampled_from([(0, 1), (0, 2), (1, 2)])), max_size=30)
    )
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    rows = sorted(keys)
    frame = np.array([f for f, _ in rows], np.int32)
    normal = rng.normal(size=(len(rows), 3))
    return Contacts(
        frame=frame,
        time_s=(frame - rng.uniform(0, 1, len(rows))) / FPS,
        a=np.array([pair[0] for _, pair in rows], np.int32),
        b=np.array([pair[1] for _, pair in rows], np.int32),
        position_m=rng.normal(size=(len(rows), 3)),
        normal=normal / np.linalg.norm(normal, axis=1, keepdims=True),
        impulse_n_s=rng.choice([0.0, 0.5, 2.0], len(rows)),
    )


some_windows = st.sets(st.integers(0, 19), min_size=1, max_size=20).map(sorted).map(np.array)


@settings(max_examples=200, deadline=None)
@given(contact_tables(), some_windows)
def test_contacts_within_a_window(contacts: Contacts, indices: np.ndarray) -> None:  # type: ignore[type-arg]
    """Row by row, by the definition: everything that happens between two frames of the window is one row."""
    cut = windows.contacts_within(contacts, indices, FPS)
    expected: dict[tuple[int, int, int], list[int]] = {}
    for row, frame in enumerate(contacts.frame):
        for number in range(1, len(indices)):
            if indices[number - 1] < frame <= indices[number]:
                expected.setdefault((number, int(contacts.a[row]), int(contacts.b[row])), []).append(row)
    assert list(zip(cut.frame, cut.a, cut.b, strict=True)) == sorted(expected)
    start_s = indices[0] / FPS
    for place, key in enumerate(sorted(expected)):
        rows = expected[key]
        impulse = contacts.impulse_n_s[rows]
        assert cut.impulse_n_s[place] == pytest.approx(sum(impulse))
        assert cut.time_s[place] == pytest.approx(max(0.0, contacts.time_s[rows].min() - start_s), abs=1e-12)
        weights = impulse if sum(impulse) else np.ones(len(rows))
        assert cut.position_m[place] == pytest.approx(np.average(contacts.position_m[rows], 0, weights))
        mean = np.average(contacts.normal[rows], 0, weights)
        assert cut.normal[place] == pytest.approx(mean / np.linalg.norm(mean))
        if len(rows) == 1:
            assert cut.position_m[place].tolist() == pytest.approx(contacts.position_m[rows[0]].tolist())
    for name in ("frame", "a", "b"):
        assert getattr(cut, name).dtype == np.int32


def test_the_contacts_of_the_whole_are_those_of_the_recording(plain: Path) -> None:
    for clip in open_dataset(plain)[:10]:
        cut = windows.contacts_within(clip.contacts, np.arange(14), clip.fps)
        for name in ("frame", "a", "b", "time_s", "position_m", "normal", "impulse_n_s"):
            assert np.array_equal(getattr(cut, name), getattr(clip.contacts, name)), name


@pytest.mark.parametrize("stride", [1, 2, 3, 5])
def test_impulses_of_a_window_change_the_momentum_that_it_shows(stride: int) -> None:
    """Real physics: two balls collide without gravity or friction, and what one of them is pushed with between two
    frames of the window is the change of its momentum between them (Newton's second law).
    """
    pytest.importorskip("pybullet")
    from simgen.build.clip import compose
    from simgen.physics import simulate
    from simgen.recipe import load_recipe
    from simgen.recipe.draws import Draws

    recipe = load_recipe("collision")
    draws = Draws(recipe.seed, "train", 0, 0)
    design = recipe.clip("train", 0)
    scene = compose(recipe, design, recipe.draw_params(design, draws), draws)
    trace = simulate(scene)
    assert len(trace.contacts) > 0
    for start in (0, 3, int(trace.contacts.frame[0]) - 1):
        indices = np.arange(start, len(trace.time_s), stride)
        cut = windows.contacts_within(trace.contacts, indices, scene.video.fps)
        assert len(cut) > 0
        velocity = trace.velocity_m_s[indices]
        for body, sign in ((0, 1.0), (1, -1.0)):  # normals point from b to a
            pushed = np.zeros_like(velocity[:, body])
            np.add.at(pushed, cut.frame, sign * cut.impulse_n_s[:, None] * cut.normal)
            gained = scene.bodies[body].mass_kg * np.diff(velocity[:, body], axis=0)
            assert pushed[1:] == pytest.approx(gained, abs=1e-6)


def test_events_within_a_window() -> None:
    events = (
        Event("starts_moving", 0, 0.0, (1,), 1.0),
        Event("collision", 5, 4.5 / FPS, (0, 1), 2.0),
        Event("apex", 6, 6 / FPS, (1,), 3.0),
        Event("comes_to_rest", 9, 8.2 / FPS, (1,), 4.0),
    )

    def cut(*indices: int) -> list[tuple[str, int, float]]:
        found = windows.events_within(events, np.array(indices), FPS)
        return [(event.kind, event.frame, round(event.time_s * FPS, 9)) for event in found]

    assert windows.events_within(events, np.arange(14), FPS) == events
    assert cut(0, 1, 2, 3) == [("starts_moving", 0, 0.0)]
    assert cut(0, 4, 8, 12) == [
        ("starts_moving", 0, 0.0),
        ("collision", 2, 4.5),
        ("apex", 2, 6.0),
        ("comes_to_rest", 3, 8.2),
    ]
    assert cut(5, 6, 7) == [("apex", 1, 1.0)]  # the collision was before frame 5
    assert cut(4, 5) == [("collision", 1, 0.5)]
    assert cut(6, 7) == [("apex", 0, 0.0)]  # at frame 6 exactly
    assert cut(6, 8) == [("apex", 0, 0.0)]  # comes to rest between 8 and 9
    assert cut(10, 11) == []


def test_the_decision_of_a_window() -> None:
    decision = Decision("collision", 5, 4.5 / FPS, True, 3, 7, 13 / FPS)

    def cut(*indices: int) -> Decision:
        return windows.decision_within(decision, np.array(indices), FPS)

    assert cut(*range(14)) == decision
    early = cut(0, 1, 2, 3)
    assert early == Decision("", -1, -1.0, False, 3, 0, 3 / FPS)
    late = cut(4, 5, 6)
    assert (late.kind, late.frame, late.in_video) == ("collision", 1, True)
    assert late.time_s == pytest.approx(0.5 / FPS)
    assert (late.event_frames, late.outcome_frames) == (0, 0)  # nothing is claimed of what came before
    assert late.horizon_s == pytest.approx(2 / FPS)
    # an event that is known from its frame and the next one: frames 6 and 8 of 0, 2, 4, 6, 8
    assert cut(0, 2, 4, 6, 8).outcome_frames == 5
    chaotic = replace(decision, horizon_s=5 / FPS)
    assert windows.decision_within(chaotic, np.array([4, 5, 6, 7]), FPS).horizon_s == pytest.approx(1 / FPS)
    assert windows.decision_within(chaotic, np.array([8, 9]), FPS).horizon_s == 0.0


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([*FRAMES_NEEDED, "collision", "apex", "never"]), min_size=1, max_size=4),
    st.lists(st.tuples(st.sampled_from(["collision", "apex", "bounce"]), st.floats(0.01, 10.9)), max_size=5),
    st.integers(1, 4),
)
def test_a_strided_window_is_decided_as_a_recording_of_it_would_be(
    ways: list[str], moments: list[tuple[str, float]], stride: int
) -> None:
    """Where a window from the first frame on shows every event, its decision is that of a clip recorded so."""
    events = tuple(
        Event(kind, math.ceil(frame), frame / FPS, (0,), 0.0)
        for kind, frame in sorted(moments, key=lambda m: m[1])
    )
    revealed = {str(number): way for number, way in enumerate(ways)}
    indices = np.arange(0, 36, stride)
    recorded = decide(("collision",), revealed, events, 36, 35 / FPS)
    again = tuple(replace(event, frame=-(-event.frame // stride)) for event in events)
    filmed = decide(("collision",), revealed, again, len(indices), indices[-1] / FPS)
    cut = windows.decision_within(recorded, indices, FPS)
    # what an event at frame 0 or 1 reveals is told by as few frames as a picture, velocity or acceleration
    if all(event.frame > 1 for event in events):
        assert cut == filmed


def decided(clip: Clip, frame: int, *later: int) -> Clip:
    """The same clip with its decisive event at `frame`, and other events later."""
    events = [
        {"kind": kind, "frame": at, "time_s": at / FPS, "bodies": [1], "value": 1.0}
        for at, kind in ((frame, "first_contact"), *((at, "bounce") for at in later))
    ]
    decision = {**clip.values["decision"], "kind": "first_contact", "frame": frame, "in_video": True}
    decision["time_s"] = frame / FPS
    return Clip({**clip.values, "events": events, "decision": decision}, clip.layout)


@pytest.mark.parametrize("last", [8, 12, 13])
def test_captions_tell_what_the_window_shows(plain: Path, last: int) -> None:
    event = 6
    clip = decided(open_dataset(plain)[0], event, last)
    texts = clip.captions
    assert len(set(texts.values())) == len(CAPTION_TIERS)

    def told(**view: object) -> set[str]:
        captions = {tier: shown(clip, View(caption=tier, **view)).caption for tier in CAPTION_TIERS}  # type: ignore[arg-type]
        assert shown(clip, View(**view)).captions == captions  # type: ignore[arg-type]
        assert all(text in (texts[tier], texts["plain"]) for tier, text in captions.items())
        return {tier for tier, text in captions.items() if text == texts[tier]}

    assert told() == set(CAPTION_TIERS)
    assert told(stride=1, size=16) == set(CAPTION_TIERS)
    assert told(frames=3, start=0) == {"plain", "hidden"}
    assert told(frames=event + 1, start=0) == {"plain", "qualitative", "numeric", "hidden"}
    assert told(frames=3, start=event - 1) == {"plain", "qualitative", "hidden"}
    assert told(frames=3, start=event + 1) == {"plain", "hidden"}
    # frames 0, 3, … 12: all of the clip, unless something happens in the last one
    assert told(stride=3) == (
        set(CAPTION_TIERS) if last <= 12 else {"plain", "qualitative", "numeric", "hidden"}
    )
    # frames 0, 2, … 10: the rest is longer than a step
    assert told(stride=2, frames=6, start=0) == {"plain", "qualitative", "numeric", "hidden"}


def test_the_empty_caption_and_empty_tiers(plain: Path) -> None:
    """`none` is there whatever was read or built; a tier without words has none in any window."""
    clip = open_dataset(plain, columns=["state"])[0]
    assert shown(clip, View(caption="none")).caption == ""
    assert shown(clip, View(caption="none", frames=2)).caption == ""
    second = open_dataset(plain)[1]
    assert second.captions["counterfactual"] == ""
    assert shown(second, View(caption="counterfactual")).caption == ""
    assert shown(second, View(caption="counterfactual", frames=2, start=0)).caption == ""
    assert shown(second, View(frames=2, start=0)).captions["counterfactual"] == ""


def test_a_tier_is_drawn_per_clip_and_epoch(plain: Path) -> None:
    clip = decided(open_dataset(plain)[0], 6)
    view = View(caption="random")
    tiers = {text: tier for tier, text in clip.captions.items()}

    def drawn(epoch: int) -> list[str]:
        return [tiers[shown(clip, view, (0, epoch, number)).caption] for number in range(400)]

    first = drawn(0)
    assert first == drawn(0) != drawn(1)
    assert all(count > 60 for count in Counter(first).values()) and set(first) == set(DESCRIBING)
    hidden = View(caption="random", frames=2, start=0)
    assert {tiers[shown(clip, hidden, (0, 0, number)).caption] for number in range(50)} == {"plain"}


def test_datasets_without_decisions_tell_outcomes_of_whole_clips_only(plain: Path) -> None:
    clip = open_dataset(plain)[0]
    old = replace(clip.layout, labels=())
    values = {name: value for name, value in clip.values.items() if name != "decision"}
    assert Clip(values, old, View(caption="outcome")).caption == clip.captions["outcome"]
    assert Clip(values, old, View(frames=13, start=0, caption="qualitative")).caption == clip.caption


def test_the_whole_clip_is_read_as_it_always_was(plain: Path) -> None:
    for clip in open_dataset(plain)[:3]:
        assert (
            clip.view == View() and clip.state is clip.values["state"] and clip.boxes is clip.values["boxes"]
        )
        assert np.array_equal(clip.rgb, decode_video(clip.values["video"]))
        assert clip.contacts is clip.values["contacts"]
        assert clip.frame_indices.tolist() == list(range(14))


@pytest.mark.parametrize("format", ["parquet", "webdataset"])
def test_the_columns_that_a_view_needs_are_enough(plain: Path, format: str) -> None:
    manifest = open_dataset(plain).manifest
    views = (View(), View(frames=4), View(size=16), View(frames=4, caption="random"), View(caption="numeric"))
    for view in views:
        for names in (
            ("video",),
            ("caption",),
            ("state", "captions"),
            ("contacts", "events", "decision"),
            ("boxes",),
        ):
            needed = view.needs(names, manifest.layout)
            assert not set(needed) & set(names)
            clip = open_dataset(plain, columns=[*names, *needed], format=format)[1]
            found = shown(clip, view, (0, 0, 1)).example(names)
            assert set(found) == set(names)
    assert View().needs(("video", "caption"), manifest.layout) == ()


def test_a_lossless_recording_is_cut_as_well(tmp_path: Path) -> None:
    build(tmp_path, HandRecipe(codec="ffv1"), {"train": [2]})
    clip = open_dataset(tmp_path)[1]
    cut = shown(clip, View(frames=3, stride=4, start=2))
    assert np.array_equal(cut.rgb, decode_video(clip.values["video"])[[2, 6, 10]])


def test_both_formats_are_shown_alike(dense: Path) -> None:
    names = [
        "video",
        "state",
        "caption",
        "captions",
        "boxes_side",
        "depth",
        "events",
        "decision",
        "frame_indices",
    ]
    view = View(frames=3, size=20, caption="random")
    both = [open_dataset(dense, passes=["depth"], format=format) for format in ("parquet", "webdataset")]
    for number, (one, other) in enumerate(zip(*both, strict=True)):
        draw = (7, 1, number)
        assert same(shown(one, view, draw).example(names), shown(other, view, draw).example(names))
        assert same(shown(one, view, draw).contacts, shown(other, view, draw).contacts)
