"""PyBullet's software renderer against geometry: where bodies are seen, how far, what hides them."""

from __future__ import annotations

import gc
from dataclasses import replace

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from simgen.errors import RenderError
from simgen.physics.trace import Trace
from simgen.render import Frames, RenderSettings, render
from simgen.scene.camera import intrinsics, project, world_to_camera
from simgen.scene.rotation import about_axis
from simgen.scene.spec import Body, Camera, Environment, Light, Look, SceneSpec, Shape
from tests.render.still_life import (
    BALL,
    CAMERA,
    EVERY_SHAPE,
    FLAT_CAMERA,
    GROUND,
    away_from_edges,
    ground_depth,
    sight,
    sphere_depth,
    still_life,
)

pybullet = pytest.importorskip("pybullet")
TINY = RenderSettings("tiny")
CAMERAS = {"perspective": CAMERA, "orthographic": FLAT_CAMERA}


def film(bodies: tuple[Body, ...], camera: Camera = CAMERA, **scene: object) -> Frames:
    built, trace = still_life(bodies, camera, **scene)  # type: ignore[arg-type]
    return render(built, trace, TINY, ("depth", "segmentation"), camera)


def projected(scene: SceneSpec, trace: Trace, camera: Camera) -> NDArray[np.float64]:
    """Pixels (T, N, 2) of the bodies' centres."""
    lens, poses = intrinsics(camera, scene.video), world_to_camera(camera, scene, trace)
    return project(trace.position_m, lens, poses, camera.projection)[0]


@pytest.mark.parametrize("camera", CAMERAS.values(), ids=CAMERAS)
def test_a_ball_is_where_it_is_projected(camera: Camera) -> None:
    """Along a path through the picture the mask's centroid stays within half a pixel of the projected
    centre. (The ball is small: in perspective the middle of an outline is beside the picture of the centre.)
    """
    turn = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    path = np.stack([1.1 * np.cos(turn), 0.9 * np.sin(turn), 0.4 + 0.5 * np.sin(2 * turn)], axis=-1)
    small = replace(BALL, shape=Shape("sphere", (0.12,)))
    scene, trace = still_life((small,), camera, path_m=path, size=(320, 240))
    frames = render(scene, trace, TINY, (), camera)
    pixels = projected(scene, trace, camera)
    assert frames.centroids is not None
    assert frames.visible_pixels is not None
    assert (frames.visible_pixels > 100).all()
    assert np.abs(frames.centroids - pixels).max() < 0.5
    assert np.abs((frames.centroids - pixels).mean(axis=0)).max() < 0.1  # and no half-pixel shift on average


@pytest.mark.parametrize("camera", CAMERAS.values(), ids=CAMERAS)
def test_depth_and_outline_of_a_ball_on_a_plane(camera: Camera) -> None:
    scene, trace = still_life((GROUND, BALL), camera)
    frames = render(scene, trace, TINY, ("depth", "segmentation"), camera)
    assert frames.depth_m is not None
    assert frames.segmentation is not None
    start, way, axis = sight(scene, trace, camera)
    ball, ground = sphere_depth(start, way, axis, BALL), ground_depth(start, way, axis)
    nearer = np.isfinite(ball) & ~(ball > ground)
    labels, depth = frames.segmentation[0], frames.depth_m[0]
    clear = away_from_edges(labels) & away_from_edges(nearer.astype(np.uint8))
    assert clear.mean() > 0.9
    assert ((labels == 2) == nearer)[clear].all()
    on_ball, on_ground = clear & (labels == 2), clear & (labels == 1)
    # The drawn ball is a polyhedron: its corners lie 2 × 0.14 % of the radius outside (1.4 mm), its faces up
    # to half that inside; where a line of sight grazes it, a pixel from the outline, the way to them is five
    # times as long.
    assert np.abs(depth - ball)[on_ball].max() < 0.007
    assert np.median(np.abs(depth - ball)[on_ball]) < 0.001
    assert np.abs(depth - ground)[on_ground].max() < 0.001
    assert (depth[labels == 0] == 0).all()


@pytest.mark.parametrize("camera", CAMERAS.values(), ids=CAMERAS)
def test_every_shape_agrees_with_the_ray_caster(camera: Camera) -> None:
    """Two independent renderers: the same labels but at edges, the same depth, boxes and centroids."""
    scene, trace = still_life(EVERY_SHAPE, camera, size=(256, 192))
    tiny = render(scene, trace, TINY, ("depth", "segmentation"), camera)
    exact = render(scene, trace, RenderSettings("raycast"), ("depth", "segmentation"), camera)
    assert tiny.segmentation is not None
    assert exact.segmentation is not None
    assert tiny.depth_m is not None
    assert exact.depth_m is not None
    same = tiny.segmentation == exact.segmentation
    inside = away_from_edges(exact.segmentation[0])
    assert same.mean() > 0.995
    assert same[0][inside].mean() > 0.9999
    assert set(range(1, len(EVERY_SHAPE) + 1)) <= set(np.unique(tiny.segmentation).tolist())
    apart = np.abs(tiny.depth_m - exact.depth_m)[0][inside & same[0]]
    assert np.median(apart) < 0.001
    assert np.quantile(apart, 0.99) < 0.01
    assert tiny.centroids is not None
    assert exact.centroids is not None
    assert np.abs(tiny.centroids - exact.centroids).max() < 0.5
    assert tiny.boxes is not None
    assert exact.boxes is not None
    assert np.abs(tiny.boxes - exact.boxes).max() <= 2


