"""The label passes against geometry worked out in numpy: distance fields, projections and rigid motions."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from scipy.spatial.transform import Rotation

from simgen.errors import RenderError
from simgen.render.raycast import coverage, raycast
from simgen.scene.camera import intrinsics, project, world_to_camera
from simgen.scene.rotation import about_axis, multiply
from simgen.scene.spec import Body, Camera, Shape
from tests.render.stages import body, moving, near_edges, pixel_rays, stage, still

Array = NDArray[np.float64]
ALL = ("depth", "segmentation", "normals", "flow")
TILTED = multiply(about_axis((1.0, 2.0, 0.5), 0.9), about_axis((0.0, 0.3, 1.0), 0.4))
SHAPES = {
    "sphere": (0.4,),
    "box": (0.5, 0.7, 0.4),
    "cylinder": (0.3, 0.6),
    "capsule": (0.2, 0.5),
    "cone": (0.4, 0.7),
    "tube": (0.4, 0.5, 0.08),
}


def distance_field(shape: Shape, p: Array) -> Array:
    """Signed distance (or a bound of it, outside) from points (..., 3) in the body's frame to the surface."""
    x, y, z = p[..., 0], p[..., 1], p[..., 2]
    rho = np.hypot(x, y)
    s = shape.size_m
    if shape.kind == "sphere":
        return np.linalg.norm(p, axis=-1) - s[0]
    if shape.kind == "box":
        q = np.abs(p) - np.array(s) / 2
        return np.linalg.norm(np.maximum(q, 0), axis=-1) + np.minimum(q.max(axis=-1), 0)
    if shape.kind == "capsule":
        return np.hypot(rho, z - np.clip(z, -s[1] / 2, s[1] / 2)) - s[0]
    if shape.kind == "cylinder":
        return np.maximum(rho - s[0], np.abs(z) - s[1] / 2)
    if shape.kind == "cone":
        side = ((z - 0.75 * s[1]) * s[0] + rho * s[1]) / np.hypot(s[0], s[1])
        return np.maximum(side, -0.25 * s[1] - z)
    return np.maximum(np.maximum(rho - s[0], s[0] - s[2] - rho), np.abs(z) - s[1] / 2)


def march(shape: Shape, origin: Array, direction: Array, reach: float = 12.0) -> Array:
    """Depths (H, W) where rays first meet the shape, by sphere tracing; nan where they do not."""
    length = np.linalg.norm(direction, axis=-1)
    t = np.zeros(length.shape)
    for _ in range(4000):
        gap = distance_field(shape, origin + t[..., None] * direction)
        t = np.where(t < reach, t + 0.999 * gap / length, t)
        if np.all((np.abs(gap) < 1e-10) | (t >= reach)):
            break
    return np.where(t < reach, t, np.nan)


def in_body_frame(item: Body, origin: Array, direction: Array) -> tuple[Array, Array]:
    turn = Rotation.from_quat(item.orientation_xyzw).as_matrix()
    return (origin - np.array(item.position_m)) @ turn, direction @ turn


@pytest.mark.parametrize("projection", ["perspective", "orthographic"])
@pytest.mark.parametrize("kind", SHAPES)
def test_depth_and_silhouette_of_every_shape(kind: str, projection: str) -> None:
    camera = Camera(
        position_m=(0.7, -5.0, 1.4), target_m=(0.0, 0.1, 0.3), vertical_fov_deg=18, height_m=1.6,
        projection=projection,  # type: ignore[arg-type]
    )  # fmt: skip
    item = body("thing", kind, SHAPES[kind], (0.05, 0.1, 0.3), orientation_xyzw=TILTED)
    scene = stage(item, camera=camera)
    trace = still(scene)
    frames = raycast(scene, trace, passes=ALL)
    expected = march(item.shape, *in_body_frame(item, *pixel_rays(scene, trace)))
    seen = frames.segmentation[0] == 1
    # rays that graze the surface within a micrometre may go either way
    assert np.count_nonzero(seen != np.isfinite(expected)) <= 1
    both = seen & np.isfinite(expected)
    assert both.sum() > 300
    assert np.abs(frames.depth_m[0] - expected)[both].max() < 2e-6  # float32 at five metres: 5e-7
    assert np.all(frames.depth_m[0][~seen] == 0)
    assert frames.visible_pixels[0, 0] == frames.alone_pixels[0, 0] == seen.sum()


