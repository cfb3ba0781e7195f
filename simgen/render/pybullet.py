"""PyBullet's own renderers: `tiny` (software, on the CPU) and `opengl` (through its EGL plug-in, on a GPU if
there is one).

The scene is posed from the trace in a world of its own that holds only pictures, no physics: one PyBullet
client per process, emptied for every clip. What PyBullet's camera gets wrong is handled here: its light
settings leak from one call into the next (all of them are passed every time), its shadows draw false borders
(they stay off), its spheres are polyhedra (finer surfaces are supplied), textures on boxes come out as one
tint (boxes become textured meshes), its background is white (the sky is painted from the segmentation), and
its depth is a GL buffer (turned into metres)."""

from __future__ import annotations

import functools
import hashlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.errors import MissingDependencyError, RenderError
from simgen.physics.trace import Trace
from simgen.render.egl import start_opengl, stop_opengl
from simgen.render.frames import Frames
from simgen.render.lens import GlLens, TinyLens
from simgen.render.pieces import Piece, pieces
from simgen.render.pixels import outlines
from simgen.render.settings import RenderSettings
from simgen.render.sky import distances, sky, swallowed
from simgen.render.surfaces import Surface, surface, wavefront
from simgen.render.tiles import cell_size_m, tile
from simgen.scene.camera import intrinsics, world_to_camera
from simgen.scene.presence import is_drawn
from simgen.scene.rotation import quaternions
from simgen.scene.spec import Camera, Look, SceneSpec, Shape

__all__ = ["film"]

_UNDRESSED = Look(colour=(0.72, 0.72, 0.72))
_OUT_OF_SIGHT_M = 1e5  # beside the picture of any camera
_GL_CLIPS = 50  # clips for which one OpenGL client is used
_UV_OFFSET = 64.0  # the renderers repeat a texture for positive coordinates only


def film(
    scene: SceneSpec, trace: Trace, settings: RenderSettings, passes: Sequence[str], camera: Camera
) -> Frames:
    """The frames of `trace` from `camera`.

    rgb, depth and segmentation are PyBullet's own; normals and flow, which it does not have, and how much of
    a body is hidden come from the ray caster. Raises RenderError for what neither can do."""
    if settings.quality != "standard" or settings.shutter:
        raise RenderError(
            f"The engine {settings.engine!r} has no `quality: high` and no `shutter`; "
            "leave them out or use `render: {engine: raycast}`."
        )
    from simgen.render.raycast.clip import film_clip

    world = _world(settings.engine, os.getpid())
    parts = pieces(scene, trace)
    labels = world.build(scene, parts)
    video, count = scene.video, scene.video.frame_count
    poses = world_to_camera(camera, scene, trace)
    lens = (TinyLens if settings.engine == "tiny" else GlLens)(camera, video.width, video.height)
    light = _light(scene, settings.engine)
    rgb = np.empty((count, video.height, video.width, 3), dtype=np.uint8)
    segmentation = np.empty((count, video.height, video.width), dtype=np.uint8)
    depth = np.zeros((count, video.height, video.width), dtype=np.float32) if "depth" in passes else None
    # A standing camera sees the fixed bodies the same way in every frame, and without shadows bodies do not change each
    # other's colour: they are drawn once, and the moving ones, a few pixels, are put in front of or behind them.
    fixed = [body.fixed for body in scene.bodies] + [False] * len(parts)
    apart = settings.engine == "tiny" and len(poses) == 1 and any(fixed)
    aside = (
        poses[0][0, :3] * _OUT_OF_SIGHT_M
    )  # to the side: straight ahead an orthographic camera would see it
    if apart:
        world.pose(trace, 0, [not still for still in fixed], aside)
        backdrop = world.shoot(lens, poses[0], light)
    for frame in range(count):
        pose = poses[min(frame, len(poses) - 1)]
        world.pose(trace, frame, fixed if apart else (), aside)
        colour, buffer, ids = world.shoot(lens, pose, light)
        if apart:
            colour, buffer, ids = _in_front(backdrop, (colour, buffer, ids))
        segmentation[frame] = labels[ids + 1]
        if frame == 0 or len(poses) > 1:
            air = _Air(scene, camera, lens, pose, segmentation[frame], buffer)
        rgb[frame] = air.seen_through(colour, segmentation[frame], buffer)
        if depth is not None:
            depth[frame] = np.where(segmentation[frame] == 0, 0.0, lens.metres(buffer))
    visible, boxes, centroids = outlines(segmentation, len(scene.bodies), len(scene.links))
    exact = film_clip(
        scene,
        trace,
        RenderSettings(),
        tuple(name for name in passes if name in ("normals", "flow")),
        camera,
        rgb=False,
    )
    return replace(
        exact,
        rgb=rgb,
        segmentation=segmentation if "segmentation" in passes else None,
        depth_m=depth,
        visible_pixels=visible,
        alone_pixels=_alone(exact, visible),
        boxes=boxes,
        centroids=centroids,
    )


