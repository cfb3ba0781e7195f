"""Cycles, Blender's path tracer: pictures with global illumination, a hundred times dearer than the ray
caster's.

Blender (the extra `blender`) runs in a process of its own, one for each clip: it is under another licence,
wants a Python of its own and grows with every picture. It only paints. Depth, segmentation, normals, flow,
boxes and visibility come from the ray caster, so labels are exact whatever paints the picture."""

from __future__ import annotations

import functools
import importlib.util
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.errors import MissingDependencyError, RenderError
from simgen.physics.trace import Trace
from simgen.render.frames import Frames
from simgen.render.pieces import pieces
from simgen.render.settings import RenderSettings
from simgen.render.sky import distances, linear, sky, srgb, swallowed
from simgen.render.surfaces import surface
from simgen.render.tiles import cell_size_m, tile
from simgen.scene.camera import intrinsics, world_to_camera
from simgen.scene.presence import is_drawn
from simgen.scene.rotation import matrix
from simgen.scene.spec import Camera, Look, SceneSpec

__all__ = ["PYTHON_VARIABLE", "blender_python", "paint"]

PYTHON_VARIABLE = "SIMGEN_BLENDER_PYTHON"  # names a Python that has bpy, when this one has not
_SAMPLES = {"standard": 16, "high": 128}
_APART = 2e-4  # in the size of bodies; less than a tenth of a pixel
_UNDRESSED = Look(colour=(0.72, 0.72, 0.72))
_SCRIPT = Path(__file__).with_name("cycles_script.py")


def paint(
    scene: SceneSpec, trace: Trace, settings: RenderSettings, passes: Sequence[str], camera: Camera
) -> Frames:
    """The frames of `trace` from `camera`, painted by Cycles, with the ray caster's labels.

    Raises MissingDependencyError without Blender's Python module and RenderError when Blender fails.
    """
    if settings.shutter:
        raise RenderError(
            "The engine 'cycles' has no `shutter`; leave it out or use `render: {engine: raycast}`."
        )
    from simgen.render.raycast.clip import film_clip

    python = blender_python()
    asked = tuple(passes)
    exact = film_clip(scene, trace, RenderSettings(), (*asked, *({"depth"} - set(asked))), camera, rgb=False)
    assert exact.depth_m is not None
    poses = world_to_camera(camera, scene, trace)
    with tempfile.TemporaryDirectory(prefix="simgen-cycles-") as name:
        folder = Path(name)
        _write_job(folder, scene, trace, settings, camera, poses)
        _run(python, folder)
        rgb = _collect(folder, scene, camera, poses, exact.depth_m)
    return replace(exact, rgb=rgb, depth_m=exact.depth_m if "depth" in asked else None)


