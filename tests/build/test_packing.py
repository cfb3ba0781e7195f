"""The private file of a finished clip: what went in comes out, and a damaged file counts as none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from simgen.build.packing import PackedClip, clip_path, make_room, read_clip, remove_room, write_clip
from simgen.dataset.column_table import Layout
from simgen.dataset.values import values_of
from tests.dataset.samples import HandRecipe, make_sample

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**60), 2**60),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(max_size=50),
    npst.arrays(
        st.sampled_from([np.float32, np.float64, np.uint8, np.int32]),
        npst.array_shapes(min_side=0, max_dims=3, max_side=4),
        elements={"allow_nan": False},
    ),
)
VALUES = st.dictionaries(
    st.text(max_size=8),
    st.recursive(
        LEAVES,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    ),
    max_size=6,
)


def same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        return (
            isinstance(b, np.ndarray) and a.dtype == b.dtype and a.shape == b.shape and bool((a == b).all())
        )
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(same(a[name], b[name]) for name in a)
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


@given(VALUES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_plain_value_comes_back_as_it_was(tmp_path: Path, values: dict[str, Any]) -> None:
    make_room(tmp_path)
    values = {**values, "split": "train", "index": 3}
    write_clip(tmp_path, PackedClip(values, ("law-a", "overlap")))
    clip = read_clip(tmp_path, "train", 3)
    assert clip is not None
    assert same(values, clip.values)
    assert clip.rejections == ("law-a", "overlap")


def test_a_real_clip_with_every_pass_and_two_cameras_comes_back(tmp_path: Path) -> None:
    recipe = HandRecipe(passes=("depth", "segmentation"), camera_names=("main", "side"))
    values = values_of(make_sample(recipe, 5), Layout.of(recipe))
    make_room(tmp_path)
    size = write_clip(tmp_path, PackedClip(values, ()))
    assert clip_path(tmp_path, "train", 5).stat().st_size == size
    clip = read_clip(tmp_path, "train", 5)
    assert clip is not None
    contacts, back = values.pop("contacts"), clip.values.pop("contacts")  # type: ignore[attr-defined]
    assert same(values, clip.values)
    assert all(same(getattr(contacts, name), getattr(back, name)) for name in contacts.__slots__)


def test_any_damage_makes_it_count_as_missing(tmp_path: Path) -> None:
    make_room(tmp_path)
    write_clip(tmp_path, PackedClip({"split": "train", "index": 0, "state": np.arange(6.0)}, ()))
    path = clip_path(tmp_path, "train", 0)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert read_clip(tmp_path, "train", 0) is None
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert read_clip(tmp_path, "train", 0) is None


def test_no_file_no_clip_and_no_folder_an_error(tmp_path: Path) -> None:
    make_room(tmp_path)
    assert read_clip(tmp_path, "train", 0) is None
    remove_room(tmp_path)
    with pytest.raises(FileNotFoundError):
        write_clip(tmp_path, PackedClip({"split": "train", "index": 0}, ()))
