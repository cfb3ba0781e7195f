"""Every distribution is the inverse of its cumulative function, and says what is wrong with its numbers."""

from __future__ import annotations

import hashlib
import math
import pickle
import re
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from scipy import stats

from simgen.recipe.distributions import (
    Distribution,
    Normal,
    Uniform,
    choice,
    constant,
    integer,
    log_uniform,
    normal,
    uniform,
)
from simgen.recipe.draws import Draws
from simgen.recipe.quantities import distribution_of

READ: TypeAdapter[Any] = TypeAdapter(Distribution)
LAST = 1 - 2.0**-53  # the largest number that a draw gives
GRID = np.concatenate([[0.0, 2.0**-53, 1e-9], np.linspace(0.001, 0.999, 499), [1 - 1e-9, LAST]])

CONTINUOUS = {
    "uniform": (uniform(5, 40), stats.uniform(5, 35).cdf),
    "negative": (uniform(-3, -1), stats.uniform(-3, 2).cdf),
    "intervals": (
        Uniform(uniform=((0, 1), (2, 5), (10, 16))),
        lambda x: (np.clip(x, 0, 1) + np.clip(x - 2, 0, 3) + np.clip(x - 10, 0, 6)) / 10,
    ),
    "log_uniform": (log_uniform(0.1, 10), stats.loguniform(0.1, 10).cdf),
    "log_uniform_wide": (log_uniform(1e-12, 1e12), stats.loguniform(1e-12, 1e12).cdf),
    "normal": (normal(20, 5), stats.norm(20, 5).cdf),
    "truncated": (normal(20, 5, 10, 22), stats.truncnorm(-2, 0.4, 20, 5).cdf),
    "one_sided": (normal(0, 1, min=1.5), stats.truncnorm(1.5, np.inf).cdf),
    "upper_tail": (normal(0, 1, 3, 4.5), stats.truncnorm(3, 4.5).cdf),
    "lower_tail": (normal(0, 1, -4.5, -4), stats.truncnorm(-4.5, -4).cdf),
}


@pytest.mark.parametrize("name", CONTINUOUS)
def test_value_inverts_the_cumulative_function(name: str) -> None:
    """F(F⁻¹(u)) = u, F from scipy."""
    distribution, cdf = CONTINUOUS[name]
    values = np.array([distribution.value(u) for u in GRID])
    low, high = distribution.support()
    assert np.all((low <= values) & (values <= high))
    assert np.all(np.diff(values) >= 0), "larger u, larger value: a low-discrepancy sequence can take over"
    np.testing.assert_allclose(np.asarray(cdf(values), float), GRID, atol=2e-12)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_addressed_draws_follow_the_cumulative_function(name: str) -> None:
    """Kolmogorov's statistic of 2,000 draws; 0.0436 = 1.949 / √2000 is exceeded once in a thousand seeds."""
    distribution, cdf = CONTINUOUS[name]
    drawn = np.sort([distribution.value(Draws(7, "train", index)(f"params.{name}")) for index in range(2000)])
    levels = np.asarray(cdf(drawn), float)
    steps = np.arange(2001) / 2000
    assert max(np.max(steps[1:] - levels), np.max(levels - steps[:-1])) < 0.0436


@pytest.mark.parametrize(
    ("distribution", "shares"),
    [
        (integer(1, 5), dict.fromkeys(range(1, 6), 1 / 5)),
        (integer(-2, 0), dict.fromkeys(range(-2, 1), 1 / 3)),
        (choice("a", "b", "c", "d"), dict.fromkeys("abcd", 1 / 4)),
        (choice("a", "b", "c", weights=(1, 0, 3)), {"a": 1 / 4, "c": 3 / 4}),
        (choice(1, 2.5, weights=(0.2, 0.1)), {1: 2 / 3, 2.5: 1 / 3}),
        (choice(False, True), {False: 1 / 2, True: 1 / 2}),
        (constant("x"), {"x": 1.0}),
    ],
)
def test_shares_of_discrete_values(distribution: Any, shares: dict[Any, float]) -> None:
    """On an even grid of u each value has its share, to one grid point each way."""
    count = 12000
    found = Counter(distribution.value((k + 0.5) / count) for k in range(count))
    assert set(found) == set(shares)
    for value, share in shares.items():
        assert abs(found[value] - share * count) <= 1, value
    assert distribution.value(0.0) in shares
    assert distribution.value(LAST) in shares


