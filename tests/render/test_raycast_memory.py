"""Memory is used again only when nobody can see it any more."""

from __future__ import annotations

import gc

import numpy as np

from simgen.render.raycast.memory import LARGE, array

SHAPE = (LARGE // 4, 4)


def address(values: np.ndarray) -> int:
    return int(values.__array_interface__["data"][0])


def test_an_array_that_is_still_seen_keeps_its_memory() -> None:
    first = array(SHAPE, np.uint8)
    first[:] = 7
    part = first.reshape(-1)[100:200].view(np.int8)
    del first
    gc.collect()
    other = array(SHAPE, np.uint8)
    other[:] = 9
    assert np.all(part == 7)


def test_memory_that_nobody_sees_is_used_again_and_cleared_when_asked() -> None:
    first = array(SHAPE, np.uint8)
    first[:] = 7
    place = address(first)
    del first
    gc.collect()
    second = array((LARGE // 4,), np.float32, zero=True)
    assert address(second) == place
    assert np.all(second == 0)


def test_small_arrays_are_ordinary() -> None:
    assert array((3, 2), np.float32, zero=True).base is None
    assert array((0, 0), np.uint8).shape == (0, 0)
