"""Expressions compute what Python computes, and nothing else can be written in them."""

from __future__ import annotations

import math
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simgen.recipe.expressions import CONSTANTS, FUNCTIONS, ExpressionError, parse_expression

PARAMS = {"r": 0.3, "n": 4, "height_m": 1.75, "w": "red"}
# Python's own functions under the same names, for its own eval.
PYTHON = {
    **{name: getattr(math, name) for name in FUNCTIONS if hasattr(math, name)},
    "abs": abs,
    "min": min,
    "max": max,
    "round": round,
    "rad": math.radians,
    "deg": math.degrees,
    "pi": math.pi,
}


def numbers() -> st.SearchStrategy[str]:
    return st.one_of(
        st.floats(0, 100).map(repr),
        st.integers(0, 50).map(lambda n: f"{n}.0"),
        st.sampled_from(["r", "n", "height_m", "pi"]),
    )


def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    arities = [
        (name, count) for name, (_, few, many) in FUNCTIONS.items() for count in range(few, min(many, 3) + 1)
    ]
    return st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", "%", "**"]), inner).map(
            lambda t: f"({t[0]} {t[1]} {t[2]})"
        ),
        inner.map(lambda text: f"-({text})"),
        st.sampled_from(arities).flatmap(
            lambda arity: st.lists(inner, min_size=arity[1], max_size=arity[1]).map(
                lambda args: f"{arity[0]}({', '.join(args)})"
            )
        ),
    )


EXPRESSIONS = st.recursive(numbers(), grow, max_leaves=8).filter(lambda text: len(text) <= 300)


@settings(max_examples=500, deadline=None, derandomize=True, database=None)
@given(EXPRESSIONS)
def test_agrees_with_python(text: str) -> None:
    """With floats for all numbers, Python's eval gives the same number or fails too."""
    known = {**PYTHON, **{name: float(value) for name, value in PARAMS.items() if name != "w"}}
    try:
        expected = eval(text, {"__builtins__": {}}, known)
    except (ArithmeticError, ValueError, TypeError):  # TypeError: a complex number's
        expected = None
    if isinstance(expected, complex) or (expected is not None and not math.isfinite(expected)):
        expected = None
    expression = parse_expression(f"={text}", PARAMS)
    if expected is None:
        with pytest.raises(ExpressionError):
            expression.value(PARAMS)
    else:
        assert expression.value(PARAMS) == float(expected)


@pytest.mark.parametrize(
    ("text", "value", "names"),
    [
        ("=2*r + 0.1", 0.7, ("r",)),
        ("= n ", 4.0, ("n",)),
        ("=-n**2", -16.0, ("n",)),
        ("=sin(rad(30))", 0.5, ()),
        ("=deg(pi)", 180.0, ()),
        ("=hypot(3, 4)", 5.0, ()),
        ("=min(r, n, 2)", 0.3, ("n", "r")),
        ("=7 // 2 + 7 % 2", 4.0, ()),
        ("=1e3", 1000.0, ()),
    ],
)
def test_values(text: str, value: float, names: tuple[str, ...]) -> None:
    expression = parse_expression(text, PARAMS)
    assert expression.value(PARAMS) == pytest.approx(value, rel=1e-15)
    assert expression.names == names
    assert pickle.loads(pickle.dumps(expression)).value(PARAMS) == expression.value(PARAMS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("=speed", "no parameter is named 'speed'. The parameters are r, n, height_m and w."),
        ("=heigth_m", "no parameter is named 'heigth_m'. Did you mean 'height_m'?"),
        ("=hypt(1, 2)", "no function is named 'hypt'. Did you mean 'hypot'?"),
        ("=hypot(1)", "hypot takes 2 to 3 numbers."),
        ("=sqrt()", "sqrt takes 1 number."),
        ("=sqrt", "sqrt is a function; write sqrt(...)."),
        ("=2 +", "=2 + is not an expression Python can read."),
        ("=", "= is not an expression Python can read."),
        ("=1; 2", "=1; 2 is not an expression Python can read."),
        ("=r = 2", "=r = 2 is not an expression Python can read."),
        ("='red'", "an expression holds numbers and parameters, not 'red'."),
        ("=True", "an expression holds numbers and parameters, not True."),
        ("=2j", "an expression holds numbers and parameters, not 2j."),
        ("=1e999", "an expression holds numbers up to 1e300."),
        ("=" + "1" * 301, "an expression has at most 300 characters, not 301."),
        ("=" + "-" * 60 + "1", "an expression is nested at most 50 deep."),
        ("=" + "+".join(["r"] * 60), "an expression is nested at most 50 deep."),
        (
            "=max(" + ",".join(["max(" + ",".join(["1"] * 10) + ")"] * 9) + ")",
            "an expression has at most 100 parts.",
        ),
    ],
)
def test_refusals(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text, PARAMS)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "text",
    [
        "r.real",
        "().__class__",
        "[1][0]",
        "{1: 2}[1]",
        "lambda: 1",
        "(x := 1)",
        "[x for x in (1,)]",
        "1 if r else 2",
        "r < 1",
        "r and n",
        "not r",
        "f'{r}'",
        "max(*(1, 2))",
        "max(1, 2, key=abs)",
        "abs(r)(2)",
        "await r",
        "1 << 2",
        "~1",
        "__import__('os')",
        "open('x')",
        "eval('1')",
    ],
)
def test_nothing_but_arithmetic_is_read(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse_expression(f"={text}", PARAMS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("=1/(r - r)", "=1/(r - r) divides by zero where r = 0.3."),
        ("=1 % 0", "=1 % 0 divides by zero."),
        ("=sqrt(r - n)", "=sqrt(r - n) has no value where n = 4 and r = 0.3."),
        ("=(-8)**(1/3)", "=(-8)**(1/3) has no value."),
        ("=9.0**9**9", "=9.0**9**9 is too large a number."),
        ("=exp(n * 1000)", "=exp(n * 1000) is too large a number where n = 4."),
        ("=1e300 * 1e300", "=1e300 * 1e300 is too large a number."),
        ("=w + 1", "=w + 1 computes with w, which is not a number."),
    ],
)
def test_expressions_without_a_value(text: str, message: str) -> None:
    expression = parse_expression(text, PARAMS)
    with pytest.raises(ExpressionError) as caught:
        expression.value(PARAMS)
    assert str(caught.value) == message


def test_constants_and_functions_do_not_overlap() -> None:
    assert not set(CONSTANTS) & set(FUNCTIONS)
