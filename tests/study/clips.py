"""Clips for the tests of studies: a scenario's draw, dressed and simulated, small."""

from __future__ import annotations

from functools import cache

from simgen.errors import Rejected
from simgen.physics import simulate
from simgen.physics.trace import Trace
from simgen.recipe.draws import Draws
from simgen.scenarios import get_scenario
from simgen.scene.appearance import dress
from simgen.scene.spec import SceneSpec, Video
from tests.scenarios.clips import draw

FRAMES = 30


@cache
def clip(name: str, index: int = 0, size: int = 64, frames: int = FRAMES) -> tuple[SceneSpec, Trace, Draws]:
    """Scene, motion and address of a clip of `name` at 15 fps."""
    params, draws = draw(name, index)
    scene = dress(get_scenario(name).scene(params, draws, Video(size, size, 15.0, frames)), None, draws)
    try:
        return scene, simulate(scene), draws
    except Rejected as verdict:
        raise AssertionError(f"{name} {index}: {verdict}") from None
