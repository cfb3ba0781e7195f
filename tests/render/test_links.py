"""Rods, strings and coils between bodies: where they are, how they hide bodies, and that they are no bodies."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from simgen.errors import RenderError, SimulationError
from simgen.physics import simulate
from simgen.physics.trace import Trace
from simgen.render import RenderSettings, render
from simgen.render.frames import Frames
from simgen.render.raycast import raycast
from simgen.scene.json import scene_from_json, scene_to_json
from simgen.scene.links import WIRE, link_ends, link_frames
from simgen.scene.rotation import about_axis, matrix, quaternions
from simgen.scene.spec import Body, Camera, Link, Look, SceneSpec, Shape, Vector
from tests.render.stages import FLAT, body, moving, near_edges, pixel_rays, stage, still

Array = NDArray[np.float64]
ALL = ("depth", "segmentation", "normals", "flow")
RED = Look((0.8, 0.2, 0.2))


def with_links(scene: SceneSpec, *links: Link) -> SceneSpec:
    return replace(scene, links=links)


def between(start: Vector, end: Vector, kind: str = "rod", **rest: object) -> Link:
    return Link(kind, "", "", start, end, **rest)  # type: ignore[arg-type]


def test_a_rod_is_drawn_as_a_capsule_body_there_would_be() -> None:
    """Same picture and depth to the bit; but it is no body: its pixels have the label after the bodies'."""
    ball = body("ball", "sphere", (0.2,), (0.5, 0.3, 0.3))
    ground = body("ground", "box", (20.0, 20.0, 1.0), (0.0, 0.0, -0.5), fixed=True)
    rod = body("rod", "capsule", (0.05, 0.75), (0.0, 0.0, 0.5), look=RED)
    scene = stage(ball, ground, rod)
    expected = raycast(scene, still(scene), passes=ALL)
    bare = stage(ball, ground)
    linked = with_links(bare, between((0.0, 0.0, 0.125), (0.0, 0.0, 0.875), radius_m=0.05, look=RED))
    seen = raycast(linked, still(linked), passes=ALL)
    for name in ("rgb", "depth_m", "normals", "segmentation", "flow"):
        np.testing.assert_array_equal(getattr(seen, name), getattr(expected, name), err_msg=name)
    for name in ("visible_pixels", "alone_pixels", "boxes", "centroids"):
        np.testing.assert_array_equal(getattr(seen, name), getattr(expected, name)[:, :2], err_msg=name)


def wire_points(radius: float, half: float) -> Array:
    """The corners of a coil's wire, in its own frame: ten turns of twelve pieces, a tenth of either half straight."""
    angle = np.radians(30.0 * np.arange(121))
    helix = np.stack(
        [radius * np.cos(angle), radius * np.sin(angle), 0.9 * half * np.linspace(-1, 1, 121)], 1
    )
    low = [[0.0, 0.0, -half], [0.0, 0.0, -0.9 * half]]
    high = [[0.0, 0.0, 0.9 * half], [0.0, 0.0, half]]
    return np.concatenate([low, helix, high])


def wire_distance(points: Array, corners: Array) -> Array:
    """Distance of points (P, 3) from the nearest of the straight pieces between corners."""
    best = np.full(len(points), np.inf)
    for a, b in itertools.pairwise(corners):
        part = np.clip((points - a) @ (b - a) / ((b - a) @ (b - a)), 0.0, 1.0)
        best = np.minimum(best, np.linalg.norm(points - a - part[:, None] * (b - a), axis=1))
    return best


