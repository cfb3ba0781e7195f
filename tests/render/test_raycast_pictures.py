"""What the picture shows, against what light does: colours, edges, shadows, highlights, textures, blur."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from simgen.render.raycast import raycast
from simgen.render.raycast.stage import decoding_table, encoding_table
from simgen.render.settings import RenderSettings
from simgen.scene.rotation import about_axis, multiply
from simgen.scene.spec import Camera, Environment, Light, Look, SceneSpec
from tests.render.stages import FLAT, GREY, body, moving, near_edges, pixel_rays, stage, still

Array = NDArray[np.float64]
MATT = replace(GREY, specular=0.0)
DOWN = Camera(
    position_m=(0.0, 0.0, 4.0), target_m=(0.0, 0.0, 0.0), up=(0.0, 1.0, 0.0), projection="orthographic", height_m=2.0
)  # fmt: skip


def to_linear(rgb: NDArray[np.uint8]) -> Array:
    c = rgb.astype(np.float64) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def to_bytes(linear: Array) -> Array:
    c = np.clip(linear, 0, 1)
    return 255 * np.where(c <= 0.0031308, 12.92 * c, 1.055 * c ** (1 / 2.4) - 0.055)


def picture(scene: SceneSpec, settings: RenderSettings | None = None) -> NDArray[np.uint8]:
    return raycast(scene, still(scene), settings).rgb[0]


@pytest.mark.parametrize("byte", [0, 1, 2, 9, 10, 11, 40, 127, 128, 200, 254, 255])
def test_unlit_colours_come_out_as_they_went_in(byte: int) -> None:
    look = Look((byte / 255, 1 - byte / 255, 0.5))
    scene = stage(body("wall", "box", (9.0, 0.1, 9.0), (0.0, 0.0, 0.0), look=look), environment=FLAT)
    np.testing.assert_array_equal(np.unique(picture(scene).reshape(-1, 3), axis=0), [[byte, 255 - byte, 128]])


def test_every_byte_survives_decoding_and_encoding() -> None:
    index = (np.sqrt(decoding_table()) * 4095 + 0.5).astype(int)
    np.testing.assert_array_equal(encoding_table()[index], np.arange(256))
    np.testing.assert_allclose(to_bytes(decoding_table()), np.arange(256), atol=1e-5)
    light = (np.arange(4096) / 4095) ** 2
    assert np.abs(encoding_table() - to_bytes(light)).max() <= 0.5 + 1e-6


def test_edges_are_the_part_of_the_pixel_that_is_covered() -> None:
    """Nine samples: within 1/9 of the exact cover (here by 24 × 24 samples), blended in linear light."""
    ball = body("ball", "sphere", (0.4,), (0.03, 0.0, 0.31), look=Look((1.0, 1.0, 1.0)))
    scene = stage(ball, environment=FLAT)
    origin, direction = pixel_rays(scene, still(scene), supersample=24)
    o = origin - np.array(ball.position_m)
    a, b, c = (np.sum(p * q, axis=-1) for p, q in ((direction, direction), (o, direction), (o, o)))
    inside = (b * b - a * (c - 0.16) > 0).astype(float)
    cover = inside.reshape(80, 24, 96, 24).mean(axis=(1, 3))
    linear = to_linear(picture(scene))[..., 0]
    partly = (cover > 0) & (cover < 1)
    assert partly.sum() > 100
    # a pixel whose neighbours' centres all agree is not refined: it may hide a sliver
    assert np.abs(linear - cover)[partly].max() < 0.2
    assert np.abs(linear - cover)[partly].mean() < 0.04
    np.testing.assert_array_equal(linear[~partly], cover[~partly])


def test_diffuse_light_is_lamberts() -> None:
    """A matt level ground under one lamp: albedo × (ambient + colour × intensity × cosine)."""
    for angle in (0.0, 30.0, 60.0, 85.0):
        sun = Light(
            direction=(math.sin(math.radians(angle)), 0.0, -math.cos(math.radians(angle))), intensity=0.5
        )
        scene = stage(
            body("ground", "box", (9.0, 9.0, 1.0), (0.0, 0.0, -0.5), look=MATT),
            camera=replace(DOWN, position_m=(0.0, 0.0, 0.5)), lights=(sun,), environment=Environment(ambient=(0.2, 0.1, 0.0)),
        )  # fmt: skip
        expected = to_linear(np.array([153]))[0] * (
            np.array([0.2, 0.1, 0.0]) + 0.5 * math.cos(math.radians(angle))
        )
        np.testing.assert_allclose(
            picture(scene)[40, 48], to_bytes(expected), atol=0.8
        )  # half a byte, and haze


def test_two_lamps_add_up_and_colours_multiply() -> None:
    ground = body(
        "ground", "box", (9.0, 9.0, 1.0), (0.0, 0.0, -0.5), look=replace(MATT, colour=(0.5, 0.9, 0.2))
    )
    red = Light(direction=(0.0, 0.0, -1.0), colour=(1.0, 0.0, 0.0), intensity=0.5)
    lamp = Light("point", position_m=(0.0, 0.0, 3.0), colour=(0.0, 0.8, 0.0), intensity=0.7)
    none = Environment(ambient=(0.0, 0.0, 0.0))
    one, two, both = (
        to_linear(picture(stage(ground, camera=replace(DOWN, position_m=(0.0, 0.0, 0.5)), lights=lights, environment=none)))
        for lights in ((red,), (lamp,), (red, lamp))
    )  # fmt: skip
    np.testing.assert_allclose(both, one + two, atol=0.004)
    assert one[..., 0].min() > 0.05
    assert two[..., 1].min() > 0.05
    assert one[..., 1].max() == two[..., 0].max() == 0


def shadow_of_ball(
    scene: SceneSpec, towards: Array, centre: Array, radius: float, distance: Array | float
) -> NDArray[np.bool_]:
    """Which ground points under the pixel centres have the ball between them and the light."""
    origin, direction = pixel_rays(scene, still(scene))
    point = origin - (origin[..., 2:] / direction[..., 2:]) * direction
    o = point - centre
    along = np.sum(o * towards, axis=-1)
    blocked = (along**2 - np.sum(o * o, axis=-1) + radius**2 > 0) & (along < 0)
    return blocked & (-along < distance)


@pytest.mark.parametrize("kind", ["directional", "point"])
def test_the_shadow_of_a_ball_falls_where_it_must(kind: str) -> None:
    centre = np.array([0.1, 0.2, 0.45])
    lamp = np.array([1.3, -1.1, 2.4])
    light = Light(kind, direction=(-0.6, 0.5, -1.0), position_m=tuple(lamp), intensity=1.0)  # type: ignore[arg-type]
    scene = stage(
        body("ground", "box", (30.0, 30.0, 1.0), (0.0, 0.0, -0.5), look=MATT),
        body("ball", "sphere", (0.3,), centre),
        camera=Camera(position_m=(-0.4, -2.6, 1.9), target_m=(0.0, 0.2, 0.2), vertical_fov_deg=44),
        lights=(light,), size=(128, 128),
    )  # fmt: skip
    frames = raycast(scene, still(scene), passes=("segmentation",))
    origin, direction = pixel_rays(scene, still(scene))
    ground = (frames.segmentation[0] == 1) & ~near_edges(frames.segmentation[0])
    point = origin - (origin[..., 2:] / direction[..., 2:]) * direction
    towards = np.array([0.6, -0.5, 1.0]) if kind == "directional" else lamp - point
    towards = towards / np.linalg.norm(towards, axis=-1, keepdims=True)
    dark = shadow_of_ball(scene, towards, centre, 0.3, np.inf)
    clear = ground & ~near_edges(dark.astype(np.uint8))
    red = to_linear(frames.rgb[0])[..., 0] / to_linear(np.array([153]))[0]
    assert (clear & dark).sum() > 150
    np.testing.assert_allclose(red[clear & dark], 0.35, atol=0.02)  # ambient alone
    assert red[clear & ~dark].min() > 0.5


def test_what_touches_the_ground_has_its_shadow_from_the_point_of_contact() -> None:
    """No gap between a resting ball and its shadow, no speckles on either (acne)."""
    scene = stage(
        body("ground", "box", (30.0, 30.0, 1.0), (0.0, 0.0, -0.5), look=MATT),
        body("ball", "sphere", (0.4,), (0.0, 0.0, 0.4), look=MATT),
        camera=Camera(position_m=(0.0, -2.0, 0.25), target_m=(0.0, 0.0, 0.2), vertical_fov_deg=40),
        lights=(Light(direction=(-1.0, 0.0, -0.6), intensity=1.0),), size=(160, 120),
    )  # fmt: skip
    frames = raycast(scene, still(scene), passes=("segmentation",))
    labels, red = frames.segmentation[0], to_linear(frames.rgb[0])[..., 0]
    columns = np.nonzero(labels == 2)[1]
    middle = round(columns.mean())
    foot = np.nonzero(labels[:, middle] == 2)[0].max() + 2  # the ground just in front of the contact
    lit, shaded = red[-1, -1], red[foot, middle - 12]
    assert red[foot, middle - 2] < 0.62 * lit  # on the side away from the light, already next to the contact
    assert shaded < 0.62 * lit
    # in the light and in the shade the ball is smooth: no pixel stands out from its neighbours
    inside = (labels == 2) & ~near_edges(labels, 3)
    rough = np.abs(red[1:-1, 1:-1] - 0.25 * (red[2:, 1:-1] + red[:-2, 1:-1] + red[1:-1, 2:] + red[1:-1, :-2]))
    assert rough[inside[1:-1, 1:-1]].max() < 0.02


def test_an_invisible_body_casts_no_shadow() -> None:
    ground = body("ground", "box", (30.0, 30.0, 1.0), (0.0, 0.0, -0.5), look=MATT)
    ghost = body("ghost", "sphere", (0.4,), (0.0, 0.0, 0.8), visible=False)
    np.testing.assert_array_equal(picture(stage(ground, ghost)), picture(stage(ground)))
    assert np.any(picture(stage(ground, replace(ghost, visible=True))) != picture(stage(ground)))


def test_soft_shadows_are_the_part_of_the_sun_that_is_seen() -> None:
    """Behind a long straight edge the visible part of a disc goes from 0 to 1 as its segment's area does."""
    radius, height = 0.12, 0.5
    scene = stage(
        body("ground", "box", (30.0, 30.0, 1.0), (0.0, 0.0, -0.5), look=MATT),
        body("roof", "box", (20.0, 40.0, 0.01), (10.0, 0.0, height), look=MATT),
        camera=replace(DOWN, position_m=(-0.5, 0.0, 0.3), target_m=(-0.5, 0.0, 0.0), height_m=0.5), size=(160, 160),
        lights=(Light(direction=(0.0, 0.0, -1.0), intensity=1.0, radius=radius),),
        environment=Environment(ambient=(0.0, 0.0, 0.0)),
    )  # fmt: skip
    scene = replace(
        scene, cameras=(replace(scene.cameras[0], position_m=(0.0, 0.0, 0.3), target_m=(0.0, 0.0, 0.0)),)
    )
    light = (
        to_linear(picture(scene, RenderSettings(quality="high")))[80, :, 0] / to_linear(np.array([153]))[0]
    )
    x = (np.arange(160) + 0.5) / 320 - 0.25
    part = np.clip(x / (radius * (height + 0.005)), -1, 1)  # where the edge cuts the disc
    expected = (np.arccos(part) - part * np.sqrt(1 - part * part)) / np.pi
    assert np.abs(light - expected).max() < 0.05  # 48 samples and the roof's two edges
    hard = to_linear(picture(scene))[80, :, 0]
    assert len(np.unique(hard)) <= 3