@settings(deadline=None, derandomize=True, database=None)
@given(
    st.lists(st.floats(0, 1e6), min_size=1, max_size=8).filter(lambda weights: sum(weights) > 1e-300),
    st.floats(0, 1, exclude_max=True),
)
def test_an_option_of_weight_zero_never_comes(weights: list[float], u: float) -> None:
    drawn = choice(*range(len(weights)), weights=tuple(weights)).value(u)
    assert weights[int(drawn)] > 0


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(
    st.floats(-1e12, 1e12),
    st.floats(1e-6, 1e12),
    st.floats(-40, 40),
    st.floats(0, 40),
    st.floats(0, 1, exclude_max=True),
)
def test_a_normal_stays_within_its_limits_or_is_refused(
    mean: float, deviation: float, start: float, width: float, u: float
) -> None:
    low, high = mean + start * deviation, mean + (start + width) * deviation
    try:
        distribution = normal(mean, deviation, low, high)
    except ValidationError:
        share = stats.norm.cdf(start + width) - stats.norm.cdf(start)
        share = max(share, stats.norm.sf(start) - stats.norm.sf(start + width))
        assert share < 1.1e-6 or low >= high or max(abs(low), abs(high)) > 1e15 or width < 1e-4
    else:
        assert low <= distribution.value(u) <= high


def test_both_ends_of_an_integer_come() -> None:
    assert {integer(3, 4).value(u) for u in (0.0, 0.4999, 0.5, LAST)} == {3, 4}
    assert integer(0, 10**15).value(LAST) == 10**15


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({"uniform": [5, 40]}, uniform(5, 40)),
        ({"uniform": [[5, 40]]}, uniform(5, 40)),
        ({"uniform": [[1, 2], [3, 4]]}, Uniform(uniform=((1, 2), (3, 4)))),
        ({"log_uniform": [0.1, 10]}, log_uniform(0.1, 10)),
        ({"normal": [1, 2], "max": 3}, normal(1, 2, max=3)),
        ({"integer": [1, 5.0]}, integer(1, 5)),
        ({"choice": ["a", "b"], "weights": [1, 2]}, choice("a", "b", weights=(1, 2))),
        ({"constant": 0.5}, constant(0.5)),
        (0.5, constant(0.5)),
        ("sphere", constant("sphere")),
        (True, constant(True)),
        (3, constant(3)),
    ],
)
def test_as_a_recipe_writes_them(written: Any, meant: Any) -> None:
    read = READ.validate_python(written)
    assert read == meant
    assert read == distribution_of(written)
    assert read == READ.validate_python(read)
    assert hash(read) == hash(meant)
    assert READ.validate_python(read.plain()) == read
    assert pickle.loads(pickle.dumps(read)) == read


@pytest.mark.parametrize(
    ("distribution", "text"),
    [
        (uniform(5, 40), "{uniform: [5, 40]}"),
        (Uniform(uniform=((0.5, 1), (2, 3))), "{uniform: [[0.5, 1], [2, 3]]}"),
        (normal(0, 1, max=2), "{normal: [0, 1], max: 2}"),
        (choice("a", "#ff0000"), '{choice: [a, "#ff0000"]}'),
        (constant(9.81), "9.81"),
        (constant(False), "false"),
    ],
)
def test_printed_as_written(distribution: Any, text: str) -> None:
    assert str(distribution) == text


