"""PyBullet's OpenGL renderer where there is OpenGL (a GPU, or Mesa), and what is said where there is none."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from simgen.errors import RenderError
from simgen.render import Frames, RenderSettings, render
from simgen.render.egl import gl_renderer
from simgen.scene.spec import Body, Camera
from tests.render.still_life import (
    BALL,
    CAMERA,
    EVERY_SHAPE,
    FLAT_CAMERA,
    GROUND,
    away_from_edges,
    still_life,
)

pytest.importorskip("pybullet")
ROOT = Path(__file__).parents[2]
ONE_CLIP = """
from simgen.render import RenderSettings, render
from tests.render.still_life import BALL, GROUND, still_life
frames = render(*still_life((GROUND, BALL)), RenderSettings("opengl"))
print(frames.rgb.shape)
"""


def with_gl() -> bool:
    try:
        gl_renderer()
    except RenderError:
        return False
    return True


needs_gl = pytest.mark.skipif(not with_gl(), reason="no OpenGL through EGL on this machine")


def film(bodies: tuple[Body, ...], camera: Camera = CAMERA, engine: str = "opengl") -> Frames:
    scene, trace = still_life(bodies, camera, size=(256, 192))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The engine 'opengl' draws on the CPU here")
        settings = RenderSettings(engine)  # type: ignore[arg-type]
        return render(scene, trace, settings, ("depth", "segmentation"), camera)


@needs_gl
@pytest.mark.parametrize("camera", [CAMERA, FLAT_CAMERA], ids=["perspective", "orthographic"])
def test_every_shape_agrees_with_the_ray_caster(camera: Camera) -> None:
    drawn, exact = film(EVERY_SHAPE, camera), film(EVERY_SHAPE, camera, "raycast")
    assert drawn.segmentation is not None
    assert exact.segmentation is not None
    assert drawn.depth_m is not None
    assert exact.depth_m is not None
    same = drawn.segmentation == exact.segmentation
    inside = away_from_edges(exact.segmentation[0])
    assert same.mean() > 0.995
    assert same[0][inside].mean() > 0.9999
    apart = np.abs(drawn.depth_m - exact.depth_m)[0][inside & same[0]]
    assert np.median(apart) < 0.005
    assert np.abs(drawn.centroids - exact.centroids).max() < 0.5  # type: ignore[operator]


@needs_gl
def test_nothing_leaks_from_one_clip_into_the_next() -> None:
    first = film((GROUND, BALL))
    film(EVERY_SHAPE, FLAT_CAMERA)
    assert np.array_equal(first.rgb, film((GROUND, BALL)).rgb)


@needs_gl
def test_it_prints_nothing_and_warns_when_a_program_plays_the_gpu() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ONE_CLIP], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "(1, 120, 160, 3)\n"
    on_cpu = "llvmpipe" in gl_renderer()
    assert ("The engine 'opengl' draws on the CPU here (llvmpipe" in done.stderr) == on_cpu


def test_without_opengl_the_error_says_what_to_do() -> None:
    """The plug-in ends the process in which it finds no OpenGL; that must not be ours."""
    hidden = {
        **os.environ,
        "__EGL_VENDOR_LIBRARY_FILENAMES": "/nowhere.json",
        "LIBGL_DRIVERS_PATH": "/nowhere",
    }
    script = "from simgen.render.egl import gl_renderer; gl_renderer()"
    done = subprocess.run(
        [sys.executable, "-c", script], env=hidden, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("simgen.errors.RenderError: The engine 'opengl' found no OpenGL here (")
    assert last.endswith(
        "It needs a GPU's driver or Mesa with EGL (Debian: apt-get install libegl1 libgl1-mesa-dri); "
        "`render: {engine: raycast}` needs neither."
    )
