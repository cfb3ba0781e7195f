"""Cycles, where Blender's Python module is; and what is said where it is not."""

from __future__ import annotations

import importlib.util
import os

import numpy as np
import pytest

from simgen.errors import MissingDependencyError, RenderError
from simgen.render import RenderSettings, render
from simgen.render.cycles import PYTHON_VARIABLE, blender_python
from simgen.scene.spec import Camera, Environment
from tests.render.still_life import BALL, CAMERA, EVERY_SHAPE, FLAT_CAMERA, GROUND, still_life

CYCLES = RenderSettings("cycles")
has_blender = bool(os.environ.get(PYTHON_VARIABLE)) or importlib.util.find_spec("bpy") is not None
needs_blender = pytest.mark.skipif(not has_blender, reason="Blender's Python module is not installed")


@pytest.mark.campaign
@needs_blender
@pytest.mark.parametrize("camera", [CAMERA, FLAT_CAMERA], ids=["perspective", "orthographic"])
def test_the_picture_lies_under_the_ray_casters_labels(camera: Camera) -> None:
    """Unlit, both paint the same colours at the same pixels: camera, poses, surfaces are understood alike."""
    scene, trace = still_life(EVERY_SHAPE, camera, environment=Environment(unlit=True), lights=())
    painted = render(scene, trace, CYCLES, ("depth", "segmentation", "normals", "flow"), camera)
    exact = render(
        scene, trace, RenderSettings("raycast"), ("depth", "segmentation", "normals", "flow"), camera
    )
    for name in ("segmentation", "depth_m", "normals", "flow", "visible_pixels", "alone_pixels", "boxes"):
        assert np.array_equal(getattr(painted, name), getattr(exact, name)), name
    apart = np.abs(painted.rgb.astype(int) - exact.rgb).max(axis=-1)
    assert (apart < 12).mean() > 0.9  # the rest are edges, where the two filter differently
    shifted = np.abs(painted.rgb[:, :, 1:].astype(int) - exact.rgb[:, :, :-1]).max(axis=-1)
    assert apart.mean() < 0.7 * shifted.mean()


@pytest.mark.campaign
@needs_blender
def test_light_is_as_bright_as_the_ray_casters_and_repeats() -> None:
    scene, trace = still_life((GROUND, BALL))
    painted, again = render(scene, trace, CYCLES), render(scene, trace, CYCLES)
    exact = render(scene, trace, RenderSettings("raycast"))
    assert np.array_equal(painted.rgb, again.rgb)
    assert np.abs(painted.rgb.mean(axis=(0, 1, 2)) - exact.rgb.mean(axis=(0, 1, 2))).max() < 10
    assert painted.depth_m is None


def test_a_python_without_blender_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    blender_python.cache_clear()
    monkeypatch.setenv(PYTHON_VARIABLE, "/bin/false")
    with pytest.raises(MissingDependencyError) as caught:
        blender_python()
    assert str(caught.value) == "SIMGEN_BLENDER_PYTHON is /bin/false, but that Python cannot import bpy."
    monkeypatch.setenv(PYTHON_VARIABLE, "/nowhere/python")
    with pytest.raises(MissingDependencyError, match=r"SIMGEN_BLENDER_PYTHON is /nowhere/python, but "):
        blender_python()
    blender_python.cache_clear()


@pytest.mark.skipif(
    importlib.util.find_spec("bpy") is not None, reason="Blender's Python module is installed"
)
def test_without_blender_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    blender_python.cache_clear()
    monkeypatch.delenv(PYTHON_VARIABLE, raising=False)
    scene, trace = still_life((BALL,))
    with pytest.raises(MissingDependencyError) as caught:
        render(scene, trace, CYCLES)
    assert str(caught.value) == (
        "The engine 'cycles' needs Blender's Python module: pip install 'simgen-physics[blender]' "
        "with Python 3.11, or set SIMGEN_BLENDER_PYTHON to a Python that has bpy."
    )
    blender_python.cache_clear()


def test_it_has_no_shutter() -> None:
    scene, trace = still_life((BALL,))
    with pytest.raises(RenderError, match=r"^The engine 'cycles' has no `shutter`"):
        render(scene, trace, RenderSettings("cycles", shutter=0.5))
