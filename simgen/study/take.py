"""What is filmed of one clip of a pair: a scene, and from some frame on perhaps another one.

A clip in which a body is taken away, or vanishes, has two scenes: the one before the cut and the one after it. They
hold the same bodies in the same order, so that every label has the same rows throughout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simgen.errors import RenderError
from simgen.labels.detection import find_events
from simgen.labels.events import Event
from simgen.physics.trace import Contacts, Trace
from simgen.render import render
from simgen.render.frames import Frames
from simgen.render.settings import RenderSettings
from simgen.scene.camera import world_to_camera
from simgen.scene.spec import Camera, SceneSpec

__all__ = ["Take", "film", "film_refusal", "shoot", "take_events"]

Floats = NDArray[np.float64]
BEHIND_M = 1e4  # behind a camera, where nothing is seen


@dataclass(frozen=True, slots=True)
class Take:
    """What is filmed of one clip: `scene` up to frame `cut`, `later` from it on. T frames, N bodies.

    `trace` is the whole video, joined at the cut; a body that is not present stands still in the last pose it had
    (or the first it will have). `jumped` names bodies whose pose does not go on from the frame before the cut: they
    turn up elsewhere, or as something else, and between the two frames nothing happened to them.
    """

    scene: SceneSpec
    trace: Trace
    cut: int | None = None  # 1 to T − 1; None: the scene is the same throughout
    later: SceneSpec | None = None  # given with `cut`
    jumped: tuple[str, ...] = ()
    # The motion that the scene has without the cut: that of the other clip of the pair. Events before the cut may
    # depend on how it would have gone on. None: as `trace` has it.
    undisturbed: Trace | None = None

    def __post_init__(self) -> None:
        if (self.cut is None) != (self.later is None):
            raise ValueError("a take with a cut has a later scene, and one without has none")
        if self.later is not None and self.cut is not None:
            if not 1 <= self.cut < len(self.trace.time_s):
                raise ValueError(f"frame {self.cut} is no cut of a video of {len(self.trace.time_s)} frames")
            if [body.name for body in self.later.bodies] != [body.name for body in self.scene.bodies]:
                raise ValueError("both scenes of a take must hold the same bodies in the same order")

    def scene_of(self, frame: int) -> SceneSpec:
        """The scene that frame shows."""
        return (
            self.later
            if self.later is not None and self.cut is not None and frame >= self.cut
            else self.scene
        )

    def present(self) -> NDArray[np.bool_]:
        """(T, N) whether the body is there in that frame."""
        return np.array(
            [[body.present for body in self.scene_of(f).bodies] for f in range(len(self.trace.time_s))]
        )


def film_refusal(take: Take, settings: RenderSettings) -> str:
    """Why the take cannot be filmed with these settings, a sentence that says what to change; "" if it can."""
    if take.cut is None:
        return ""
    if settings.shutter > 0:
        return (
            "a clip that changes at a frame cannot have motion blur, which reaches across that frame: "
            "leave `shutter` out of `render`"
        )
    if settings.engine != "raycast" and take.scene.links:
        return (
            f"the engine {settings.engine!r} draws links in pieces that depend on the whole video, so the frames "
            "before a change would not be those of the undisturbed clip: use `render: {engine: raycast}`"
        )
    return ""


def film(
    take: Take,
    settings: RenderSettings | None = None,
    passes: Sequence[str] = (),
    camera: Camera | None = None,
) -> Frames:
    """The T frames of the take, as `simgen.render.render` gives them.

    Every frame before the cut has the bits of the undisturbed clip's, in every pass but one: the flow of the last of
    them shows the motion to the first frame of the later scene, as the flow of every frame does. There, what has gone
    is occluded, and has no flow. Raises RenderError also for what `film_refusal` says.
    """
    settings = RenderSettings() if settings is None else settings
    camera = take.scene.cameras[0] if camera is None else camera
    if take.cut is None or take.later is None:
        return render(take.scene, take.trace, settings, passes, camera)
    if refusal := film_refusal(take, settings):
        raise RenderError(f"{refusal[0].upper()}{refusal[1:]}.")
    cut, count = take.cut, len(take.trace.time_s)
    before = shoot(take.scene, take.trace, range(cut), settings, passes, camera)
    # Cameras and coils take their bearings from the first frame, so it comes along.
    after = shoot(take.later, take.trace, (0, *range(cut, count)), settings, passes, camera)
    frames = _spliced(before, after)
    if frames.flow is not None and frames.flow_occluded is not None:
        frames.flow[cut - 1], frames.flow_occluded[cut - 1] = _flow_across(take, cut, camera)
    return frames


def shoot(
    scene: SceneSpec,
    trace: Trace,
    rows: Sequence[int],
    settings: RenderSettings | None,
    passes: Sequence[str],
    camera: Camera,
) -> Frames:
    """Those frames of a scene's motion."""
    video = replace(scene.video, frame_count=len(rows))
    return render(replace(scene, video=video), _rows(trace, rows), settings, passes, camera)


def _rows(trace: Trace, rows: Sequence[int]) -> Trace:
    """Those frames of the trace, without its contacts, which nobody sees."""
    chosen = list(rows)
    return Trace(trace.time_s[chosen], trace.state[chosen], _no_contacts(), trace.step_s)


def _no_contacts() -> Contacts:
    whole, real = np.zeros(0, np.int32), np.zeros(0)
    return Contacts(whole, real, whole, whole, np.zeros((0, 3)), np.zeros((0, 3)), real)