def test_ambient_occlusion_darkens_corners_and_leaves_the_open_alone() -> None:
    scene = stage(
        body("ground", "box", (30.0, 30.0, 1.0), (0.0, 0.0, -0.5), look=MATT),
        body("wall", "box", (0.2, 30.0, 6.0), (1.0, 0.0, 3.0), look=MATT),
        camera=replace(DOWN, position_m=(0.0, 0.0, 2.0), height_m=1.8), lights=(), size=(120, 60),
    )  # fmt: skip
    high = to_linear(picture(scene, RenderSettings(quality="high")))[30, :, 0]
    plain = to_linear(picture(scene))[30, :, 0]
    x = (np.arange(120) + 0.5) * 0.03 - 1.8
    open_ground = x < -0.3
    np.testing.assert_allclose(high[open_ground], plain[open_ground], atol=0.004)
    # the part of Lambert's light that arrives past an endless wall, which lets light past in proportion to
    # its distance: the mean over the hemisphere, cosine-weighted, of min(1, distance to the wall along the
    # direction / 1 m)
    random = np.random.default_rng(1)
    azimuth, square = random.uniform(0, 2 * np.pi, 200_000), random.uniform(0, 1, 200_000)
    towards_wall = np.maximum(np.cos(azimuth) * np.sqrt(square), 1e-9)
    for column in np.nonzero((x > -0.2) & (x < 0.89))[0]:
        expected = np.minimum(1.0, (0.9 - x[column]) / towards_wall).mean()
        assert high[column] / plain[column] == pytest.approx(expected, abs=0.03)  # 64 directions


