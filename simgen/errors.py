"""Every error that simgen raises on purpose.

    SimgenError                     catch this one to catch them all
    ├── RecipeError                 the recipe (or the command line) is wrong: every problem, located; exit code 2
    ├── MissingDependencyError      a package or codec that this step needs is not installed
    ├── SimulationError             the engine gave something that is not physics (NaN, a body shot away)
    ├── RenderError                 a renderer could not film the scene
    ├── BuildError                  a dataset could not be finished; what was finished is kept
    ├── PublishError                a dataset could not be published; what the Hub has is kept
    └── DatasetError                a dataset on disk is missing, damaged or of a newer format

`Rejected` is not an error but a verdict: one attempt at a clip is not fit to be kept (its law residual is above the
tolerance, bodies overlap at the start) and the clip is drawn again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = [
    "BuildError",
    "DatasetError",
    "MissingDependencyError",
    "Problem",
    "PublishError",
    "RecipeError",
    "Rejected",
    "RenderError",
    "SimgenError",
    "SimulationError",
]


class SimgenError(Exception):
    """Base of all errors below; its text is a sentence for the user that says what to change."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a recipe: where it stands and what to change."""

    file: str
    line: int  # 1-based; 0 when the problem has no line (a file that cannot be read)
    key: str  # dotted path of the value, e.g. "video.fps"; "" for the file as a whole
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.key}: {self.message}" if self.key else f"{where}: {self.message}"


class RecipeError(SimgenError):
    """All problems of a recipe at once, in the order of its lines."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class MissingDependencyError(SimgenError):
    """A package or codec that this step needs is not installed; the text says how to get it."""


class SimulationError(SimgenError):
    """The simulation gave something that is not physics."""


class RenderError(SimgenError):
    """A renderer could not film the scene."""


class BuildError(SimgenError):
    """A dataset could not be finished. Everything that was finished is kept and a re-run continues."""


class PublishError(SimgenError):
    """A dataset could not be published, or may not be. What the Hub has is kept and a re-run continues."""


class DatasetError(SimgenError):
    """A dataset is missing, damaged, unfinished or of a newer format."""


class Rejected(Exception):  # a verdict, not an error
    """This attempt at a clip is not kept; `reason` is counted and the clip is drawn again."""

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason = reason  # a short kebab-case name that reports count by, e.g. "law-residual"
        self.detail = detail
        super().__init__(f"{reason}: {detail}" if detail else reason)
