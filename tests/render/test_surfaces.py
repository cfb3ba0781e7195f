"""The triangle surfaces of the shapes against the formulas of solid geometry."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simgen.errors import RenderError
from simgen.render.surfaces import Surface, surface, wavefront
from simgen.scene.meshes import MESHES, mesh
from simgen.scene.spec import Shape

SHAPES = {
    "sphere": (Shape("sphere", (0.7,)), 4 / 3 * math.pi * 0.7**3),
    "box": (Shape("box", (0.4, 0.6, 1.1)), 0.4 * 0.6 * 1.1),
    "cylinder": (Shape("cylinder", (0.3, 1.2)), math.pi * 0.3**2 * 1.2),
    "capsule": (Shape("capsule", (0.3, 0.5)), math.pi * 0.3**2 * 0.5 + 4 / 3 * math.pi * 0.3**3),
    "cone": (Shape("cone", (0.5, 0.9)), math.pi * 0.5**2 * 0.9 / 3),
    "tube": (Shape("tube", (0.5, 0.3, 0.1)), math.pi * (0.5**2 - 0.4**2) * 0.3),
    **{name: (Shape("mesh", (1.5, 1.0, 0.5), name), mesh(name).volume * 1.5 * 1.0 * 0.5) for name in MESHES},
}


def corners(made: Surface) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    a, b, c = (made.vertices[made.triangles[:, k]] for k in range(3))
    return a, b, c


@pytest.mark.parametrize(("shape", "volume"), SHAPES.values(), ids=SHAPES)
def test_volume_and_centre_of_mass(shape: Shape, volume: float) -> None:
    """By the divergence theorem: right only if the surface is closed and every triangle faces outwards."""
    a, b, c = corners(surface(shape, 0.1))
    parts = np.einsum("ij,ij->i", a, np.cross(b, c)) / 6
    assert parts.sum() == pytest.approx(volume, rel=2e-3)  # 48-gons instead of circles
    centre = (parts[:, None] * (a + b + c) / 4).sum(axis=0) / parts.sum()
    assert np.abs(centre).max() < 1e-6


@pytest.mark.parametrize(("shape", "volume"), SHAPES.values(), ids=SHAPES)
def test_normals_are_unit_vectors_that_point_outwards(shape: Shape, volume: float) -> None:
    made = surface(shape, 0.1)
    assert np.abs(np.linalg.norm(made.normals, axis=1) - 1).max() < 1e-6
    a, b, c = corners(made)
    across = np.cross(b - a, c - a)
    area = np.linalg.norm(across, axis=1)
    facing = np.einsum("ij,ikj->ik", across, made.normals[made.triangles]) / np.maximum(area, 1e-12)[:, None]
    assert (
        facing[area > 1e-8] > 0.7
    ).all()  # of the solid's own faces: none turned round, none more than 45° off


def test_a_pattern_closes_around_a_round_body_and_keeps_its_size() -> None:
    """A whole number of periods goes round, the nearest to the size that was asked for, at least one."""
    for radius, cell in ((0.5, 0.1), (0.5, 0.13), (0.1, 0.05), (0.05, 0.3)):
        made = surface(Shape("cylinder", (radius, 0.4)), cell)
        around = made.periods[:, 0].max()
        assert around == round(around) >= 1
        assert abs(around - 2 * math.pi * radius / (2 * cell)) <= max(0.5, 1 - math.pi * radius / cell) + 1e-9
        height = np.ptp(made.periods[np.abs(made.normals[:, 2]) < 0.5, 1])
        assert height * 2 * cell == pytest.approx(0.4)


def test_a_box_has_its_pattern_in_metres_on_every_face() -> None:
    made = surface(Shape("box", (0.4, 0.6, 1.0)), 0.05)
    for axis in range(3):
        rest = [k for k in range(3) if k != axis]
        here = np.abs(made.normals[:, axis]) > 0.5
        assert np.allclose(made.periods[here] * 0.1, made.vertices[here][:, rest])


def test_a_wavefront_file_holds_the_same_surface() -> None:
    made = surface(Shape("cone", (0.5, 0.9)), 0.1)
    lines = [line.split() for line in wavefront(made).splitlines()]
    read = {kind: [fields[1:] for fields in lines if fields[0] == kind] for kind in ("v", "vt", "vn", "f")}
    assert np.array_equal(np.array(read["v"], dtype=float), made.vertices)
    assert np.array_equal(np.array(read["vt"], dtype=float), made.periods)
    assert np.array_equal(np.array(read["vn"], dtype=float), made.normals)
    faces = np.array([[[int(index) for index in corner.split("/")] for corner in face] for face in read["f"]])
    assert np.array_equal(faces, np.repeat(made.triangles[..., None] + 1, 3, axis=2))


def test_an_unknown_mesh_is_named() -> None:
    with pytest.raises(RenderError, match=r"^A body cannot be drawn: there is no mesh 'teapot'; there are "):
        surface(Shape("mesh", (1.0, 1.0, 1.0), "teapot"), 0.1)