_Shot = tuple[
    NDArray[np.uint8], NDArray[np.float32], NDArray[np.int32]
]  # colour, GL depth buffer, PyBullet ids


def _in_front(backdrop: _Shot, moving: _Shot) -> _Shot:
    """`moving` wherever it is nearer than `backdrop`, as the depth test of one picture would have it."""
    nearer = (moving[2] >= 0) & (moving[1] < backdrop[1])
    colour, buffer, ids = backdrop[0].copy(), backdrop[1].copy(), backdrop[2].copy()
    colour[nearer], buffer[nearer], ids[nearer] = moving[0][nearer], moving[1][nearer], moving[2][nearer]
    return colour, buffer, ids


class _Air:
    """What is behind and in front of the bodies, from one pose: the sky and the haze of the distance.

    `labels` (H, W) and `buffer` (H, W) are those of a frame from that pose; as long as the camera stands
    still, what they say of the fixed bodies stays true."""

    def __init__(
        self,
        scene: SceneSpec,
        camera: Camera,
        lens: GlLens,
        pose: NDArray[np.float64],
        labels: NDArray[np.uint8],
        buffer: NDArray[np.float32],
    ) -> None:
        matrix = intrinsics(camera, scene.video)
        width, height = scene.video.width, scene.video.height
        self._lens, self._labels, self._clear = lens, labels, scene.environment.unlit
        self._sky = sky(scene.environment, matrix, pose, camera.projection, width, height)
        self._stretch = distances(matrix, camera.projection, width, height)
        self._horizon = np.round(np.asarray(scene.environment.horizon) * 255).astype(np.uint16)
        fixed = np.array(
            [True, *(body.fixed for body in scene.bodies)] + [False] * len(scene.links)
        )  # 0: the sky
        self._lasting = fixed[labels]
        share = self._share(buffer, slice(None))
        self._own = np.where(labels[..., None] == 0, np.uint16(0), 256 - share)
        self._added = np.where(
            labels[..., None] == 0, self._sky.astype(np.uint16) << 8, share * self._horizon + 128
        )
        self._work = np.empty_like(self._added)

    def _share(self, buffer: NDArray[np.float32], where: Any) -> NDArray[np.uint16]:
        """The horizon's part of the colour in 256ths, (…, 1)."""
        haze = swallowed(self._lens.metres(buffer[where]) * self._stretch[where])
        return np.round(haze * 256).astype(np.uint16)[..., None]

    def seen_through(
        self, colour: NDArray[np.uint8], labels: NDArray[np.uint8], buffer: NDArray[np.float32]
    ) -> NDArray[np.uint8]:
        """The picture of a frame (H, W, 3) with sky and haze."""
        if self._clear:
            picture = np.where(labels[..., None] == 0, self._sky, colour)
        else:
            new = ~self._lasting | (labels != self._labels)
            behind = new & (labels == 0)
            np.multiply(colour, self._own, out=self._work, dtype=np.uint16)
            self._work += self._added
            self._work >>= 8
            picture = self._work.astype(np.uint8)
            share = self._share(buffer, new)
            hazy = colour[new] * (256 - share) + share * self._horizon + 128
            picture[new] = hazy >> 8
            picture[behind] = self._sky[behind]
        return picture