@pytest.mark.parametrize("kind", SHAPES)
def test_normals_are_the_gradient_of_the_distance(kind: str) -> None:
    item = body("thing", kind, SHAPES[kind], (0.05, 0.1, 0.3), orientation_xyzw=TILTED)
    scene = stage(
        item, camera=Camera(position_m=(0.7, -3.0, 1.4), target_m=(0.0, 0.1, 0.3), vertical_fov_deg=26)
    )
    trace = still(scene)
    frames = raycast(scene, trace, passes=ALL)
    origin, direction = in_body_frame(item, *pixel_rays(scene, trace))
    seen = frames.segmentation[0] == 1
    p = origin + march(item.shape, origin, direction)[..., None] * direction
    step = 1e-6 * np.eye(3)
    gradient = np.stack(
        [distance_field(item.shape, p + e) - distance_field(item.shape, p - e) for e in step], axis=-1
    )
    view = world_to_camera(scene.cameras[0], scene, trace)[0, :3, :3]
    expected = gradient / 2e-6 @ (view @ Rotation.from_quat(item.orientation_xyzw).as_matrix()).T
    smooth = seen & (np.abs(np.linalg.norm(gradient / 2e-6, axis=-1) - 1) < 1e-4)  # away from edges
    assert smooth.sum() > 0.9 * seen.sum() - 30
    assert np.abs(frames.normals[0] - expected)[smooth].max() < 1e-3
    assert np.all(frames.normals[0][~seen] == 0)


def test_a_plane_at_five_metres_is_right_to_a_micrometre() -> None:
    """Depth of a level ground is height / -(direction · up), whatever else the renderer does."""
    scene = stage(
        body("ground", "box", (60.0, 60.0, 1.0), (0.0, 0.0, -0.5), fixed=True),
        camera=Camera(position_m=(0.0, -4.0, 3.0), target_m=(0.0, 0.0, 0.0), vertical_fov_deg=20),
        size=(128, 128),
    )
    depth = raycast(scene, still(scene), passes=ALL).depth_m[0]
    _, direction = pixel_rays(scene, still(scene))
    error = np.abs(depth - 3.0 / -direction[..., 2])
    assert 4.4 < np.median(depth) < 5.6
    assert error.max() < 2e-6


def test_the_nearest_body_wins_and_the_hidden_one_still_counts_alone() -> None:
    front = body("front", "sphere", (0.3,), (0.0, -0.5, 0.3))
    scene = stage(body("back", "box", (0.8, 0.2, 0.8), (0.0, 0.5, 0.3)), front)
    frames = raycast(scene, still(scene), passes=ALL)
    labels = frames.segmentation[0]
    for index, item in enumerate(scene.bodies):
        expected = march(item.shape, *in_body_frame(item, *pixel_rays(scene, still(scene))))
        assert frames.alone_pixels[0, index] == np.isfinite(expected).sum()
        assert frames.visible_pixels[0, index] == np.count_nonzero(labels == index + 1)
    assert frames.visible_pixels[0, 1] == frames.alone_pixels[0, 1]
    assert 0 < frames.visible_pixels[0, 0] < frames.alone_pixels[0, 0]


def test_boxes_and_centroids_are_those_of_the_labels() -> None:
    scene = stage(*(body(k, k, s, (0.5 * i - 1.2, 0.2, 0.4)) for i, (k, s) in enumerate(SHAPES.items())))
    frames = raycast(scene, still(scene), passes=("segmentation",))
    for index in range(len(scene.bodies)):
        rows, columns = np.nonzero(frames.segmentation[0] == index + 1)
        assert len(rows) > 20
        box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        np.testing.assert_array_equal(frames.boxes[0, index], box)
        np.testing.assert_allclose(
            frames.centroids[0, index], (columns.mean() + 0.5, rows.mean() + 0.5), atol=1e-4, rtol=0
        )


