"""What questions cost: core milliseconds per clip that is not filmed, without and with four questions.

python benchmarks/question_cost.py [scenario …]
"""

from __future__ import annotations

import sys
import time

from simgen.build.clip import ATTEMPTS, STAGES
from simgen.build.staging import Staged, stage
from simgen.errors import Rejected, SimulationError
from simgen.recipe import Recipe, parse_recipe
from simgen.study.questions import ask

CLIPS = 20
SCENARIOS = ("incline", "bounce", "collision", "support", "dominoes")


def staged(recipe: Recipe, index: int) -> Staged:
    for attempt in range(ATTEMPTS):
        try:
            return stage(recipe, recipe.clip("train", index), attempt, dict.fromkeys(STAGES, 0.0))
        except (Rejected, SimulationError):
            continue
    raise SystemExit(f"clip {index} of {recipe.name} cannot be drawn")


def main() -> None:
    print(
        "| scenario | drawn and simulated, ms | four questions, ms | questions per clip |\n|---|---:|---:|---:|"
    )
    for name in sys.argv[1:] or SCENARIOS:
        recipe = parse_recipe(f"name: cost\nscenario: {name}\nclips: {CLIPS}\n", "cost.yaml")
        clips = [staged(recipe, 0)]
        start = time.process_time()
        clips = [staged(recipe, index) for index in range(CLIPS)]
        between = time.process_time()
        asked = [ask(recipe, clip, count=4) for clip in clips]
        end = time.process_time()
        per_clip = [1000 * seconds / CLIPS for seconds in (between - start, end - between)]
        print(f"| {name} | {per_clip[0]:.0f} | {per_clip[1]:.0f} | {sum(map(len, asked)) / CLIPS:.1f} |")


if __name__ == "__main__":
    main()
