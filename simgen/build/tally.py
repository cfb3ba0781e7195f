"""What a run counts of the clips that it makes, in memory that does not grow with their number."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

from simgen.dataset.residuals import LawResiduals, tolerance_of

if TYPE_CHECKING:
    from simgen.build.shard import ClipCount

__all__ = ["Tally"]


class Tally:
    """Clips, their bytes, core seconds by stage and by scenario, residuals by law."""

    def __init__(self) -> None:
        self.made = 0  # clips
        self.bytes = 0  # of the clips' own files
        self.core_seconds: defaultdict[str, float] = defaultdict(float)  # by stage
        self._scenarios: defaultdict[str, list[float]] = defaultdict(lambda: [0, 0.0])  # clips, core seconds
        self._residuals: dict[tuple[str, str], _Residuals] = {}  # by scenario and law

    def clip(self, count: ClipCount) -> None:
        self.made += 1
        self.bytes += count.bytes
        for stage, seconds in count.seconds.items():
            self.core_seconds[stage] += seconds
        of_scenario = self._scenarios[count.scenario]
        of_scenario[0] += 1
        of_scenario[1] += sum(count.seconds.values())
        for law, residual in count.residuals:
            self._residuals.setdefault((count.scenario, law), _Residuals()).add(residual)

    @property
    def scenario_seconds(self) -> Mapping[str, float]:
        """Core seconds per clip, by scenario."""
        return {name: seconds / clips for name, (clips, seconds) in sorted(self._scenarios.items())}

    @property
    def residuals(self) -> Mapping[str, LawResiduals]:
        """By law."""
        return {
            law: LawResiduals(scenario, entry.count, entry.median(), entry.worst, tolerance_of(scenario, law))
            for (scenario, law), entry in sorted(self._residuals.items())
        }


_NONE = -4200  # the step of residuals up to 1e-18, which are taken for 0


class _Residuals:
    """Median (within 1 %) and worst of any number of residuals in constant memory: counts per 1 % step."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self.worst = 0.0

    def add(self, residual: float) -> None:
        self.worst = max(self.worst, residual)
        self._counts[max(_NONE, round(math.log(residual) / math.log(1.01))) if residual > 0 else _NONE] += 1

    @property
    def count(self) -> int:
        return sum(self._counts.values())

    def median(self) -> float:
        half, seen = self.count / 2, 0
        for step, count in sorted(self._counts.items()):
            seen += count
            if seen >= half:
                return 1.01**step if step > _NONE else 0.0
        return 0.0