@pytest.mark.parametrize(
    ("written", "kind", "discrete"),
    [
        (uniform(0, 1), "float", False),
        (integer(0, 1), "int", False),
        (choice("a"), "str", True),
        (choice(1, 2), "int", True),
        (choice(1, 2.5), "float", True),
        (constant(True), "bool", True),
        (constant(2.0), "float", True),
    ],
)
def test_kinds(written: Any, kind: str, discrete: bool) -> None:
    assert (written.kind, written.discrete) == (kind, discrete)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"uniform": [40, 5]}, "low (40) is above high (5); write [5, 40]."),
        ({"uniform": [5, 5]}, "low and high are both 5; for one value write just 5."),
        ({"uniform": 5}, "uniform takes [low, high], two numbers, or a list of such intervals."),
        ({"uniform": [1, "a"]}, "uniform takes [low, high], two numbers, or a list of such intervals."),
        ({"uniform": [True, 2]}, "uniform takes [low, high], two numbers, or a list of such intervals."),
        ({"uniform": [[1, 2], [3]]}, "each interval of uniform takes [low, high], two numbers."),
        (
            {"uniform": [[1, 3], [2, 4]]},
            "the intervals of uniform must be in increasing order and must not overlap.",
        ),
        ({"uniform": [0, 1e16]}, "must be a number between -1e15 and 1e15, not 1e+16."),
        ({"uniform": [0, math.nan]}, "must be a number between -1e15 and 1e15, not nan."),
        (
            {"uniform": [0, 10**400]},
            "must be a number between -1e15 and 1e15, not a number above 1e20 (1329 bits).",
        ),
        ({"log_uniform": [0, 1]}, "log_uniform needs low above 0, not 0."),
        ({"log_uniform": [-1, 1]}, "log_uniform needs low above 0, not -1."),
        ({"integer": [1, 2.5]}, "integer takes [low, high], two whole numbers, both of which can be drawn."),
        ({"normal": [0, 0]}, "the standard deviation of normal must be above 0, not 0."),
        ({"normal": [0]}, "normal takes [mean, standard deviation], two numbers."),
        ({"normal": [0, 1], "min": 2, "max": 1}, "min (2) must be below max (1)."),
        (
            {"normal": [0, 1], "min": 50},
            "min and max leave next to nothing of this normal; move its mean between them.",
        ),
        ({"normal": [0, 1], "mim": 5}, "normal has no key 'mim'. Did you mean 'min'?"),
        ({"choice": []}, "choice takes a list of at least one value."),
        ({"choice": "ab"}, "choice takes a list of at least one value."),
        ({"choice": [1, "a"]}, "the values of choice must be all numbers, all words, or all true or false."),
        ({"choice": ["a", "a"]}, "choice names a value twice; to make it likelier give weights: [...]."),
        ({"choice": [[1]]}, "must be a number, a word, true or false, not a list."),
        ({"choice": ["a", "b"], "weights": [1]}, "weights has 1 numbers for 2 values of choice."),
        ({"choice": ["a"], "weights": [0]}, "weights must be 0 or more, and not all 0."),
        ({"constant": None}, "must be a number, a word, true or false, not nothing."),
        ({"uniform": [1, 2], "choice": [3]}, "must be one distribution, not uniform and choice at once."),
        (
            {"unifrom": [1, 2]},
            "'unifrom' is no distribution; there are uniform, log_uniform, normal, integer, choice, "
            "constant. "
            "Did you mean 'uniform'?",
        ),
        (
            {},
            "an empty mapping is no distribution; there are uniform, log_uniform, normal, integer, choice, constant.",
        ),
        ([5, 40], "a list is not a distribution; write {uniform: [low, high]} or {choice: [a, b]}."),
        (None, "must be a value or a distribution such as {uniform: [low, high]}, not nothing."),
        ("x" * 300, "must be at most 200 characters long."),
    ],
)
def test_refusals(written: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        distribution_of(written)


def test_made_in_python_as_well() -> None:
    assert Uniform(uniform=(5, 40)).intervals == ((5, 40),)
    assert Normal(normal=(0, 1)).support() == (-math.inf, math.inf)
    with pytest.raises(ValidationError, match="low \\(2\\) is above high \\(1\\)"):
        uniform(2, 1)


def test_a_draw_is_numpys_at_its_address() -> None:
    """The address goes to `SeedSequence` as its documentation says: a seed and the key of a spawned child."""

    def words(name: str) -> tuple[int, int]:
        digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
        return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:], "little")

    for seed in (0, 7, 2**32 - 1, 2**32, 2**64 - 1):
        for index in (0, 12, 2**32 + 3):
            draws = Draws(seed, "validation", index, attempt=2).under("look")
            key = (*words("validation"), index % 2**32, index // 2**32, 2, *words("look.hue"))
            low, high = np.random.SeedSequence(seed, spawn_key=key).generate_state(2).tolist()
            assert draws.bits("hue") == high * 2**32 + low
