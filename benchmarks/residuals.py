"""How well every scenario obeys its laws over its documented ranges: the table of docs/PHYSICS.md.

    python benchmarks/residuals.py --clips 100 --write
    python benchmarks/residuals.py --clips 20 --scenarios incline drop

Parameters fill all documented ranges at once (a scrambled Sobol sequence, every shape and other word as
often); each point is laid out, simulated for 2 s at 24 frames per second and measured, without pictures, on
all cores. A point that the scenario rejects, or that breaks a law by more than its tolerance, is counted and
followed by another until there are as many clips as asked for; the residuals of all that could be measured
are in the table, those above a tolerance too. `--write` puts the table between its two markers in
docs/PHYSICS.md. Exit status 1: a law is above what is required.
"""

from __future__ import annotations

import argparse
import functools
import math
import os
import statistics
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from scipy.stats import qmc
from tqdm import tqdm

from simgen.errors import Rejected, SimulationError
from simgen.recipe.draws import Draws
from simgen.recipe.models import kind_of_parameter
from simgen.scenarios import all_scenarios, get_scenario
from simgen.scenarios.base import Parameter
from simgen.scene.spec import Video

PAGE = Path(__file__).parents[1] / "docs" / "PHYSICS.md"
BEGIN, END = "<!-- residuals: begin -->", "<!-- residuals: end -->"
MEDIAN, WORST = 1e-3, 1e-2  # what is required of every law
MOST_POINTS = 1024  # of which the clips of a scenario are found, or it is given up


def across_the_ranges(name: str, count: int) -> Iterator[tuple[dict[str, Any], Draws]]:
    """Parameters that fill all documented ranges at once: a scrambled Sobol sequence; best with 2ⁿ points."""
    parameters = get_scenario(name).parameters
    for index, point in enumerate(qmc.Sobol(len(parameters), seed=0).random(count)):
        params = {
            parameter.name: _within(parameter, float(u))
            for parameter, u in zip(parameters, point, strict=True)
        }
        yield params, Draws(seed=1, split="train", index=index)


def _within(parameter: Parameter, u: float) -> Any:
    """The value at u in [0, 1) of the documented range."""
    low, high = parameter.range[0], parameter.range[-1]
    if isinstance(low, str):
        return parameter.range[int(u * len(parameter.range))]
    assert not isinstance(high, str)
    if kind_of_parameter(parameter) == "int":
        return int(low) + int(u * (high - low + 1))
    return float(low + u * (high - low))


@functools.cache
def points(name: str) -> tuple[tuple[dict[str, Any], Draws], ...]:
    return tuple(across_the_ranges(name, MOST_POINTS))


@dataclass
class Tried:
    """What came of one point: laws and residuals, and why it is no clip ("" when it is one)."""

    residuals: list[tuple[str, float]] = field(default_factory=list)  # a law may be measured several times
    rejected: str = ""


def try_point(task: tuple[str, int]) -> Tried:
    """One point of a scenario's ranges, simulated and measured."""
    from simgen.physics import simulate

    name, number = task
    scenario = get_scenario(name)
    params, draws = points(name)[number]
    try:
        scene = scenario.scene(params, draws, Video())
        checks = scenario.measure(params, scene, simulate(scene))
    except Rejected as verdict:
        return Tried(rejected=verdict.reason)
    except SimulationError:
        return Tried(rejected="simulation")
    found = [(check.name, check.residual if check.residual >= 0 else math.inf) for check in checks]
    tolerance = {law.name: law.tolerance for law in scenario.laws}
    above = [law for law, residual in found if residual > tolerance[law]]
    return Tried(found, f"law-{above[0]}" if above else "")


@dataclass
class Row:
    """What is counted of one scenario."""

    name: str
    clips: int = 0
    draws: int = 0
    residuals: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    rejections: Counter[str] = field(default_factory=Counter)

    def add(self, tried: Tried) -> None:
        self.draws += 1
        for law, residual in tried.residuals:
            self.residuals[law].append(residual)
        if tried.rejected:
            self.rejections[tried.rejected] += 1
        else:
            self.clips += 1

    def next_points(self, clips: int) -> range:
        """Those to try now: as many as clips are missing."""
        return range(self.draws, min(self.draws + clips - self.clips, MOST_POINTS))