def test_highlights_lie_where_the_mirror_direction_says_and_are_broader_when_rough() -> None:
    spots = []
    for roughness in (0.2, 0.5):
        look = Look((0.2, 0.2, 0.2), specular=1.0, roughness=roughness)
        light = Light(direction=(0.5, 1.0, -0.8), intensity=1.0)
        scene = stage(
            body("ball", "sphere", (0.5,), (0.0, 0.0, 0.0), look=look), lights=(light,),
            size=(160, 160), environment=replace(FLAT, unlit=False),
            camera=Camera(position_m=(0.0, -4.0, 0.0), target_m=(0.0, 0.0, 0.0), projection="orthographic", height_m=1.2),
        )  # fmt: skip
        red = to_linear(picture(scene))[..., 0]
        rows, columns = np.nonzero(red >= 0.98 * red.max())
        towards = -np.array(light.direction) / np.linalg.norm(light.direction)
        half = towards + np.array([0.0, -1.0, 0.0])
        half = half / np.linalg.norm(half)
        expected = (80 + 0.5 * half[0] * 160 / 1.2, 80 - 0.5 * half[2] * 160 / 1.2)
        assert abs(columns.mean() + 0.5 - expected[0]) < 3
        assert abs(rows.mean() + 0.5 - expected[1]) < 3
        spots.append((red > 0.5 * red.max()).sum())
    assert spots[0] < 0.6 * spots[1]


