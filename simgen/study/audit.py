"""The shortcut audit: does something that should tell nothing give the studied factors away?

Two questions. Do the nuisance factors of a training split depend on the factors that cause or are hidden
(`audit_factors`, of a table of clips)? And do the boxes of the first frame, before anything moves, tell them
(`simgen.study.first_frame`)?
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from simgen.recipe.draws import Draws
from simgen.study.dependence import SHUFFLES, PairRow, dependence

if TYPE_CHECKING:
    from simgen.scenarios.base import Parameter

__all__ = ["FactorAudit", "audit_factors", "pairs_to_audit"]

LOOK = "look."
SHOWN_PAIRS = 10  # in the card's table, at least


@dataclass(frozen=True, slots=True)
class FactorAudit:
    """What the factors of a split tell about each other."""

    clips: int
    rows: tuple[PairRow, ...]  # every pair, strongest first

    @property
    def shortcuts(self) -> tuple[PairRow, ...]:
        """The pairs that depend on each other more than chance gives."""
        return tuple(row for row in self.rows if row.dependent)

    @property
    def text(self) -> str:
        """A line for each shortcut, or one that says that there is none."""
        if not self.rows:
            return "No nuisance factor varies beside one that is studied."
        if not self.shortcuts:
            return (
                f"No nuisance factor tells a studied one: {len(self.rows)} pairs in {self.clips} clips,"
                f" compared with {SHUFFLES} shuffles."
            )
        return "\n".join(f"{row.first} tells {row.second}: {_strength(row)}." for row in self.shortcuts)

    @property
    def markdown(self) -> str:
        """A table of the strongest pairs, every shortcut among them."""
        lines = [
            "| factor | tells | mutual information | Pearson r | Spearman ρ | more than chance |",
            "|---|---|---|---|---|---|",
        ]
        for row in self.rows[: max(SHOWN_PAIRS, len(self.shortcuts))]:
            numbers = [
                "" if value is None else f"{value:+.2f}".replace("-", "−")
                for value in (row.pearson, row.spearman)
            ]
            verdict = "yes" if row.dependent else "no"
            lines.append(
                f"| `{row.first}` | `{row.second}` | {row.bits:.3f} bit | {' | '.join(numbers)} | {verdict} |"
            )
        return "\n".join(lines)


def _strength(row: PairRow) -> str:
    words = f"mutual information {row.bits:.3f} bit"
    return (
        words if row.spearman is None else f"{words}, rank correlation {row.spearman:+.2f}".replace("-", "−")
    )


def audit_factors(
    table: Mapping[str, NDArray[Any]], pairs: Sequence[tuple[str, str]], seed: int
) -> FactorAudit:
    """The dependence of every pair of columns (n,) of the table; a few thousand clips show what matters."""
    present = [(first, second) for first, second in pairs if first in table and second in table]
    count = len(next(iter(table.values()), ()))
    return FactorAudit(count, dependence(table, present, Draws(seed, "audit", 0)))


def pairs_to_audit(
    names: Iterable[str], parameters: Sequence[Parameter] = (), studied: Sequence[str] = ()
) -> list[tuple[str, str]]:
    """(what should tell nothing, what it should not tell) of the factors `names`: parameters and `look.<name>`.

    What should not be told are the factors `studied`, or, when none are named, the parameters that cause or are
    hidden; everything else is a nuisance, the look above all. Where no roles are known (a composed scene) and
    nothing is studied, every parameter is held against every other.
    """
    names = list(names)
    roles = {parameter.name: parameter.role for parameter in parameters}
    looks = [name for name in names if name.startswith(LOOK)]
    params = [name for name in names if name not in looks]
    if studied:
        told = [name for name in params if name in studied]
        nuisances = [
            name for name in params if name not in studied and roles.get(name, "nuisance") == "nuisance"
        ]
    elif roles:
        told = [name for name in params if roles.get(name) in ("causal", "hidden")]
        nuisances = [name for name in params if roles.get(name) == "nuisance"]
    else:
        among = [(first, second) for place, second in enumerate(params) for first in params[:place]]
        return among + [(look, name) for look in looks for name in params]
    return [(nuisance, name) for nuisance in (*nuisances, *looks) for name in told]