def test_the_points_of_a_coil_are_on_its_wire_and_no_ray_passes_through_it() -> None:
    camera = Camera(position_m=(0.4, -3.0, 0.9), target_m=(0.0, 0.0, 0.5), vertical_fov_deg=20)
    start, end = (-0.1, 0.1, 0.2), (0.2, -0.1, 0.85)
    scene = with_links(stage(camera=camera, size=(64, 64)), between(start, end, "spring", radius_m=0.12))
    trace = still(scene)
    frames = raycast(scene, trace, passes=ALL)
    _, axes, length = link_frames(link_ends(scene, trace))
    half, wire = float(length[0, 0]) / 2, WIRE * 0.12
    middle = np.mean([start, end], axis=0)
    corners = wire_points(0.12 - wire, half)
    origin, ray = pixel_rays(scene, trace)
    turn = axes[0, 0]
    origin, ray = (origin - middle) @ turn, ray @ turn
    seen = frames.segmentation[0] == 1
    assert 150 < seen.sum() < 2000
    points = origin[seen] + frames.depth_m[0][seen][:, None] * ray[seen]
    distance = wire_distance(points, corners)
    np.testing.assert_allclose(distance, wire, atol=2e-6)
    # sphere tracing, from the camera to before each hit, or all the way: nothing of the wire is nearer
    t, last = np.full(seen.shape, 2.0), np.where(seen, frames.depth_m[0], 4.5)
    flat_origin, flat_ray = origin.reshape(-1, 3), ray.reshape(-1, 3)
    for _ in range(150):
        gap = wire_distance(flat_origin + t.reshape(-1, 1) * flat_ray, corners).reshape(seen.shape) - wire
        t = np.where(t < last - 1e-4, t + 0.9 * np.maximum(gap, 0.0) / np.linalg.norm(ray, axis=-1), t)
        assert (gap > -2e-6).all()
    # normals: away from the wire's middle, towards the camera
    normals = frames.normals[0][seen].astype(float)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1.0, atol=1e-5)
    assert (normals[:, 2] < 1e-6).all()


def swinging(frames: int = 3) -> tuple[SceneSpec, Trace]:
    """A ball that goes away from where its link is fixed."""
    camera = Camera(position_m=(0.0, -3.0, 0.6), target_m=(0.0, 0.0, 0.6), vertical_fov_deg=30)
    bob = body("bob", "sphere", (0.1,), (0.3, 0.0, 0.3))
    scene = stage(bob, camera=camera, size=(128, 128), environment=FLAT)
    scene = replace(scene, video=replace(scene.video, frame_count=frames))

    def pose(f: int, item: Body) -> tuple[Vector, tuple[float, float, float, float]]:
        return (0.3 + 0.02 * f, 0.0, 0.3 - 0.015 * f), about_axis((0.0, 1.0, 0.0), 0.1 * f)

    return scene, moving(scene, frames, pose)


def test_points_of_a_growing_rod_keep_their_part_of_the_way() -> None:
    scene, trace = swinging()
    top = (-0.2, 0.0, 1.0)
    scene = with_links(scene, Link("string", "bob", "", (0.0, 0.0, 0.0), top, 0.02))
    frames = raycast(scene, trace, passes=ALL)
    focal = 64 / math.tan(math.radians(15))
    link = frames.segmentation == 2
    for f in range(2):
        bob, after = trace.position_m[f, 0], trace.position_m[f + 1, 0]
        rows, columns = np.nonzero(link[f] & ~near_edges(frames.segmentation[f]))
        assert len(rows) > 15
        depth = frames.depth_m[f][rows, columns]
        points = np.stack(
            [(columns + 0.5 - 64) / focal * depth, depth - 3.0, 0.6 - (rows + 0.5 - 64) / focal * depth], 1
        )
        way, way_after = np.array(top) - bob, np.array(top) - after
        part = (points - bob) @ way / (way @ way)
        foot = bob + part[:, None] * way
        moved = after + part[:, None] * way_after  # of the middle line; the skin turns with it by 1°
        steps = (moved - foot) * focal / 3.0
        flow = frames.flow[f][rows, columns]
        np.testing.assert_allclose(flow, np.stack([steps[:, 0], -steps[:, 2]], 1), atol=0.04)
        assert not frames.flow_occluded[f][rows, columns].any()


def test_a_coil_that_grows_is_not_hidden_by_itself() -> None:
    scene, trace = swinging()
    scene = with_links(scene, Link("spring", "bob", "", (0.0, 0.0, 0.0), (-0.2, 0.0, 1.0), 0.08))
    frames = raycast(scene, trace, passes=ALL)
    link = frames.segmentation[0] == 2
    assert link.sum() > 300
    assert frames.flow_occluded[0][link].mean() < 0.1  # some points do go behind the next turn
    end = np.linalg.norm(frames.flow[0][link], axis=1)
    assert end.max() < 1.1 * math.hypot(0.02, 0.015) * 64 / math.tan(math.radians(15)) / 2.85


