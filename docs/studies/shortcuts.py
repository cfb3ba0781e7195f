"""What shortcuts score in the ready studies: python docs/studies/shortcuts.py in a checkout. Nothing is simulated.

Each row holds the law of a split against the law as two models have it that did not learn it: one is blind to the studied
factor and puts its training median in its place; one knows the law in the training range alone, and takes what lies outside
for the nearest value that it has seen. Errors are means of |wrong - right| over 1,000 clips.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from simgen.physics import laws
from simgen.recipe import Recipe, load_recipe

CLIPS = 1000
BALL = 2 / 5  # I / (m r²)

Params = Mapping[str, Any]


def roll(params: Params) -> float:
    return laws.incline_acceleration(params["angle_deg"], params["friction"], BALL, params["gravity_m_s2"])


def slide(params: Params) -> float:
    return laws.sliding_acceleration(params["angle_deg"], params["friction"], params["gravity_m_s2"])


def climb(params: Params) -> float:
    return laws.uphill_distance(
        params["speed_m_s"], params["angle_deg"], params["friction"], params["gravity_m_s2"]
    )


def second_arc(params: Params) -> float:
    return laws.bounce_apex(params["height_m"], params["elasticity"], 2)


def struck(params: Params) -> float:
    speed, masses = params["speed_a_m_s"], (params["mass_a_kg"], params["mass_b_kg"])
    return laws.head_on_collision(masses[0], speed, masses[1], 0.0, params["elasticity"])[1]


def fall(params: Params) -> float:
    return laws.fall_time(params["height_m"], params["gravity_m_s2"])


def reach(params: Params) -> float:
    return laws.projectile_range(
        params["speed_m_s"], params["angle_deg"], params["gravity_m_s2"], params["height_m"]
    )


# study, scenario, factors, what the law says, its unit, the law, splits
ROWS: list[tuple[str, str, tuple[str, ...], str, str, Callable[[Params], float], tuple[str, ...]]] = [
    ("incline_angle", "incline", ("angle_deg",), "acceleration", "m/s²", roll,
     ("test_id", "test_hole", "test_near", "test_far")),
    ("bounce_elasticity", "bounce", ("elasticity",), "height of the second arc", "m", second_arc,
     ("test_id", "test_near", "test_dull", "test_lively", "test_high")),
    ("mass_is_hidden", "collision", ("mass_a_kg", "mass_b_kg"), "speed of the struck ball", "m/s", struck,
     ("test_id", "test_unequal")),
    ("newtonbench", "drop", ("height_m",), "time of the fall", "s", fall, ("test_fall", "ood_height_fall")),
    ("newtonbench", "projectile", ("height_m",), "range", "m", reach, ("test_throw", "ood_height_throw")),
    ("newtonbench", "projectile", ("speed_m_s",), "range", "m", reach, ("test_throw", "ood_speed_throw")),
    ("newtonbench", "incline", ("friction",), "acceleration", "m/s²", slide,
     ("test_slide_down", "ood_friction_down")),
    ("newtonbench", "incline_up", ("speed_m_s",), "way up the ramp", "m", climb,
     ("test_slide_up", "ood_speed_up")),
    ("newtonbench", "incline_up", ("friction",), "way up the ramp", "m", climb,
     ("test_slide_up", "ood_friction_up")),
]  # fmt: skip


@cache
def opened(study: str) -> Recipe:
    return load_recipe(f"studies/{study}")


@cache
def drawn(study: str, split: str, scenario: str) -> list[dict[str, Any]]:
    """The parameters of the first clips of a split that show this scenario, as they are drawn at first."""
    recipe = opened(study)
    clips = [recipe.clip(split, index) for index in range(CLIPS)]
    return [
        recipe.draw_params(clip, clip.draws()) for clip in clips if recipe.scenario_name(clip) == scenario
    ]


def scores(
    study: str, split: str, scenario: str, factors: tuple[str, ...], law: Callable[[Params], float]
) -> tuple[float, float, float]:
    """Mean of the law; mean error of a model that is blind to the factors, and of one that knows the training range."""
    seen = drawn(study, "train", scenario)
    median = {name: float(np.median([params[name] for params in seen])) for name in factors}
    bounds = {name: [f(params[name] for params in seen) for f in (min, max)] for name in factors}
    right, blind, ranged = [], [], []
    for params in drawn(study, split, scenario):
        right.append(law(params))
        blind.append(law({**params, **median}))
        clamped = {name: float(np.clip(params[name], *bounds[name])) for name in factors}
        ranged.append(law({**params, **clamped}))
    errors = [float(np.mean(np.abs(np.subtract(wrong, right)))) for wrong in (blind, ranged)]
    return float(np.mean(right)), errors[0], errors[1]


def table() -> str:
    """A row per study, factor and split, as Markdown."""
    lines = [
        "| study | factor | what | split | mean | blind to it | the training range alone |",
        "|---|---|---|---|---|---|---|",
    ]
    for study, scenario, factors, what, unit, law, splits in ROWS:
        for split in splits:
            mean, blind, ranged = scores(study, split, scenario, factors, law)
            named = ", ".join(f"`{factor}`" for factor in factors)
            lines.append(
                f"| {study} | {named} | {what}, {unit} | `{split}` | {mean:.2f} | {blind:.2f} | {ranged:.2f} |"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
