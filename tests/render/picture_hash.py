"""A hash over pictures and labels that pass through every branch of the ray caster."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import replace

from simgen.render.frames import PASSES, Frames
from simgen.render.raycast import raycast
from simgen.render.settings import RenderSettings
from simgen.scene.rotation import about_axis
from simgen.scene.spec import Body, Camera, Environment, Light, Look, Quaternion, Shape, Vector
from tests.render.stages import moving, stage

SHAPES = {
    "sphere": (0.25,),
    "box": (0.4, 0.3, 0.35),
    "cylinder": (0.2, 0.4),
    "capsule": (0.12, 0.3),
    "cone": (0.25, 0.5),
    "tube": (0.25, 0.3, 0.05),
    "mesh": (0.6, 0.5, 0.6),
}
TEXTURES = ("checker", "wood", "stripes", "noise", "plain", "brushed", "checker")


def picture_hash() -> str:
    """sha256 over all arrays of a few clips: every shape, texture, light, projection, camera motion and quality."""
    digest = hashlib.sha256()
    bodies = []
    for k, (kind, size) in enumerate(SHAPES.items()):
        look = Look(
            (0.15 * k, 0.8 - 0.1 * k, 0.5), texture=TEXTURES[k], texture_colour=(0.9, 0.8, 0.7), texture_size_m=0.11  # type: ignore[arg-type]
        )  # fmt: skip
        shape = Shape(kind, size, "torus" if kind == "mesh" else "")  # type: ignore[arg-type]
        place = (0.5 * (k % 3) - 0.5, 0.45 * (k // 3) - 0.4, 0.3)
        bodies.append(Body(kind, shape, place, about_axis((1.0, 0.3 * k, 0.2), 0.5 * k), look=look))
    ground = Body(
        "ground", Shape("box", (80.0, 80.0, 1.0)), (0.0, 0.0, -0.5), fixed=True,
        look=Look((0.6, 0.62, 0.65), texture="checker", texture_colour=(0.5, 0.52, 0.55), texture_size_m=0.5),
    )  # fmt: skip
    lights = (
        Light(radius=0.05),
        Light("point", position_m=(1.0, -1.0, 2.0), colour=(1.0, 0.8, 0.6), intensity=0.4, radius=0.1),
    )
    here = Camera(position_m=(0.4, -2.8, 1.4), target_m=(0.0, 0.0, 0.3))
    cases = (
        (here, RenderSettings(), Environment()),
        (replace(here, motion="orbit", orbit_deg_s=90.0), RenderSettings(), Environment()),
        (replace(here, projection="orthographic"), RenderSettings(), Environment(unlit=True)),
        (here, RenderSettings(quality="high"), Environment()),
        (replace(here, motion="follow", follow="box"), RenderSettings(shutter=0.5), Environment()),
    )

    def pose(f: int, item: Body) -> tuple[Vector, Quaternion]:
        x, y, z = item.position_m
        return (x, y, z + 0.03 * f * (item.name in ("box", "mesh"))), item.orientation_xyzw

    for camera, settings, environment in cases:
        scene = stage(*bodies, ground, camera=camera, lights=lights, environment=environment, size=(45, 36))
        trace = moving(scene, 3, pose)
        frames = raycast(scene, trace, settings, PASSES)
        for field in dataclasses.fields(Frames):
            if field.name != "changed":  # no data: it saves the encoder work
                digest.update(getattr(frames, field.name).tobytes())
    return digest.hexdigest()
