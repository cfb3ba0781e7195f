"""How fast charges meet: carried from the frame before through the steepest part of their fall."""

from __future__ import annotations

import math

import pytest

from simgen.labels import find_events
from simgen.physics import simulate
from simgen.scene.spec import Body, Camera, Force, SceneSpec, Shape, Video


@pytest.mark.parametrize("fps", [24.0, 60.0])
@pytest.mark.parametrize("elasticity", [0.0, 0.6])
def test_closing_speed_of_charges_by_energy(fps: float, elasticity: float) -> None:
    """m v²/2 twice over = S (1/2r − 1/d): each falls from rest at d to a touch at 2 r."""
    mass, radius, strength, apart = 0.5, 0.15, 1.5, 1.2
    balls = tuple(
        Body(
            name,
            Shape("sphere", (radius,)),
            (x, 0.0, 0.0),
            mass_kg=mass,
            friction=0.0,
            elasticity=math.sqrt(elasticity),
        )
        for name, x in (("a", -apart / 2), ("b", apart / 2))
    )
    scene = SceneSpec(
        bodies=balls,
        video=Video(64, 64, fps, int(1.2 * fps)),
        cameras=(Camera(),),
        forces=(Force("attraction", "a", "b", strength_n_m2=strength),),
        gravity_m_s2=(0.0, 0.0, 0.0),
    )
    collision = next(event for event in find_events(scene, simulate(scene)) if event.kind == "collision")
    speed = math.sqrt(strength * (1 / (2 * radius) - 1 / apart) / mass)
    assert collision.value == pytest.approx(2 * speed, rel=2e-3)
