"""Distributions as a recipe writes them: `{uniform: [5, 40]}`, `{choice: [sphere, box]}`, or a bare constant.

Each is an inverse cumulative function: `value(u)` maps one uniform number in [0, 1) to a value, so that a draw costs one
addressed number and a low-discrepancy sequence can take the place of independent ones.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Annotated, Any, Union

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Choice", "Constant", "Distribution", "Integer", "LogUniform", "Normal", "Scalar", "Uniform"]

Scalar = Union[bool, int, float, str]
Interval = tuple[float, float]


class _Distribution(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    def value(self, u: float) -> Scalar:
        """The value at the cumulative probability u in [0, 1)."""
        raise NotImplementedError

    def support(self) -> tuple[float, float] | tuple[Scalar, ...]:
        """(low, high) of a numeric distribution, or every value of a discrete one."""
        raise NotImplementedError
