"""Arithmetic in a recipe: `"=2*radius_m + 0.1"` is a number computed from the recipe's parameters.

An expression comes from a stranger, so nothing of Python is run: the text is parsed to a syntax tree, every
node of the tree must be on a short list, and the tree is evaluated here in floating point. No names but the
parameters, `pi` and the functions below; no attributes, subscripts, comparisons or strings; length, depth
and size are bounded, and in floating point no power can take long or much room. Angles are in radians;
`rad(degrees)` and `deg(radians)` convert.
"""

from __future__ import annotations

import ast
import math
import operator
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simgen.recipe.wording import did_you_mean, listed, printable, shown

__all__ = ["CONSTANTS", "FUNCTIONS", "Expression", "ExpressionError", "parse_expression", "unknown_name"]

LONGEST = 300  # characters
DEEPEST = 50
MOST_NODES = 100

CONSTANTS: dict[str, float] = {"pi": math.pi}

# name -> (function, fewest arguments, most arguments)
FUNCTIONS: dict[str, tuple[Callable[..., float], int, int]] = {
    "sin": (math.sin, 1, 1),
    "cos": (math.cos, 1, 1),
    "tan": (math.tan, 1, 1),
    "asin": (math.asin, 1, 1),
    "acos": (math.acos, 1, 1),
    "atan": (math.atan, 1, 1),
    "atan2": (math.atan2, 2, 2),
    "sqrt": (math.sqrt, 1, 1),
    "exp": (math.exp, 1, 1),
    "log": (math.log, 1, 1),
    "hypot": (math.hypot, 2, 3),
    "abs": (abs, 1, 1),
    "min": (min, 2, 10),
    "max": (max, 2, 10),
    "floor": (math.floor, 1, 1),
    "ceil": (math.ceil, 1, 1),
    "round": (round, 1, 1),
    "rad": (math.radians, 1, 1),
    "deg": (math.degrees, 1, 1),
}

_BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: math.pow,  # never complex, overflows to an error
}
_UNARY: dict[type[ast.unaryop], Callable[[float], float]] = {ast.USub: operator.neg, ast.UAdd: operator.pos}


class ExpressionError(ValueError):
    """An expression that cannot be read, or has no value for these parameters; the text is a sentence."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression; `text` starts with '='."""

    text: str
    names: tuple[str, ...]  # the parameters it uses, sorted
    tree: ast.expr

    # two expressions are the same when they are written the same
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    @property
    def is_name(self) -> bool:
        """True for `=colour`: the parameter itself, which may be a word."""
        return isinstance(self.tree, ast.Name) and self.tree.id not in CONSTANTS

    def value(self, params: Mapping[str, Any]) -> float:
        """Its value, finite. Raises ExpressionError when there is none: a division by zero, a root of −1, a
        word.
        """
        try:
            result = _evaluate(self.tree, params)
        except ExpressionError as error:
            raise ExpressionError(f"{printable(self.text)} {error}") from None
        except ZeroDivisionError:
            raise ExpressionError(f"{printable(self.text)} divides by zero{self._where(params)}.") from None
        except OverflowError:
            raise ExpressionError(
                f"{printable(self.text)} is too large a number{self._where(params)}."
            ) from None
        except ValueError:  # math's word for a root or a logarithm of a negative number
            raise ExpressionError(f"{printable(self.text)} has no value{self._where(params)}.") from None
        if not math.isfinite(result):
            raise ExpressionError(f"{printable(self.text)} is too large a number{self._where(params)}.")
        return result

    def _where(self, params: Mapping[str, Any]) -> str:
        values = [f"{name} = {shown(params[name])}" for name in self.names]
        return f" where {listed(values, 'and')}" if values else ""