def test_what_is_out_of_the_picture_has_no_pixels() -> None:
    scene = stage(
        body("seen", "sphere", (0.3,), (0.0, 0.0, 0.3)),
        body("beside", "sphere", (0.3,), (40.0, 0.0, 0.3)),
        body("behind", "box", (0.3, 0.3, 0.3), (0.0, -9.0, 0.3)),
        body("beyond", "box", (9.0, 9.0, 9.0), (0.0, 130.0, 0.3)),
        body("invisible", "sphere", (0.5,), (0.0, -0.5, 0.3), visible=False),
    )
    frames = raycast(scene, still(scene), passes=ALL)
    assert frames.visible_pixels[0, 0] > 100
    assert set(np.unique(frames.segmentation)) == {0, 1}
    for values in (frames.visible_pixels, frames.alone_pixels, frames.boxes, frames.centroids):
        assert np.all(values[0, 1:] == 0)


def test_the_camera_may_stand_inside_a_body_and_close_to_others() -> None:
    """In a room made of one box, every ray ends on a wall: the nearest face ahead, by hand."""
    room = body("room", "box", (4.0, 6.0, 3.0), (0.0, 0.0, 1.5))
    scene = stage(
        room, camera=Camera(position_m=(0.5, -1.0, 1.2), target_m=(0.2, 1.0, 1.4), vertical_fov_deg=80)
    )
    origin, direction = pixel_rays(scene, still(scene))
    half, local = np.array([2.0, 3.0, 1.5]), origin - np.array([0.0, 0.0, 1.5])
    expected = np.where(direction > 0, (half - local) / direction, (-half - local) / direction).min(axis=-1)
    np.testing.assert_allclose(raycast(scene, still(scene), passes=ALL).depth_m[0], expected, rtol=1e-6)


@pytest.mark.parametrize("position", [(0.0, 0.0, 0.4), (-0.7, 0.3, 0.9), (0.5, -0.6, 0.2)])
@pytest.mark.parametrize("radius", [0.08, 0.25])
def test_the_mask_of_a_sphere_is_centred_where_its_centre_projects(
    position: tuple[float, float, float], radius: float
) -> None:
    scene = stage(body("ball", "sphere", (radius,), position), size=(128, 128))
    frames = raycast(scene, still(scene))
    pixel, _ = project(
        np.array([[position]]), intrinsics(scene.cameras[0], scene.video),
        world_to_camera(scene.cameras[0], scene, still(scene)), "perspective",
    )  # fmt: skip
    # perspective makes the outline of a sphere an ellipse whose centre is a little further out; both stay
    # within 0.5
    assert np.abs(frames.centroids[0, 0] - pixel[0, 0]).max() < 0.5


def spinning(frame: int, item: Body) -> tuple[Array, Array]:
    """Every body that is not fixed falls, drifts and turns about a tilted axis."""
    if item.fixed:
        return np.array(item.position_m), np.array(item.orientation_xyzw)
    turn = Rotation.from_rotvec(np.array([0.2, 0.5, 0.3]) * 0.35 * frame) * Rotation.from_quat(
        item.orientation_xyzw
    )
    return np.array(item.position_m) + np.array([0.06, 0.02, -0.03]) * frame, turn.as_quat()


