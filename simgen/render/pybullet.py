"""PyBullet's own renderers: `tiny` (software, on the CPU) and `opengl` (through its EGL plug-in, on a GPU if there is one).

The scene is posed from the trace in a world of its own that holds only pictures, no physics: one PyBullet client per
process, emptied for every clip. What PyBullet's camera gets wrong is handled here: its light settings leak from one call
into the next (all of them are passed every time), its shadows draw false borders (they stay off), its spheres are
polyhedra (finer surfaces are supplied), textures on boxes come out as one tint (boxes become textured meshes), its
background is white (the sky is painted from the segmentation), and its depth is a GL buffer (turned into metres).
"""

from __future__ import annotations

import functools
import hashlib
import math
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.errors import MissingDependencyError, RenderError
from simgen.physics.trace import Trace
from simgen.render.frames import Frames
from simgen.render.pixels import outlines
from simgen.render.settings import RenderSettings
from simgen.render.sky import sky
from simgen.render.surfaces import surface
from simgen.render.tiles import cell_size_m, tile
from simgen.scene.camera import intrinsics, world_to_camera
from simgen.scene.spec import Camera, Environment, Look, SceneSpec

__all__ = ["film", "gl_projection", "gl_view", "tiny_projection"]

_UNDRESSED = Look(colour=(0.72, 0.72, 0.72))
_UV_OFFSET = 64.0  # the renderers repeat a texture for positive coordinates only


def film(
    scene: SceneSpec, trace: Trace, settings: RenderSettings, passes: Sequence[str], camera: Camera
) -> Frames:
    """The frames of `trace` from `camera`. Raises RenderError for passes that this engine does not have."""
    missing = sorted(set(passes) & {"normals", "flow"})
    if missing:
        raise RenderError(
            f"The engine {settings.engine!r} has no pass {missing[0]!r}; use `render: {{engine: raycast}}`."
        )
    if settings.quality != "standard" or settings.shutter:
        raise RenderError(
            f"The engine {settings.engine!r} has no `quality: high` and no `shutter`; "
            "leave them out or use `render: {engine: raycast}`."
        )
    world = _world(settings.engine, os.getpid())
    labels = world.build(scene)
    video, count = scene.video, scene.video.frame_count
    poses = world_to_camera(camera, scene, trace)
    matrix = intrinsics(camera, video)
    matrices = {"tiny": tiny_projection, "opengl": gl_projection}
    projection = matrices[settings.engine](camera, video.width, video.height)
    light = _light(scene)
    rgb = np.empty((count, video.height, video.width, 3), dtype=np.uint8)
    segmentation = np.empty((count, video.height, video.width), dtype=np.uint8)
    depth = np.zeros((count, video.height, video.width), dtype=np.float32) if "depth" in passes else None
    for frame in range(count):
        world.pose(trace, frame)
        pose = poses[min(frame, len(poses) - 1)]
        colour, buffer, ids = world.shoot(video.width, video.height, gl_view(pose), projection, light)
        segmentation[frame] = labels[ids + 1]
        background = segmentation[frame] == 0
        rgb[frame] = colour
        if frame == 0 or len(poses) > 1:
            behind = sky(scene.environment, matrix, pose, camera.projection, video.width, video.height)
        rgb[frame][background] = behind[background]
        if depth is not None:
            depth[frame] = np.where(background, 0.0, _metres(buffer, camera, settings.engine))
    visible, boxes, centroids = outlines(segmentation, len(scene.bodies))
    alone = _alone(world, scene, trace, camera, poses, projection, light, labels)
    return Frames(
        rgb=rgb,
        segmentation=segmentation if "segmentation" in passes else None,
        depth_m=depth,
        visible_pixels=visible,
        alone_pixels=np.maximum(alone, visible),
        boxes=boxes,
        centroids=centroids,
    )


def gl_view(pose: NDArray[np.float64]) -> list[float]:
    """OpenGL's view matrix (16 numbers, column by column) of a world-to-camera pose: y up, looking along −z."""
    return [float(value) for value in (np.diag([1.0, -1.0, -1.0, 1.0]) @ pose).T.ravel()]


