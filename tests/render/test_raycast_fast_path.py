"""What a still camera saves must not be seen: the fast path and the full render give the same bits."""

from __future__ import annotations

import dataclasses
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simgen.physics.trace import Trace
from simgen.render.frames import PASSES, Frames
from simgen.render.raycast import layout as at
from simgen.render.raycast.clip import Studio, film_clip
from simgen.render.settings import RenderSettings
from simgen.scene.rotation import about_axis
from simgen.scene.spec import Body, Camera, Environment, Light, Link, Look, SceneSpec, Shape, Video
from tests.render.stages import body, moving, stage

SIZES = {"sphere": 1, "box": 3, "cylinder": 2, "capsule": 2, "cone": 2, "tube": 3, "mesh": 3}


def random_clip(seed: int) -> tuple[SceneSpec, Trace, RenderSettings]:
    """Up to seven bodies of every kind that rest, fly through, jump, stop, hide and shade each other."""
    draw = random.Random(seed)

    def vector(reach: float, lift: float = 0.0) -> tuple[float, float, float]:
        return (draw.uniform(-reach, reach), draw.uniform(-reach, reach), lift + draw.uniform(-reach, reach))

    def look() -> Look:
        return Look(
            (draw.random(), draw.random(), draw.random()),
            texture=draw.choice(["plain", "checker", "stripes", "wood", "noise", "brushed"]),  # type: ignore[arg-type]
            texture_size_m=draw.uniform(0.05, 0.4),
            specular=draw.choice([0.0, 0.5]),
        )

    def shape() -> Shape:
        kind = draw.choice(list(SIZES))
        size = [draw.uniform(0.15, 0.6) for _ in range(SIZES[kind])]
        if kind == "tube":
            size[2] = size[0] * draw.uniform(0.1, 0.9)
        name = draw.choice(["bowl", "wedge", "torus", "star"]) if kind == "mesh" else ""
        return Shape(kind, tuple(size), name)  # type: ignore[arg-type]

    bodies = [
        Body(
            f"b{i}",
            shape(),
            vector(1.2, 0.6),
            about_axis((1.0, draw.random(), draw.random()), draw.uniform(0, 6)),
            look=look(),
            visible=draw.random() > 0.1,
        )
        for i in range(draw.randint(1, 6))
    ]
    if draw.random() > 0.2:
        bodies.append(
            Body("ground", Shape("box", (20.0, 20.0, 1.0)), (0.0, 0.0, -0.5), look=look(), fixed=True)
        )
    lights = tuple(
        Light(
            draw.choice(["directional", "point"]),  # type: ignore[arg-type]
            direction=(draw.uniform(-1, 1), draw.uniform(-1, 1), -0.7),
            position_m=vector(2.0, 2.5),
            radius=draw.uniform(0.0, 0.3),
        )
        for _ in range(draw.randint(0, 3))
    )
    camera = Camera(
        position_m=(draw.uniform(-1, 1), -3.0, draw.uniform(0.2, 2.5)),
        target_m=vector(0.5, 0.4),
        projection=draw.choice(["perspective", "perspective", "orthographic"]),  # type: ignore[arg-type]
        vertical_fov_deg=draw.uniform(25, 90),
        near_m=draw.choice([0.05, 1.5]),
    )
    frames = draw.randint(1, 5)
    scene = SceneSpec(
        tuple(bodies),
        Video(draw.randint(5, 60), draw.randint(5, 60), 24.0, frames),
        (camera,),
        lights=lights,
        environment=Environment(unlit=draw.random() < 0.15),
    )
    kinds = {
        item.name: "rests" if item.fixed else draw.choice(["rests", "glides", "jumps", "stops"])
        for item in bodies
    }
    steps = {item.name: vector(0.4) for item in bodies}
    places = {(item.name, f): vector(1.5, 0.6) for item in bodies for f in range(frames)}

    def pose(f: int, item: Body) -> tuple[tuple[float, ...], tuple[float, ...]]:
        kind = kinds[item.name]
        if kind == "jumps" and f % 2:
            return places[item.name, f], item.orientation_xyzw
        if kind in ("glides", "stops"):
            steps_done = f if kind == "glides" else min(f, 2)
            x, y, z = (p + s * steps_done for p, s in zip(item.position_m, steps[item.name], strict=True))
            return (x, y, z), about_axis((0.3, 1.0, 0.2), 0.5 * steps_done)
        return item.position_m, item.orientation_xyzw

    settings = RenderSettings(quality="high" if draw.random() < 0.1 else "standard")
    names = ["", *(item.name for item in bodies)]
    links = tuple(
        Link(
            draw.choice(["rod", "string", "spring"]),  # type: ignore[arg-type]
            draw.choice(names),
            draw.choice(names),
            vector(0.5, 0.3),
            vector(0.5, 0.3),
            draw.uniform(0.005, 0.2),
            draw.choice([None, look()]),
        )
        for _ in range(draw.choice([0, 0, 1, 3]))
    )
    scene = dataclasses.replace(scene, links=links)
    return scene, moving(scene, frames, pose), settings


