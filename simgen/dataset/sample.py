"""One finished clip: what `generate` returns, what the writers store and what the reader gives back."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simgen.dataset.study_columns import StudyPlace
from simgen.labels.decision import Decision
from simgen.labels.events import Event
from simgen.physics.trace import Contacts
from simgen.render.frames import Frames
from simgen.scenarios.base import LawCheck, Params
from simgen.scene.spec import SceneSpec

__all__ = ["CameraLabel", "Sample"]


@dataclass(frozen=True, slots=True)
class CameraLabel:
    """A camera's pixels: u = K · (R x + t), in the pixel convention of `Frames`."""

    intrinsics: NDArray[np.float64]  # (3, 3)
    world_to_camera: NDArray[np.float64]  # (1, 4, 4) when it stands still, else (T, 4, 4)
    projection: str  # perspective | orthographic (then u = K · ((R x + t) with z replaced by 1))


@dataclass(frozen=True, slots=True)
class Sample:
    """A clip and everything that is known about it. T frames, N bodies, C contacts, H×W pixels."""

    key: str  # <recipe name>-<split>-<index:08d>
    index: int
    split: str
    scenario: str
    captions: dict[str, str]  # per tier
    fps: float
    params: Params
    scene: SceneSpec  # dressed: looks, light and background included
    state: NDArray[np.float32]  # (T, N, 13), see physics.trace.STATE_FIELDS
    contacts: Contacts
    events: tuple[Event, ...]
    law: tuple[LawCheck, ...]
    frames: dict[str, Frames]  # per camera name, the main one first
    cameras: dict[str, CameraLabel]
    visible: NDArray[
        np.float32
    ]  # (T, N) main camera: seen pixels over pixels of the body alone in the picture
    boxes: NDArray[np.float32]  # (T, N, 4)
    centroids: NDArray[np.float32]  # (T, N, 2)
    projected_px: NDArray[np.float32]  # (T, N, 2) projected centre of mass
    recipe_hash: str
    generator_version: int
    attempt: int
    decision: Decision = field(default_factory=Decision)
    study: StudyPlace = field(default_factory=StudyPlace)
    rejections: tuple[str, ...] = ()  # the reasons of the attempts before this one
    seconds: dict[str, float] = field(
        default_factory=dict, compare=False
    )  # core seconds per stage; never stored

    @property
    def rgb(self) -> NDArray[np.uint8]:
        """(T, H, W, 3) of the main camera."""
        return next(iter(self.frames.values())).rgb

    @property
    def caption(self) -> str:
        """The tier `plain`."""
        return self.captions["plain"]
