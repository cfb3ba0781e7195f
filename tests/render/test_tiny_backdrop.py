"""A standing camera's `tiny` pictures are put together from two shots; they must be those of a single one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simgen.build import generate
from simgen.physics import simulate
from simgen.recipe import parse_recipe
from simgen.render import render
from simgen.render.settings import RenderSettings

pytest.importorskip("pybullet")


@pytest.mark.parametrize("scenario", ["incline", "projectile", "collision"])
def test_same_as_the_whole_picture(scenario: str) -> None:
    """An orbit of 0 degrees per second stands still too, but is filmed as a moving camera: all bodies, every frame."""
    recipe = parse_recipe(
        f"name: t\nscenario: {scenario}\nclips: 2\nvideo: {{size: 64, fps: 12, seconds: 1}}\n", "t"
    )
    scene = generate(recipe, 1).scene
    trace, tiny, passes = simulate(scene), RenderSettings(engine="tiny"), ("segmentation", "depth")
    camera = scene.cameras[0]
    together = render(scene, trace, tiny, passes, camera)
    whole = render(scene, trace, tiny, passes, replace(camera, motion="orbit", orbit_deg_s=0.0))
    np.testing.assert_array_equal(together.rgb, whole.rgb)
    np.testing.assert_array_equal(together.segmentation, whole.segmentation)
    np.testing.assert_array_equal(together.depth_m, whole.depth_m)