def _light(scene: SceneSpec, engine: str) -> dict[str, Any]:
    """Every light argument of the camera call: one left out would keep the value of an earlier call."""
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
    # The renderers multiply sRGB numbers where light adds up in linear ones: with the light that meets a
    # surface face on, and with none of it, the picture is as bright as it should be.
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
        # OpenGL draws the highlight as a spot, even on boards
        "lightSpecularCoeff": 0.0 if environment.unlit or engine == "opengl" else 0.05,
    }


class _World:
    """The client that holds the pictures of the current clip's bodies."""

    def __init__(self, bullet: Any, engine: str) -> None:
        self._bullet, self._opengl = bullet, engine == "opengl"
        self._renderer = bullet.ER_BULLET_HARDWARE_OPENGL if self._opengl else bullet.ER_TINY_RENDERER
        self._client, self._clips = -1, 0
        self._handles: list[int | None] = []
        self._parts: list[Piece] = []
        self._turns: list[NDArray[np.float64]] = []
        self._lent: dict[tuple[str, tuple[int, ...]], list[list[Any]]] = {}
        self._scratch = tempfile.TemporaryDirectory(prefix="simgen-")  # removed when the process ends
        self._folder = Path(self._scratch.name)

    def _empty(self) -> None:
        """An empty world; the OpenGL one is a new one now and then, as it never frees its textures."""
        if self._client >= 0 and not (self._opengl and self._clips % _GL_CLIPS == 0):
            self._bullet.resetSimulation(physicsClientId=self._client)
        elif self._opengl:
            if self._client >= 0:
                stop_opengl(self._bullet, self._client)
            self._client = start_opengl(self._bullet)
        else:
            self._client = self._bullet.connect(self._bullet.DIRECT)
        self._handles = []
        self._clips += 1

    def build(self, scene: SceneSpec, parts: list[Piece]) -> NDArray[np.uint8]:
        """Replaces the world by the visible bodies of `scene` and the `parts` of its links.

        Returns the table from PyBullet's id + 1 (0 is its background) to the label: 0 background, i + 1 body
        i, N + 1 + k link k."""
        self._empty()
        self._parts, self._turns = parts, [quaternions(part.rotation) for part in parts]
        labels = np.zeros(len(scene.bodies) + len(parts) + 1, dtype=np.uint8)
        for index, body in enumerate(scene.bodies):
            if not is_drawn(body):
                self._handles.append(None)
                continue
            handle = self._add(body.shape, body.look or _UNDRESSED, 48)
            self._handles.append(handle)
            labels[handle + 1] = index + 1
        for part in parts:
            handle = self._add(part.shape, part.look, part.facets)
            self._handles.append(handle)
            labels[handle + 1] = len(scene.bodies) + part.link + 1
        return labels

    def _add(self, shape: Shape, look: Look, around: int) -> int:
        """Something to see, somewhere: PyBullet's id of it."""
        bullet, client = self._bullet, self._client
        textured = look.texture != "plain"
        mesh = surface(shape, cell_size_m(look) if textured else 1.0, around)
        visual = bullet.createVisualShape(
            bullet.GEOM_MESH,
            **(self._file(mesh) if self._opengl else self._lists(mesh)),
            rgbaColor=[1.0, 1.0, 1.0, 1.0] if textured else [*look.colour, 1.0],
            # the highlight has one width here: none on what is rough
            specularColor=[look.specular * max(0.0, 1 - 2 * look.roughness)] * 3,
            physicsClientId=client,
        )
        handle = int(bullet.createMultiBody(0, -1, visual, physicsClientId=client))
        if textured:
            bullet.changeVisualShape(handle, -1, textureUniqueId=self._texture(look), physicsClientId=client)
        return handle

    def _file(self, mesh: Surface) -> dict[str, Any]:
        """The surface as a Wavefront file, the only form that the OpenGL renderer takes a mesh in."""
        text = wavefront(mesh)
        path = self._folder / f"{hashlib.sha256(text.encode()).hexdigest()}.obj"
        path.write_text(text)
        return {"fileName": str(path)}

    def _lists(self, mesh: Surface) -> dict[str, Any]:
        return {
            "vertices": self._lend("vertices", mesh.vertices),
            "indices": self._lend("triangles", mesh.triangles.reshape(1, -1))[0],
            "uvs": self._lend("uvs", mesh.periods + _UV_OFFSET),
            "normals": self._lend("normals", mesh.normals),
        }

    def _lend(self, name: str, rows: NDArray[Any]) -> list[list[Any]]:
        """`rows` as lists, the same ones again and again: PyBullet never lets go of a list."""
        lists = self._lent.setdefault((name, rows.shape), rows.tolist())
        for kept, row in zip(lists, rows.tolist(), strict=True):
            kept[:] = row
        return lists

    def _texture(self, look: Look) -> int:
        from PIL import Image

        picture = tile(look)
        # PyBullet remembers a picture by its path: another picture needs another name, the same can keep it
        path = self._folder / f"{hashlib.sha256(picture.tobytes()).hexdigest()}.png"
        if not path.exists():
            Image.fromarray(picture[::-1]).save(path)  # v runs upwards in a picture file
        return int(self._bullet.loadTexture(str(path), physicsClientId=self._client))

    def pose(self, trace: Trace, frame: int, away: Sequence[bool], aside: NDArray[np.float64]) -> None:
        """Moves all to where they are at `frame`; those that `away` says (none if empty) go to `aside`."""
        bodies = len(self._handles) - len(self._parts)
        for index, handle in enumerate(self._handles):
            if handle is None:
                continue
            if index < bodies:
                place, turn = trace.position_m[frame, index], trace.orientation_xyzw[frame, index]
            else:
                place, turn = (
                    self._parts[index - bodies].position_m[frame],
                    self._turns[index - bodies][frame],
                )
            out = bool(away) and away[index]
            self._bullet.resetBasePositionAndOrientation(
                handle, aside if out else place, turn, physicsClientId=self._client
            )

    def shoot(
        self, lens: GlLens, pose: NDArray[np.float64], light: dict[str, Any]
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.int32]]:
        """rgb (H, W, 3), GL depth buffer (H, W) and PyBullet ids (H, W), −1 where there is nothing."""
        _, _, rgba, depth, ids = self._bullet.getCameraImage(
            lens.width,
            lens.height,
            lens.view(pose),
            lens.projection,
            renderer=self._renderer,
            physicsClientId=self._client,
            **light,
        )
        shape = (lens.height, lens.width)
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
    return _World(pybullet, engine)


def _alone(exact: Frames, visible: NDArray[np.int32]) -> NDArray[np.int32]:
    """(T, N) pixels that each body would cover with no other body there, given the pixels in which it is
    seen.

    This engine's silhouettes differ from the ray caster's by a pixel here and there, so the ratio is taken:
    what is not hidden is seen to exactly one part of one."""
    assert exact.alone_pixels is not None
    assert exact.visible_pixels is not None
    ratio = exact.alone_pixels / np.maximum(exact.visible_pixels, 1)
    alone = np.where(exact.visible_pixels > 0, np.round(visible * ratio), exact.alone_pixels)
    return np.maximum(alone, visible).astype(np.int32)
