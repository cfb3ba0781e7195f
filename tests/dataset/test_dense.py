"""Dense passes: the bounds that the column table promises, at the edges too, and that plain libraries undo
them.
"""

from __future__ import annotations

import io
import re
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from simgen.dataset.dense import decode_pass, encode_pass
from simgen.errors import DatasetError
from simgen.render.frames import PASSES, Frames
from tests.dataset.samples import HandRecipe, make_sample

ROOT = Path(__file__).parents[2]
SHAPE = (3, 40, 56)
RGB = np.zeros((*SHAPE, 3), np.uint8)


def round_trip(name: str, **fields: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    values = encode_pass(name, Frames(rgb=RGB, **fields), 24.0)
    return values, decode_pass(name, values)


def test_depth_is_within_half_a_step() -> None:
    rng = np.random.default_rng(0)
    depth = rng.uniform(0.05, 100.0, SHAPE).astype(np.float32)
    depth[rng.random(SHAPE) < 0.3] = 0
    values, decoded = round_trip("depth", depth_m=depth)
    there = depth > 0
    assert values["depth_scale_m"] == pytest.approx((depth.max() - depth[there].min()) / 65534)
    assert np.array_equal(decoded["depth_m"] > 0, there)
    error = np.abs(decoded["depth_m"].astype(float) - depth)
    assert error[there].max() <= values["depth_scale_m"] / 2 + np.spacing(np.float32(100))
    assert decoded["depth_m"].dtype == np.float32


@pytest.mark.parametrize("constant", [0.0, 3.25])
def test_depth_that_is_nothing_or_flat(constant: float) -> None:
    depth = np.full(SHAPE, constant, np.float32)
    values, decoded = round_trip("depth", depth_m=depth)
    assert np.array_equal(decoded["depth_m"], depth)
    assert values["depth_scale_m"] > 0


def test_segmentation_is_exact() -> None:
    ids = np.random.default_rng(1).integers(0, 256, SHAPE, dtype=np.uint8)
    _, decoded = round_trip("segmentation", segmentation=ids)
    assert np.array_equal(decoded["segmentation"], ids)
    assert decoded["segmentation"].dtype == np.uint8


def test_normals_are_within_the_angle_promised() -> None:
    rng = np.random.default_rng(2)
    vectors = rng.normal(size=(*SHAPE, 3))
    axes = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, 0, 0], [0, -1, 0], [0, 0, -1]], float)
    vectors[0, 0, :6] = axes
    vectors[0, 1] = [1, 1, 0]  # on the fold
    vectors[0, 2] = [-1, 0, -1e-9]
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    nothing = rng.random(SHAPE) < 0.2
    nothing[0, :3] = False
    normals = np.where(nothing[..., None], 0, vectors).astype(np.float32)
    _, decoded = round_trip("normals", normals=normals)
    back = decoded["normals"].astype(float)
    assert np.array_equal(np.abs(back).sum(-1) == 0, nothing)
    assert np.abs(np.linalg.norm(back[~nothing], axis=-1) - 1).max() < 1e-6
    # the angle from the chord: acos loses half the digits near 1
    chord = np.linalg.norm(back - normals, axis=-1)[~nothing]
    assert np.degrees(2 * np.arcsin(chord / 2)).max() <= 0.06
    assert np.abs(back[0, 0, :6] - axes).max() < 1e-6


@pytest.mark.parametrize(
    ("fastest", "step"), [(20.0, 1 / 64), (511.0, 1 / 64), (512.5, 1 / 32), (5000.0, 1 / 4)]
)
def test_flow_is_within_half_a_step(fastest: float, step: float) -> None:
    rng = np.random.default_rng(3)
    flow = rng.uniform(-fastest, fastest, (*SHAPE, 2)).astype(np.float32)
    flow[0, 0, 0] = (fastest, -fastest)
    flow[-1] = 0
    occluded = rng.random(SHAPE) < 0.1
    values, decoded = round_trip("flow", flow=flow, flow_occluded=occluded)
    assert values["flow_scale_px"] == step
    assert np.abs(decoded["flow"] - flow).max() <= step / 2
    assert not decoded["flow"][-1].any()
    assert np.array_equal(decoded["flow_occluded"], occluded)


def test_damaged_bytes_name_the_clip() -> None:
    frames = next(iter(make_sample(HandRecipe(passes=PASSES), 1).frames.values()))
    for name in PASSES:
        values = encode_pass(name, frames, 24.0)
        data = bytearray(values[name])
        data[len(data) // 2] ^= 0xFF
        with pytest.raises(DatasetError, match="of clip demo-7 cannot be decoded"):
            decode_pass(name, {**values, name: bytes(data)}, key="demo-7")


def test_the_page_undoes_every_pass_with_plain_libraries(dense: Path, dense_recipe: HandRecipe) -> None:
    """The snippet of docs/columns.md, run on a row of dense/ and on the fields of the tar."""
    page = (ROOT / "docs" / "columns.md").read_text()
    (snippet,) = re.findall(r"```python dense\n(.*?)```", page, re.DOTALL)
    row = pq.read_table(dense / "dense" / "train-00000-of-00002.parquet").slice(2, 1).to_pylist()[0]
    files = {
        "segmentation": "mask.npy.gz",
        "depth": "depth.mkv",
        "flow": "flow.mkv",
        "normals": "normals.mkv",
    }
    with tarfile.open(dense / "webdataset" / "train-00000-of-00002.tar") as tar:
        for name, file in (*files.items(), ("flow_occluded", "flow_occluded.npy.gz")):
            member = tar.extractfile(f"hand-train-00000002.{file}")
            assert member is not None
            assert member.read() == row[name]
    names: dict[str, Any] = {"row": row}
    exec(snippet, names)
    truth = next(iter(make_sample(dense_recipe, 2).frames.values()))
    assert np.array_equal(names["segmentation"], truth.segmentation)
    assert np.abs(names["depth_m"] - truth.depth_m).max() <= row["depth_scale_m"] / 2 + 1e-6
    assert np.abs(names["flow_px"] - truth.flow).max() <= row["flow_scale_px"] / 2
    assert np.array_equal(names["occluded"], truth.flow_occluded)
    assert np.abs(names["normals"] - truth.normals).max() < 0.0011  # 0.06 degrees in radians


def test_gzip_header_says_nothing_of_time_or_place() -> None:
    """RFC 1952: no flags (so no name), modification time 0."""
    frames = next(iter(make_sample(HandRecipe(passes=PASSES), 1).frames.values()))
    data = encode_pass("segmentation", frames, 24.0)["segmentation"]
    assert data[:4] == b"\x1f\x8b\x08\x00"
    assert data[4:8] == bytes(4)
    assert io.BytesIO(data).read(2) == b"\x1f\x8b"
