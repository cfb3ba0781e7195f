"""What `simgen check` says of the design of a study: how every split stands to the one that is trained on, and
whether something gives the studied factors away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simgen.recipe.wording import listed
from simgen.study.audit import FactorAudit, audit_factors, audit_first_frame
from simgen.study.first_frame import FirstFrameAudit
from simgen.study.ranges import Relation, relation

if TYPE_CHECKING:
    from simgen.recipe import Recipe
    from simgen.recipe.designs import SplitDesign

__all__ = ["DesignReport", "SplitReport", "design_report"]


@dataclass(frozen=True, slots=True)
class SplitReport:
    """One split beside the one that is trained on."""

    split: str
    clips: int
    kind: str  # train | split | control | mixture | sweep | pairs | twins
    scenario: str  # of a mix; else ""
    relation: Relation | None  # None where it is not held against the training split
    words: str  # what is to be said of it, a sentence or two

    @property
    def leaks(self) -> bool:
        """Whether it can draw what training draws although it is not meant to be drawn alike."""
        return self.relation is not None and self.relation.kind == "overlap"


@dataclass(frozen=True, slots=True)
class DesignReport:
    """How the splits stand to each other, and the shortcut audit of the split that is trained on."""

    train: str
    splits: tuple[SplitReport, ...]
    factors: tuple[tuple[str, FactorAudit], ...]  # by scenario
    first_frame: tuple[tuple[str, FirstFrameAudit], ...]

    @property
    def text(self) -> str:
        lines = [f"  design, held against {self.train}:"]
        width = max((len(report.split) for report in self.splits), default=0)
        for report in self.splits:
            of = f" ({report.scenario})" if report.scenario else ""
            leak = "LEAK: " if report.leaks else ""
            lines.append(f"    {report.split.ljust(width)}{of}  {leak}{report.words}")
        lines.append(f"  shortcuts in {self.train}:")
        for scenario, factors in self.factors:
            warning = "WARNING: " if factors.shortcuts else ""
            lines += [f"    {warning}{self._of(scenario)}{line}" for line in factors.text.splitlines()]
        for scenario, frames in self.first_frame:
            lines += [f"    {self._of(scenario)}{line}" for line in frames.text.splitlines()]
        return "\n".join(lines)

    def _of(self, scenario: str) -> str:
        return f"{scenario}: " if len(self.factors) > 1 else ""


def design_report(
    recipe: Recipe, progress: Callable[[int, int], None] = lambda done, total: None
) -> DesignReport | None:
    """The report; None for a recipe that names no training split, or has nothing but it.

    `progress` hears how many first frames of how many are filmed. Raises what `generate` raises.
    """
    train = recipe.training
    if train is None or (len(recipe.designs) == 1 and not recipe.study.factors):
        return None
    reports = [
        _split_report(recipe, recipe.training_of(design.name) or train, design, scenario)
        for design in recipe.designs.values()
        for scenario in recipe.scenario_weights(design.name)
    ]
    scenarios = recipe.scenario_weights(train)
    audits = tuple((name, audit_factors(recipe, train, name)) for name in scenarios)
    frames = tuple((name, audit_first_frame(recipe, train, name, progress=progress)) for name in scenarios)
    return DesignReport(train, tuple(reports), audits, frames)


def _split_report(recipe: Recipe, train: str, design: SplitDesign, scenario: str) -> SplitReport:
    name, trained = design.name, recipe.designs[train]
    told, of = recipe.scenario_weights(train), scenario if recipe.mixed else ""
    if name == train:
        sizes = f" Nested sizes: {listed(map(str, design.ladder), 'and')}." if design.ladder else ""
        return SplitReport(name, design.clips, "train", of, None, f"It is trained on.{sizes}")
    if scenario not in told:
        words = f"{scenario} is not in {train}: an unseen scenario."
        return SplitReport(name, design.clips, design.kind, of, None, words)
    held = relation(recipe.boxes(train, scenario), recipe.boxes(name, scenario), train, name)
    if design.in_groups:
        many = f"{design.clips // len(design.members):,} groups of {len(design.members)}"
        return SplitReport(
            name, design.clips, design.kind, of, None, f"{many}; {design.varied} differs within one."
        )
    if design.address == trained.address:
        hidden = f", with {listed(design.hide, 'and')} not drawn" if design.hide else ""
        words = f"Repeats the draws of {train}{hidden}: matched clips, not to be trained on beside them."
        return SplitReport(name, design.clips, "control", of, None, words)
    if design.blend is not None:
        words = f"The first {design.blend.clips:,} clips are drawn as {design.blend.source} is, the others by itself."
        return SplitReport(name, design.clips, "mixture", of, None, words)
    return SplitReport(name, design.clips, design.kind, of, held, held.text)
