"""What simulating a clip of every scenario costs, against the targets and against bare stepping.

    python benchmarks/simulate_speed.py [--clips 5] [--scenarios NAME ...]

For each scenario, clips of its defaults, 2 s at 24 frames per second: the processor time of `simulate`
(placing, stepping, contacts, states), its median over the clips; the bare loop of `stepSimulation` over the
same placed scenes with as many whole steps; their ratio, which is what the true labels cost. The last ratio
is to a reference loop, timed again beside every clip: a ball that falls, 10 000 bare steps. Times depend on the
machine and on what else runs there, ratios hardly; targets are for a core of an x86-64 server. Nothing fails
when a target is missed: it is marked.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import dataclass

from simgen.errors import Rejected
from simgen.physics import engine, profiles, simulate
from simgen.physics.placement import place
from simgen.physics.simulation import steps_per_frame
from simgen.recipe import recipe_from_data
from simgen.recipe.draws import Draws
from simgen.scenarios import all_scenarios
from simgen.scene.spec import Body, Camera, SceneSpec, Shape, Video

MEDIAN_MS = 60.0  # the target of the median scenario
MOST_MS = 1000.0  # of any, which dominoes and towers come near: many bodies touch at once
REFERENCE = SceneSpec(
    (Body("ball", Shape("sphere", (0.1,)), (0.0, 0.0, 1000.0)),), Video(frame_count=49), (Camera(),)
)
REFERENCE_STEPS = 10_000
VIDEO = {"size": 16, "fps": 24, "seconds": 2}


@dataclass
class Timing:
    """Medians over some clips of a scenario, milliseconds."""

    name: str
    simulate_ms: float
    stepping_ms: float
    reference_ms: float


def stepping(spec: SceneSpec, steps: int = 0) -> float:
    """Processor seconds of stepping alone: `steps`, or as many as a simulation does at least."""
    bullet, client = engine.empty()
    per_frame = steps_per_frame(spec)
    profiles.apply(bullet, client, spec, 1 / (spec.video.fps * per_frame))
    place(bullet, client, spec)
    bullet.setGravity(*spec.gravity_m_s2, physicsClientId=client)
    start = time.process_time()
    for _ in range(steps or per_frame * (spec.video.frame_count - 1)):
        bullet.stepSimulation(client)
    return time.process_time() - start


def scenes(name: str, clips: int) -> list[SceneSpec]:
    """The scenes of the first clips of the scenario's defaults."""
    recipe = recipe_from_data({"name": "speed", "scenario": name, "clips": clips, "video": VIDEO})
    found: list[SceneSpec] = []
    index = 0
    while len(found) < clips:
        draws = Draws(0, "train", index)
        clip = recipe.clip("train", index)
        scenario, params = recipe.scenario_object(clip), recipe.draw_params(clip, draws)
        index += 1
        try:
            found.append(scenario.scene(params, draws, recipe.video_spec()))
        except Rejected:
            continue
    return found


def timing(name: str, clips: int) -> Timing:
    """One scenario; the three loops are timed in turns."""
    whole, bare, reference = [], [], []
    for spec in scenes(name, clips):
        reference.append(stepping(REFERENCE, REFERENCE_STEPS))
        bare.append(stepping(spec))
        start = time.process_time()
        simulate(spec)
        whole.append(time.process_time() - start)
    return Timing(name, *(1e3 * statistics.median(values) for values in (whole, bare, reference)))


def line(found: Timing) -> str:
    missed = "" if found.simulate_ms <= MOST_MS else f"  above {MOST_MS:.0f} ms"
    return (
        f"{found.name:<20}{found.simulate_ms:>13.1f}{found.stepping_ms:>13.1f}"
        f"{found.simulate_ms / found.stepping_ms:>7.2f}{found.simulate_ms / found.reference_ms:>11.2f}{missed}"
    )


def main() -> None:
    designed = [name for name, scenario in all_scenarios().items() if scenario.parameters]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=5, metavar="N")
    parser.add_argument("--scenarios", nargs="+", choices=designed, default=designed, metavar="NAME")
    arguments = parser.parse_args()
    simulate(REFERENCE)  # imports are nobody's
    head = f"{'scenario':<20}{'simulate ms':>13}{'stepping ms':>13}{'ratio':>7}{'reference':>11}"
    print(head, flush=True)
    rows = []
    for name in arguments.scenarios:
        rows.append(timing(name, arguments.clips))
        print(line(rows[-1]), flush=True)
    middle = statistics.median_low(row.simulate_ms for row in rows)
    median = next(row for row in rows if row.simulate_ms == middle)
    slowest = max(rows, key=lambda row: row.simulate_ms)
    reference = statistics.median(row.reference_ms for row in rows)
    print(
        f"\nthe median scenario is {median.name}: {median.simulate_ms:.1f} ms, {median.simulate_ms / reference:.2f} "
        f"times the reference loop ({reference:.1f} ms); the target is {MEDIAN_MS:.0f} ms\n"
        f"the slowest is {slowest.name}: {slowest.simulate_ms:.1f} ms"
    )
    for row in rows:
        if row.name in ("dominoes", "tower"):
            print(f"{row.name}: {row.simulate_ms:.1f} ms; the target is {MOST_MS:.0f} ms")


if __name__ == "__main__":
    main()
