"""What the clips of a dataset are like, all together: one pass over a few columns, values kept as they are."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from simgen.dataset.manifest import Manifest
from simgen.reading.reader import open_dataset

__all__ = ["Survey", "Value", "survey"]

_FIRST = 12
Value = float | int | str | bool


@dataclass(frozen=True, slots=True)
class Survey:
    """Every value by where it belongs. Scenarios are those of a mix, or the only one."""

    manifest: Manifest
    scenarios: Mapping[str, Mapping[str, int]]  # split -> scenario -> clips
    params: Mapping[
        str, Mapping[str, Mapping[str, Sequence[Value]]]
    ]  # scenario -> parameter -> split -> values
    residuals: Mapping[tuple[str, str], Sequence[float]]  # scenario, law -> residuals
    first: Mapping[tuple[str, str], Sequence[int]]  # split, scenario -> the numbers of its first clips


def survey(location: str | Path, progress: Callable[[int, int], None] | None = None) -> Survey:
    """Reads four columns of every clip. `progress(done, total)` hears of it. Raises DatasetError if the dataset is
    not finished or damaged.
    """
    dataset = open_dataset(location, columns=["split", "scenario", "params", "law"])
    manifest: Manifest = dataset.manifest
    scenarios: dict[str, Counter[str]] = {split: Counter() for split in manifest.splits}
    params: defaultdict[str, dict[str, dict[str, list[Value]]]] = defaultdict(dict)
    residuals: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    first: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for number, clip in enumerate(dataset):
        split, scenario = clip.split, clip.scenario
        scenarios[split][scenario] += 1
        if len(first[split, scenario]) < _FIRST:
            first[split, scenario].append(number)
        for name, value in clip.params.items():
            params[scenario].setdefault(name, {}).setdefault(split, []).append(value)
        for check in clip.law:
            residuals[scenario, check.name].append(check.residual)
        if progress is not None:
            progress(number + 1, len(dataset))
    return Survey(
        manifest=manifest,
        scenarios={split: dict(sorted(found.items())) for split, found in scenarios.items()},
        params={
            scenario: {
                name: {split: params[scenario][name][split] for split in manifest.splits if split in params[scenario][name]}
                for name in _in_order(manifest, scenario, params[scenario])
            }
            for scenario in sorted(params)
        },
        residuals=dict(sorted(residuals.items())),
        first=dict(first),
    )  # fmt: skip


def _in_order(manifest: Manifest, scenario: str, names: Mapping[str, object]) -> list[str]:
    """The parameters of a mix in their order in the scenario; others as they are."""
    return [name for name in dict(manifest.layout.mixture).get(scenario, names) if name in names]
