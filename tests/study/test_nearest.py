"""The nearest training clip, against looking at every one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from simgen.recipe.distributions import (
    Distribution,
    Uniform,
    choice,
    constant,
    integer,
    log_uniform,
    normal,
    uniform,
)
from simgen.study.columns import values
from simgen.study.nearest import Neighbours, nearest, scales

TRAIN = {
    "angle_deg": uniform(5, 30),
    "shape": choice("sphere", "box", "hoop"),
    "mass_kg": log_uniform(0.1, 10),
    "count": integer(1, 5),
    "lit": choice(True, False),
    "gravity_m_s2": constant(9.81),
    "material": constant("none"),
}
TEST = {
    "angle_deg": uniform(20, 60),
    "shape": choice("sphere", "cone", "hoop"),
    "mass_kg": log_uniform(0.01, 10),
    "count": integer(4, 9),
    "lit": constant(True),
    "gravity_m_s2": choice(9.81, 1.62),
    "material": choice("none", "wood"),
}


def drawn(box: Mapping[str, Distribution], count: int, seed: int) -> dict[str, NDArray[Any]]:
    source = np.random.default_rng(seed)
    return {name: values(distribution, source.random(count)) for name, distribution in box.items()}


def apart(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """The distance of two clips of the boxes above, written out."""
    squares = [
        ((one["angle_deg"] - other["angle_deg"]) / 25) ** 2,
        (math.log(one["mass_kg"] / other["mass_kg"]) / math.log(100)) ** 2,
        ((one["count"] - other["count"]) / 4) ** 2,
        *(float(one[name] != other[name]) for name in ("shape", "lit", "gravity_m_s2", "material")),
    ]
    return math.sqrt(sum(squares))


def clip(columns: Mapping[str, NDArray[Any]], index: int) -> dict[str, Any]:
    return {name: column[index].item() for name, column in columns.items()}


def test_the_nearest_is_the_nearest_of_all() -> None:
    train, test = drawn(TRAIN, 400, 1), drawn(TEST, 120, 2)
    distance, place = nearest(train, test, [TRAIN])
    assert distance.shape == place.shape == (120,)
    for index in range(120):
        every = [apart(clip(test, index), clip(train, k)) for k in range(400)]
        assert distance[index] == pytest.approx(min(every), abs=1e-9)
        assert every[place[index]] == pytest.approx(min(every), abs=1e-9)


def test_a_training_clip_is_its_own_nearest() -> None:
    train = drawn(TRAIN, 300, 3)
    distance, place = nearest(train, train, [TRAIN])
    assert np.allclose(distance, 0, atol=1e-7)
    assert place.tolist() == list(range(300))


def test_one_clip_at_a_time_is_the_same() -> None:
    neighbours, test = Neighbours(drawn(TRAIN, 300, 3), [TRAIN]), drawn(TEST, 10, 4)
    together = neighbours.nearest(test)
    for index in range(10):
        distance, place = neighbours.nearest(clip(test, index))
        assert (distance[0], place[0]) == (together[0][index], together[1][index])


def test_the_range_of_several_cases_is_one_range() -> None:
    boxes = [
        {"x": uniform(0, 1), "y": constant(2)},
        {"x": Uniform(uniform=((3.0, 4.0), (7.0, 8.0))), "y": constant(4)},
    ]
    train = {"x": np.array([0.5, 3.5]), "y": np.array([2, 4])}
    distance, place = nearest(train, {"x": np.array([4.5]), "y": np.array([5])}, boxes)
    assert place.tolist() == [1]
    assert distance[0] == pytest.approx(math.hypot(1 / 8, 1 / 2))


def test_scales() -> None:
    found = scales([{"x": normal(1, 2), "y": normal(1, 2, min=0), "z": log_uniform(1, math.e)}])
    assert (found["x"].low, found["x"].high) == (-3, 5)
    assert (found["y"].low, found["y"].high) == (0, 5)
    assert (found["z"].low, found["z"].high, found["z"].logarithmic) == (0, pytest.approx(1), True)
    mixed = scales([{"m": log_uniform(1, 100)}, {"m": uniform(1, 200)}])["m"]
    assert (mixed.low, mixed.high, mixed.logarithmic) == (1, 200, False)


def test_a_number_without_a_logarithm_is_far_but_not_infinitely() -> None:
    box = {"m": log_uniform(0.1, 10)}
    distance, _ = nearest({"m": np.array([0.1])}, {"m": np.array([0.0])}, [box])
    assert distance[0] == pytest.approx(6 / 2)  # six powers of ten of a range of two


def test_what_a_material_decides_counts_by_its_own_range() -> None:
    box = {"friction": constant(0.5), "material": choice("wood", "ice")}
    train = {"friction": np.array([0.4, 0.1]), "material": np.array(["wood", "ice"])}
    distance, place = nearest(train, {"friction": [0.25], "material": ["ice"]}, [box])
    assert place.tolist() == [1]
    assert distance[0] == pytest.approx(0.5)


def test_a_factor_that_is_missing() -> None:
    with pytest.raises(KeyError, match="angle_deg"):
        nearest(drawn(TRAIN, 10, 1), {"mass_kg": np.ones(1)}, [TRAIN])
