"""A clip as a reader gives it back: the names of `Sample`, decoded when they are asked for, cut to a view."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.dataset.column_table import DESCRIBING, NO_CAPTION, Layout
from simgen.dataset.dense import decode_pass
from simgen.dataset.sample import CameraLabel, Sample
from simgen.dataset.study_columns import STUDY_COLUMNS, StudyPlace
from simgen.errors import DatasetError
from simgen.labels.decision import Decision
from simgen.labels.events import Event
from simgen.physics.trace import Contacts
from simgen.reading import windows
from simgen.reading.decoding import decode_frames, nearest
from simgen.reading.example import example
from simgen.reading.view import WHOLE, Draw, View, generator
from simgen.recipe.wording import did_you_mean, listed
from simgen.render.frames import Frames
from simgen.scenarios.base import LawCheck
from simgen.scene.json import scene_from_json
from simgen.scene.spec import SceneSpec

__all__ = ["Clip"]

_IN_PIXELS = ("boxes", "centroids", "projected_px")


class Clip:
    """One clip of a dataset. `clip.rgb`, `clip.state`, `clip.captions` … are what `Sample` has under that
    name, as far as the clip's `View` shows it: T frames of its window (times and frames count from its first one),
    H×W pixels of its size. What speaks of the whole recording (params, bodies, scene, law) stays as it is.

    Videos and dense passes are decoded when they are asked for, and not kept. A name whose column was not
    read raises DatasetError that says how to read it.
    """

    __slots__ = ("_indices", "_kept", "draw", "layout", "values", "view")

    def __init__(
        self, values: Mapping[str, Any], layout: Layout, view: View = WHOLE, draw: Draw = (0, 0, 0)
    ) -> None:
        self.values = values  # column name -> value, still encoded, of the whole recording
        self.layout = layout
        self.view = view
        self._kept: dict[str, NDArray[np.uint8]] = {}  # videos decoded ahead, by camera
        self.draw = draw  # seed, epoch, number: what every random choice of the view follows from
        self._indices: NDArray[np.int64] | None = None

    def __repr__(self) -> str:
        return f"Clip({self.values.get('key', '?')!r}, columns: {', '.join(self.values)})"

    def value(self, column: str) -> Any:
        """What is stored in a column, of the whole recording. Raises DatasetError where it was not read."""
        try:
            return self.values[column]
        except KeyError:
            raise DatasetError(
                f"This clip was read without the column '{column}': add it to `columns` of `open_dataset` "
                "(or `passes`, for a dense pass)"
            ) from None

    @property
    def key(self) -> str:
        return str(self.value("key"))

    @property
    def index(self) -> int:
        return int(self.value("index"))

    @property
    def split(self) -> str:
        return str(self.value("split"))

    @property
    def scenario(self) -> str:
        return str(self.value("scenario"))

    @property
    def study(self) -> StudyPlace:
        """Where the clip stands in a study, of the whole recording; what its dataset does not say has its default."""
        for label, columns in STUDY_COLUMNS.items():
            for column in columns if label in self.layout.labels else ():
                self.value(column.name)  # raises where it was not read
        return StudyPlace.of_values(self.values)

    @property
    def nearest_train_distance(self) -> float:
        """To the nearest clip that is trained on, in units of the training ranges; -1 if none is of its scenario."""
        return float(self.value("nearest_train_distance"))

    @property
    def nearest_train_key(self) -> str:
        return str(self.value("nearest_train_key"))

    @property
    def caption(self) -> str:
        """The tier that the view names or draws, `plain` where that one tells what the window does not show; "" where it
        names none. Drawn are the tiers that describe the video.
        """
        if self.view.caption == NO_CAPTION:
            return ""
        if self.view.caption == "plain":
            return str(self.value("caption"))
        captions, told = self.value("captions"), self._tiers_told()
        tier = self.view.caption
        if tier == "random":
            tiers = [name for name in DESCRIBING if name in told]
            tier = tiers[generator(self.draw, "caption").integers(len(tiers))]
        text = str(captions[tier])
        return text if tier in told or not text else str(captions["plain"])

    @property
    def captions(self) -> dict[str, str]:
        """By tier; `plain` in the place of tiers that tell what the window does not show (see
        `windows.tiers_told`).
        """
        captions = dict(self.value("captions"))
        if self.view.takes_all:
            return captions
        told = self._tiers_told()
        return {
            tier: text if tier in told or not text else captions["plain"] for tier, text in captions.items()
        }

    def _tiers_told(self) -> Collection[str]:
        if self.view.takes_all:
            return self.layout.tiers
        decision = self._recorded_decision() if "decision" in self.layout.labels else None
        return windows.tiers_told(
            self.frame_indices, self._frame_count(), self._recorded_fps(), decision, self._recorded_events()
        )

    @property
    def fps(self) -> float:
        """Frames per second of the window."""
        return self.view.fps or self._recorded_fps() / self.view.stride

    @property
    def frame_indices(self) -> NDArray[np.int64]:
        """(T,) the recorded frames of the window, rising."""
        if self._indices is None:
            try:
                self._indices = windows.frame_indices(
                    self.view,
                    self._frame_count(),
                    self._recorded_fps() if self.view.fps is not None else 1.0,
                    generator(self.draw, "start"),
                )
            except ValueError as error:
                raise DatasetError(f"clip {self._name()} cannot be cut so: {error}") from error
            self._indices.flags.writeable = False
        return self._indices

    def _frame_count(self) -> int:
        return int(self.value("frame_count"))

    def _recorded_fps(self) -> float:
        return float(self.value("fps"))

    @property
    def size(self) -> tuple[int, int]:
        """(W, H), in pixels."""
        return self.view.picture_size(int(self.value("width")), int(self.value("height")))

    def _size(self) -> tuple[int, int] | None:
        """The size that pictures are brought to, None where they stay as they are."""
        return None if self.view.size is None else self.size

    def _scale(self) -> tuple[float, float]:
        """Pixels of the view per recorded pixel, along x and y."""
        return self.size[0] / int(self.value("width")), self.size[1] / int(self.value("height"))

    @property
    def params(self) -> Mapping[str, Any]:
        """Every parameter of the clip's scenario under its recipe name."""
        return {name: value for name, value in self.value("params").items() if value is not None}

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """A record per body: name, role, shape, size_m, mass_kg, friction, elasticity, colour, material,
        fixed.
        """
        return list(self.value("bodies"))

    @property
    def scene_json(self) -> str:
        return str(self.value("scene"))

    @property
    def scene(self) -> SceneSpec:
        """The whole scene, which `simgen.simulate` takes."""
        return scene_from_json(self.scene_json)

    @property
    def state(self) -> NDArray[np.float32]:
        """(T, N, 13)"""
        return self.per_body("state")

    @property
    def contacts(self) -> Contacts:
        """A row per touching pair of bodies and interval between two frames of the window, ordered by (frame, a, b)."""
        contacts: Contacts = self.value("contacts")
        if self.view.takes_all:
            return contacts
        return windows.contacts_within(contacts, self.frame_indices, self._recorded_fps())

    @property
    def events(self) -> tuple[Event, ...]:
        events = self._recorded_events()
        if self.view.takes_all:
            return events
        return windows.events_within(events, self.frame_indices, self._recorded_fps())

    def _recorded_events(self) -> tuple[Event, ...]:
        return tuple(Event(**{**event, "bodies": tuple(event["bodies"])}) for event in self.value("events"))

    @property
    def law(self) -> tuple[LawCheck, ...]:
        return tuple(LawCheck(**check) for check in self.value("law"))

    @property
    def decision(self) -> Decision:
        """The decisive event and what it takes to foresee it. Datasets of the first days do not have it."""
        decision = self._recorded_decision()
        if self.view.takes_all:
            return decision
        return windows.decision_within(decision, self.frame_indices, self._recorded_fps())

    def _recorded_decision(self) -> Decision:
        return Decision(**self.value("decision"))

    @property
    def visible(self) -> NDArray[np.float32]:
        """(T, N)"""
        return self.per_body("visible")

    @property
    def boxes(self) -> NDArray[np.float32]:
        """(T, N, 4)"""
        return self.per_body("boxes")

    @property
    def centroids(self) -> NDArray[np.float32]:
        """(T, N, 2)"""
        return self.per_body("centroids")

    @property
    def projected_px(self) -> NDArray[np.float32]:
        """(T, N, 2)"""
        return self.per_body("projected_px")

    def per_body(self, column: str) -> NDArray[np.float32]:
        """(T, N, …) state, visible, boxes, centroids or projected_px; a further camera's end with `_<camera>`."""
        array: NDArray[np.float32] = self.value(column)
        if not self.view.takes_all:
            array = array[self.frame_indices]
        if self.view.size is not None and column.startswith(_IN_PIXELS):  # x, y, or x, y, x, y
            array = array * np.array(self._scale() * (array.shape[-1] // 2), np.float32)
        return array

    @property
    def recipe_hash(self) -> str:
        return str(self.value("recipe_hash"))

    @property
    def generator_version(self) -> int:
        return int(self.value("generator_version"))

    @property
    def attempt(self) -> int:
        return int(self.value("attempt"))

    @property
    def cameras(self) -> dict[str, CameraLabel]:
        return {name: self.camera(name) for name in self.layout.cameras}

    def camera(self, name: str = "") -> CameraLabel:
        """One camera (the main one)."""
        value = self.value(f"camera{self._suffix(name)}")
        intrinsics, placed = value["intrinsics"], value["world_to_camera"]
        if self.view.size is not None:
            intrinsics = np.array([*self._scale(), 1.0])[:, None] * intrinsics
        if not self.view.takes_all and len(placed) > 1:
            placed = placed[self.frame_indices]
        return CameraLabel(intrinsics=intrinsics, world_to_camera=placed, projection=value["projection"])

    @property
    def rgb(self) -> NDArray[np.uint8]:
        """(T, H, W, 3) of the main camera, decoded now."""
        return self.video(self.layout.cameras[0])

    def video(self, camera: str) -> NDArray[np.uint8]:
        """(T, H, W, 3) of one camera, decoded now."""
        if camera in self._kept:  # given away: the caller may write into it
            return self._kept.pop(camera)
        indices = None if self.view.takes_all else self.frame_indices
        return decode_frames(self.video_bytes(camera), indices, self._size(), self.view.decoder, self._name())

    def video_bytes(self, camera: str = "") -> bytes:
        """The file of one camera's video (the main one's), as it is stored: the whole recording."""
        data: bytes = self.value(f"video{self._suffix(camera)}")
        return data

    @property
    def depth_m(self) -> NDArray[np.float32]:
        """(T, H, W) of the main camera, decoded now. Needs the pass depth."""
        return self.dense("depth")["depth_m"]

    @property
    def segmentation(self) -> NDArray[np.uint8]:
        """(T, H, W) of the main camera, decoded now. Needs the pass segmentation."""
        return self.dense("segmentation")["segmentation"]

    @property
    def normals(self) -> NDArray[np.float32]:
        """(T, H, W, 3) of the main camera, decoded now. Needs the pass normals."""
        return self.dense("normals")["normals"]

    @property
    def flow(self) -> NDArray[np.float32]:
        """(T, H, W, 2) of the main camera, decoded now. Needs the pass flow."""
        return self.dense("flow")["flow"]

    def dense(self, name: str, camera: str = "") -> dict[str, NDArray[Any]]:
        """The fields of `Frames` that the pass fills, for one camera (the main one), decoded now.

        Values are taken at the centres of the view's pixels and never blended. Flow leads from each recorded frame
        to the next, so that a view which leaves frames out has none (DatasetError); it is 0 in the last frame.
        """
        suffix = self._suffix(camera)
        self.value(f"{name}{suffix}")
        if self.view.takes_all:
            fields = decode_pass(name, self.values, suffix, self._name())
        else:
            if name == "flow" and not self._shows_every_frame():
                raise DatasetError(
                    f"clip {self._name()} has flow from each recorded frame to the next one, and this view leaves "
                    "frames out: read flow without stride and fps"
                )
            fields = decode_pass(name, self.values, suffix, self._name(), self.frame_indices.tolist())
            if name == "flow":
                for field in fields.values():
                    field[-1] = 0
        size = self._size()
        if size is not None:
            fields = {key: nearest(field, size) for key, field in fields.items()}
            if name == "flow":
                fields["flow"] *= np.array(self._scale(), np.float32)
        return fields

    def _shows_every_frame(self) -> bool:
        """Whether no recorded frame is left out between the window's first and last one."""
        return self.view.takes_all or bool((np.diff(self.frame_indices) == 1).all())

    def frames(self, camera: str = "") -> Frames:
        """Everything per pixel that was read of one camera (the main one) and that the view can show, decoded now."""
        camera = camera or self.layout.cameras[0]
        suffix = self._suffix(camera)
        fields: dict[str, NDArray[Any]] = {}
        for name in self.layout.passes:
            if f"{name}{suffix}" in self.values and (name != "flow" or self._shows_every_frame()):
                fields |= self.dense(name, camera)
        boxes = self.per_body(f"boxes{suffix}")
        centroids = self.per_body(f"centroids{suffix}")
        return Frames(rgb=self.video(camera), boxes=boxes, centroids=centroids, **fields)

    def decode(self) -> None:
        """Decodes the videos that were read now instead of later, and keeps them for the next that asks. Raises
        DatasetError if one of them, or anything else that was read, is damaged.
        """
        for column in self.values:
            self.values[column]
        for camera in self.layout.cameras:
            suffix = self.layout.suffix(camera)
            if f"video{suffix}" in self.values:
                self._kept[camera] = self.video(camera)
            for name in self.layout.passes:
                if f"{name}{suffix}" in self.values and (name != "flow" or self._shows_every_frame()):
                    self.dense(name, camera)

    def example(self, names: Sequence[str], bodies: int | None = None) -> dict[str, Any]:
        """What a training loop takes, by name: see `simgen.reading.example`."""
        return example(self, names, bodies)

    def sample(self) -> Sample:
        """The clip as `generate` made it, but for what is not stored (pixel counts, rejections, seconds) and for what
        the view does not show.
        """
        return Sample(
            key=self.key,
            index=self.index,
            split=self.split,
            scenario=self.scenario,
            captions=self.captions,
            fps=self.fps,
            params=self.params,
            scene=self.scene,
            state=self.state,
            contacts=self.contacts,
            events=self.events,
            law=self.law,
            frames={camera: self.frames(camera) for camera in self.layout.cameras},
            cameras=self.cameras,
            visible=self.visible,
            boxes=self.boxes,
            centroids=self.centroids,
            projected_px=self.projected_px,
            recipe_hash=self.recipe_hash,
            generator_version=self.generator_version,
            attempt=self.attempt,
            decision=self.decision if "decision" in self.layout.labels else Decision(),
            study=self.study,
        )

    def _suffix(self, camera: str) -> str:
        """What the names of a camera's (the main one's) columns end with."""
        if camera and camera not in self.layout.cameras:
            there = listed(self.layout.cameras, "and")
            raise DatasetError(
                f"clip {self._name()} has no camera '{camera}', but {there}."
                f"{did_you_mean(camera, self.layout.cameras)}"
            )
        return self.layout.suffix(camera or self.layout.cameras[0])

    def _name(self) -> str:
        return str(self.values.get("key", ""))