def _spliced(before: Frames, after: Frames) -> Frames:
    """All frames of the first, and those of the second but its first."""

    def both(name: str) -> NDArray[np.generic] | None:
        first, second = getattr(before, name), getattr(after, name)
        return None if first is None else np.concatenate([first, second[1:]])

    return Frames(**{name: both(name) for name in Frames.__dataclass_fields__})  # type: ignore[arg-type]


def _flow_across(take: Take, cut: int, camera: Camera) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Flow (H, W, 2) and its occlusion (H, W) from the last frame before the cut to the first after it.

    A body of only one of the two scenes is put behind the camera in the other one's frame.
    """
    assert take.later is not None
    rows = (0, cut - 1, cut)
    trace = _rows(take.trace, rows)
    poses = world_to_camera(camera, take.scene, trace)
    bodies = []
    for index, (first, second) in enumerate(zip(take.scene.bodies, take.later.bodies, strict=True)):
        for place, body in ((0, first), (1, first), (2, second)):
            if not body.present:
                pose = poses[min(place, len(poses) - 1)]
                eye = -pose[:3, :3].T @ pose[:3, 3]
                trace.state[place, index, :3] = eye - BEHIND_M * pose[2, :3]
        bodies.append(replace(first, present=first.present or second.present))
    scene = replace(take.scene, bodies=tuple(bodies), video=replace(take.scene.video, frame_count=3))
    frames = render(scene, trace, RenderSettings(), ("flow", "segmentation"), camera)
    assert frames.flow is not None
    assert frames.flow_occluded is not None
    assert frames.segmentation is not None
    flow, occluded = frames.flow[1], frames.flow_occluded[1]
    gone = [index + 1 for index, body in enumerate(take.later.bodies) if not body.present]
    lost = np.isin(frames.segmentation[1], gone)
    flow[lost], occluded[lost] = 0.0, True
    return flow, occluded


def take_events(take: Take) -> tuple[Event, ...]:
    """What happened, as `simgen.labels.find_events` has it, in a clip that changes at a frame.

    Up to the cut the events are those of the undisturbed motion, after it those of the later scene. A body that goes
    has those of the time it was there, and one that comes is as if let go there. That a body vanishes or jumps is no
    event, nor is what would have had to happen to it on the way.
    """
    trace, cut = take.trace, take.cut
    if cut is None or take.later is None:
        return find_events(take.scene, trace)
    undisturbed = trace if take.undisturbed is None else take.undisturbed
    goes, comes, stays = _going(take.scene, take.later)
    jumps = {take.scene.body_index(name) for name in take.jumped}
    before_s, time_s = float(trace.time_s[cut - 1]), float(trace.time_s[cut])
    # What changes at the frame of the cut has acted from there on; what shows at it, since the frame before.
    acts = np.array_equal(trace.state[cut, stays], undisturbed.state[cut, stays])
    until_s = (time_s if acts else before_s) + 1e-9
    kept = [
        event
        for event in find_events(take.scene, undisturbed)
        # whether something lies still to the end is for the end to say
        if event.time_s <= until_s
        and event.kind != "comes_to_rest"
        and not (goes & set(event.bodies) and event.frame >= cut)
    ]
    rows = trace.contacts.frame == cut - 1
    borne = {*trace.contacts.a[rows].tolist(), *trace.contacts.b[rows].tolist()}
    turned = np.dot(take.scene.gravity_m_s2, take.later.gravity_m_s2) < 0
    for event in find_events(take.later, trace):
        bodies, on_the_way = set(event.bodies), event.time_s <= time_s
        if bodies & (goes | comes) or (event.time_s <= until_s and event.kind != "comes_to_rest"):
            continue
        if bodies & jumps and on_the_way and event.kind not in SEEN:
            continue
        if event.kind == "apex" and (turned or (bodies & borne and on_the_way)):
            continue  # what is up for the eye is down for gravity; what lay on something has not risen
        kept.append(event)
    if comes:
        kept += [
            replace(event, frame=event.frame + cut, time_s=event.time_s + time_s)
            for event in find_events(take.later, _since(trace, cut))
            if comes & set(event.bodies)
        ]
    return tuple(sorted(kept, key=lambda event: (event.time_s, event.kind, event.bodies)))


def _going(scene: SceneSpec, later: SceneSpec) -> tuple[set[int], set[int], list[int]]:
    """The bodies that are only in the first scene, those only in the second, and those in both."""
    there = [
        (first.present, second.present) for first, second in zip(scene.bodies, later.bodies, strict=True)
    ]
    return (
        {index for index, pair in enumerate(there) if pair == (True, False)},
        {index for index, pair in enumerate(there) if pair == (False, True)},
        [index for index, pair in enumerate(there) if pair == (True, True)],
    )


# Events of where a body is seen, which a jump can make.
SEEN = ("leaves_frame", "enters_frame", "hidden", "reappears", "comes_to_rest")


def _since(trace: Trace, frame: int) -> Trace:
    """The frames from that one on, which is then the first."""
    late = _contacts(trace.contacts, trace.contacts.frame > frame)
    start_s = trace.time_s[frame]
    late = replace(late, frame=late.frame - np.int32(frame), time_s=late.time_s - start_s)
    return Trace(trace.time_s[frame:] - start_s, trace.state[frame:], late, trace.step_s)


def _contacts(contacts: Contacts, kept: NDArray[np.bool_]) -> Contacts:
    return Contacts(**{name: getattr(contacts, name)[kept] for name in Contacts.__dataclass_fields__})