def gl_projection(camera: Camera, width: int, height: int) -> list[float]:
    """OpenGL's projection matrix (16 numbers, column by column) of `camera` for a picture of width × height."""
    near, far = camera.near_m, camera.far_m
    matrix = np.zeros((4, 4))
    if camera.projection == "perspective":
        scale = 1 / math.tan(math.radians(camera.vertical_fov_deg) / 2)
        matrix[0, 0], matrix[1, 1] = scale * height / width, scale
        matrix[2, 2], matrix[2, 3] = (far + near) / (near - far), 2 * far * near / (near - far)
        matrix[3, 2] = -1.0
    else:
        scale = 2 / camera.height_m
        matrix[0, 0], matrix[1, 1] = scale * height / width, scale
        matrix[2, 2], matrix[2, 3] = 2 / (near - far), (far + near) / (near - far)
        matrix[3, 3] = 1.0
    return [float(value) for value in matrix.T.ravel()]


def tiny_projection(camera: Camera, width: int, height: int) -> list[float]:
    """`gl_projection` as TinyRenderer needs it.

    It samples a pixel at its lower left corner, so everything moves by half a pixel. And it reads the near and the far
    plane from the third row as if every camera were in perspective, which throws away all that an orthographic one
    sees: the row −z/2 + far passes its test (near = −⅔ far, far' = 2 far) for all distances up to 2 far, and the depth
    that it gives back is then the distance under the formula of perspective with those two planes.
    """
    matrix = np.array(gl_projection(camera, width, height)).reshape(4, 4).T
    w = 2 if camera.projection == "perspective" else 3  # the column that multiplies what becomes w
    sign = -1.0 if w == 2 else 1.0
    matrix[0, w] -= sign / width
    matrix[1, w] -= sign / height
    if camera.projection == "orthographic":
        matrix[2, 2], matrix[2, 3] = -0.5, camera.far_m
    return [float(value) for value in matrix.T.ravel()]


def _metres(buffer: NDArray[np.float32], camera: Camera, engine: str) -> NDArray[np.float64]:
    """Distance along the camera axis from a GL depth buffer in [0, 1]."""
    near, far = camera.near_m, camera.far_m
    if camera.projection == "orthographic":
        if engine == "opengl":
            return near + (far - near) * buffer.astype(np.float64)
        near, far = -2 / 3 * far, 2 * far
    return far * near / (far - (far - near) * buffer.astype(np.float64))


def _light(scene: SceneSpec) -> dict[str, Any]:
    """Every light argument of the camera call: an argument left out would keep the value of an earlier call."""
    environment, lights = scene.environment, scene.lights
    ambient = float(np.mean(environment.ambient))
    towards, colour, diffuse = (0.0, 0.0, 1.0), (1.0, 1.0, 1.0), 0.0
    if lights:
        key = lights[0]
        if key.kind == "directional":
            towards = (-key.direction[0], -key.direction[1], -key.direction[2])
        else:
            target = np.asarray(scene.cameras[0].target_m)
            x, y, z = np.asarray(key.position_m) - target
            towards = (float(x), float(y), float(z))
        colour, diffuse = key.colour, key.intensity
    # The renderers multiply sRGB numbers where light adds up in linear ones: with the light that meets a surface face
    # on, and with none of it, the picture is as bright as it should be.
    full, shade = (ambient + diffuse) ** (1 / 2.2), ambient ** (1 / 2.2)
    if environment.unlit:
        colour, full, shade = (1.0, 1.0, 1.0), 1.0, 1.0
    return {
        "lightDirection": towards,
        "lightColor": colour,
        "lightDistance": 10.0,
        "shadow": 0,
        "lightAmbientCoeff": shade,
        "lightDiffuseCoeff": full - shade,
        "lightSpecularCoeff": 0.0 if environment.unlit else 0.05,
    }


