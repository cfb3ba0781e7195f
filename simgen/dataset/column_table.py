"""The column table: what is stored of a clip, under which name, as which type, in which unit, and what it means.

Everything that names a column is made from this one table: the Arrow schema of the Parquet files, the fields of a
WebDataset sample, the `datasets` features in the schema metadata and in the dataset card, and docs/columns.md.

In a WebDataset sample (one file per field) a column travels by these rules, so that its JSON stays flat and the type of
every value is the same in every clip: numbers and words are entries of `.json`; a struct is split into its members,
`<column>_<member>`; arrays are `.<column>.npy`; a list of records is JSON text inside `.json`; videos and dense passes
are files of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa

from simgen.physics.trace import STATE_FIELDS
from simgen.render.frames import PASSES

__all__ = [
    "CAPTION_TIERS",
    "MAIN_CAMERA_SUFFIX",
    "PIXELS",
    "VIDEO_TYPE",
    "Column",
    "Layout",
    "arrow_schema",
    "columns",
]

CAPTION_TIERS = {
    "plain": "what can be seen, in everyday words",
    "qualitative": "what happens and why, without numbers",
    "numeric": "the same with the numbers of the labels",
    "outcome": "how it ends",
}
PIXELS = (
    "pixel (row i, column j) covers [j, j+1) x [i, i+1), its centre is (j + 0.5, i + 0.5); x right, y down; "
    "labels are taken at pixel centres and never blended"
)
FRAMES = "frame f is at t = f / fps, the first one at t = 0"
MAIN_CAMERA_SUFFIX = ""

VIDEO_TYPE = pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())])
_PARAM_TYPES: dict[type, pa.DataType] = {
    float: pa.float64(),
    int: pa.int64(),
    bool: pa.bool_(),
    str: pa.string(),
}
_PARAM_NAMES = {kind.__name__: kind for kind in _PARAM_TYPES}


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `shape` uses T frames, N bodies, C contacts, H x W pixels; "" for a single value."""

    name: str
    type: pa.DataType
    unit: str
    shape: str
    meaning: str
    undo: str = ""  # how to get the quantity back where it was quantised or packed
    tar: str = ""  # where a WebDataset sample carries it
    dense: bool = False  # in dense/ beside data/, joined by key

    @property
    def is_video(self) -> bool:
        return bool(self.type == VIDEO_TYPE)


