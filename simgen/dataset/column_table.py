"""The column table: what is stored of a clip, under which name, as which type, in which unit, and what it
means.

Everything that names a column is made from this one table: the Arrow schema of the Parquet files, the fields
of a WebDataset sample, the `datasets` features in the schema metadata and in the dataset card, and
docs/columns.md.

In a WebDataset sample (one file per field) a column travels by these rules, so that its JSON stays flat and
the type of every value is the same in every clip: numbers and words are entries of `.json`; a struct is split
into its members, `<column>_<member>`; arrays are `.<column>.npy`; a list of records is JSON text inside
`.json`, and so are the parameters of a mix, of which a clip has only those of its scenario; contacts are an
array; the caption, videos and dense passes are files of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import pyarrow as pa

from simgen.dataset.video import SUFFIX
from simgen.physics.trace import STATE_FIELDS
from simgen.render.frames import PASSES

__all__ = [
    "BODIES_TYPE",
    "CAPTION_TIERS",
    "CONTACTS_TYPE",
    "DESCRIBING",
    "FRAMES",
    "NO_CAPTION",
    "PIXELS",
    "VIDEO_TYPE",
    "Column",
    "DatasetRecipe",
    "Layout",
    "arrow_schema",
    "columns",
]

CAPTION_TIERS = {
    "plain": "what can be seen, in everyday words",
    "qualitative": "what happens and why, without numbers",
    "numeric": "the same with the numbers of the labels",
    "outcome": "how it ends",
    "hidden": "the values of what no frame shows by itself; empty where a recipe composes the scene",
    "counterfactual": "what was changed, and what that changes; empty but in pairs of which one is the other's what-if",
}
NO_CAPTION = "none"  # what a reader asks for to get the empty caption; it is not stored
# The tiers that say what the video shows. Each clip has a text in all of them.
DESCRIBING = ("plain", "qualitative", "numeric", "outcome")
PIXELS = (
    "pixel (row i, column j) covers [j, j+1) x [i, i+1), its centre is (j + 0.5, i + 0.5); x right, y down; "
    "labels are taken at pixel centres and never blended"
)
FRAMES = "frame f is at t = f / fps, the first one at t = 0"

VIDEO_TYPE = pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())])
_PARAM_TYPES = {"float": pa.float64(), "int": pa.int64(), "bool": pa.bool_(), "str": pa.string()}


# Columns, and tiers of captions, that every dataset has but for those of the first days.
LABELS = ("decision", "hidden", "counterfactual")


class DatasetRecipe(Protocol):
    """What the columns ask of a recipe."""

    @property
    def passes(self) -> tuple[str, ...]: ...
    @property
    def cameras(self) -> Mapping[str, Any]: ...  # by name, the main one first
    @property
    def video(self) -> Any: ...  # with .codec, one of video.CODECS
    def param_types(self) -> Mapping[str, type]: ...
    def mixture(self) -> Mapping[str, tuple[str, ...]]: ...  # scenario -> its parameters, if it mixes some
    def study_labels(self) -> tuple[str, ...]: ...  # of `STUDY_COLUMNS`, those that it needs


@dataclass(frozen=True, slots=True)
class Layout:
    """What of a recipe decides the columns. It is kept in the manifest, so that a reader needs no recipe."""

    params: tuple[tuple[str, str], ...]  # name -> float | int | str | bool
    cameras: tuple[str, ...] = ("main",)  # the first one has the columns without a suffix
    passes: tuple[str, ...] = ()  # those of `PASSES`, in that order
    codec: str = "h264"
    # Columns, and tiers of captions, that earlier datasets of this format do not have.
    labels: tuple[str, ...] = LABELS
    mixture: tuple[tuple[str, tuple[str, ...]], ...] = ()  # of a mix: the scenarios, their parameters' names

    @classmethod
    def of(cls, recipe: DatasetRecipe) -> Layout:
        return cls(
            params=tuple((name, kind.__name__) for name, kind in recipe.param_types().items()),
            cameras=tuple(recipe.cameras) or ("main",),
            passes=tuple(name for name in PASSES if name in recipe.passes),
            codec=recipe.video.codec,
            labels=(*LABELS, *recipe.study_labels()),
            mixture=tuple((name, tuple(params)) for name, params in recipe.mixture().items()),
        )

    @property
    def tiers(self) -> tuple[str, ...]:
        """The tiers of captions that its clips have."""
        return tuple(tier for tier in CAPTION_TIERS if tier in DESCRIBING or tier in self.labels)

    def params_of(self, scenario: str) -> tuple[tuple[str, str], ...]:
        """The parameters that a clip of this scenario has: of a mix, its own; else all."""
        if not self.mixture:
            return self.params
        own = dict(self.mixture).get(scenario, ())
        return tuple((name, kind) for name, kind in self.params if name in own)

    def suffix(self, camera: str) -> str:
        """What the names of a camera's columns end with."""
        return "" if camera == self.cameras[0] else f"_{camera}"

    def to_json(self) -> dict[str, Any]:
        return {
            "params": dict(self.params),
            "cameras": list(self.cameras),
            "passes": list(self.passes),
            "codec": self.codec,
            "labels": list(self.labels),
            **({"mixture": {name: list(own) for name, own in self.mixture}} if self.mixture else {}),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Layout:
        return cls(
            params=tuple((str(name), str(kind)) for name, kind in value["params"].items()),
            cameras=tuple(value["cameras"]),
            passes=tuple(value["passes"]),
            codec=str(value["codec"]),
            labels=tuple(value.get("labels", ())),
            mixture=tuple((str(name), tuple(own)) for name, own in value.get("mixture", {}).items()),
        )


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `shape` speaks of T frames, N bodies, C contacts, H x W pixels; "" is a single value."""

    name: str
    type: pa.DataType
    unit: str
    shape: str
    meaning: str
    undo: str = ""  # how to get the quantity back where it was quantised or packed
    file: str = ""  # its own file in a WebDataset sample, where the rules above do not name it
    dense: bool = False  # it is in dense/ beside data/, joined by key
    text: bool = False  # a struct with members that may be missing: JSON text in a WebDataset sample

    @property
    def is_video(self) -> bool:
        return bool(self.type == VIDEO_TYPE)

    @property
    def tar_file(self) -> str:
        """The field of a WebDataset sample that holds nothing but this column, "" if there is none."""
        if self.file:
            return self.file
        return f"{self.name}.npy" if self.type == CONTACTS_TYPE or is_array(self.type) else ""

    @property
    def in_tar(self) -> str:
        """Where a WebDataset sample carries it, in words."""
        if self.tar_file:
            return f"`.{self.tar_file}`"
        if not pa.types.is_struct(self.type) or self.text:
            return "`.json`, as JSON text" if pa.types.is_list(self.type) or self.text else "`.json`"
        names = [(f"{self.name}_{field.name}", is_array(field.type)) for field in self.type]
        if not any(array for _, array in names):
            return f"`.json`, `{self.name}_<member>`"
        return ", ".join(f"`.{name}.npy`" if array else f"`.json` `{name}`" for name, array in names)


def is_array(kind: pa.DataType) -> bool:
    """A list of (lists of) numbers, which travels as one array."""
    if not (pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind)):
        return False
    while pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        kind = kind.value_type
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def _lists(kind: pa.DataType, *lengths: int) -> pa.DataType:
    """Nested lists of `kind`, outermost length first; 0 is a length that varies."""
    for length in reversed(lengths):
        kind = pa.list_(kind, length) if length else pa.list_(kind)
    return kind


def _struct(**members: pa.DataType) -> pa.DataType:
    return pa.struct([pa.field(name, kind) for name, kind in members.items()])


_F4, _F8, _I4, _TEXT = pa.float32(), pa.float64(), pa.int32(), pa.string()
BODIES_TYPE = pa.list_(
    _struct(
        name=_TEXT,
        role=_TEXT,
        shape=_TEXT,
        size_m=pa.list_(_F8),
        mass_kg=_F8,
        friction=_F8,
        elasticity=_F8,
        colour=_TEXT,
        colour_rgb=pa.list_(_F4, 3),
        material=_TEXT,
        fixed=pa.bool_(),
    )
)
CONTACTS_TYPE = pa.list_(
    _struct(
        frame=_I4,
        time_s=_F8,
        a=_I4,
        b=_I4,
        position_m=pa.list_(_F8, 3),
        normal=pa.list_(_F8, 3),
        impulse_n_s=_F8,
    )
)
EVENTS_TYPE = pa.list_(_struct(kind=_TEXT, frame=_I4, time_s=_F8, bodies=pa.list_(_I4), value=_F8))
LAW_TYPE = pa.list_(_struct(name=_TEXT, predicted=_F8, measured=_F8, residual=_F8))
DECISION_TYPE = _struct(
    kind=_TEXT,
    frame=_I4,
    time_s=_F8,
    in_video=pa.bool_(),
    event_frames=_I4,
    outcome_frames=_I4,
    horizon_s=_F8,
)
CAMERA_TYPE = _struct(projection=_TEXT, intrinsics=_lists(_F8, 3, 3), world_to_camera=_lists(_F8, 0, 4, 4))


def columns(recipe: DatasetRecipe | Layout) -> tuple[Column, ...]:
    """Every column of the datasets of this recipe, in their order in the files; those of dense/ come last."""
    layout = recipe if isinstance(recipe, Layout) else Layout.of(recipe)
    return tuple(_columns(layout))


def arrow_schema(table: tuple[Column, ...]) -> pa.Schema:
    """The Arrow schema of these columns, without metadata. No value is ever null, but for the parameters of
    other scenarios in a mix.
    """
    return pa.schema([pa.field(column.name, column.type) for column in table])


def _columns(layout: Layout) -> Iterator[Column]:
    from simgen.dataset.study_columns import STUDY_COLUMNS  # which are made of the columns of this file

    tiers = "; ".join(f"{tier}: {CAPTION_TIERS[tier]}" for tier in layout.tiers)
    params = pa.struct([pa.field(name, _PARAM_TYPES[kind]) for name, kind in layout.params])
    yield Column("key", _TEXT, "", "", "<recipe>-<split>-<index, 8 digits>; unique in the dataset")
    yield Column(
        "index", pa.int64(), "", "", "number in the split; recipe, split and index decide the whole clip"
    )
    yield Column("split", _TEXT, "", "", "train, test or what the recipe calls it")
    yield Column("scenario", _TEXT, "", "", "the kind of scene")
    yield Column("caption", _TEXT, "", "", "describes the clip: the tier plain of captions", file="txt")
    yield Column(
        "captions", _struct(**dict.fromkeys(layout.tiers, _TEXT)), "", "", f"a text per tier; {tiers}"
    )
    yield _video("", "the clip from the main camera", layout.codec)
    yield Column("fps", _F8, "1/s", "", "frames per second")
    yield Column("frame_count", _I4, "", "", "T")
    yield Column("width", _I4, "px", "", "W")
    yield Column("height", _I4, "px", "", "H")
    own = "; null if it is a parameter of other scenarios only" if layout.mixture else ""
    yield Column(
        "params", params, "in the name", "", f"every parameter of the scenario under its recipe name{own}",
        "in the tar JSON text of the clip's own parameters" if layout.mixture else "",
        text=bool(layout.mixture),
    )  # fmt: skip
    yield from _LABELS
    if "decision" in layout.labels:
        yield _DECISION
    for label, own_columns in STUDY_COLUMNS.items():
        yield from own_columns if label in layout.labels else ()
    yield from _seen_by("", "the main camera")
    yield Column(
        "projected_px", _lists(_F4, 0, 0, 2), "px", "(T, N, 2)",
        "x, y of the projected centre of mass in the main camera; without meaning behind it",
    )  # fmt: skip
    for camera in layout.cameras[1:]:
        yield _video(f"_{camera}", f"the same clip from camera {camera}", layout.codec)
        yield from _seen_by(f"_{camera}", f"camera {camera}")
    yield Column(
        "scene", _TEXT, "", "", "the whole scene as JSON, from which simgen simulates the clip again"
    )
    yield Column("recipe_hash", _TEXT, "", "", "sha256 over everything in the recipe that changes a clip")
    yield Column("generator_version", _I4, "", "", "raised when the same recipe would give other clips")
    yield Column("attempt", _I4, "", "", "how many draws of this clip were rejected before this one")
    for camera in layout.cameras:
        suffix = layout.suffix(camera)
        for name in layout.passes:
            for column in _DENSE[name]:
                file = column.file.replace(".", f"{suffix}.", 1)
                seen = f"; camera {camera}" if suffix else ""
                name_in_camera, meaning = column.name + suffix, column.meaning + seen
                yield replace(column, name=name_in_camera, meaning=meaning, file=file, dense=True)


def _video(suffix: str, meaning: str, codec: str) -> Column:
    coding = {
        "h264": "H.264, BT.709, limited range, a key frame every 12 frames, index first",
        "ffv1": "FFV1 in Matroska, lossless",
    }[codec]
    file = SUFFIX[codec] if not suffix else f"video{suffix}.{SUFFIX[codec]}"
    return Column(
        f"video{suffix}", VIDEO_TYPE, "sRGB", "(T, H, W, 3)", f"{meaning}; {FRAMES}",
        f"{coding}: decode the bytes with any video library", file=file,
    )  # fmt: skip


def _seen_by(suffix: str, camera: str) -> Iterator[Column]:
    yield Column(
        f"camera{suffix}", CAMERA_TYPE, "px, m", "(3, 3), (1 or T, 4, 4)",
        f"{camera}: u = K (R x + t) with K the intrinsics and (R | t) the upper rows of world_to_camera (one "
        "matrix if it stands still, else one per frame); x right, y down, z forward. perspective: divide "
        "by z; "
        f"orthographic: put 1 in place of z. {PIXELS}",
    )  # fmt: skip
    yield Column(
        f"boxes{suffix}", _lists(_F4, 0, 0, 4), "px", "(T, N, 4)",
        f"x0 y0 x1 y1 around the pixels of each body that {camera} sees, 0 where it sees none",
    )  # fmt: skip
    yield Column(
        f"visible{suffix}", _lists(_F4, 0, 0), "1", "(T, N)",
        f"pixels of the body that {camera} sees over those it would see with nothing else there",
    )  # fmt: skip
    yield Column(
        f"centroids{suffix}", _lists(_F4, 0, 0, 2), "px", "(T, N, 2)",
        f"x, y of the mean centre of the pixels of each body that {camera} sees, 0 where it sees none",
    )  # fmt: skip


_LABELS = (
    Column(
        "bodies", BODIES_TYPE, "in the name", "(N,)",
        "the bodies, fixed ones included, in the order of every label below. size_m by shape: sphere "
        "(radius), box "
        "(x, y, z), cylinder and capsule (radius, length), cone (base radius, height), tube (outer radius, "
        "length, "
        "wall), mesh (scale x, y, z); colour is the name in the captions, colour_rgb is sRGB in 0..1",
    ),
    Column(
        "state", _lists(_F4, 0, 0, 13), "m, 1, m/s, rad/s", "(T, N, 13)",
        f"each body at each frame: {' '.join(STATE_FIELDS)}. Position of the centre of mass, orientation as "
        "a quaternion (x, y, z, w), velocity, angular velocity, in the world frame, z up",
    ),
    Column(
        "contacts", CONTACTS_TYPE, "s, m, 1, N s", "(C,)",
        "a row per touching pair of bodies a < b and interval between two frames: frame f is the interval "
        "after frame f - 1 up to frame f, time_s the first touch in it, impulse_n_s the sum of the normal "
        "impulses, position_m and normal (from b to a) their means weighted by impulse",
        "in the tar a float64 array (C, 11), columns frame, time_s, a, b, position x y z, normal x y z, "
        "impulse; a clip without a contact has one row with frame -1",
    ),
    Column(
        "events", EVENTS_TYPE, "s, by kind", "",
        "what happened: the kind, the first frame at or after it, its time, the bodies, a value by kind",
    ),
    Column(
        "law", LAW_TYPE, "of the law", "",
        "each closed form that the clip obeys: predicted, measured in the trajectory, residual = "
        "|measured - predicted| / |predicted| unless the law's name says otherwise",
    ),
)  # fmt: skip

_DECISION = Column(
    "decision", DECISION_TYPE, "s", "",
    "the event that the clip is about: its kind, frame and time (\"\", -1, -1 if it is not in_video); from how "
    "many first frames it is determined in principle whether and when it happens (event_frames) and how the rest "
    "of the video goes (outcome_frames), 0 if not even all of them tell; horizon_s: up to which the motion "
    "is reproducible, the last frame's time unless it is chaotic (then: up to which a simulation with a ten "
    "times finer step agrees)",
)  # fmt: skip

_EXACT = "exact: a gzipped NumPy file, np.load(io.BytesIO(gzip.decompress(value)))"
_DENSE: dict[str, tuple[Column, ...]] = {
    "depth": (
        Column(
            "depth", pa.binary(), "m", "(T, H, W)",
            "distance along the camera's axis, 0 where there is nothing",
            "FFV1 in Matroska, decode to uint16 q: depth_offset_m + depth_scale_m * q where q > 0, else 0; "
            "wrong by at most depth_scale_m / 2", file="depth.mkv",
        ),
        Column("depth_scale_m", _F8, "m", "", "metres per step of depth"),
        Column("depth_offset_m", _F8, "m", "", "metres at step 0 of depth"),
    ),
    "segmentation": (
        Column(
            "segmentation", pa.binary(), "", "(T, H, W)", "0 background, i + 1 body i, N + 1 + k link k of the scene", _EXACT,
            file="mask.npy.gz",
        ),
    ),
    "normals": (
        Column(
            "normals", pa.binary(), "1", "(T, H, W, 3)",
            "unit normal of the visible surface in the camera's frame, 0 where there is nothing",
            "FFV1 in Matroska, decode to uint16 (T, H, 2 W): left half p, right half q; 0, 0 is nothing; "
            "x = (p - 2048) / 2047, y = (q - 2048) / 2047, z = 1 - |x| - |y|, o = max(-z, 0), then the "
            "direction "
            "of (x - sign(x) o, y - sign(y) o, z); wrong by at most 0.06 degrees", file="normals.mkv",
        ),
    ),
    "flow": (
        Column(
            "flow", pa.binary(), "px", "(T, H, W, 2)",
            "where the surface point in each pixel moves until the next frame, (x, y); the last frame is 0",
            "FFV1 in Matroska, decode to uint16 (T, H, 2 W): left half p, right half q; x = (p - 32768) * "
            "flow_scale_px, y = (q - 32768) * flow_scale_px; wrong by at most flow_scale_px / 2",
            file="flow.mkv",
        ),
        Column("flow_scale_px", _F8, "px", "", "pixels per step of flow, 1/64 unless something is very fast"),
        Column(
            "flow_occluded", pa.binary(), "", "(T, H, W)",
            "1 where the surface point is hidden or outside in the next frame", _EXACT,
            file="flow_occluded.npy.gz",
        ),
    ),
}  # fmt: skip