def assert_same(first: Frames, second: Frames) -> None:
    for field in dataclasses.fields(Frames):
        if field.name == "changed":  # only the fast path knows
            continue
        one, other = getattr(first, field.name), getattr(second, field.name)
        if one is None:
            assert other is None
        else:
            np.testing.assert_array_equal(one, other, err_msg=field.name)


def check(seed: int) -> None:
    scene, trace, how = random_clip(seed)
    fast = film_clip(scene, trace, how, PASSES, scene.cameras[0])
    full = film_clip(scene, trace, how, PASSES, scene.cameras[0], every=True)
    assert_same(fast, full)
    assert full.changed is None
    if fast.changed is not None:
        assert len(fast.changed) == len(full.rgb)
        for before, picture, (x0, y0, x1, y1) in zip(
            full.rgb[:-1], full.rgb[1:], fast.changed[1:], strict=True
        ):
            outside = np.ones(picture.shape[:2], bool)
            outside[y0:y1, x0:x1] = False
            np.testing.assert_array_equal(picture[outside], before[outside])


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.integers(0, 2**40))
def test_the_fast_path_gives_the_bits_of_the_full_render(seed: int) -> None:
    check(seed)


@pytest.mark.campaign
@settings(max_examples=5000, deadline=None)
@given(st.integers(0, 2**40))
def test_the_fast_path_gives_the_bits_of_the_full_render_campaign(seed: int) -> None:
    check(seed)


def test_every_frame_is_the_frame_that_would_be_filmed_alone() -> None:
    """No trace of earlier frames: each one, cut out of the clip and filmed by itself, is the same picture."""
    scene, trace, how = random_clip(12)
    whole = film_clip(scene, trace, how, ("segmentation", "depth", "normals"), scene.cameras[0])
    for f in range(len(trace.time_s)):
        cut = dataclasses.replace(trace, time_s=trace.time_s[f : f + 1], state=trace.state[f : f + 1])
        alone = film_clip(scene, cut, how, ("segmentation", "depth", "normals"), scene.cameras[0])
        np.testing.assert_array_equal(whole.rgb[f], alone.rgb[0])
        np.testing.assert_array_equal(whole.depth_m[f], alone.depth_m[0])
        np.testing.assert_array_equal(whole.normals[f], alone.normals[0])


def test_the_passes_do_not_change_the_picture() -> None:
    scene, trace, how = random_clip(7)
    bare = film_clip(scene, trace, how, (), scene.cameras[0])
    np.testing.assert_array_equal(bare.rgb, film_clip(scene, trace, how, PASSES, scene.cameras[0]).rgb)


def test_it_is_a_fast_path() -> None:
    """A small ball on a large picture: few tiles are drawn again, counted by the rays that meet something."""
    scene = stage(
        body("ground", "box", (40.0, 40.0, 1.0), (0.0, 0.0, -0.5), fixed=True),
        body("ball", "sphere", (0.1,), (0.0, 0.0, 0.3)),
        size=(256, 256),
    )
    trace = moving(
        scene,
        4,
        lambda f, item: (np.add(item.position_m, (0.0 if item.fixed else 0.02 * f, 0.0, 0.0)), (0, 0, 0, 1)),
    )
    studio = Studio(scene, trace, RenderSettings(), scene.cameras[0], ("rgb",), every=False)
    studio.film(studio.places, studio.cameras)
    drawn = studio.stage.solids[:, at.MET].sum()
    assert 0 < drawn < 0.08 * 256 * 256
    changed = film_clip(scene, trace, RenderSettings(), (), scene.cameras[0]).changed
    assert changed is not None
    assert 0 < (changed[1:, 2:] - changed[1:, :2]).prod(axis=1).max() < 0.08 * 256 * 256
