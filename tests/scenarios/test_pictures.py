"""The first picture as rendered: the subject is there, unhidden, and where its label says."""

from __future__ import annotations

import numpy as np
import pytest

from simgen.labels.framing import projected_centres, visible_fraction
from simgen.physics import simulate
from simgen.render import render
from simgen.scene.appearance import dress
from simgen.scene.spec import Video
from tests.scenarios.clips import DESIGNED, draw, scenes_at_ends

VIDEO = Video(64, 64, 24.0, 2)


@pytest.mark.parametrize("name", DESIGNED)
def test_the_subject_is_seen_at_every_end_of_every_range(name: str) -> None:
    """Alone it is hardly hidden by anything; of several, each may stand partly behind the others."""
    params, draws = draw(name, 21)
    for parameter, now, undressed in scenes_at_ends(name, params, draws, VIDEO):
        if parameter.role == "hidden":
            continue  # another test says that they leave the first picture as it is
        case = (parameter.name, now[parameter.name])
        scene = dress(undressed, {}, draws)
        trace = simulate(scene)
        frames = render(scene, trace)
        visible = visible_fraction(frames)
        centres = projected_centres(scene, trace, scene.cameras[0])
        subjects = [
            index for index, body in enumerate(scene.bodies) if body.role == "subject" and body.visible
        ]
        for index in subjects:
            assert visible[0, index] > (0.85 if len(subjects) == 1 else 0.25), case
            assert frames.visible_pixels[0, index] >= 9, case
            if visible[0, index] == 1.0:
                shape = scene.bodies[index].shape
                left, top, right, bottom = frames.boxes[0, index]
                extent = max(right - left, bottom - top)
                lopsided = shape.kind in ("mesh", "cone")  # the centre of mass is not that of the outline
                off = np.abs(frames.centroids[0, index] - centres[0, index]).max()
                assert off < max(1.0, (0.25 if lopsided else 0.05) * extent), case
