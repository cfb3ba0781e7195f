"""Meshes: the generators make proper solids, and the tree finds what testing every triangle finds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simgen.render.raycast import layout as at
from simgen.render.raycast import raycast
from simgen.render.raycast.mesh import build, build_tree, mesh_hit
from simgen.scene.camera import world_to_camera
from simgen.scene.meshes import MESHES, mesh
from simgen.scene.rotation import about_axis
from simgen.scene.spec import Body, Camera, Shape
from tests.render.stages import GREY, pixel_rays, stage, still

Array = NDArray[np.float64]
TURNED = about_axis((1.0, 0.4, 0.2), 0.7)


def nearest_hit(points: Array, origin: Array, direction: Array) -> tuple[Array, NDArray[np.intp]]:
    """Möller and Trumbore on every triangle (F, 3, 3) for every ray (R, 3): nearest t ≥ 0, inf if none, and
    which.
    """
    best, which = np.full(len(origin), np.inf), np.full(len(origin), -1)
    for index, (a, b, c) in enumerate(points):
        p = np.cross(direction, c - a)
        volume = p @ (b - a)
        with np.errstate(divide="ignore", invalid="ignore"):
            u = np.einsum("ij,ij->i", origin - a, p) / volume
            q = np.cross(origin - a, b - a)
            v = np.einsum("ij,ij->i", direction, q) / volume
            t = q @ (c - a) / volume
        hit = (volume != 0) & (u >= 0) & (v >= 0) & (u + v <= 1) & (t >= 0) & (t < best)
        best[hit], which[hit] = t[hit], index
    return best, which


@pytest.mark.parametrize("name", MESHES)
def test_every_mesh_is_a_closed_solid_about_its_centre_of_mass(name: str) -> None:
    solid = mesh(name)
    edges = np.concatenate([solid.triangles[:, [k, (k + 1) % 3]] for k in range(3)])
    forward = {tuple(edge) for edge in edges.tolist()}
    assert len(forward) == len(edges)  # no edge twice the same way round
    assert forward == {(b, a) for a, b in forward}  # every edge once in each direction: closed and oriented
    assert solid.volume > 0  # outwards
    assert np.ptp(solid.vertices, axis=0).max() == pytest.approx(1.0, abs=1e-9)
    # the centre of mass: that of the tetrahedra between the origin and the faces, by their volumes
    a, b, c = (solid.vertices[solid.triangles[:, k]] for k in range(3))
    volumes = np.einsum("ij,ij->i", a, np.cross(b, c))
    centre = (volumes[:, None] * (a + b + c)).sum(axis=0) / (4 * volumes.sum())
    np.testing.assert_allclose(centre, 0.0, atol=2.0**-30)  # to which coordinates are rounded


@pytest.mark.parametrize(
    ("name", "volume"),
    [
        ("wedge", 0.5 * 1.0 * 0.5 * 0.5),  # half of length × height × width
        ("torus", 2 * math.pi**2 * 1.0 * (1 / 3) ** 2 / (2 * (1 + 1 / 3)) ** 3),  # 2 π² R r², scaled to extent 1
        # a shell between balls of radius 1 and 7/8, cut in half, and half of the rim's ring (Pappus), scaled
        (
            "bowl",
            (
                2 / 3 * math.pi * (1 - 0.875**3)
                + math.pi / 2 * 0.0625**2 * 2 * math.pi * 0.9375
            )
            / 8,
        ),
    ],
)  # fmt: skip
def test_volumes_by_formula(name: str, volume: float) -> None:
    assert mesh(name).volume == pytest.approx(volume, rel=0.02)  # inscribed facets lose a percent or so


def test_an_unknown_mesh_names_those_there_are() -> None:
    with pytest.raises(KeyError, match="there is no mesh 'teapot'; there are arch, bowl, "):
        mesh("teapot")


@pytest.mark.parametrize("name", MESHES)
def test_the_tree_finds_the_triangle_that_testing_all_finds(name: str) -> None:
    solid = mesh(name)
    nodes, corners = build(name)
    random = np.random.default_rng(5)
    origin = random.normal(size=(400, 3))
    origin *= random.uniform(0.05, 2.0, (400, 1))  # some of them inside
    direction = random.normal(size=(400, 3)) * 0.3 - origin * random.uniform(0, 1, (400, 1))
    expected, _ = nearest_hit(solid.vertices[solid.triangles], origin, direction)
    found = np.array(
        [mesh_hit.py_func(nodes, corners, 0, len(nodes), *o, *d, 0.0, math.inf)[0]  # type: ignore[attr-defined]
         for o, d in zip(origin, direction, strict=True)]
    )  # fmt: skip
    assert np.isfinite(expected).sum() > 60
    np.testing.assert_array_equal(np.isfinite(found), np.isfinite(expected))
    seen = np.isfinite(expected)
    np.testing.assert_allclose(found[seen], expected[seen], rtol=1e-9)
    # and between two limits
    for o, d, t in zip(origin[seen][:20], direction[seen][:20], expected[seen][:20], strict=True):
        hit = mesh_hit.py_func(nodes, corners, 0, len(nodes), *o, *d, 0.0, t * (1 - 1e-9))  # type: ignore[attr-defined]
        assert hit == (math.inf, -1)


@pytest.mark.parametrize("name", MESHES)
def test_a_filmed_mesh_is_its_triangles(name: str) -> None:
    """Depth, silhouette and facing of a stretched, turned mesh against all its triangles in numpy."""
    size = (0.9, 0.6, 0.8)
    item = Body("thing", Shape("mesh", size, name), (0.1, 0.0, 0.4), TURNED, look=GREY)
    scene = stage(
        item,
        camera=Camera(position_m=(0.6, -3.0, 1.5), target_m=(0.1, 0.0, 0.4), vertical_fov_deg=24),
        size=(64, 56),
    )
    frames = raycast(scene, still(scene), passes=("depth", "segmentation", "normals"))
    turn = Rotation.from_quat(TURNED).as_matrix()
    solid = mesh(name)
    points = (solid.vertices * size) @ turn.T + np.array(item.position_m)
    origin, direction = pixel_rays(scene, still(scene))
    shape = origin.shape[:2]
    depth, which = nearest_hit(points[solid.triangles], origin.reshape(-1, 3), direction.reshape(-1, 3))
    depth, which = depth.reshape(shape), which.reshape(shape)
    seen = frames.segmentation[0] == 1
    np.testing.assert_array_equal(seen, np.isfinite(depth))
    assert seen.sum() > 300
    # poses are rounded to 60 nm; where a ray grazes the surface that becomes micrometres of depth
    assert np.abs(frames.depth_m[0] - depth)[seen].max() < 5e-6
    assert np.median(np.abs(frames.depth_m[0] - depth)[seen]) < 2e-7
    a, b, c = (points[solid.triangles][:, k] for k in range(3))
    flat = np.cross(b - a, c - a)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    told = frames.normals[0][seen]
    expected = flat[which[seen]] @ world_to_camera(scene.cameras[0], scene, still(scene))[0, :3, :3].T
    cosine = np.einsum("ij,ij->i", told, expected)
    np.testing.assert_allclose(np.linalg.norm(told, axis=1), 1.0, atol=1e-6)
    if name in (
        "arch",
        "cross",
        "pyramid",
        "staircase",
        "star",
        "wedge",
    ):  # flat faces: the very normal
        assert cosine.min() > 1 - 1e-6
    else:  # smooth: within the angle between neighbouring facets
        assert cosine.min() > math.cos(math.radians(20))
        assert np.median(cosine) > math.cos(math.radians(4))


def test_boxes_in_the_tree_hold_their_triangles() -> None:
    nodes, corners = build_tree(mesh("bowl"))
    for node in nodes:
        for k in range(int(node[at.NODE_FIRST]), int(node[at.NODE_LAST])):
            first = corners[k, at.FIRST : at.FIRST + 3]
            for corner in (
                first,
                first + corners[k, at.EDGE_1 : at.EDGE_1 + 3],
                first + corners[k, at.EDGE_2 : at.EDGE_2 + 3],
            ):
                assert np.all(corner >= node[at.NODE_LOW : at.NODE_LOW + 3])
                assert np.all(corner <= node[at.NODE_HIGH : at.NODE_HIGH + 3])
    assert (
        sum(int(n[at.NODE_LAST] - n[at.NODE_FIRST]) for n in nodes)
        == len(corners)
        == len(mesh("bowl").triangles)
    )