TEXTURES = ("checker", "stripes", "wood", "noise", "brushed")


@pytest.mark.parametrize("texture", TEXTURES)
@pytest.mark.parametrize("kind", ["sphere", "cylinder", "cone", "capsule", "box", "tube", "mesh"])
def test_a_texture_turns_with_its_body(kind: str, texture: str) -> None:
    """Turned a quarter about the line of sight, the body and its texture are the picture turned a quarter."""
    look = Look((0.9, 0.2, 0.1), texture=texture, texture_colour=(0.1, 0.3, 0.9), texture_size_m=0.3)  # type: ignore[arg-type]
    size = {"sphere": (0.6,), "box": (0.8, 0.7, 0.9), "tube": (0.6, 0.6, 0.2), "mesh": (1.2, 1.2, 1.2)}.get(
        kind, (0.5, 0.7)
    )
    shots = []
    for turns in (0, 1):
        first = about_axis((1.0, 0.5, 0.3), 0.8)
        turn = about_axis((0.0, 1.0, 0.0), turns * math.pi / 2)
        item = body("thing", kind, size, (0.0, 0.0, 0.0), orientation_xyzw=multiply(turn, first), look=look)
        if kind == "mesh":
            item = replace(item, shape=replace(item.shape, mesh="torus"))
        scene = stage(
            item, size=(64, 64), environment=FLAT,
            camera=Camera(position_m=(0.0, -4.0, 0.0), target_m=(0.0, 0.0, 0.0), projection="orthographic", height_m=1.8),
        )  # fmt: skip
        shots.append(picture(scene).astype(int))
    # the camera looks along +y: turning about it by +90° turns the picture clockwise
    off = np.abs(np.rot90(shots[0], -1) - shots[1]).max(axis=-1)
    assert np.mean(off > 12) < 0.01  # a pixel at an edge may be sampled on its other side
    inside = shots[0].max(axis=-1) > 0
    assert shots[0][inside].std(axis=0).max() > 8  # and there is a texture to see


def test_far_textures_fade_to_their_mean_instead_of_flickering() -> None:
    """Squares far smaller than a pixel: the mean of the two colours, even, at every distance."""
    look = Look((1.0, 1.0, 1.0), texture="checker", texture_colour=(0.0, 0.0, 0.0), texture_size_m=0.01)
    scene = stage(
        body("ground", "box", (90.0, 90.0, 1.0), (0.0, 20.0, -0.5), look=look), environment=FLAT, size=(96, 96),
        camera=Camera(position_m=(0.0, -4.0, 1.0), target_m=(0.0, 4.0, 0.4), vertical_fov_deg=30),
    )  # fmt: skip
    frames = raycast(scene, still(scene), passes=("depth",))
    far = (frames.depth_m[0] > 8) & (frames.depth_m[0] < 60)
    linear = to_linear(frames.rgb[0])[..., 0]
    assert far.sum() > 1500
    assert np.abs(linear[far] - 0.5).max() < 0.12
    assert linear[far].std() < 0.02


