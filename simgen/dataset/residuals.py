"""How well the clips of a dataset obey their laws: a record per law, and what a scenario tolerates."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LawResiduals", "tolerance_of"]


@dataclass(frozen=True, slots=True)
class LawResiduals:
    """Residuals of one law over the clips that it applies to."""

    scenario: str
    count: int  # of residuals; a law may be measured several times in a clip
    median: float
    worst: float
    tolerance: float | None  # above it a clip is drawn again; None where the scenario is not installed


def tolerance_of(scenario: str, law: str) -> float | None:
    """The tolerance of a law as this version of simgen has it; None if it does not have the law."""
    from simgen.scenarios import all_scenarios

    found = all_scenarios().get(scenario)
    return next((entry.tolerance for entry in found.laws if entry.name == law), None) if found else None