def test_a_link_hides_a_body_and_takes_nothing_else_from_it() -> None:
    ball = body("ball", "sphere", (0.3,), (0.0, 0.0, 0.4))
    scene = stage(ball)
    bare = raycast(scene, still(scene), passes=ALL)
    linked = with_links(scene, between((-1.0, -0.5, 0.4), (1.0, -0.5, 0.5), radius_m=0.04))
    seen = raycast(linked, still(linked), passes=ALL)
    hidden = int((bare.segmentation[0] == 1).sum() - (seen.segmentation[0] == 1).sum())
    assert hidden > 50
    assert seen.visible_pixels[0, 0] == bare.visible_pixels[0, 0] - hidden
    assert seen.alone_pixels[0, 0] == bare.alone_pixels[0, 0]
    assert set(np.unique(seen.segmentation)) == {0, 1, 2}
    same = seen.segmentation[0] == bare.segmentation[0]
    np.testing.assert_array_equal(seen.depth_m[0][same], bare.depth_m[0][same])


def test_ends_follow_their_bodies() -> None:
    bob = body("bob", "box", (0.2, 0.2, 0.2), (0.3, 0.1, 0.5))
    scene = with_links(stage(bob), Link("rod", "bob", "", (0.0, 0.0, 0.1), (0.0, 0.0, 1.0)))
    quarter = about_axis((1.0, 0.0, 0.0), math.pi / 2)
    trace = moving(scene, 2, lambda f, item: (item.position_m, quarter if f else item.orientation_xyzw))
    np.testing.assert_allclose(
        link_ends(scene, trace)[:, 0],
        [[[0.3, 0.1, 0.6], [0.0, 0.0, 1.0]], [[0.3, 0.0, 0.5], [0.0, 0.0, 1.0]]],
        atol=1e-15,
    )


def test_frames_of_links_are_rotations_that_point_along_them() -> None:
    ends = np.random.default_rng(3).uniform(-1, 1, (7, 4, 2, 3))
    ends[2, 1, 1] = ends[2, 1, 0]  # of no length
    middle, turn, length = link_frames(ends)
    np.testing.assert_allclose(
        turn @ np.swapaxes(turn, -1, -2), np.broadcast_to(np.eye(3), turn.shape), atol=1e-12
    )
    np.testing.assert_allclose(np.linalg.det(turn), 1.0)
    np.testing.assert_allclose(turn[..., 2] * length[..., None], ends[:, :, 1] - ends[:, :, 0], atol=1e-12)
    np.testing.assert_allclose(middle, ends.mean(axis=2))
    np.testing.assert_allclose(matrix(quaternions(turn)), turn, atol=1e-12)


def test_a_scene_with_links_survives_json_and_one_without_is_written_as_before() -> None:
    scene = with_links(
        stage(body("bob", "sphere", (0.1,), (0.0, 0.0, 0.5))),
        Link("spring", "bob", "", (0.1, 0.2, 1 / 3), (0.0, 0.0, 1.0), 0.05, RED),
        Link("rod", "bob"),
    )
    assert scene_from_json(scene_to_json(scene)) == scene
    assert "links" not in scene_to_json(replace(scene, links=()))