def test_checker_squares_have_the_size_asked_for() -> None:
    look = Look((1.0, 1.0, 1.0), texture="checker", texture_colour=(0.0, 0.0, 0.0), texture_size_m=0.25)
    ground = body("ground", "box", (8.0, 8.0, 1.0), (0.0, 0.0, -0.5), look=look)
    scene = stage(ground, environment=FLAT, camera=DOWN, size=(64, 64))
    red = picture(scene)[..., 0]
    x = (np.arange(64) + 0.5) / 32 - 1
    cell = np.floor(x / 0.25).astype(int)
    expected = (cell[None, :] + cell[::-1, None]) % 2 == 0
    np.testing.assert_array_equal(red > 127, expected)


def test_the_sky_goes_from_the_horizon_to_the_zenith_without_steps() -> None:
    scene = stage(
        camera=Camera(position_m=(0.0, 0.0, 1.0), target_m=(0.0, 1.0, 1.7), vertical_fov_deg=60),
        size=(16, 256),
    )
    steps = np.diff(picture(scene)[:, 8, 0].astype(int))
    assert np.all(steps >= 0)  # downwards it gets lighter, a byte at a time
    assert steps.max() <= 1


def test_distance_mixes_in_the_horizon() -> None:
    scene = stage(
        body("ground", "box", (180.0, 180.0, 1.0), (0.0, 0.0, -0.5), look=MATT),
        camera=Camera(position_m=(0.0, 0.0, 2.0), target_m=(0.0, 8.0, 1.4), vertical_fov_deg=40), size=(16, 128),
    )  # fmt: skip
    frames = raycast(scene, still(scene), passes=("depth",))
    _, direction = pixel_rays(scene, still(scene))
    far = (frames.depth_m[0] * np.linalg.norm(direction, axis=-1))[:, 8]
    around, sun = scene.environment, np.array([0.4, 0.5, -1.0])
    near = to_linear(np.array([153])) * (np.array(around.ambient) + 0.8 * -sun[2] / np.linalg.norm(sun))
    horizon = to_linear(255 * np.array(around.horizon))
    expected = horizon + (near - horizon) / (1 + (far[:, None] / 25) ** 4)
    ground = (far > 0) & (np.roll(far, 1) > 0)  # the topmost row is blended with the sky
    assert far.max() > 60
    np.testing.assert_allclose(frames.rgb[0, ground, 8], to_bytes(expected)[ground], atol=0.6)


def test_motion_blur_is_the_mean_of_the_positions_and_only_of_the_picture() -> None:
    """A white block that moves 8 pixels a frame, shutter open half the time: edges become ramps 4 pixels
    wide.
    """
    scene = stage(
        body("block", "box", (0.5, 0.5, 0.5), (-0.5, 0.0, 0.0), look=Look((1.0, 1.0, 1.0))),
        body("fixed", "sphere", (0.2,), (0.3, 0.7, 0.0), look=Look((0.3, 0.6, 0.9)), fixed=True),
        environment=FLAT, camera=DOWN, size=(64, 64),
    )  # fmt: skip
    trace = moving(
        scene,
        3,
        lambda f, item: (np.add(item.position_m, (0.0 if item.fixed else 0.25 * f, 0, 0)), (0, 0, 0, 1)),
    )
    sharp = raycast(scene, trace, RenderSettings(), ("depth", "segmentation", "normals", "flow"))
    blurred = raycast(scene, trace, RenderSettings(shutter=0.5), ("depth", "segmentation", "normals", "flow"))
    for name in ("depth_m", "segmentation", "normals", "flow", "flow_occluded", "visible_pixels", "boxes"):
        np.testing.assert_array_equal(getattr(sharp, name), getattr(blurred, name))
    x = (np.arange(64) + 0.5) / 32 - 1
    for f in range(3):
        row = to_linear(blurred.rgb[f])[32, :, 0]
        left = -0.75 + 0.25 * f  # of the block at the frame's time, the middle of the exposure
        expected = np.clip((x - (left - 0.0625)) / 0.125, 0, 1) - np.clip(
            (x - (left + 0.5 - 0.0625)) / 0.125, 0, 1
        )
        assert np.abs(row - expected).max() < 0.13  # two of the sixteen positions
        np.testing.assert_array_equal(blurred.rgb[f, 4:18, 34:48], sharp.rgb[f, 4:18, 34:48])
