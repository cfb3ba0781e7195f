"""How well clips obey their laws. The table: `pytest tests/scenarios/test_residuals.py -m campaign -s`."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest
from scipy.stats import qmc

from simgen.recipe.draws import Draws
from simgen.scenarios import get_scenario
from simgen.scene.spec import Video
from tests.scenarios.clips import DESIGNED, draw, make

MEDIAN, WORST = 1e-3, 1e-2

# Events that need a corner of the ranges; tests of their own show them.
RARE = {
    "collision": {"comes_to_rest"},  # equal masses, elastic, head-on, the other at rest
    "dominoes": {"leaves_frame", "apex", "bounce"},  # few and large, or thrown up by strong gravity
    "incline": {"enters_frame"},  # out over the ridge and back: strong gravity, elastic
    "seesaw": {"bounce", "apex", "topples"},  # a cube thrown off by the far end
    "support": {"leaves_frame"},  # a plank that slides far out on its way down
    "tower": {"enters_frame"},  # a box that rolls out of the picture and back
}


def across_the_ranges(name: str, count: int):
    """Parameters that fill all documented ranges at once: a scrambled Sobol sequence of 2ⁿ points."""
    parameters = get_scenario(name).parameters
    points = qmc.Sobol(len(parameters), seed=0).random(count)
    for index, point in enumerate(points):
        params = {}
        for parameter, u in zip(parameters, point, strict=True):
            low, high = parameter.range[0], parameter.range[-1]
            words = isinstance(low, str)
            params[parameter.name] = (
                parameter.range[int(u * len(parameter.range))] if words else float(low + u * (high - low))
            )
        yield params, Draws(seed=1, split="train", index=index)


def residuals(name: str, clips) -> tuple[dict[str, list[float]], Counter]:
    found, kinds = defaultdict(list), Counter()
    for params, draws in clips:
        made = make(name, params, draws)
        for check in made.law:
            found[check.name].append(check.residual)
        kinds.update({event.kind for event in made.events})
    return found, kinds


def check(name: str, title: str, found: dict[str, list[float]]) -> None:
    for law, values in sorted(found.items()):
        median, worst = float(np.median(values)), max(values)
        print(f"{title:9} {law:41} {len(values):5d} {100 * median:10.5f} {100 * worst:10.5f}")
        assert median <= MEDIAN, (name, law)
        assert worst <= WORST, (name, law)


@pytest.mark.parametrize("name", DESIGNED)
def test_residuals_of_a_few_clips(name: str) -> None:
    check(name, "defaults", residuals(name, (draw(name, index) for index in range(100, 106)))[0])


@pytest.mark.campaign
@pytest.mark.parametrize("name", DESIGNED)
def test_residuals_of_many_clips(name: str) -> None:
    print(f"\n{'clips':9} {'law':41} {'count':>5} {'median %':>10} {'worst %':>10}")
    found, kinds = residuals(name, (draw(name, index) for index in range(200)))
    check(name, "defaults", found)
    found, more = residuals(name, across_the_ranges(name, 256))
    check(name, "ranges", found)
    kinds += more
    print("          events", ", ".join(f"{kind} {count}" for kind, count in kinds.most_common()))
    missing = set(get_scenario(name).events) - set(kinds) - RARE.get(name, set())
    assert not missing, f"declared but never seen in 456 clips: {missing}"


@pytest.mark.parametrize("name", DESIGNED)
@pytest.mark.parametrize(("fps", "seconds"), [(5.0, 2.0), (29.97, 2.0), (120.0, 1.5), (12.0, 6.0)])
def test_laws_and_events_at_other_frame_rates_and_lengths(name: str, fps: float, seconds: float) -> None:
    made = make(name, *draw(name, 17), Video(64, 64, fps, int(fps * seconds)))
    tolerance = {law.name: law.tolerance for law in made.scenario.laws}
    assert made.law
    assert all(check.residual <= tolerance[check.name] for check in made.law)
    assert {event.kind for event in made.events} <= set(made.scenario.events)