@pytest.mark.parametrize("motion", ["static", "orbit", "follow"])
@pytest.mark.parametrize("projection", ["perspective", "orthographic"])
def test_flow_is_the_motion_of_the_surface_points(motion: str, projection: str) -> None:
    camera = Camera(
        position_m=(0.3, -3.0, 1.2), target_m=(0.0, 0.0, 0.3), orbit_deg_s=60.0, height_m=2.0,
        motion=motion, follow="box" if motion == "follow" else "", projection=projection,  # type: ignore[arg-type]
    )  # fmt: skip
    scene = stage(
        body("ground", "box", (30.0, 30.0, 1.0), (0.0, 0.0, -0.5), fixed=True),
        body("post", "cylinder", (0.1, 0.8), (0.5, -0.3, 0.4), fixed=True),
        body("box", "box", (0.3, 0.4, 0.5), (-0.1, 0.1, 0.5), orientation_xyzw=TILTED),
        body("tube", "tube", (0.3, 0.2, 0.05), (-0.6, -0.4, 0.5)),
        camera=camera,
    )
    trace = moving(scene, 4, spinning)
    frames = raycast(scene, trace, passes=ALL)
    assert np.all(frames.flow[-1] == 0)
    assert not frames.flow_occluded[-1].any()
    k, poses = intrinsics(camera, scene.video), world_to_camera(camera, scene, trace)
    poses = np.broadcast_to(poses, (4, 4, 4))
    v, u = np.indices(frames.segmentation.shape[1:]) + 0.5
    for f in range(3):
        origin, direction = pixel_rays(scene, trace, f)
        point = origin + frames.depth_m[f].astype(np.float64)[..., None] * direction
        labels = frames.segmentation[f]
        later = np.zeros_like(point)
        for index in range(len(scene.bodies)):
            now, then = (Rotation.from_quat(trace.orientation_xyzw[g, index]) for g in (f, f + 1))
            own = (
                (then * now.inv())
                .apply((point - trace.position_m[f, index]).reshape(-1, 3))
                .reshape(point.shape)
            )
            later[labels == index + 1] = (own + trace.position_m[f + 1, index])[labels == index + 1]
        pixels, depth = project(later.reshape(1, -1, 3), k, poses[f + 1 : f + 2], projection)
        expected = pixels.reshape(*labels.shape, 2) - np.stack([u, v], -1)
        depth = depth.reshape(labels.shape)
        seen = labels > 0
        assert np.abs(frames.flow[f] - expected)[seen].max() < 0.01
        assert np.all(frames.flow[f][~seen] == 0)
        # hidden points: those outside, and those behind what the next frame shows at their pixel
        x, y = expected[..., 0] + u, expected[..., 1] + v
        outside = seen & ((x < 0) | (y < 0) | (x >= labels.shape[1]) | (y >= labels.shape[0]))
        assert np.all(frames.flow_occluded[f][outside])
        # … and those whose way from the camera leads through a body, looked for in steps of a few millimetres
        chosen = np.nonzero(seen & ~outside & (np.indices(labels.shape).sum(axis=0) % 5 == 0))
        ends, told = later[chosen], frames.flow_occluded[f][chosen]
        eye, ahead = -poses[f + 1, :3, 3] @ poses[f + 1, :3, :3], poses[f + 1, 2, :3]
        starts = eye + 0 * ends if projection == "perspective" else ends - depth[chosen][:, None] * ahead
        length = np.linalg.norm(ends - starts, axis=-1)
        gap, emerges = np.full(len(ends), np.inf), np.zeros(len(ends), bool)
        for index, item in enumerate(scene.bodies):
            turn = Rotation.from_quat(trace.orientation_xyzw[f + 1, index]).as_matrix()
            first, last = ((p - trace.position_m[f + 1, index]) @ turn for p in (starts, ends))
            own = labels[chosen] == index + 1
            stop = np.where(
                own, 1 - 0.02 / length, 1.0
            )  # on its own body a point is at distance 0: 2 cm short of it
            for part in np.linspace(0.0, 1.0, 600):
                gap = np.minimum(
                    gap, distance_field(item.shape, first + (part * stop)[:, None] * (last - first))
                )
            short = [
                distance_field(item.shape, last - (d / length)[:, None] * (last - first))
                for d in (0.01, 0.004, 0.001)
            ]
            emerges |= own & (np.min(short, axis=0) > 0)
        free = emerges & (
            gap > length / 1000
        )  # between two samples a distance falls by half their spacing at most
        assert (gap < -1e-3).sum() > 10
        assert free.sum() > 400
        assert np.all(told[gap < -1e-3])
        assert not told[free].any()


def test_flow_of_what_stands_still_is_exactly_zero() -> None:
    scene = stage(
        body("ground", "box", (30.0, 30.0, 1.0), (0.0, 0.0, -0.5), fixed=True),
        body("ball", "sphere", (0.3,), (0.0, 0.0, 0.5)),
    )
    frames = raycast(scene, moving(scene, 3, spinning), passes=ALL)
    ground = frames.segmentation == 1
    assert np.all(frames.flow[ground] == 0)
    covered = ground[:-1] & (frames.segmentation[1:] == 2)
    np.testing.assert_array_equal(frames.flow_occluded[:-1][ground[:-1]], covered[ground[:-1]])


def test_a_pass_that_is_not_asked_for_is_none() -> None:
    scene = stage(body("ball", "sphere", (0.3,), (0.0, 0.0, 0.3)))
    frames = raycast(scene, still(scene), passes=("depth",))
    assert frames.depth_m is not None
    assert frames.segmentation is None
    assert frames.normals is None
    assert frames.flow is None
    assert frames.flow_occluded is None