class _World:
    """The client that holds the pictures of the current clip's bodies."""

    def __init__(self, bullet: Any, client: int, renderer: int) -> None:
        self._bullet, self._client, self._renderer = bullet, client, renderer
        self._handles: list[int | None] = []
        self._lent: dict[tuple[str, tuple[int, ...]], list[list[Any]]] = {}
        self._folder = tempfile.TemporaryDirectory(prefix="simgen-textures-")

    def build(self, scene: SceneSpec) -> NDArray[np.uint8]:
        """Replaces the world by the visible bodies of `scene`.

        Returns the table from PyBullet's id + 1 (0 is its background) to the label: 0 background, i + 1 body i.
        """
        bullet, client = self._bullet, self._client
        bullet.resetSimulation(physicsClientId=client)
        self._handles = []
        labels = np.zeros(len(scene.bodies) + 1, dtype=np.uint8)
        for index, body in enumerate(scene.bodies):
            if not body.visible:
                self._handles.append(None)
                continue
            look = body.look or _UNDRESSED
            textured = look.texture != "plain"
            mesh = surface(body.shape, cell_size_m(look) if textured else 1.0)
            visual = bullet.createVisualShape(
                bullet.GEOM_MESH,
                vertices=self._lend("vertices", mesh.vertices),
                indices=self._lend("triangles", mesh.triangles.reshape(1, -1))[0],
                uvs=self._lend("uvs", mesh.periods + _UV_OFFSET),
                normals=self._lend("normals", mesh.normals),
                rgbaColor=[1.0, 1.0, 1.0, 1.0] if textured else [*look.colour, 1.0],
                specularColor=[look.specular * (1 - look.roughness)] * 3,
                physicsClientId=client,
            )
            handle = bullet.createMultiBody(0, -1, visual, physicsClientId=client)
            if textured:
                bullet.changeVisualShape(
                    handle, -1, textureUniqueId=self._texture(look), physicsClientId=client
                )
            self._handles.append(handle)
            labels[handle + 1] = index + 1
        return labels

    def _lend(self, name: str, rows: NDArray[Any]) -> list[list[Any]]:
        """`rows` as lists. PyBullet never lets go of the lists it is given: it gets the same ones again and again."""
        lists = self._lent.setdefault((name, rows.shape), rows.tolist())
        for kept, row in zip(lists, rows.tolist(), strict=True):
            kept[:] = row
        return lists

    def _texture(self, look: Look) -> int:
        from PIL import Image

        picture = tile(look)
        # PyBullet remembers a picture by its path: another picture needs another name
        path = Path(self._folder.name) / f"{hashlib.sha256(picture.tobytes()).hexdigest()}.png"
        if not path.exists():
            Image.fromarray(picture).save(path)
        return int(self._bullet.loadTexture(str(path), physicsClientId=self._client))

    def pose(self, trace: Trace, frame: int, only: int | None = None) -> None:
        """Moves the bodies to where they are at `frame`; with `only`, all other bodies out of sight."""
        for index, handle in enumerate(self._handles):
            if handle is None:
                continue
            position = trace.position_m[frame, index] if only in (None, index) else (0.0, 0.0, 1e6)
            self._bullet.resetBasePositionAndOrientation(
                handle, position, trace.orientation_xyzw[frame, index], physicsClientId=self._client
            )

    def shoot(
        self, width: int, height: int, view: list[float], projection: list[float], light: dict[str, Any]
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.int32]]:
        """rgb (H, W, 3), GL depth buffer (H, W) and PyBullet ids (H, W), −1 where there is nothing."""
        _, _, rgba, depth, ids = self._bullet.getCameraImage(
            width, height, view, projection, renderer=self._renderer, physicsClientId=self._client, **light
        )
        shape = (height, width)
        return (
            np.asarray(rgba, dtype=np.uint8).reshape(*shape, 4)[..., :3],
            np.asarray(depth, dtype=np.float32).reshape(shape),
            np.asarray(ids, dtype=np.int32).reshape(shape),
        )


@functools.cache
def _world(engine: str, process: int) -> _World:
    """The world of this engine in this process (a forked process must not use its parent's)."""
    try:
        import pybullet
    except ImportError:
        raise MissingDependencyError(
            f"The engine {engine!r} needs PyBullet, which has wheels for Python 3.9 to 3.11: "
            "use such a Python, or `render: {engine: raycast}`."
        ) from None
    client = pybullet.connect(pybullet.DIRECT)
    return _World(pybullet, client, pybullet.ER_TINY_RENDERER)


def _alone(
    world: _World,
    scene: SceneSpec,
    trace: Trace,
    camera: Camera,
    poses: NDArray[np.float64],
    projection: list[float],
    light: dict[str, Any],
    labels: NDArray[np.uint8],
) -> NDArray[np.int32]:
    """(T, N) pixels that each body would cover with no other body there."""
    video, count = scene.video, scene.video.frame_count
    alone = np.zeros((count, len(scene.bodies)), dtype=np.int32)
    for index, body in enumerate(scene.bodies):
        if not body.visible:
            continue
        for frame in range(count):
            if frame and body.fixed and len(poses) == 1:
                alone[frame, index] = alone[0, index]
                continue
            world.pose(trace, frame, only=index)
            view = gl_view(poses[min(frame, len(poses) - 1)])
            _, _, ids = world.shoot(video.width, video.height, view, projection, light)
            alone[frame, index] = np.count_nonzero(labels[ids + 1] == index + 1)
    return alone
