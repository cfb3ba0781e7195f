"""Films a simulated scene: one call, whichever engine paints the picture.

    frames = render(scene, trace, settings, passes=("depth",), camera=scene.cameras[0])

`raycast` is simgen's own analytic ray caster, `tiny` and `opengl` are PyBullet's renderers, `cycles` is
Blender's path tracer. The labels mean the same whatever the engine is. Each engine is imported on first use,
so that this package costs nothing to those who only read a dataset."""

from __future__ import annotations

from collections.abc import Sequence

from simgen.callable_package import make_callable
from simgen.errors import RenderError
from simgen.physics.trace import Trace
from simgen.render.frames import PASSES, Frames
from simgen.render.settings import ENGINES, RenderSettings
from simgen.scene.spec import Camera, SceneSpec

__all__ = ["ENGINES", "PASSES", "Frames", "RenderSettings", "render"]


def render(
    scene: SceneSpec,
    trace: Trace,
    settings: RenderSettings | None = None,
    passes: Sequence[str] = (),
    camera: Camera | None = None,
) -> Frames:
    """The T frames of `trace` from `camera` (None: the scene's main one).

    rgb, visible_pixels, alone_pixels, boxes and centroids are always filled; the dense `passes` (depth,
    segmentation, normals, flow) only when asked for. Raises RenderError when the engine cannot film this
    scene and MissingDependencyError when the engine is not installed; both say what to change."""
    settings = RenderSettings() if settings is None else settings
    camera = scene.cameras[0] if camera is None else camera
    unknown = sorted(set(passes) - set(PASSES))
    if unknown:
        raise RenderError(f"There is no pass {unknown[0]!r}; the passes are {', '.join(PASSES)}.")
    if trace.state.shape[1] != len(scene.bodies):
        raise RenderError(
            f"The trace holds {trace.state.shape[1]} bodies and the scene {len(scene.bodies)}: "
            "film a trace with the scene it was simulated from."
        )
    if settings.engine == "raycast":
        from simgen.render.raycast import raycast

        return raycast(scene, trace, settings, tuple(passes), camera)
    if settings.engine in ("tiny", "opengl"):
        from simgen.render.pybullet import film

        return film(scene, trace, settings, passes, camera)
    if settings.engine == "cycles":
        from simgen.render.cycles import paint

        return paint(scene, trace, settings, passes, camera)
    raise RenderError(f"There is no render engine {settings.engine!r}; the engines are {', '.join(ENGINES)}.")


make_callable(__name__)