@functools.cache
def blender_python() -> str:
    """The Python that has Blender's module: this one, or the one that SIMGEN_BLENDER_PYTHON names."""
    named = os.environ.get(PYTHON_VARIABLE)
    if named:
        try:
            subprocess.run([named, "-c", "import bpy"], capture_output=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            raise MissingDependencyError(
                f"{PYTHON_VARIABLE} is {named}, but that Python cannot import bpy."
            ) from None
        return named
    if importlib.util.find_spec("bpy") is not None:
        return sys.executable
    raise MissingDependencyError(
        "The engine 'cycles' needs Blender's Python module: pip install 'simgen-physics[blender]' "
        f"with Python 3.11, or set {PYTHON_VARIABLE} to a Python that has bpy."
    )


def _write_job(
    folder: Path,
    scene: SceneSpec,
    trace: Trace,
    settings: RenderSettings,
    camera: Camera,
    poses: NDArray[np.float64],
) -> None:
    """Everything that the script needs, in plain files."""
    from PIL import Image

    arrays: dict[str, NDArray[Any]] = {}
    bodies = []
    shown = [index for index, body in enumerate(scene.bodies) if is_drawn(body)]
    parts = pieces(scene, trace)
    things = [
        (index, scene.bodies[index].name, scene.bodies[index].shape, scene.bodies[index].look, 128)
        for index in shown
    ]
    # names of bodies start with a letter
    things += [(0, f"0{k}", part.shape, part.look, 2 * part.facets) for k, part in enumerate(parts)]
    for index, name, shape, own, around in things:
        look = own or _UNDRESSED
        textured = look.texture != "plain"
        mesh = surface(shape, cell_size_m(look) if textured else 1.0, around=around)
        for column in ("normals", "periods", "triangles"):
            arrays[f"{name}.{column}"] = getattr(mesh, column)
        # each a little larger than the one before: faces of two bodies in one plane would shade each other in spots
        arrays[f"{name}.vertices"] = mesh.vertices * (1 + _APART * index)
        picture = f"{name}.png" if textured else ""
        if textured:
            Image.fromarray(tile(look, 512)[::-1]).save(folder / picture)
        bodies.append(
            {
                "name": name,
                "colour": linear(np.asarray(look.colour)).tolist(),
                "tile": picture,
                "sharp": look.texture in ("checker", "stripes"),
                "specular": look.specular,
                "roughness": look.roughness,
            }
        )
    placed = np.zeros((len(trace.time_s), len(things), 4, 4))
    placed[:, : len(shown), :3, :3] = matrix(trace.orientation_xyzw[:, shown])
    placed[:, : len(shown), :3, 3] = trace.position_m[:, shown]
    for k, part in enumerate(parts, len(shown)):
        placed[:, k, :3, :3], placed[:, k, :3, 3] = part.rotation, part.position_m
    placed[:, :, 3, 3] = 1.0
    # Blender's camera has y up and looks along −z
    eyes = np.stack([np.linalg.inv(np.diag([1.0, -1.0, -1.0, 1.0]) @ pose) for pose in poses])
    np.savez(folder / "surfaces.npz", poses=placed, cameras=eyes, **arrays)  # type: ignore[arg-type]
    environment = scene.environment
    job = {
        "width": scene.video.width,
        "height": scene.video.height,
        "samples": _SAMPLES[settings.quality],
        "unlit": environment.unlit,
        "ambient": environment.ambient,
        "lights": [
            {
                "kind": light.kind,
                "direction": light.direction,
                "position": light.position_m,
                "distance": math.dist(light.position_m, camera.target_m),
                "colour": linear(np.asarray(light.colour)).tolist(),
                "intensity": light.intensity,
                "radius": light.radius,
            }
            for light in scene.lights
        ],
        "bodies": bodies,
        "camera": {
            "projection": camera.projection,
            "fov": math.radians(camera.vertical_fov_deg),
            "height": camera.height_m,
            "near": camera.near_m,
            "far": camera.far_m,
        },
    }
    (folder / "job.json").write_text(json.dumps(job))


def _run(python: str, folder: Path) -> None:
    # from a copy: a script's own folder comes first in Python's path, and this one has a cycles.py, as
    # Blender has
    script = shutil.copy(_SCRIPT, folder)
    done = subprocess.run([python, str(script), str(folder)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        reason = lines[-1] if lines else f"it ended with status {done.returncode} and said nothing"
        raise RenderError(f"Blender could not paint the clip: {reason}")


def _collect(
    folder: Path,
    scene: SceneSpec,
    camera: Camera,
    poses: NDArray[np.float64],
    depth_m: NDArray[np.float32],
) -> NDArray[np.uint8]:
    """The painted frames (T, H, W, 3), in front of the sky and with the ray caster's haze in the distance."""
    from PIL import Image

    video, environment = scene.video, scene.environment
    rgb = np.empty((len(depth_m), video.height, video.width, 3), dtype=np.uint8)
    lens = intrinsics(camera, video)
    horizon = linear(np.asarray(environment.horizon))
    stretch = distances(lens, camera.projection, video.width, video.height)
    for frame in range(len(rgb)):
        path = folder / f"frame-{frame:05d}.png"
        if not path.exists():
            raise RenderError(f"Blender left out frame {frame} of the clip.")
        painted = np.asarray(Image.open(path).convert("RGBA"), dtype=np.float64) / 255
        if frame == 0 or len(poses) > 1:
            pose = poses[min(frame, len(poses) - 1)]
            behind = sky(environment, lens, pose, camera.projection, video.width, video.height)
        light, alpha = linear(painted[..., :3]), painted[..., 3:]
        if not environment.unlit:
            light += (horizon - light) * swallowed(depth_m[frame] * stretch)[..., None]
        light = light * alpha + linear(behind / 255) * (1 - alpha)
        rgb[frame] = np.round(srgb(light) * 255).astype(np.uint8)
    return rgb