class DatasetRecipe(Protocol):
    """What the dataset part asks of a recipe."""

    @property
    def name(self) -> str: ...
    @property
    def hash(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def passes(self) -> tuple[str, ...]: ...
    def param_types(self) -> Mapping[str, type]: ...


@dataclass(frozen=True, slots=True)
class Layout:
    """What of a recipe decides the columns. It is kept in the manifest, so that a reader needs no recipe."""

    params: tuple[tuple[str, str], ...]  # name -> float | int | str | bool
    cameras: tuple[str, ...] = ("main",)  # the first one has the columns without a suffix
    passes: tuple[str, ...] = ()  # those of `PASSES`, in that order
    codec: str = "h264"

    @classmethod
    def of(cls, recipe: DatasetRecipe) -> Layout:
        return cls(
            params=tuple((name, kind.__name__) for name, kind in recipe.param_types().items()),
            cameras=_camera_names(getattr(recipe, "cameras", None)),
            passes=tuple(name for name in PASSES if name in recipe.passes),
            codec=_codec(recipe),
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "params": dict(self.params),
            "cameras": list(self.cameras),
            "passes": list(self.passes),
            "codec": self.codec,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Layout:
        return cls(
            params=tuple((str(name), str(kind)) for name, kind in value["params"].items()),
            cameras=tuple(value["cameras"]),
            passes=tuple(value["passes"]),
            codec=str(value["codec"]),
        )


def _camera_names(cameras: Any) -> tuple[str, ...]:
    """A recipe's cameras by name, the main one first."""
    if not cameras:
        return ("main",)
    names = [camera if isinstance(camera, str) else camera.name for camera in cameras]
    return tuple(names)


def _codec(recipe: Any) -> str:
    for part in (getattr(recipe, "video", None), getattr(recipe, "output", None)):
        codec = getattr(part, "codec", None)
        if codec:
            return str(codec)
    return "h264"


def _floats(*lengths: int, kind: pa.DataType | None = None) -> pa.DataType:
    """Nested lists of float32, outermost first; 0 is a length that varies."""
    result = kind or pa.float32()
    for length in reversed(lengths):
        result = pa.list_(result, length) if length else pa.list_(result)
    return result


def _records(**members: pa.DataType) -> pa.DataType:
    return pa.list_(pa.struct([pa.field(name, kind) for name, kind in members.items()]))


BODIES_TYPE = _records(
    name=pa.string(),
    role=pa.string(),
    shape=pa.string(),
    size_m=pa.list_(pa.float64()),
    mass_kg=pa.float64(),
    friction=pa.float64(),
    elasticity=pa.float64(),
    colour=pa.string(),
    colour_rgb=pa.list_(pa.float32(), 3),
    material=pa.string(),
    fixed=pa.bool_(),
)
CONTACTS_TYPE = _records(
    frame=pa.int32(),
    time_s=pa.float64(),
    a=pa.int32(),
    b=pa.int32(),
    position_m=pa.list_(pa.float64(), 3),
    normal=pa.list_(pa.float64(), 3),
    impulse_n_s=pa.float64(),
)
EVENTS_TYPE = _records(
    kind=pa.string(),
    frame=pa.int32(),
    time_s=pa.float64(),
    bodies=pa.list_(pa.int32()),
    value=pa.float64(),
)
LAW_TYPE = _records(name=pa.string(), predicted=pa.float64(), measured=pa.float64(), residual=pa.float64())
CAMERA_TYPE = pa.struct(
    [
        pa.field("projection", pa.string()),
        pa.field("intrinsics", _floats(3, 3, kind=pa.float64())),
        pa.field("world_to_camera", _floats(0, 4, 4, kind=pa.float64())),
    ]
)


def columns(recipe: DatasetRecipe | Layout) -> tuple[Column, ...]:
    """Every column of the datasets of this recipe, in their order in the files; those of dense/ last."""
    layout = recipe if isinstance(recipe, Layout) else Layout.of(recipe)
    return (*_head(layout), *_labels(layout), *_extra_cameras(layout), *_tail(), *_dense(layout))


def _head(layout: Layout) -> Iterable[Column]:
    suffix = "mp4" if layout.codec == "h264" else "mkv"
    lossless = (
        "lossless FFV1" if layout.codec == "ffv1" else "H.264, BT.709 limited range, a key frame every 12"
    )
    params = pa.struct([pa.field(name, _PARAM_TYPES[_PARAM_NAMES[kind]]) for name, kind in layout.params])
    captions = pa.struct([pa.field(tier, pa.string()) for tier in CAPTION_TIERS])
    tiers = "; ".join(f"{tier}: {meaning}" for tier, meaning in CAPTION_TIERS.items())
    yield Column(
        "key",
        pa.string(),
        "",
        "",
        "<recipe name>-<split>-<index, 8 digits>, unique in the dataset",
        "",
        "json",
    )
    yield Column(
        "index",
        pa.int64(),
        "",
        "",
        "the clip's number in its split; with recipe and split it decides everything",
        "",
        "json",
    )
    yield Column("split", pa.string(), "", "", "train, test or what the recipe calls it", "", "json")
    yield Column("scenario", pa.string(), "", "", "the kind of scene", "", "json")
    yield Column(
        "caption",
        pa.string(),
        "",
        "",
        "a sentence or two that describe the clip: the tier plain of captions",
        "",
        "txt",
    )
    yield Column("captions", captions, "", "", f"a text per tier; {tiers}", "", "json, captions_<tier>")
    yield Column(
        "video", VIDEO_TYPE, "", "(T, H, W, 3)", f"the main camera's clip, {lossless}, sRGB; {FRAMES}",
        "decode the bytes with any video library", suffix,
    )  # fmt: skip
    yield Column("fps", pa.float64(), "1/s", "", FRAMES, "", "json")
    yield Column("frame_count", pa.int32(), "", "", "T, frames in the clip", "", "json")
    yield Column("width", pa.int32(), "px", "", "W", "", "json")
    yield Column("height", pa.int32(), "px", "", "H", "", "json")
    yield Column(
        "params",
        params,
        "as in the names",
        "",
        "every parameter of the scenario under its recipe name",
        "",
        "json, params_<name>",
    )


def _labels(layout: Layout) -> Iterable[Column]:
    yield Column(
        "bodies", BODIES_TYPE, "as in the names", "(N,)",
        "the bodies, fixed ones included, in the order that every label below uses. size_m by shape: sphere (radius), "
        "box (x, y, z), cylinder and capsule (radius, length), cone (base radius, height), tube (outer radius, length, "
        "wall), mesh (scale x, y, z); colour is the name that captions use, colour_rgb is sRGB in 0..1",
        "", "json, as JSON text",
    )  # fmt: skip
    yield Column(
        "state", _floats(0, 0, 13), "m, 1, m/s, rad/s", "(T, N, 13)",
        "state of each body at each frame: " + " ".join(STATE_FIELDS) + ": position of the centre of mass, orientation "
        "as a quaternion (x, y, z, w), velocity, angular velocity; world frame, z up",
        "", "state.npy",
    )  # fmt: skip
    yield Column(
        "contacts", CONTACTS_TYPE, "s, m, 1, N s", "(C,)",
        "one row per touching pair a < b (numbers of bodies) and interval between two frames: a row of frame f gathers "
        "the time after frame f - 1 up to frame f; time_s is the first touch in it, impulse_n_s the sum of the normal "
        "impulses, position_m and normal (from b to a) their impulse-weighted mean",
        "in contacts.npy the columns are frame, time_s, a, b, position x y z, normal x y z, impulse; a clip without a "
        "contact has one row with frame -1",
        "contacts.npy, float64 (C, 11)",
    )  # fmt: skip
    yield Column(
        "events", EVENTS_TYPE, "s, by kind", "",
        "what happened: kind, the first frame at or after it, its time, the bodies, a value whose meaning the kind says",
        "", "json, as JSON text",
    )  # fmt: skip
    yield Column(
        "law", LAW_TYPE, "of the law", "",
        "each closed form that the clip must obey: predicted, measured in the trajectory, "
        "residual = |measured - predicted| / |predicted| unless the law's name says otherwise",
        "", "json, as JSON text",
    )  # fmt: skip
    yield from _camera("", "main")
    yield Column(
        "projected_px",
        _floats(0, 0, 2),
        "px",
        "(T, N, 2)",
        "x, y of the projected centre of mass in the main camera",
        "",
        "projected_px.npy",
    )


def _camera(suffix: str, camera: str) -> Iterable[Column]:
    yield Column(
        f"camera{suffix}", CAMERA_TYPE, "px, m", "(3, 3) and (1 or T, 4, 4)",
        f"camera {camera}: u = K (R x + t) with K the intrinsics, (R | t) the upper rows of world_to_camera (one if it "
        "stands still, else one per frame); x right, y down, z forward. perspective: divide by z; orthographic: replace "
        f"z by 1. {PIXELS}",
        "", f"json, camera{suffix}_projection; camera{suffix}_intrinsics.npy, camera{suffix}_world_to_camera.npy",
    )  # fmt: skip
    yield Column(
        f"boxes{suffix}", _floats(0, 0, 4), "px", "(T, N, 4)",
        "x0 y0 x1 y1 around the visible pixels of each body, 0 where none is", "", f"boxes{suffix}.npy",
    )  # fmt: skip
    yield Column(
        f"visible{suffix}", _floats(0, 0), "1", "(T, N)",
        "visible pixels of the body over the pixels it would have in the picture with nothing else there",
        "", f"visible{suffix}.npy",
    )  # fmt: skip
    yield Column(
        f"centroids{suffix}", _floats(0, 0, 2), "px", "(T, N, 2)",
        "x, y of the mean centre of the visible pixels, 0 where none is", "", f"centroids{suffix}.npy",
    )  # fmt: skip


def _extra_cameras(layout: Layout) -> Iterable[Column]:
    suffix = "mp4" if layout.codec == "h264" else "mkv"
    for name in layout.cameras[1:]:
        yield Column(
            f"video_{name}",
            VIDEO_TYPE,
            "",
            "(T, H, W, 3)",
            f"the same clip from camera {name}",
            "",
            f"video_{name}.{suffix}",
        )
        yield from _camera(f"_{name}", name)


def _tail() -> Iterable[Column]:
    yield Column(
        "scene",
        pa.string(),
        "",
        "",
        "the whole scene as JSON, from which simgen simulates the clip again",
        "",
        "json",
    )
    yield Column(
        "recipe_hash",
        pa.string(),
        "",
        "",
        "sha256 over everything in the recipe that changes a clip",
        "",
        "json",
    )
    yield Column(
        "generator_version",
        pa.int32(),
        "",
        "",
        "raised when the same recipe would give other clips",
        "",
        "json",
    )
    yield Column("attempt", pa.int32(), "", "", "how many draws were rejected before this one", "", "json")


def _dense(layout: Layout) -> Iterable[Column]:
    for place, camera in enumerate(layout.cameras):
        suffix = f"_{camera}" if place else ""
        seen = f" (camera {camera})" if place else ""
        for name in layout.passes:
            for column in _DENSE[name]:
                meaning, tar = column.meaning + seen, column.tar
                tar = tar if tar == "json" else tar.replace(".", f"{suffix}.", 1)
                yield Column(
                    f"{column.name}{suffix}",
                    column.type,
                    column.unit,
                    column.shape,
                    meaning,
                    column.undo,
                    tar,
                    True,
                )


_DENSE: dict[str, tuple[Column, ...]] = {
    "depth": (
        Column("depth", pa.binary(), "m", "(T, H, W)",
               "distance along the camera's axis, 0 where there is nothing",
               "FFV1 gray16le in Matroska: decode to uint16 q; depth_m = depth_offset_m + depth_scale_m * q where q > 0, else 0; "
               "error at most depth_scale_m / 2", "depth.mkv"),
        Column("depth_scale_m", pa.float64(), "m", "", "metres per step of depth", "", "json"),
        Column("depth_offset_m", pa.float64(), "m", "", "metres at step 0 of depth", "", "json"),
    ),
    "segmentation": (
        Column("segmentation", pa.binary(), "", "(T, H, W)",
               "0 background, i + 1 body i",
               "gzip of a NumPy file: np.load(io.BytesIO(gzip.decompress(value))), uint8, exact", "mask.npy.gz"),
    ),
    "normals": (
        Column("normals", pa.binary(), "1", "(T, H, W, 3)",
               "unit normal of the visible surface in the camera frame, 0 where there is nothing", "", "normals.mkv"),
    ),
    "flow": (
        Column("flow", pa.binary(), "px", "(T, H, W, 2)",
               "where each surface point moves until the next frame, (x, y); the last frame is 0", "", "flow.mkv"),
        Column("flow_scale_px", pa.float64(), "px", "", "pixels per step of flow", "", "json"),
        Column("flow_occluded", pa.binary(), "", "(T, H, W)",
               "1 where the surface point is hidden or outside in the next frame",
               "gzip of a NumPy file: np.load(io.BytesIO(gzip.decompress(value))), uint8, exact", "flow_occluded.npy.gz"),
    ),
}  # fmt: skip


def arrow_schema(table: Iterable[Column]) -> pa.Schema:
    """The Arrow schema of these columns, without metadata; no column holds a null."""
    return pa.schema([pa.field(column.name, column.type, nullable=True) for column in table])
