"""A question about a clip, with its choices. `simgen.study.questions` asks them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["KINDS", "Question"]

KINDS = ("descriptive", "explanatory", "predictive", "counterfactual")


@dataclass(frozen=True, slots=True)
class Question:
    """A question and its choices, of which one is true."""

    kind: str  # one of KINDS
    question: str
    choices: tuple[str, ...]
    answer: int  # the place of the true one