def measure(names: Sequence[str], clips: int, workers: int) -> list[Row]:
    """A row per scenario; the same whatever the number of workers."""
    rows = {name: Row(name) for name in names}
    with (
        ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool,
        tqdm(total=len(names) * clips, unit="clip", file=sys.stderr, disable=None) as bar,
    ):
        while tasks := [(row.name, number) for row in rows.values() for number in row.next_points(clips)]:
            for (name, _), tried in zip(tasks, pool.map(try_point, tasks, chunksize=4), strict=True):
                rows[name].add(tried)
                bar.update(not tried.rejected)
                bar.set_postfix_str(name, refresh=False)
    return list(rows.values())


def table(rows: Sequence[Row]) -> str:
    """Markdown: the laws' residuals, then what was rejected."""
    lines = ["| scenario | law | n | median | worst | tolerance |", "|---|---|---|---|---|---|"]
    for row in rows:
        laws = {law.name: law.tolerance for law in get_scenario(row.name).laws}
        if not laws:
            lines.append(f"| {row.name} | none: it is qualitative | {row.clips} | | | |")
        for law, tolerance in laws.items():
            values = row.residuals.get(law, [])
            numbers = "never applied | |"
            if values:
                numbers = f"{per_cent(statistics.median(values))} | {per_cent(max(values))} |"
            lines.append(f"| {row.name} | {law} | {len(values)} | {numbers} {100 * tolerance:g} % |")
    lines += [
        "",
        "| scenario | clips | draws | rejected, and why | draws per clip |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        reasons = ", ".join(f"{reason} {count}" for reason, count in row.rejections.most_common())
        rejected = f"{row.draws - row.clips}{f' ({reasons})' if reasons else ''}"
        each = f"{row.draws / row.clips:.2f}" if row.clips else "-"
        lines.append(f"| {row.name} | {row.clips} | {row.draws} | {rejected} | {each} |")
    return "\n".join(lines)


def per_cent(residual: float) -> str:
    """0.00012 -> "0.012 %", 1.2e-9 -> "1.2e-07 %"."""
    return f"{100 * residual:.2g} %"


def shortcomings(rows: Sequence[Row], clips: int) -> list[str]:
    """A sentence per law or scenario that is not as required."""
    found = []
    for row in rows:
        if row.clips < clips:
            found.append(f"{row.name}: only {row.clips} of {row.draws} draws made a clip")
        for law, values in row.residuals.items():
            median, worst = statistics.median(values), max(values)
            if median > MEDIAN or worst > WORST:
                found.append(f"{law}: median {per_cent(median)}, worst {per_cent(worst)}")
    return found


def verdict(rows: Sequence[Row], clips: int) -> str:
    laws = sum(len(row.residuals) for row in rows)
    wrong = shortcomings(rows, clips)
    required = f"median ≤ {100 * MEDIAN:g} %, worst ≤ {100 * WORST:g} %"
    if not wrong:
        return f"Required of every law: {required}. All {laws} laws of {len(rows)} scenarios are within it."
    return f"Required of every law: {required}. Not so: {'; '.join(wrong)}."


def section(rows: Sequence[Row], clips: int, command: str) -> str:
    """What stands between the markers."""
    return (
        f"```console\n$ {command}\n```\n\n{clips} clips of each scenario over its documented ranges, 2 s at 24 "
        f"frames per second. {verdict(rows, clips)}\n\n{table(rows)}"
    )


def put(page: str, text: str) -> str:
    """The page with `text` between its markers. Raises ValueError when it has none."""
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no {BEGIN} … {END}")
    return f"{head}{begin}\n\n{text}\n\n{end}{tail}"


def main() -> None:
    designed = [name for name, scenario in all_scenarios().items() if scenario.parameters]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=100, metavar="N", help="of each scenario")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), metavar="N")
    parser.add_argument("--scenarios", nargs="+", choices=designed, default=designed, metavar="NAME")
    parser.add_argument("--write", action="store_true", help="put the table into docs/PHYSICS.md")
    arguments = parser.parse_args()
    if arguments.write and arguments.scenarios != designed:
        parser.error("--write needs every scenario: the table of the page is about all of them")
    rows = measure(arguments.scenarios, arguments.clips, arguments.workers)
    command = f"python benchmarks/residuals.py --clips {arguments.clips} --write"
    text = section(rows, arguments.clips, command)
    print(text)
    if arguments.write:
        PAGE.write_text(put(PAGE.read_text(encoding="utf-8"), text), encoding="utf-8")
    sys.exit(1 if shortcomings(rows, arguments.clips) else 0)


if __name__ == "__main__":
    main()
