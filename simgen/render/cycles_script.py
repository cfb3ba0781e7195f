"""Runs inside Blender's Python and paints the frames of one job: python cycles_script.py JOB_FOLDER

It stands alone: of simgen it imports nothing, of its Python it needs bpy and what bpy needs. JOB_FOLDER holds
job.json, surfaces.npz and tile pictures; it gets frame-00000.png, … (RGBA, the background transparent)."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import bpy  # type: ignore[import-not-found]
import numpy as np


def main(folder: Path) -> None:
    job = json.loads((folder / "job.json").read_text())
    surfaces = np.load(folder / "surfaces.npz")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.preferences.addon_enable(module="cycles")
    scene = bpy.context.scene
    prepare(scene, job)
    light_up(scene, job)
    bodies = [add_body(scene, body, surfaces, folder, job["unlit"]) for body in job["bodies"]]
    camera = add_camera(scene, job["camera"])
    poses, cameras = surfaces["poses"], surfaces["cameras"]
    for frame in range(len(poses)):
        for body, pose in zip(bodies, poses[frame]):  # noqa: B905 - any Python that Blender brings
            body.matrix_world = columns(pose)
        camera.matrix_world = columns(cameras[min(frame, len(cameras) - 1)])
        scene.render.filepath = str(folder / f"frame-{frame:05d}.png")
        bpy.ops.render.render(write_still=True)


def columns(matrix: Any) -> Any:
    """A 4×4 matrix as Blender takes it."""
    from mathutils import Matrix  # type: ignore[import-not-found]

    return Matrix([[float(value) for value in row] for row in matrix])


def prepare(scene: Any, job: dict[str, Any]) -> None:
    scene.render.engine = "CYCLES"
    scene.render.resolution_x, scene.render.resolution_y = job["width"], job["height"]
    scene.render.resolution_percentage = 100
    scene.render.film_transparent = True
    scene.render.use_persistent_data = True
    scene.render.threads_mode, scene.render.threads = (
        "FIXED",
        1,
    )  # a worker has one core; and more would change bits
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = "RGBA"
    scene.render.image_settings.color_depth = "8"
    scene.render.image_settings.compression = 10
    scene.view_settings.view_transform = "Standard"
    scene.view_settings.look = "None"
    scene.render.dither_intensity = 0.0
    cycles = scene.cycles
    cycles.device = "CPU"
    cycles.samples = 1 if job["unlit"] else job["samples"]
    cycles.seed = 0
    cycles.use_adaptive_sampling = False
    cycles.use_denoising = not job["unlit"]
    if cycles.use_denoising:
        cycles.denoiser = "OPENIMAGEDENOISE"
    cycles.max_bounces = 4
    cycles.pixel_filter_type = "BLACKMAN_HARRIS"
    cycles.filter_width = 1.5
    if job["unlit"]:  # edges need samples, nothing else does
        cycles.samples = 16


def light_up(scene: Any, job: dict[str, Any]) -> None:
    from mathutils import Vector

    world = bpy.data.worlds.new("world")
    world.use_nodes = True
    scene.world = world
    background = world.node_tree.nodes["Background"]
    background.inputs["Color"].default_value = (*job["ambient"], 1.0)
    background.inputs["Strength"].default_value = 0.0 if job["unlit"] else 1.0
    for number, light in enumerate([] if job["unlit"] else job["lights"]):
        kind = "SUN" if light["kind"] == "directional" else "POINT"
        lamp = bpy.data.lights.new(f"light{number}", kind)
        lamp.color = light["colour"]
        # a surface that faces the light then sends back albedo × intensity: a sun's radiance is strength / π,
        # a point's strength / (4 π²) over the square of the distance, here that to the target
        lamp.energy = np.pi * light["intensity"]
        thing = bpy.data.objects.new(lamp.name, lamp)
        if kind == "SUN":
            lamp.angle = 2 * light["radius"]
            thing.rotation_mode = "QUATERNION"
            thing.rotation_quaternion = Vector(light["direction"]).to_track_quat("-Z", "Y")
        else:
            lamp.energy *= 4 * np.pi * light["distance"] ** 2
            lamp.shadow_soft_size = light["radius"]
            thing.location = light["position"]
        scene.collection.objects.link(thing)


def add_body(scene: Any, body: dict[str, Any], surfaces: Any, folder: Path, unlit: bool) -> Any:
    name = body["name"]
    vertices, triangles = surfaces[f"{name}.vertices"], surfaces[f"{name}.triangles"]
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(vertices.tolist(), [], triangles.tolist())
    corners = triangles.ravel()
    layer = mesh.uv_layers.new(name="uv")
    layer.data.foreach_set("uv", surfaces[f"{name}.periods"][corners].astype(np.float32).ravel())
    mesh.shade_smooth()
    mesh.normals_split_custom_set([tuple(normal) for normal in surfaces[f"{name}.normals"][corners].tolist()])
    mesh.materials.append(material(body, folder, unlit))
    thing = bpy.data.objects.new(name, mesh)
    scene.collection.objects.link(thing)
    return thing


def material(body: dict[str, Any], folder: Path, unlit: bool) -> Any:
    made = bpy.data.materials.new(body["name"])
    made.use_nodes = True
    nodes, links = made.node_tree.nodes, made.node_tree.links
    nodes.clear()
    output = nodes.new("ShaderNodeOutputMaterial")
    shader = nodes.new("ShaderNodeEmission" if unlit else "ShaderNodeBsdfPrincipled")
    colour = shader.inputs["Color" if unlit else "Base Color"]
    links.new(shader.outputs[0], output.inputs["Surface"])
    if not unlit:
        shader.inputs["Roughness"].default_value = max(body["roughness"], 0.05)
        shader.inputs["Specular IOR Level"].default_value = body["specular"]
    if body["tile"]:
        picture = nodes.new("ShaderNodeTexImage")
        picture.image = bpy.data.images.load(str(folder / body["tile"]))
        picture.interpolation = "Closest" if body["sharp"] else "Linear"
        links.new(picture.outputs["Color"], colour)
    else:
        colour.default_value = (*body["colour"], 1.0)
    return made


def add_camera(scene: Any, view: dict[str, Any]) -> Any:
    lens = bpy.data.cameras.new("camera")
    lens.sensor_fit = "VERTICAL"
    lens.clip_start, lens.clip_end = view["near"], view["far"]
    if view["projection"] == "orthographic":
        lens.type = "ORTHO"
        lens.ortho_scale = view["height"]
    else:
        lens.angle = view["fov"]
    thing = bpy.data.objects.new("camera", lens)
    scene.collection.objects.link(thing)
    scene.camera = thing
    return thing


if __name__ == "__main__":
    main(Path(sys.argv[-1]))