def parse_expression(text: str, names: Iterable[str] | None = None) -> Expression:
    """The expression `text` (with or without its '='). Raises ExpressionError.

    With `names`, no other parameter may be in it; without, check `Expression.names` with `unknown_name`
    later.
    """
    body = text[1:] if text.startswith("=") else text
    if len(body) > LONGEST:
        raise ExpressionError(f"an expression has at most {LONGEST} characters, not {len(body)}.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's advice on style, e.g. about `1if`
            tree = ast.parse(body.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ExpressionError(f"{printable(text)} is not an expression Python can read.") from None
    used: set[str] = set()
    _check(tree, used, 1)
    if sum(1 for _ in ast.walk(tree)) > MOST_NODES:
        raise ExpressionError(f"an expression has at most {MOST_NODES} parts.")
    expression = Expression(f"={body.strip()}", tuple(sorted(used)), tree)
    if names is not None:
        wrong = unknown_name(expression, tuple(names))
        if wrong:
            raise ExpressionError(wrong)
    return expression


def unknown_name(expression: Expression, names: Sequence[str]) -> str:
    """A sentence about the first name in the expression that is none of `names`; "" when all are."""
    for used in expression.names:
        if used not in names:
            other = f" The parameters are {listed(names, 'and')}." if names else " The recipe has no params."
            guess = did_you_mean(used, (*names, *CONSTANTS))
            return f"no parameter is named '{printable(used)}'.{guess or other}"
    return ""


def _check(node: ast.AST, used: set[str], depth: int) -> None:
    """Raises ExpressionError unless the node and everything in it is on the list; collects the parameters
    used.
    """
    if depth > DEEPEST:
        raise ExpressionError(f"an expression is nested at most {DEEPEST} deep.")
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
            held = printable(repr(node.value))
            raise ExpressionError(f"an expression holds numbers and parameters, not {held}.")
        if not abs(node.value) <= 1e300:
            raise ExpressionError("an expression holds numbers up to 1e300.")
    elif isinstance(node, ast.Name):
        if node.id in FUNCTIONS:
            raise ExpressionError(f"{node.id} is a function; write {node.id}(...).")
        if node.id not in CONSTANTS:
            used.add(node.id)
    elif isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        _check(node.left, used, depth + 1)
        _check(node.right, used, depth + 1)
    elif isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
        _check(node.operand, used, depth + 1)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        _check_call(node, node.func.id, used, depth)
    else:
        kind = type(node).__name__
        raise ExpressionError(
            "an expression is made of numbers, parameters, + - * / // % **, brackets and functions; "
            f"it has no {kind}."
        )


def _check_call(node: ast.Call, name: str, used: set[str], depth: int) -> None:
    if name not in FUNCTIONS:
        guess = did_you_mean(name, FUNCTIONS) or f" There are {', '.join(FUNCTIONS)}."
        raise ExpressionError(f"no function is named '{printable(name)}'.{guess}")
    _, fewest, most = FUNCTIONS[name]
    if node.keywords or not fewest <= len(node.args) <= most:
        count = f"{fewest}" if fewest == most else f"{fewest} to {most}"
        raise ExpressionError(f"{name} takes {count} number{'' if count == '1' else 's'}.")
    for argument in node.args:
        _check(argument, used, depth + 1)


def _evaluate(node: ast.expr, params: Mapping[str, Any]) -> float:
    """The value of a checked tree. Everything is a float, so no integer can grow without bound."""
    if isinstance(node, ast.Constant):
        return float(node.value)  # type: ignore[arg-type]  # _check let only numbers through
    if isinstance(node, ast.Name):
        if node.id in CONSTANTS:
            return CONSTANTS[node.id]
        value = params[node.id]
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ExpressionError(f"computes with {node.id}, which is not a number.")
        return float(value)
    if isinstance(node, ast.BinOp):
        return _BINARY[type(node.op)](_evaluate(node.left, params), _evaluate(node.right, params))
    if isinstance(node, ast.UnaryOp):
        return _UNARY[type(node.op)](_evaluate(node.operand, params))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        function = FUNCTIONS[node.func.id][0]
        return float(function(*(_evaluate(argument, params) for argument in node.args)))
    raise TypeError(f"an unchecked node {type(node).__name__}")
