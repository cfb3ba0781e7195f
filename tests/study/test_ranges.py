"""In and out of the training ranges, and what is proved of two splits."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
from simgen.study.ranges import combinations, holds, out_of_range, range_words, relation

HOLES = Uniform(uniform=((1.0, 1.25), (3.75, 4.0)))
TRAIN = {"angle_deg": uniform(5, 30), "shape": choice("sphere", "box"), "mass_kg": log_uniform(0.1, 10)}
# the pairs that training shows: small and slow, large and fast
PAIRS = (
    {"radius_m": uniform(0.1, 0.2), "speed_m_s": uniform(1, 2), "friction": uniform(0, 1)},
    {"radius_m": uniform(0.3, 0.4), "speed_m_s": uniform(3, 4), "friction": uniform(0, 1)},
)


@pytest.mark.parametrize(
    ("distribution", "inside", "outside"),
    [
        (uniform(5, 30), [5, 30.0, 12.5], [4.999, 30.001]),
        (HOLES, [1, 1.25, 3.75, 4], [0.9, 1.2500001, 2, 3.7, 5]),
        (log_uniform(0.1, 10), [0.1, 10], [0.0, 10.1]),
        (normal(0, 1), [-1e9, 1e9], ["word"]),
        (normal(0, 1, min=-2), [-2, 1e9], [-2.1]),
        (integer(2, 5), [2, 5, 3.0], [1, 6, 2.5]),
        (choice(1, 2, 4), [1, 2.0, 4], [3]),
        (choice("red", "blue", weights=(1, 0)), ["red"], ["blue", "green"]),
        (constant("none"), ["none"], ["wood"]),
        (constant(9.81), [9.81], [9.8]),
    ],
)
def test_what_a_distribution_holds(
    distribution: Distribution, inside: list[object], outside: list[object]
) -> None:
    assert [holds(distribution, value) for value in inside] == [True] * len(inside)
    assert [holds(distribution, value) for value in outside] == [False] * len(outside)


@settings(max_examples=200, deadline=None)
@given(
    distribution=st.sampled_from(
        (uniform(5, 30), HOLES, log_uniform(0.1, 10), normal(0, 3, -1, 4), integer(1, 3), choice("a", "b"))
    ),
    u=st.floats(0, 1 - 2.0**-53),
)
def test_what_is_drawn_is_held(distribution: Distribution, u: float) -> None:
    assert holds(distribution, distribution.value(u))


def test_values_outside_are_named() -> None:
    inside = {"angle_deg": 12.0, "shape": "box", "mass_kg": 0.1}
    assert out_of_range(inside, [TRAIN]) == []
    assert out_of_range({**inside, "angle_deg": 35.0}, [TRAIN]) == ["angle_deg"]
    assert out_of_range({**inside, "shape": "hoop", "mass_kg": 11.0}, [TRAIN]) == ["shape", "mass_kg"]
    assert out_of_range({**inside, "unknown": 3}, [TRAIN]) == []


def test_a_hole_is_outside() -> None:
    assert out_of_range({"speed_m_s": 2.0}, [{"speed_m_s": HOLES}]) == ["speed_m_s"]
    assert out_of_range({"speed_m_s": 3.8}, [{"speed_m_s": HOLES}]) == []


def test_a_combination_that_no_case_shows_is_one_entry() -> None:
    shown = {"radius_m": 0.15, "speed_m_s": 1.5, "friction": 0.5}
    assert out_of_range(shown, PAIRS) == []
    assert out_of_range({**shown, "speed_m_s": 3.5}, PAIRS) == ["radius_m+speed_m_s"]
    assert out_of_range({**shown, "speed_m_s": 2.5}, PAIRS) == ["speed_m_s"]
    assert out_of_range({**shown, "speed_m_s": 3.5, "friction": 2.0}, PAIRS) == [
        "friction",
        "radius_m+speed_m_s",
    ]


@pytest.mark.parametrize(
    ("train", "test", "sentence"),
    [
        (
            uniform(5, 30),
            uniform(35, 60),
            "far is disjoint from train: x is 35 to 60, and 5 to 30 in train.",
        ),
        (
            HOLES,
            uniform(2, 3),
            "far is disjoint from train: x is 2 to 3, and 1 to 1.25 or 3.75 to 4 in train.",
        ),
        (
            uniform(5, 30),
            uniform(30, 60),
            "far is disjoint from train: x is 30 to 60, and 5 to 30 in train."
            " x can be 30 in both, with probability 0.",
        ),
        (
            choice(10, 20),
            uniform(10, 15),
            "far is disjoint from train: x is 10 to 15, and 10 or 20 in train."
            " x can be 10 in both, with probability 0.",
        ),
        (
            integer(1, 3),
            uniform(0, 2.5),
            "far is disjoint from train: x is 0 to 2.5, and a whole number from 1 to 3 in train."
            " x can be 1 to 2 in both, with probability 0.",
        ),
        (
            choice("red", "blue"),
            constant("green"),
            "far is disjoint from train: x is green, and red or blue in train.",
        ),
        (
            normal(0, 1, max=2),
            normal(0, 1, min=3),
            "far is disjoint from train: x is from 3, and up to 2 in train.",
        ),
    ],
)
def test_disjoint_splits(train: Distribution, test: Distribution, sentence: str) -> None:
    box = {"y": uniform(0, 1)}
    found = relation([{"x": train, **box}], [{"x": test, **box}], test="far")
    assert (found.kind, found.factors, found.text) == ("disjoint", ("x",), sentence)


@pytest.mark.parametrize(
    ("train", "test", "sentence"),
    [
        (uniform(5, 30), uniform(25, 60), "far is not disjoint from train: both can draw x 25 to 30."),
        (
            HOLES,
            uniform(1.2, 3.8),
            "far is not disjoint from train: both can draw x 1.2 to 1.25 or 3.75 to 3.8.",
        ),
        (uniform(5, 30), constant(30), "far is not disjoint from train: both can draw x 30."),
        (uniform(0, 3.5), integer(2, 9), "far is not disjoint from train: both can draw x 2 to 3."),
        (choice(1, 2, 3), choice(3, 2, 7), "far is not disjoint from train: both can draw x 3 or 2."),
        (integer(1, 5), integer(4, 9), "far is not disjoint from train: both can draw x 4 to 5."),
        (choice(1, 4), integer(4, 9), "far is not disjoint from train: both can draw x 4."),
        (normal(0, 1), uniform(3, 4), "far is not disjoint from train: both can draw x 3 to 4."),
        (uniform(1, 2), log_uniform(1, 2), "far is not disjoint from train: both can draw x 1 to 2."),
    ],
)
def test_a_leak_is_named(train: Distribution, test: Distribution, sentence: str) -> None:
    box = {"y": uniform(0, 1)}
    found = relation([{"x": train, **box}], [{"x": test, **box}], test="far")
    assert (found.kind, found.factors, found.text) == ("overlap", ("x",), sentence)


def test_a_leak_in_two_factors_names_both() -> None:
    found = relation(
        [{"x": uniform(0, 2), "y": uniform(0, 2), "z": constant(1)}],
        [{"x": uniform(1, 3), "y": uniform(1, 3), "z": constant(1.0)}],
    )
    assert found.text == "test is not disjoint from train: both can draw x 1 to 2 and y 1 to 2."


def test_the_pairs_that_training_never_shows() -> None:
    swapped = (
        {**PAIRS[0], "speed_m_s": PAIRS[1]["speed_m_s"]},
        {**PAIRS[1], "speed_m_s": PAIRS[0]["speed_m_s"]},
    )
    found = relation(PAIRS, swapped, test="test_pairs")
    assert found.kind == "disjoint"
    assert found.text == (
        "test_pairs is disjoint from train: each of its 2 cases differs from each of the 2 cases of train in"
        " speed_m_s or radius_m."
    )
    leaky = relation(PAIRS, (swapped[0], PAIRS[1]), test="test_pairs")
    assert leaky.kind == "overlap"
    assert leaky.text == "Case 2 of test_pairs draws as case 2 of train does."
    far = relation(PAIRS, [{**PAIRS[0], "speed_m_s": uniform(5, 6)}])
    assert far.text == "test is disjoint from train: speed_m_s is 5 to 6, and 1 to 2 or 3 to 4 in train."


def test_in_distribution() -> None:
    assert relation([TRAIN], [dict(TRAIN)]).text == "test draws as train does."
    assert relation([TRAIN], [dict(TRAIN)]).kind == "in distribution"
    assert relation(PAIRS, PAIRS[:1]).text == "test draws as 1 of the 2 cases of train."
    assert relation(PAIRS, PAIRS[::-1]).text == "test draws as train does."


def test_finitely_many_combinations_are_said() -> None:
    box = {"shape": choice("a", "b", "c"), "n": integer(1, 4), "gravity": constant(9.81)}
    found = relation([box], [box], test="test_id")
    assert found.combinations == 12
    assert found.text == (
        "test_id draws as train does. Its factors have only 12 combinations of values, so its clips can repeat"
        " those of clips of train."
    )
    assert combinations([box, box]) == 24
    assert combinations([box, TRAIN]) is None


def test_many_leaks_are_cut() -> None:
    boxes = [{"x": uniform(k, k + 1.5)} for k in range(10)]
    found = relation(boxes, [{"x": uniform(0, 20)}])
    assert len(found.sentences) == 6
    assert found.sentences[0] == "test is not disjoint from case 1 of train: both can draw x 0 to 1.5."
    assert found.sentences[-1] == "So it is for 5 more pairs of cases."


INTERVALS = st.lists(st.integers(0, 12), min_size=2, max_size=6, unique=True).map(
    lambda ends: [(float(a), float(b)) for a, b in zip(sorted(ends)[::2], sorted(ends)[1::2], strict=False)]
)


@settings(max_examples=300, deadline=None)
@given(train=INTERVALS, test=INTERVALS, u=st.lists(st.floats(0, 1 - 2.0**-53), min_size=40, max_size=40))
def test_no_clip_of_a_disjoint_split_is_in_range(
    train: list[tuple[float, float]], test: list[tuple[float, float]], u: list[float]
) -> None:
    boxes = [{"x": Uniform(uniform=tuple(train))}]
    others = [{"x": Uniform(uniform=tuple(test))}]
    found = relation(boxes, others)
    drawn = [others[0]["x"].value(entry) for entry in u]
    ends = {end for pair in train for end in pair}
    inside = [value for value in drawn if not out_of_range({"x": value}, boxes) and value not in ends]
    if found.kind == "disjoint":
        assert not inside
    # an independent rule: lengths of the intersections, interval by interval
    shared = sum(max(0.0, min(b, d) - max(a, c)) for a, b in train for c, d in test)
    assert (found.kind == "disjoint") == (shared == 0)


def test_ranges_in_words() -> None:
    assert range_words(normal(0, 1)) == "any number"
    assert range_words(integer(1, 3)) == "a whole number from 1 to 3"
    assert range_words(constant(True)) == "true"