@pytest.mark.parametrize("kind", ["rod", "string", "spring"])
def test_tiny_draws_links_where_the_ray_caster_does(kind: str) -> None:
    scene, trace = swinging(2)
    ball = body("far", "sphere", (0.15,), (-0.05, 0.6, 0.7), fixed=True)
    trace = replace(trace, state=np.repeat(trace.state, 2, axis=1))
    trace.state[:, 1, :3], trace.state[:, 1, 3:7] = ball.position_m, (0.0, 0.0, 0.0, 1.0)
    scene = replace(scene, bodies=(*scene.bodies, ball))
    scene = with_links(scene, Link(kind, "bob", "", (0.0, 0.0, 0.0), (-0.2, 0.0, 1.0), 0.06))  # type: ignore[arg-type]
    exact = raycast(scene, trace, passes=ALL)
    frames = render(scene, trace, RenderSettings("tiny"), ALL)
    assert set(np.unique(frames.segmentation)) == {0, 1, 2, 3}
    assert frames.visible_pixels.shape == (2, 2)
    for f in range(2):
        one, other = exact.segmentation[f] == 3, frames.segmentation[f] == 3
        assert (one & other).sum() > 0.9 * max(one.sum(), other.sum())
        np.testing.assert_allclose(frames.visible_pixels[f], exact.visible_pixels[f], rtol=0.05)


def test_tiny_covers_a_string_that_grows_from_nothing() -> None:
    """Capsules that keep their size slide over each other; none may reach beyond the ends by more than a 32nd."""
    camera = Camera(position_m=(0.0, -3.0, 0.6), target_m=(0.0, 0.0, 0.6), vertical_fov_deg=30)
    bob = body("bob", "sphere", (0.02,), (0.0, 0.0, 1.0))
    scene = with_links(
        stage(bob, camera=camera, size=(128, 128)),
        Link("string", "bob", "", (0.0, 0.0, 0.0), (0.0, 0.0, 1.0), 0.03),
    )
    scene = replace(scene, video=replace(scene.video, frame_count=4))
    trace = moving(scene, 4, lambda f, item: ((0.0, 0.0, 1.0 - 0.2 * f), item.orientation_xyzw))
    frames = render(scene, trace, RenderSettings("tiny"), ALL)
    focal = 64 / math.tan(math.radians(15))
    for f in range(4):
        rows = np.nonzero((frames.segmentation[f] > 0).any(axis=1))[0]
        high, low = (0.6 - (row - 64) / focal * 3.0 for row in (rows[0], rows[-1] + 1))
        assert high == pytest.approx(1.03, abs=0.03)
        assert low == pytest.approx(1.0 - 0.2 * f - 0.03, abs=0.03)
        assert len(rows) == rows[-1] - rows[0] + 1


@pytest.mark.parametrize(
    ("link", "message"),
    [
        (Link("rod", "bib"), "link 0 (rod): there is no body named 'bib'"),
        (Link("string", "bob", radius_m=0.0), "link 0 (string): radius_m must be positive, not 0.0"),
        (Link("spring", "bob", at_b_m=(0.0, math.nan, 0.0)), "link 0 (spring): its ends must be finite"),
    ],
)
def test_a_link_that_means_nothing_is_refused(link: Link, message: str) -> None:
    scene = with_links(stage(body("bob", "sphere", (0.1,), (0.0, 0.0, 0.5))), link)
    with pytest.raises(RenderError) as caught:
        raycast(scene, still(scene))
    assert str(caught.value) == message
    with pytest.raises(SimulationError) as refused:
        simulate(scene)
    assert str(refused.value) == message


def test_links_do_not_act() -> None:
    scene = stage(Body("bob", Shape("sphere", (0.1,)), (0.0, 0.0, 0.5)))
    linked = with_links(scene, Link("spring", "bob", at_b_m=(0.0, 0.0, 1.0)))
    np.testing.assert_array_equal(simulate(linked).state, simulate(scene).state)


def test_bodies_and_links_must_fit_into_the_segmentation() -> None:
    scene = with_links(stage(body("bob", "sphere", (0.1,), (0.0, 0.0, 0.5))), *[Link("rod", "bob")] * 255)
    with pytest.raises(
        RenderError, match="1 bodies and 255 links, but the segmentation can only tell 255 apart"
    ):
        raycast(scene, still(scene))


def test_a_blurred_link_is_filmed() -> None:
    scene, trace = swinging()
    scene = with_links(scene, Link("spring", "bob", "", (0.0, 0.0, 0.0), (-0.2, 0.0, 1.0), 0.08))
    frames: Frames = raycast(scene, trace, RenderSettings(shutter=0.5))
    assert frames.rgb.any()
