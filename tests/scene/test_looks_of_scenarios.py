"""Every scenario in every preset: what moves is in the picture and can be told from what is around it.

Replicas of other datasets have the look of those; tests/study looks at them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from simgen.build.staging import compose
from simgen.errors import Rejected
from simgen.physics import simulate
from simgen.recipe import Recipe, parse_recipe
from simgen.render.frames import Frames
from simgen.scenarios import all_scenarios
from simgen.scene.look_parameters import PRESETS
from simgen.scene.nets import nets
from simgen.scene.spec import SceneSpec
from simgen.study.take import Take, film
from tests.scene.test_appearance import cielab

pytest.importorskip("pybullet")
SCENARIOS = [
    name for name, scenario in sorted(all_scenarios().items()) if name != "scene" and not scenario.replica
]


def grown(mask: NDArray[np.bool_], pixels: int) -> NDArray[np.bool_]:
    for _ in range(pixels):
        wide = np.pad(mask, 1)
        mask = wide[1:-1, 1:-1] | wide[:-2, 1:-1] | wide[2:, 1:-1] | wide[1:-1, :-2] | wide[1:-1, 2:]
    return mask


def first_frames(recipe: Recipe, index: int) -> tuple[SceneSpec, Frames]:
    """The scene of a clip of the recipe, laid out for the whole video, and the first two of its frames."""
    clip = recipe.clip("train", index)
    for attempt in range(20):
        draws = clip.draws(attempt)
        try:
            scene = compose(recipe, clip, recipe.draw_params(clip, draws), draws)
        except Rejected:
            continue
        short = replace(scene, video=replace(scene.video, frame_count=2))
        take = Take(short, simulate(short))
        return scene, film(take, recipe.render_settings(), recipe.passes, scene.cameras[0])
    raise AssertionError(f"{recipe.name} {index}: no draw makes a scene")


CROWD = 2  # more bodies than that cannot all have drawn colours of their own


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_subjects_are_seen_and_stand_out(scenario: str, preset: str) -> None:
    recipe = parse_recipe(
        f"name: seen\nscenario: {scenario}\nclips: 9\nvideo: {{size: 128, fps: 24, seconds: 2}}\n"
        f"passes: [segmentation]\nlook: {{preset: {preset}}}\n",
        "seen.yaml",
    )
    for index in range(3):
        scene, frames = first_frames(recipe, index)
        assert frames.segmentation is not None
        assert frames.visible_pixels is not None
        picture, labels = frames.rgb[0], frames.segmentation[0]
        assert 30 < picture.mean() < 252, f"{scenario} {index}: too dark or empty"
        shares: dict[str, float] = {}
        still = [place + 1 for place, body in enumerate(scene.bodies) if body.fixed]
        held = nets(scene)  # whose bodies hide each other: what counts is the whole
        for place, body in enumerate(scene.bodies):
            if place in held:
                if held[place] != place:
                    continue
                mask = np.isin(labels, [part + 1 for part, first in held.items() if first == place])
                assert mask.sum() > 100, f"{scenario} {index}: the net is hidden or out of the picture"
            elif body.role != "subject" or body.fixed or not body.visible:
                continue
            else:
                share = frames.visible_pixels[0, place] / max(1, frames.alone_pixels[0, place])  # type: ignore[index]
                assert share > 0.3, f"{scenario} {index}: {body.name} is hidden or out of the picture"
                mask = labels == place + 1
            # what stands still there; dominoes and bricks may look like each other
            ring = grown(mask, 3) & ~mask & (np.isin(labels, still) | (labels == 0))
            if not ring.any():
                continue
            inside = np.array([cielab(tuple(colour / 255)) for colour in picture[mask]])
            around = np.array([cielab(tuple(colour / 255)) for colour in picture[ring]])
            apart = np.linalg.norm(inside[:, None] - around[None], axis=-1).min(axis=1)
            # pixels like nothing around it (10 is seen at a glance, 2.3 just noticeable)
            shares[body.name] = float((apart > 10).mean())
        # a quarter of each; of a crowd in drawn colours, a quarter on average
        worst = min(shares, key=shares.__getitem__)
        told = f"{scenario} {index}: {worst} melts into its surroundings"
        assert np.mean(list(shares.values())) > 0.25, told
        assert shares[worst] > (0.25 if len(shares) <= CROWD else 0.05), told
