"""The sections of a recipe that every scenario has: mixtures, video, rendering, cameras, output.

Each field has its bounds, its default and one line of documentation here and nowhere else: the JSON Schema
for editors and docs/recipes.md are made from these models.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.json_schema import JsonSchemaValue

from simgen.recipe.distributions import Distribution
from simgen.recipe.quantities import Drawn
from simgen.recipe.values import Checked, Name, Number, OneOf, Whole, misplaced
from simgen.recipe.wording import number, shown
from simgen.render.frames import PASSES
from simgen.render.settings import ENGINES

__all__ = [
    "ALL",
    "CLIPS",
    "CameraView",
    "MixedScenario",
    "Mixture",
    "OutputSection",
    "Params",
    "Passes",
    "RenderSection",
    "Section",
    "VideoSection",
    "all_cameras",
    "at_most",
    "spelled_out_mixture",
]

ALL = "all"  # in a mix: every scenario that is not named itself

MOST_CLIPS = 10**9
MOST_PIXELS = 2**28  # of one clip: 0.8 GB of rgb, a few times that with every pass
MOST_FRAMES = 10_000


class Section(BaseModel):
    """A mapping of a recipe."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def at_most(count: int, things: str) -> BeforeValidator:
    """Bounds the number of entries of a mapping."""

    def check(value: Any) -> Any:
        if isinstance(value, Mapping) and len(value) > count:
            raise ValueError(f"must name at most {count} {things}, not {len(value)}.")
        return value

    return BeforeValidator(check)


CLIPS = Whole(1, MOST_CLIPS, "Split a larger dataset into several recipes, each with its own seed.")
Params = Annotated[dict[str, Annotated[Distribution, Drawn()]], at_most(200, "parameters")]


class MixedScenario(Section):
    """One scenario of a mix."""

    weight: Annotated[int, Whole(0, 1000)] = Field(
        default=1,
        description="how many clips it has, against the weights of the others; 0: none, but in splits that "
        "give it another weight",
    )
    params: Params = Field(
        default_factory=dict, description="how its parameters are drawn, before what `params` say for all"
    )


def spelled_out_mixture(value: Any) -> Any:
    """`all`, a list of names, or weights by name in their long form: a mapping of names to mappings.

    Raises ValueError with a sentence for what is none of these; entries are not looked at.
    """
    if value is None:
        return None
    if value == ALL:
        return {ALL: {}}
    if isinstance(value, (list, tuple)):
        if not value or not all(isinstance(name, str) for name in value):
            raise ValueError("must list the names of scenarios, at least one.")
        if len(set(value)) < len(value):
            raise ValueError(
                "names a scenario twice; to have more of it give weights: {incline: 2, drop: 1}."
            )
        return {name: {} for name in value}
    if not isinstance(value, Mapping):
        wrong = "must be `all`, a list of scenarios, or weights by name such as {incline: 2, drop: 1}"
        raise ValueError(f"{wrong}, not {shown(value)}.")
    if not value:
        raise ValueError("must name at least one scenario.")
    return {name: _spelled_out_entry(entry) for name, entry in value.items()}


def _spelled_out_entry(entry: Any) -> Any:
    """`2` is short for `{weight: 2}`, nothing for `{}`."""
    if entry is None:
        return {}
    return {"weight": entry} if isinstance(entry, (int, float, str)) else entry


Mixture = Annotated[
    dict[Annotated[str, Name()], MixedScenario] | None,
    at_most(1000, "scenarios"),
    BeforeValidator(spelled_out_mixture),
]


class Size(Checked):
    """[width, height] in pixels; one number for a square."""

    edge = Whole(16, 4096)

    def check(self, value: Any) -> tuple[int, int]:
        if isinstance(value, (list, tuple)):
            if len(value) != 2:
                raise ValueError(f"must be a number or [width, height], not a list of {len(value)}.")
            width, height = (self.edge.check(entry) for entry in value)
        else:
            width = height = self.edge.check(value)
        if width % 2 or height % 2:
            raise ValueError(f"must be even, not {width} × {height}: video stores colour for 2 × 2 pixels.")
        return width, height

    def schema(self) -> JsonSchemaValue:
        edge = {**self.edge.schema(), "multipleOf": 2}
        return {"anyOf": [edge, {"type": "array", "items": edge, "minItems": 2, "maxItems": 2}]}

    def words(self) -> str:
        return f"even, {number(self.edge.low)} to {number(self.edge.high)}, or a list of two"