def test_coverage_counts_what_a_full_render_counts() -> None:
    scene = stage(
        body("back", "box", (0.8, 0.2, 0.8), (0.0, 0.5, 0.3)),
        body("front", "sphere", (0.3,), (0.0, -0.5, 0.3)),
    )
    trace = moving(scene, 3, spinning)
    frames, counts = raycast(scene, trace), coverage(scene, trace)
    for name in ("visible_pixels", "alone_pixels", "boxes", "centroids"):
        np.testing.assert_array_equal(getattr(frames, name), getattr(counts, name))


def test_labels_agree_with_tiny_renderer() -> None:
    """PyBullet's software renderer: 99.9 % of the pixels more than one from an edge, depth to 0.1 mm
    (median).
    """
    p = pytest.importorskip("pybullet")
    scene = stage(
        body("ground", "box", (12.0, 12.0, 1.0), (0.0, 0.0, -0.5), fixed=True),
        body("ball", "sphere", (0.3,), (-0.7, -0.2, 0.3)),
        body("box", "box", (0.5, 0.4, 0.6), (0.1, 0.3, 0.4), orientation_xyzw=TILTED),
        body("pole", "cylinder", (0.15, 0.9), (0.7, 0.0, 0.45)),
        camera=Camera(position_m=(0.4, -4.6, 1.9), target_m=(0.0, 0.0, 0.3), vertical_fov_deg=32, near_m=0.5, far_m=20.0),
        size=(256, 256),
    )  # fmt: skip
    camera = scene.cameras[0]
    client = p.connect(p.DIRECT)
    try:
        for item in scene.bodies:
            s = item.shape.size_m
            visual = {
                "box": lambda s=s: p.createVisualShape(p.GEOM_BOX, halfExtents=[e / 2 for e in s], physicsClientId=client),
                "sphere": lambda s=s: p.createVisualShape(p.GEOM_SPHERE, radius=s[0], physicsClientId=client),
                "cylinder": lambda s=s: p.createVisualShape(p.GEOM_CYLINDER, radius=s[0], length=s[1], physicsClientId=client),
            }[item.shape.kind]()  # fmt: skip
            p.createMultiBody(0, -1, visual, item.position_m, item.orientation_xyzw, physicsClientId=client)
        view = p.computeViewMatrix(camera.position_m, camera.target_m, camera.up)
        lens = p.computeProjectionMatrixFOV(camera.vertical_fov_deg, 1.0, camera.near_m, camera.far_m)
        _, _, _, buffer, labels = p.getCameraImage(
            256, 256, view, lens, shadow=0, renderer=p.ER_TINY_RENDERER, physicsClientId=client
        )
    finally:
        p.disconnect(client)
    labels = np.asarray(labels).reshape(256, 256) + 1
    near, far = camera.near_m, camera.far_m
    depth = far * near / (far - (far - near) * np.asarray(buffer).reshape(256, 256))
    frames = raycast(scene, still(scene), passes=ALL)
    own = frames.segmentation[0]
    clear = ~near_edges(own) & ~near_edges(labels)
    assert np.mean((own == labels)[clear]) >= 0.999
    assert np.mean(clear) > 0.9
    # TinyRenderer samples the lower left corner of a pixel (1/depth is linear on a plane, which tells); its
    # spheres and cylinders are facetted, so only what is flat can be compared to a millimetre
    rows, columns = np.indices(own.shape)
    inverse = 1 / np.where(own > 0, frames.depth_m[0], far)
    at_corner = 1 / map_coordinates(inverse, [rows + 0.5, columns - 0.5], order=1, mode="nearest")
    flat = ~near_edges(own, 2) & ~near_edges(labels, 2) & (own == labels) & ((own == 1) | (own == 3))
    assert flat.sum() > 20000
    assert np.median(np.abs(at_corner - depth)[flat]) < 1e-4


def test_too_many_bodies_or_an_unknown_mesh_are_refused_in_a_sentence() -> None:
    many = stage(*(body(f"b{i}", "sphere", (0.01,), (0.0, 0.0, 0.1 * i)) for i in range(256)))
    with pytest.raises(RenderError, match="256 bodies, but the segmentation can only tell 255 apart"):
        raycast(many, still(many))
    odd = stage(Body("odd", Shape("mesh", (1.0, 1.0, 1.0), "teapot"), (0.0, 0.0, 0.0)))
    with pytest.raises(RenderError, match="cannot draw the mesh 'teapot'; there are arch, bowl, "):
        raycast(odd, still(odd))
