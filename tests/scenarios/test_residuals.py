"""How well clips obey their laws: `pytest tests/scenarios/test_residuals.py -m campaign -s`.

The table of docs/PHYSICS.md is made by benchmarks/residuals.py, over the same ranges.
"""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest

from benchmarks.residuals import across_the_ranges
from simgen.errors import Rejected
from simgen.scenarios import get_scenario
from simgen.scene.spec import Video
from tests.scenarios.clips import DESIGNED, clip, draw, make

MEDIAN, WORST = 1e-3, 1e-2

# Events that need a corner of the ranges; tests of their own show them.
RARE = {
    "billiards": {"comes_to_rest"},  # nothing slows a ball that rolls
    "bounce": {"starts_rolling"},  # little friction, and all bounces over early
    "chain": {"collision", "first_contact"},  # it hits itself only when it whips: long, heavy, let go high
    "charges": {"enters_frame"},  # pulled back by the others after it has left
    "collision": {"comes_to_rest"},  # equal masses, elastic, head-on, the other at rest
    "slip_to_roll": {"enters_frame"},  # out of the picture and back by strong backspin on a slippery floor
    "incline_up": {
        "enters_frame",
        "topples",
    },  # up out of the picture and back; a box that flies off the board
    "wrecking_ball": {"enters_frame"},  # a block that bounces back off another
    "incline": {"enters_frame"},  # out over the ridge and back: strong gravity, elastic
    "seesaw": {"bounce", "apex", "topples"},  # a cube thrown off by the far end
    "support": {"leaves_frame"},  # a plank that slides far out on its way down
    "tower": {"enters_frame"},  # a box that rolls out of the picture and back
}


def residuals(name: str, clips) -> tuple[dict[str, list[float]], Counter]:
    found, kinds = defaultdict(list), Counter()
    for params, draws in clips:
        try:
            made = make(name, params, draws)
        except Rejected:
            kinds["(rejected)"] += 1
            continue
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


LAWFUL = tuple(name for name in DESIGNED if not get_scenario(name).qualitative)


@pytest.mark.parametrize("name", LAWFUL)
def test_residuals_of_a_few_clips(name: str) -> None:
    if get_scenario(name).slow:  # clips that other tests have made
        found = defaultdict(list)
        for index in range(2):
            for entry in clip(name, index).law:
                found[entry.name].append(entry.residual)
    else:
        found, _ = residuals(name, (draw(name, index) for index in range(100, 103)))
    check(name, "defaults", found)


@pytest.mark.campaign
@pytest.mark.parametrize("name", LAWFUL)
def test_residuals_of_many_clips(name: str) -> None:
    print(f"\n{'clips':9} {'law':41} {'count':>5} {'median %':>10} {'worst %':>10}")
    slow = get_scenario(name).slow
    found, kinds = residuals(name, (draw(name, index) for index in range(50 if slow else 200)))
    check(name, "defaults", found)
    found, more = residuals(name, across_the_ranges(name, 64 if slow else 256))
    check(name, "ranges", found)
    kinds += more
    print("          events", ", ".join(f"{kind} {count}" for kind, count in kinds.most_common()))
    missing = set(get_scenario(name).events) - set(kinds) - RARE.get(name, set())
    assert not missing, f"declared but never seen: {missing}"
    if not slow:
        assert kinds["(rejected)"] <= 456 / 4, "too much of the documented ranges makes no clip"


@pytest.mark.parametrize("name", DESIGNED)
@pytest.mark.parametrize(("fps", "seconds"), [(5.0, 2.0), (29.97, 2.0), (120.0, 1.5), (12.0, 6.0)])
def test_laws_and_events_at_other_frame_rates_and_lengths(name: str, fps: float, seconds: float) -> None:
    if get_scenario(name).slow and (fps, seconds) != (29.97, 2.0):
        pytest.skip("one other rate is enough for a slow scenario")
    made = make(name, *draw(name, 17), Video(64, 64, fps, int(fps * seconds)))
    tolerance = {law.name: law.tolerance for law in made.scenario.laws}
    assert made.law or made.scenario.qualitative
    assert all(check.residual <= tolerance[check.name] for check in made.law)
    assert {event.kind for event in made.events} <= set(made.scenario.events)
