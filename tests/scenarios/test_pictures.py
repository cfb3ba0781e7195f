"""The first picture as rendered: the subject is there, unhidden, and where its label says."""

from __future__ import annotations

import numpy as np
import pytest

from simgen.labels.framing import projected_centres, visible_fraction
from simgen.physics import simulate
from simgen.render import render
from simgen.scenarios import get_scenario
from simgen.scene.appearance import dress
from simgen.scene.spec import Video
from tests.scenarios.clips import DESIGNED, draw
from tests.scenarios.test_contract import ends

VIDEO = Video(64, 64, 24.0, 2)


@pytest.mark.parametrize("name", DESIGNED)
def test_the_subject_is_seen_at_every_end_of_every_range(name: str) -> None:
    params, draws = draw(name, 21)
    for parameter in get_scenario(name).parameters:
        for end in ends(parameter):
            scene = dress(get_scenario(name).scene({**params, parameter.name: end}, draws, VIDEO), {}, draws)
            trace = simulate(scene)
            frames = render(scene, trace)
            visible = visible_fraction(frames)
            centres = projected_centres(scene, trace, scene.cameras[0])
            for index, body in enumerate(scene.bodies):
                if body.role == "subject":
                    assert visible[0, index] > 0.85, (parameter.name, end)
                    assert frames.visible_pixels[0, index] >= 9, (parameter.name, end)
                    if visible[0, index] == 1.0:
                        assert np.abs(frames.centroids[0, index] - centres[0, index]).max() < 1.0
