"""A clip as a reader gives it back: the names of `Sample`, decoded when they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.dataset.column_table import Layout
from simgen.dataset.dense import decode_pass
from simgen.dataset.sample import CameraLabel, Sample
from simgen.dataset.video import decode_video
from simgen.errors import DatasetError
from simgen.labels.decision import Decision
from simgen.labels.events import Event
from simgen.physics.trace import Contacts
from simgen.render.frames import Frames
from simgen.scenarios.base import LawCheck
from simgen.scene.json import scene_from_json
from simgen.scene.spec import SceneSpec

__all__ = ["Clip"]


class Clip:
    """One clip of a dataset. `clip.rgb`, `clip.state`, `clip.captions` … are what `Sample` has under that
    name.

    Videos and dense passes are decoded when they are asked for, and not kept. A name whose column was not
    read raises DatasetError that says how to read it.
    """

    __slots__ = ("layout", "values")

    def __init__(self, values: Mapping[str, Any], layout: Layout) -> None:
        self.values = values  # column name -> value, still encoded
        self.layout = layout

    def __repr__(self) -> str:
        return f"Clip({self.values.get('key', '?')!r}, columns: {', '.join(self.values)})"

    def _value(self, column: str) -> Any:
        try:
            return self.values[column]
        except KeyError:
            raise DatasetError(
                f"This clip was read without the column '{column}': add it to `columns` of `open_dataset` "
                "(or `passes`, for a dense pass)"
            ) from None

    @property
    def key(self) -> str:
        return str(self._value("key"))

    @property
    def index(self) -> int:
        return int(self._value("index"))

    @property
    def split(self) -> str:
        return str(self._value("split"))

    @property
    def scenario(self) -> str:
        return str(self._value("scenario"))

    @property
    def caption(self) -> str:
        return str(self._value("caption"))

    @property
    def captions(self) -> dict[str, str]:
        return dict(self._value("captions"))

    @property
    def fps(self) -> float:
        return float(self._value("fps"))

    @property
    def params(self) -> Mapping[str, Any]:
        """Every parameter of the clip's scenario under its recipe name."""
        return {name: value for name, value in self._value("params").items() if value is not None}

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """A record per body: name, role, shape, size_m, mass_kg, friction, elasticity, colour, material,
        fixed.
        """
        return list(self._value("bodies"))

    @property
    def scene_json(self) -> str:
        return str(self._value("scene"))

    @property
    def scene(self) -> SceneSpec:
        """The whole scene, which `simgen.simulate` takes."""
        return scene_from_json(self.scene_json)

    @property
    def state(self) -> NDArray[np.float32]:
        """(T, N, 13)"""
        return self._array("state")

    @property
    def contacts(self) -> Contacts:
        contacts: Contacts = self._value("contacts")
        return contacts

    @property
    def events(self) -> tuple[Event, ...]:
        return tuple(Event(**{**event, "bodies": tuple(event["bodies"])}) for event in self._value("events"))

    @property
    def law(self) -> tuple[LawCheck, ...]:
        return tuple(LawCheck(**check) for check in self._value("law"))

    @property
    def decision(self) -> Decision:
        """The decisive event and what it takes to foresee it. Datasets of the first days do not have it."""
        return Decision(**self._value("decision"))

    @property
    def visible(self) -> NDArray[np.float32]:
        """(T, N)"""
        return self._array("visible")

    @property
    def boxes(self) -> NDArray[np.float32]:
        """(T, N, 4)"""
        return self._array("boxes")

    @property
    def centroids(self) -> NDArray[np.float32]:
        """(T, N, 2)"""
        return self._array("centroids")

    @property
    def projected_px(self) -> NDArray[np.float32]:
        """(T, N, 2)"""
        return self._array("projected_px")

    @property
    def recipe_hash(self) -> str:
        return str(self._value("recipe_hash"))

    @property
    def generator_version(self) -> int:
        return int(self._value("generator_version"))

    @property
    def attempt(self) -> int:
        return int(self._value("attempt"))

    @property
    def cameras(self) -> dict[str, CameraLabel]:
        return {
            name: CameraLabel(
                intrinsics=value["intrinsics"],
                world_to_camera=value["world_to_camera"],
                projection=value["projection"],
            )
            for name in self.layout.cameras
            for value in [self._value(f"camera{self.layout.suffix(name)}")]
        }

    @property
    def rgb(self) -> NDArray[np.uint8]:
        """(T, H, W, 3) of the main camera, decoded now."""
        return self.video(self.layout.cameras[0])

    def video(self, camera: str) -> NDArray[np.uint8]:
        """(T, H, W, 3) of one camera, decoded now."""
        return decode_video(self.video_bytes(camera), self._name())

    def video_bytes(self, camera: str = "") -> bytes:
        """The file of one camera's video (the main one's), as it is stored."""
        data: bytes = self._value(f"video{self.layout.suffix(camera or self.layout.cameras[0])}")
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
        """The fields of `Frames` that the pass fills, for one camera (the main one), decoded now."""
        suffix = self.layout.suffix(camera or self.layout.cameras[0])
        self._value(f"{name}{suffix}")
        return decode_pass(name, self.values, suffix, self._name())

    def frames(self, camera: str = "") -> Frames:
        """Everything per pixel that was read of one camera (the main one), decoded now."""
        camera = camera or self.layout.cameras[0]
        suffix = self.layout.suffix(camera)
        fields: dict[str, NDArray[Any]] = {}
        for name in self.layout.passes:
            if f"{name}{suffix}" in self.values:
                fields |= self.dense(name, camera)
        boxes, centroids = self._array(f"boxes{suffix}"), self._array(f"centroids{suffix}")
        return Frames(rgb=self.video(camera), boxes=boxes, centroids=centroids, **fields)

    def sample(self) -> Sample:
        """The clip as `generate` made it, but for what is not stored: pixel counts, rejections, seconds."""
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
        )

    def _array(self, column: str) -> NDArray[Any]:
        array: NDArray[Any] = self._value(column)
        return array

    def _name(self) -> str:
        return str(self.values.get("key", ""))