def test_textures_and_light_agree_with_the_ray_caster() -> None:
    """The same cell of a checker has the same colour in both, on a plane, a ball and a cylinder."""
    scene, trace = still_life(
        EVERY_SHAPE[:3], size=(256, 192), environment=Environment(unlit=True), lights=()
    )
    tiny = render(scene, trace, TINY, ("segmentation",))
    exact = render(scene, trace, RenderSettings("raycast"), ("segmentation",))
    assert tiny.segmentation is not None
    apart = np.abs(tiny.rgb.astype(int) - exact.rgb).max(axis=-1)
    for body in range(1, 4):
        here = (tiny.segmentation == body) & (exact.segmentation == body)
        assert np.mean(apart[here] < 8) > 0.7, scene.bodies[body - 1].name  # the rest: where cells meet


def test_a_texture_turns_with_its_body() -> None:
    turned = replace(BALL, orientation_xyzw=about_axis((1.0, 0.0, 0.0), 0.4))
    before, after = film((GROUND, BALL)), film((GROUND, turned))
    assert before.segmentation is not None
    assert after.segmentation is not None
    both = (before.segmentation == 2) & (after.segmentation == 2)
    assert both.sum() > 0.98 * (before.segmentation == 2).sum()
    assert (np.abs(before.rgb.astype(int) - after.rgb).max(axis=-1)[both] > 30).mean() > 0.15
    rest = (before.segmentation == 1) & (after.segmentation == 1)
    assert np.array_equal(before.rgb[rest], after.rgb[rest])


def test_nothing_leaks_from_one_clip_into_the_next() -> None:
    """PyBullet keeps light settings between calls, through resets; and a plain body would keep a texture."""
    first = film((GROUND, BALL))
    film(
        (GROUND, replace(BALL, look=Look((0.1, 0.9, 0.1)))),
        lights=(Light(direction=(-1.0, 0.2, -0.2), colour=(1.0, 0.2, 0.1), intensity=1.5),),
        environment=Environment(ambient=(0.05, 0.05, 0.05)),
    )
    film((GROUND, BALL), FLAT_CAMERA, environment=Environment(unlit=True), lights=())
    again = film((GROUND, BALL))
    assert np.array_equal(first.rgb, again.rgb)
    assert np.array_equal(first.depth_m, again.depth_m)  # type: ignore[arg-type]


def test_another_client_of_the_process_is_left_alone() -> None:
    client = pybullet.connect(pybullet.DIRECT)
    try:
        pybullet.createMultiBody(
            1.0,
            pybullet.createCollisionShape(pybullet.GEOM_SPHERE, radius=1, physicsClientId=client),
            physicsClientId=client,
        )
        film((GROUND, BALL))
        assert pybullet.getNumBodies(physicsClientId=client) == 1
    finally:
        pybullet.disconnect(client)


def test_the_sky_and_an_unlit_scene_have_the_colours_they_are_given() -> None:
    white = Environment(horizon=(1.0, 1.0, 1.0), zenith=(1.0, 1.0, 1.0), unlit=True)
    plain = replace(BALL, look=Look((0.8, 0.4, 0.2)))
    frames = film((plain,), environment=white, lights=())
    assert frames.segmentation is not None
    assert (frames.rgb[frames.segmentation == 0] == 255).all()
    assert np.abs(frames.rgb[frames.segmentation == 1].astype(int) - (204, 102, 51)).max() <= 1
    level = Camera(position_m=(0.0, -4.0, 1.0), target_m=(0.0, 0.0, 1.0))
    colours = Environment(horizon=(1.0, 0.5, 0.0), zenith=(0.0, 0.0, 1.0))
    sky = film((replace(BALL, position_m=(0.0, 0.0, -50.0)),), level, environment=colours).rgb[0]
    assert (sky[60:] == (255, 128, 0)).all()  # below the horizon
    assert (np.diff(sky[:60, 80, 2].astype(int)) <= 0).all()  # bluer upwards
    assert sky[0, 80, 2] > 100


def test_light_comes_from_where_it_is_said_to() -> None:
    ball = replace(BALL, look=Look((0.7, 0.7, 0.7)))
    camera = Camera(position_m=(0.0, -4.0, 0.5), target_m=(0.0, 0.0, 0.5))
    from_left = film((ball,), camera, lights=(Light(direction=(1.0, 0.0, 0.0)),)).rgb[0].astype(int)
    from_right = film((ball,), camera, lights=(Light(direction=(-1.0, 0.0, 0.0)),)).rgb[0].astype(int)
    assert from_left[60, 70].sum() > from_left[60, 90].sum() + 60
    assert from_right[60, 90].sum() > from_right[60, 70].sum() + 60