class VideoSection(Section):
    """The picture and the time it shows."""

    size: Annotated[tuple[int, int], Size()] = Field(
        default=(256, 256), description="pixels: one number for a square, or [width, height]; even"
    )
    fps: Annotated[float, Number(1, 1000, "frames per second")] = Field(
        default=24.0, description="frames per second"
    )
    seconds: Annotated[float, Number(0.01, 600, "seconds")] = Field(
        default=2.0, description="length; there are fps × seconds frames, rounded, the first at t = 0"
    )
    codec: Annotated[Literal["h264", "ffv1"], OneOf(("h264", "ffv1"))] = Field(
        default="h264", description="h264: small, plays everywhere; ffv1: lossless"
    )

    @property
    def frame_count(self) -> int:
        """T, the number of frames of a clip."""
        return round(self.fps * self.seconds)

    @model_validator(mode="after")
    def _of_bearable_length(self) -> VideoSection:
        if not 2 <= self.frame_count <= MOST_FRAMES:
            product = f"{number(self.fps)} fps × {number(self.seconds)} seconds"
            raise misplaced(
                f"must be such that a clip has 2 to {MOST_FRAMES} frames; {product} is {self.frame_count}.",
                "seconds",
            )
        width, height = self.size
        if width * height * self.frame_count > MOST_PIXELS:
            product = f"{width} × {height} pixels × {self.frame_count} frames"
            raise misplaced(
                f"must be such that a clip has at most {MOST_PIXELS} pixels in all; {product} is "
                f"{width * height * self.frame_count}. Make the picture smaller or the clip shorter.",
                "size",
            )
        return self


class Passes(Checked):
    """Some of the dense labels, in their usual order."""

    word = OneOf(PASSES)

    def check(self, value: Any) -> tuple[str, ...]:
        if not isinstance(value, (list, tuple)):
            raise ValueError(f"must be a list such as [depth, segmentation], not {shown(value)}.")
        chosen = {self.word.check(entry) for entry in value}
        return tuple(name for name in PASSES if name in chosen)

    def schema(self) -> JsonSchemaValue:
        return {"type": "array", "items": self.word.schema(), "uniqueItems": True}

    def words(self) -> str:
        return f"a list of {self.word.words()}"


class RenderSection(Section):
    """How the scene is filmed."""

    engine: Annotated[Literal["raycast", "tiny", "opengl", "cycles"], OneOf(ENGINES)] = Field(
        default="raycast",
        description="raycast: exact and quick; tiny, opengl: PyBullet's own; cycles: Blender's path tracer",
    )
    quality: Annotated[Literal["standard", "high"], OneOf(("standard", "high"))] = Field(
        default="standard", description="high: soft shadows and ambient occlusion (raycast)"
    )
    shutter: Annotated[float, Number(0, 1)] = Field(
        default=0.0, description="motion blur: the part of a frame's time that the shutter is open (raycast)"
    )


class OutputSection(Section):
    """How the dataset is stored; no clip depends on it."""

    format: Annotated[Literal["parquet", "webdataset", "both"], OneOf(("parquet", "webdataset", "both"))] = (
        Field(default="parquet", description="which files are written; both from one rendering")
    )
    clips_per_shard: Annotated[int, Whole(1, 100_000)] = Field(
        default=256, description="clips in one file, which is the unit of work that is done or done again"
    )


class CameraView(Section):
    """A camera placed relative to the scenario's own; what is left out is as the scenario has it."""

    azimuth_deg: Annotated[float | None, Number(-360, 360, "deg")] = Field(
        default=None,
        description="turned about the vertical through the target, from where the scenario's stands",
    )
    elevation_deg: Annotated[float | None, Number(-90, 90, "deg")] = Field(
        default=None, description="angle above the horizontal from which it looks at the target"
    )
    distance: Annotated[float | None, Number(0.05, 100)] = Field(
        default=None, description="times the distance of the scenario's camera"
    )
    vertical_fov_deg: Annotated[float | None, Number(1, 150, "deg")] = Field(
        default=None, description="vertical field of view"
    )
    projection: Annotated[
        Literal["perspective", "orthographic"] | None, OneOf(("perspective", "orthographic"))
    ] = Field(default=None, description="perspective or orthographic")
    motion: Annotated[Literal["static", "orbit", "follow"] | None, OneOf(("static", "orbit", "follow"))] = (
        Field(
            default=None,
            description="static, orbit (about the vertical through the target) or follow (a body)",
        )
    )
    orbit_deg_s: Annotated[float | None, Number(-720, 720, "deg/s")] = Field(
        default=None, description="speed of an orbit"
    )
    follow: Annotated[str | None, Name()] = Field(
        default=None, description="name of the body that `motion: follow` follows"
    )

    @model_validator(mode="after")
    def _motion_is_complete(self) -> CameraView:
        if self.motion == "follow" and self.follow is None:
            raise misplaced("follow needs `follow:`, the name of a body.", "motion")
        if self.motion == "orbit" and self.orbit_deg_s is None:
            raise misplaced("orbit needs `orbit_deg_s:`, its speed.", "motion")
        return self


def all_cameras(value: Any) -> Any:
    """The main camera is always there, and first."""
    if isinstance(value, Mapping):
        others = {name: view for name, view in value.items() if name != "main"}
        return {"main": value.get("main", {}), **others}
    return value
