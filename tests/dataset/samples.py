"""Hand-made samples for the dataset tests: complete contract objects, small, drawn by plain NumPy, no engine
behind them.

A red ball and a blue box move over a ground; pixels, boxes, centroids and passes agree with each other
because all of them are computed from the same discs and rectangles.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from simgen import GENERATOR_VERSION
from simgen.dataset import Manifest, Marker, ShardWriter, finish_dataset
from simgen.dataset.sample import CameraLabel, Sample
from simgen.labels.decision import Decision
from simgen.labels.events import Event
from simgen.labels.question import Question
from simgen.physics.trace import Contacts
from simgen.render.frames import PASSES, Frames
from simgen.scenarios.base import LawCheck
from simgen.scene.camera import intrinsics, look_at, project
from simgen.scene.spec import Body, Camera, Look, SceneSpec, Shape, Video

RED, BLUE, GREY = (0.9, 0.2, 0.15), (0.15, 0.3, 0.85), (0.55, 0.56, 0.5)


@dataclass(frozen=True)
class Part:
    """A part of a recipe: attributes by name."""

    codec: str = "h264"
    clips: int = 0


@dataclass(frozen=True)
class HandRecipe:
    """What the dataset part asks of a recipe, without the recipe language."""

    name: str = "hand"
    scenario: str = "hand"
    passes: tuple[str, ...] = ()
    size: tuple[int, int] = (64, 48)
    frame_count: int = 14
    fps: float = 24.0
    codec: str = "h264"
    camera_names: tuple[str, ...] = ("main",)
    splits: dict[str, Part] = field(default_factory=lambda: {"train": Part(clips=40), "test": Part(clips=3)})
    hash: str = "ab" * 32
    source: str = "name: hand\nscenario: hand\n"
    asks: bool = False  # whether its clips have questions

    @property
    def video(self) -> Part:
        return Part(codec=self.codec)

    @property
    def cameras(self) -> dict[str, Camera]:
        return {
            name: Camera(
                name=name,
                position_m=(0.6 * place, -3.0, 1.0),
                motion="orbit" if place else "static",
                orbit_deg_s=20.0 * place,
            )
            for place, name in enumerate(self.camera_names)
        }

    def param_types(self) -> dict[str, type]:
        return {"angle_deg": float, "count": int, "shape": str, "fast": bool}

    def mixture(self) -> dict[str, tuple[str, ...]]:
        return {}

    def study_labels(self) -> tuple[str, ...]:
        return ("questions",) if self.asks else ()

    def study_summary(self) -> dict[str, Any]:
        return {}

    @property
    def designs(self) -> dict[str, Part]:
        return self.splits

    def factors(self) -> dict[str, dict[str, dict[str, str]]]:
        return {"hand": {"angle_deg": {"role": "causal", "revealed": "picture"}}}

    def decisive(self) -> dict[str, tuple[str, ...]]:
        return {"hand": ("first_contact",)}

    def video_spec(self) -> Video:
        return Video(*self.size, self.fps, self.frame_count)


QUESTIONS = (
    Question("descriptive", "Which colour is the ball?", ("Red.", "Blue."), 0),
    Question("predictive", "Où sera-t-elle?", ("Left.", "Right.", "Outside.", "Nowhere."), 3),
)


def make_sample(recipe: HandRecipe, index: int, split: str = "train") -> Sample:
    """The clip of this index: every number follows from (split, index)."""
    rng = np.random.default_rng([index, len(split)])
    video = recipe.video_spec()
    count = video.frame_count
    time_s = np.arange(count) / video.fps
    angle = float(rng.uniform(5, 40))
    speed = rng.uniform(0.2, 0.8, 2)
    ball = np.stack([-0.7 + speed[0] * time_s, 0 * time_s, 0.3 + 0 * time_s], -1)
    box = np.stack([0.5 - speed[1] * time_s, 0.2 + 0 * time_s, 0.6 + 0.3 * time_s], -1)
    state = np.zeros((count, 3, 13), np.float64)
    state[:, 0, 6] = 1.0
    state[:, 0, 2] = -0.05
    state[:, 1, :3], state[:, 2, :3] = ball, box
    turn = time_s * 1.5
    state[:, 1, 4], state[:, 1, 6] = np.sin(turn / 2), np.cos(turn / 2)
    state[:, 2, 6] = 1.0
    state[:, 1, 7], state[:, 2, 7], state[:, 2, 9] = speed[0], -speed[1], 0.3
    state[:, 1, 11] = 1.5
    scene = SceneSpec(
        bodies=(
            Body(
                "ground",
                Shape("box", (4.0, 4.0, 0.1)),
                (0.0, 0.0, -0.05),
                fixed=True,
                role="ground",
                look=Look(GREY, "grey"),
            ),
            Body(
                "ball",
                Shape("sphere", (0.2,)),
                tuple(ball[0]),
                mass_kg=0.1 + index / 3,
                look=Look(RED, "red"),
                material="rubber",
            ),
            Body(
                "box",
                Shape("box", (0.3, 0.2, 0.4)),
                tuple(box[0]),
                mass_kg=1.0,
                elasticity=0.25,
                look=Look(BLUE, "blue"),
            ),
        ),
        video=video,
        cameras=tuple(recipe.cameras.values()),
    )
    contacts = _contacts(index, count, video.fps, rng)
    events = tuple(
        Event("first_contact", int(f), float(t), (int(a), int(b)), float(j))
        for f, t, a, b, j in zip(
            contacts.frame, contacts.time_s, contacts.a, contacts.b, contacts.impulse_n_s, strict=True
        )
    )[:1]
    cameras, frames, projections = {}, {}, {}
    for camera in scene.cameras:
        label, projected = _camera_label(camera, video, state)
        cameras[camera.name], projections[camera.name] = label, projected
        frames[camera.name] = draw(projected, video, recipe.passes, angle)
    main = next(iter(frames.values()))
    captions = {
        "plain": "A red ball rolls past a blue box.",
        "qualitative": "The ball rolls on while the box rises; they do not meet.",
        "numeric": f"The slope is {angle:.1f} degrees.",
        "outcome": "Both are still in view. Ünïcode is kept.",
        "hidden": "The mass of the ball is 1.00 kg. No frame shows this by itself.",
        "counterfactual": "" if index else "Without the box, the ball would roll on.",
    }
    return Sample(
        key=f"{recipe.name}-{split}-{index:08d}",
        index=index,
        split=split,
        scenario=recipe.scenario,
        captions=captions,
        questions=QUESTIONS[: index % 3] if recipe.asks else (),
        fps=video.fps,
        params={
            "angle_deg": float(round(angle)) if index == 0 else angle,  # a whole number: must stay a float
            "count": index % 4,
            "shape": ("sphere", "cylinder")[index % 2],
            "fast": bool(index % 3),
        },
        scene=scene,
        state=state.astype(np.float32),
        contacts=contacts,
        events=events,
        law=(LawCheck("hand_law", 1.0, 1.0 + 1e-4 * index, 1e-4 * index),),
        frames=frames,
        cameras=cameras,
        visible=(main.visible_pixels / np.maximum(main.alone_pixels, 1)).astype(np.float32),
        boxes=main.boxes,
        centroids=main.centroids,
        projected_px=next(iter(projections.values())).astype(np.float32),
        recipe_hash=recipe.hash,
        generator_version=GENERATOR_VERSION,
        attempt=index % 2,
        decision=_decision(events, (count - 1) / video.fps),
        rejections=("law-residual",) * (index % 2),
        seconds={"render": float(rng.uniform())},
    )


def _decision(events: tuple[Event, ...], last_s: float) -> Decision:
    if not events:
        return Decision(event_frames=1, outcome_frames=1, horizon_s=last_s)
    return Decision(events[0].kind, events[0].frame, events[0].time_s, True, 1, 1, last_s)


def _contacts(index: int, count: int, fps: float, rng: Any) -> Contacts:
    """None at all for clip 0 (and every fifth), else a few ordered rows."""
    rows = 0 if index % 5 == 0 else 1 + index % 4
    frame = np.arange(1, rows + 1, dtype=np.int32) % count
    normal = np.tile([0.0, 0.0, 1.0], (rows, 1))
    return Contacts(
        frame=frame,
        time_s=(frame - rng.uniform(0.0, 0.99, rows)) / fps,
        a=np.zeros(rows, np.int32),
        b=np.ones(rows, np.int32),
        position_m=rng.normal(size=(rows, 3)),
        normal=-normal,
        impulse_n_s=rng.uniform(0.01, 1.0, rows),
    )


def _camera_label(camera: Camera, video: Video, state: np.ndarray) -> tuple[CameraLabel, np.ndarray]:
    matrix = intrinsics(camera, video)
    if camera.motion == "static":
        poses = look_at(camera.position_m, camera.target_m, camera.up)[None]
    else:
        eyes = np.array(camera.position_m) + np.linspace(0, 0.5, len(state))[:, None] * [1.0, 0.0, 0.0]
        poses = np.stack([look_at(eye, camera.target_m, camera.up) for eye in eyes])
    pixels, _ = project(state[:, :, :3], matrix, poses, camera.projection)
    return CameraLabel(matrix, poses, camera.projection), pixels


def draw(projected: np.ndarray, video: Video, passes: tuple[str, ...], angle: float) -> Frames:
    """A ground below the middle, a box behind, a disc in front, at the projected centres."""
    rows, columns = np.mgrid[0 : video.height, 0 : video.width] + 0.5
    count, bodies = projected.shape[:2]
    ids = np.zeros((count, video.height, video.width), np.uint8)
    alone = np.zeros((count, bodies), np.int32)
    for f in range(count):
        ground = rows > video.height * 0.7
        box = (abs(columns - projected[f, 2, 0]) < video.width / 12) & (
            abs(rows - projected[f, 2, 1]) < video.height / 9
        )
        ball = np.hypot(columns - projected[f, 1, 0], rows - projected[f, 1, 1]) < video.height / 8
        for body, mask in ((0, ground), (2, box), (1, ball)):
            ids[f][mask] = body + 1
            alone[f, body] = mask.sum()
    colours = np.array([(0.75, 0.85, 0.95), GREY, RED, BLUE])
    shade = (0.8 + 0.2 * columns / video.width)[None, ..., None]
    rgb = (colours[ids] * shade * 255).astype(np.uint8)
    visible = np.stack([(ids == body + 1).sum((1, 2)) for body in range(bodies)], 1).astype(np.int32)
    boxes, centroids = np.zeros((count, bodies, 4), np.float32), np.zeros((count, bodies, 2), np.float32)
    for f in range(count):
        for body in range(bodies):
            y, x = np.nonzero(ids[f] == body + 1)
            if len(x):
                boxes[f, body] = (x.min(), y.min(), x.max() + 1, y.max() + 1)
                centroids[f, body] = (x.mean() + 0.5, y.mean() + 0.5)
    extra: dict[str, Any] = {}
    if "segmentation" in passes:
        extra["segmentation"] = ids
    if "depth" in passes:
        depth = np.where(ids > 0, 2.0 + angle / 40 + ids + 0.01 * rows + 0.003 * columns, 0.0)
        extra["depth_m"] = depth.astype(np.float32)
    if "normals" in passes:
        tilt = columns / video.width * 2.4 - 1.2
        lean = rows / video.height * 2.0 - 1.0
        normal = np.stack([np.sin(tilt), np.cos(tilt) * np.sin(lean), -np.cos(tilt) * np.cos(lean)], -1)
        extra["normals"] = np.where(ids[..., None] > 0, normal, 0.0).astype(np.float32)
    if "flow" in passes:
        flow = np.zeros((count, video.height, video.width, 2), np.float32)
        steps = np.diff(projected, axis=0)
        for f in range(count - 1):
            for body in range(bodies):
                flow[f][ids[f] == body + 1] = steps[f, body]
        extra["flow"] = flow
        extra["flow_occluded"] = np.zeros(ids.shape, np.bool_)
        extra["flow_occluded"][:-1] = (ids[:-1] != ids[1:]) & (ids[:-1] > 0)
    assert set(passes) <= set(PASSES)
    return Frames(
        rgb=rgb, visible_pixels=visible, alone_pixels=alone, boxes=boxes, centroids=centroids, **extra
    )


def build(
    folder: Path,
    recipe: HandRecipe,
    shards: Mapping[str, Sequence[int]],
    formats: tuple[str, ...] = ("parquet", "webdataset"),
    change: Callable[[dict[str, Any]], None] | None = None,
) -> Manifest:
    """A whole dataset with these numbers of clips per shard; `change` may spoil the values of clip 1 of
    train.
    """
    from simgen.dataset.column_table import Layout
    from simgen.dataset.values import values_of

    folder.mkdir(exist_ok=True)
    markers: list[Marker] = []
    for split, sizes in shards.items():
        index = 0
        for number, clips in enumerate(sizes):
            with ShardWriter(folder, recipe, split, number, len(sizes), formats) as writer:
                for _ in range(clips):
                    sample = make_sample(recipe, index, split)
                    values = values_of(sample, Layout.of(recipe))
                    if change is not None and (split, index) == ("train", 1):
                        change(values)
                    writer.add_values(values, sample.rejections)
                    index += 1
                writer.finish()
            markers.append(writer.marker())
            markers[-1].write(folder)
    return finish_dataset(folder, recipe, markers, GENERATOR_VERSION)