def test_what_is_hidden_is_counted_as_if_alone() -> None:
    """Behind a box: `alone_pixels` is what a picture without the box shows; what is in front is all seen."""
    box = Body("box", Shape("box", (0.6, 0.2, 1.0)), (0.35, -1.2, 0.5), look=Look((0.3, 0.3, 0.8)))
    together, apart = film((BALL, box)), film((BALL,))
    assert together.visible_pixels is not None
    assert together.alone_pixels is not None
    assert apart.visible_pixels is not None
    assert apart.alone_pixels is not None
    assert together.visible_pixels[0, 0] < 0.8 * together.alone_pixels[0, 0]
    assert together.alone_pixels[0, 0] == pytest.approx(apart.visible_pixels[0, 0], rel=0.02)
    assert together.alone_pixels[0, 1] == together.visible_pixels[0, 1]
    assert apart.alone_pixels[0, 0] == apart.visible_pixels[0, 0]


def test_an_invisible_body_leaves_no_trace() -> None:
    ghost = Body("ghost", Shape("box", (0.5, 0.5, 0.5)), (0.0, -1.5, 0.6), visible=False)
    with_ghost, without = film((GROUND, BALL, ghost)), film((GROUND, BALL))
    assert np.array_equal(with_ghost.rgb, without.rgb)
    assert with_ghost.visible_pixels is not None
    assert with_ghost.visible_pixels[0].tolist()[2] == 0


@pytest.mark.parametrize(
    "motion",
    [{"motion": "orbit", "orbit_deg_s": 90.0}, {"motion": "follow", "follow": "ball"}],
    ids=["orbit", "follow"],
)
def test_moving_cameras(motion: dict[str, object]) -> None:
    camera = replace(CAMERA, **motion)  # type: ignore[arg-type]
    path = np.stack([np.linspace(-0.4, 0.6, 8), np.zeros(8), np.full(8, 0.2)], axis=-1)
    small = replace(BALL, shape=Shape("sphere", (0.2,)))
    scene, trace = still_life((GROUND, small), camera, path_m=path)
    frames = render(scene, trace, TINY, (), camera)
    pixels = projected(scene, trace, camera)
    assert frames.centroids is not None
    assert np.abs(frames.centroids[:, 1] - pixels[:, 1]).max() < 0.5


def test_passes_come_only_when_asked_for() -> None:
    scene, trace = still_life((GROUND, BALL), path_m=np.array([[0.0, 0.0, 0.5], [0.1, 0.0, 0.5]]))
    bare = render(scene, trace, TINY)
    assert bare.segmentation is None
    assert bare.depth_m is None
    assert bare.normals is None
    assert bare.flow is None
    full = render(scene, trace, TINY, ("depth", "segmentation", "normals", "flow"))
    assert full.normals is not None
    assert full.flow is not None
    assert full.flow_occluded is not None
    assert np.array_equal(bare.rgb, full.rgb)


@pytest.mark.parametrize(
    ("settings", "passes", "message"),
    [
        (RenderSettings("tiny", quality="high"), (), "The engine 'tiny' has no `quality: high` and no `shutter`; leave them out or use `render: {engine: raycast}`."),  # noqa: E501
        (RenderSettings("tiny", shutter=0.5), (), "The engine 'tiny' has no `quality: high` and no `shutter`; leave them out or use `render: {engine: raycast}`."),  # noqa: E501
        (TINY, ("dept",), "There is no pass 'dept'; the passes are depth, segmentation, normals, flow."),
    ],
)  # fmt: skip
def test_what_it_cannot_do_is_said(settings: RenderSettings, passes: tuple[str, ...], message: str) -> None:
    scene, trace = still_life((BALL,))
    with pytest.raises(RenderError) as caught:
        render(scene, trace, settings, passes)
    assert str(caught.value) == message


def test_a_trace_of_another_scene_is_refused() -> None:
    scene, _ = still_life((BALL,))
    _, other = still_life((GROUND, BALL))
    with pytest.raises(RenderError, match="The trace holds 2 bodies and the scene 1"):
        render(scene, other, TINY)


def test_memory_stays_flat() -> None:
    """PyBullet never frees a list that it is given and keeps what it has loaded: neither may add up."""

    def clip(number: int) -> SceneSpec:
        look = Look(
            (number % 7 / 7, 0.5, number % 11 / 11),
            texture="checker",
            texture_size_m=0.1 + 0.01 * (number % 5),
        )
        shapes = [replace(body, look=look) for body in EVERY_SHAPE[1:5]]
        scene, trace = still_life(tuple(shapes), size=(32, 32))
        render(scene, trace, TINY)
        return scene

    for number in range(30):
        clip(number)
    gc.collect()
    before = psutil.Process().memory_info().rss
    for number in range(150):
        clip(number)
    gc.collect()
    grown = psutil.Process().memory_info().rss - before
    assert grown < 8 << 20, f"{grown / 150 / 1024:.0f} kB a clip"  # lists alone would be 700 kB a clip
