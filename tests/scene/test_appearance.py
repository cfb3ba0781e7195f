"""Looks: complete, repeatable, independent of the physics and of each other's draws, fit to be seen."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from simgen.errors import RecipeError
from simgen.recipe.distributions import uniform
from simgen.recipe.draws import Draws
from simgen.scene.appearance import LOOK_PARAMETERS, PRESETS, dress, look_problems
from simgen.scene.camera import intrinsics, look_at, project
from simgen.scene.json import scene_from_json, scene_to_json
from simgen.scene.spec import Body, Camera, Look, Rgb, SceneSpec, Shape, Video

COLOURS = (
    "red, orange, yellow, green, teal, blue, purple, pink, white, grey, black, brown, vivid, muted, pale, any"
)
CAMERA = Camera(position_m=(0.5, -4.0, 1.6), target_m=(0.0, 0.0, 0.5))
SCENE = SceneSpec(
    (
        Body("ball", Shape("sphere", (0.3,)), (0.0, 0.0, 0.3)),
        Body("block", Shape("box", (0.3, 0.3, 0.3)), (1.0, 0.0, 0.15)),
        Body("post", Shape("cylinder", (0.1, 0.8)), (-1.0, 0.5, 0.4), fixed=True, role="prop"),
        Body("ramp", Shape("box", (2.0, 1.0, 0.1)), (0.0, 1.0, 0.3), fixed=True, role="support"),
        Body("ground", Shape("box", (60.0, 60.0, 1.0)), (0.0, 0.0, -0.5), fixed=True, role="ground"),
    ),
    Video(),
    (CAMERA,),
)


def dressed(index: int = 0, scene: SceneSpec = SCENE, **look: Any) -> SceneSpec:
    return dress(scene, look, Draws(0, "train", index))


def look_of(scene: SceneSpec, name: str) -> Look:
    look = scene.body(name).look
    assert look is not None
    return look


def cielab(colour: Rgb) -> np.ndarray:
    """CIE 1976 L*a*b* of sRGB under D65: another colour space than the one that the looks are made with."""
    value = np.asarray(colour)
    light = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ light
    ratio = xyz / (0.9505, 1.0, 1.089)
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("preset", PRESETS)
def test_everything_gets_a_look_that_repeats_and_survives_json(preset: str) -> None:
    scene = dressed(3, preset=preset)
    assert all(body.look is not None for body in scene.bodies)
    assert scene == dressed(3, preset=preset)
    assert scene != dressed(4, preset=preset)
    assert scene_from_json(scene_to_json(scene)) == scene


@pytest.mark.parametrize("preset", PRESETS)
def test_a_look_tells_nothing_about_the_physics(preset: str) -> None:
    """Masses, speeds, friction, gravity: whatever they are, the same index has the same look."""
    heavy = tuple(
        replace(body, mass_kg=50.0, friction=0.1, elasticity=0.9, velocity_m_s=(1.0, 2.0, 3.0))
        for body in SCENE.bodies
    )
    other = replace(SCENE, bodies=heavy, gravity_m_s2=(0.0, 0.0, -1.6), profile="restitution")
    for index in range(10):
        one, two = dressed(index, preset=preset), dressed(index, other, preset=preset)
        assert [body.look for body in one.bodies] == [body.look for body in two.bodies]
        assert (one.lights, one.environment, one.cameras) == (two.lights, two.environment, two.cameras)


def changed_by(name: str, value: Any, preset: str) -> bool:
    """Whether the parameter at this value makes another scene than the preset does, for some clip."""
    plain = {"subject_texture": "checker", "prop_texture": "checker", "support_texture": "checker"}
    base = {"preset": preset, "ground_texture": "checker", **plain}
    base.pop(name, None)
    return any(dressed(index, **base) != dressed(index, **base, **{name: value}) for index in range(8))


@pytest.mark.parametrize("name", LOOK_PARAMETERS)
def test_every_parameter_can_be_fixed_and_does_something(name: str) -> None:
    parameter = LOOK_PARAMETERS[name]
    values: tuple[Any, ...]
    if parameter.kind == "number":
        values = tuple(float(end) for end in parameter.range)
    elif parameter.kind == "colour":
        values = ("#123456", "vivid", "pale")
    elif parameter.kind == "flag":
        values = (True, False)
    else:
        values = parameter.range
    assert any(changed_by(name, value, preset) for value in values for preset in ("lab", "varied")), name
    for value in values:  # and every value it may have makes a scene of finite numbers
        scene_to_json(dressed(0, preset="lab", **{name: value}))


@pytest.mark.parametrize("name", LOOK_PARAMETERS)
def test_fixing_one_parameter_leaves_the_other_draws(name: str) -> None:
    """Light, background and camera stay when something of a body is fixed, and the other way round."""
    parameter = LOOK_PARAMETERS[name]
    value = parameter.default("lab").value(0.5)
    for index in range(4):
        free, fixed = dressed(index, preset="varied"), dressed(index, preset="varied", **{name: value})
        if name.startswith(("subject", "prop", "support", "ground")):
            assert (free.lights, free.environment, free.cameras) == (
                fixed.lights,
                fixed.environment,
                fixed.cameras,
            )
        elif name.startswith(("light", "camera", "focal", "ambient", "sky_zenith")):
            assert [body.look for body in free.bodies] == [body.look for body in fixed.bodies]
        if name.startswith("light"):
            assert (free.environment, free.cameras) == (fixed.environment, fixed.cameras)


def test_every_preset_stays_within_what_is_allowed() -> None:
    for parameter in LOOK_PARAMETERS.values():
        for preset in PRESETS:
            assert parameter.problem(parameter.default(preset)) == "", (parameter.name, preset)


def test_a_parameter_can_be_swept() -> None:
    sweep = {"light_elevation_deg": {"uniform": [20, 70]}}
    elevations = [
        -math.degrees(math.asin(dressed(index, **sweep).lights[0].direction[2])) for index in range(40)
    ]
    assert 20 <= min(elevations) < 30
    assert 60 < max(elevations) <= 70
    assert dressed(5, light_elevation_deg=uniform(20, 70)) == dressed(5, **sweep)


@pytest.mark.parametrize("preset", PRESETS)
def test_subjects_stand_out_and_are_told_apart(preset: str) -> None:
    """In CIELAB, where 2.3 is just noticeable: from what is around by 12 at least, from each other by 15."""
    for index in range(150):
        scene = dressed(index, preset=preset)
        surroundings = [look_of(scene, name) for name in ("ramp", "ground")]
        tones = [cielab(scene.environment.horizon)]
        for look in surroundings:
            both, blended = (look.colour, look.texture_colour), look.texture not in ("checker", "stripes")
            if look.texture == "plain":
                tones.append(cielab(look.colour))
            elif blended:
                tones.append((cielab(both[0]) + cielab(both[1])) / 2)
            else:
                tones += [cielab(both[0]), cielab(both[1])]
        ball, block = look_of(scene, "ball"), look_of(scene, "block")
        for look in (ball, block):
            seen = cielab(look.colour)
            if look.texture == "noise":
                seen = (seen + cielab(look.texture_colour)) / 2
            assert min(np.linalg.norm(seen - tone) for tone in tones) > 12, index
        assert np.linalg.norm(cielab(ball.colour) - cielab(block.colour)) > 15, index
        assert not ball.colour_name or ball.colour_name != block.colour_name


def test_all_colours_of_the_palette_come_about_equally_often() -> None:
    names = [look_of(dressed(index, preset="flat"), "ball").colour_name for index in range(400)]
    counts = {name: names.count(name) for name in set(names)}
    assert len(counts) == 8
    assert min(counts.values()) > 25  # 50 expected, standard deviation 6.6


def test_flat_is_phyworlds_look() -> None:
    scene = dressed(0, preset="flat")
    assert scene.environment.unlit
    assert scene.lights == ()
    assert scene.environment.horizon == scene.environment.zenith == (1.0, 1.0, 1.0)
    assert {look_of(scene, body.name).texture for body in scene.bodies} == {"plain"}
    side_on = dressed(0, preset="flat", camera_projection="orthographic")
    assert side_on.cameras[0].projection == "orthographic"
    distance = math.dist(CAMERA.position_m, CAMERA.target_m)
    assert side_on.cameras[0].height_m == pytest.approx(2 * distance * math.tan(math.radians(20)), abs=1e-5)


def test_a_look_that_the_scenario_gives_is_kept() -> None:
    own = Look((0.2, 0.3, 0.4), "slate", texture="brushed")
    bodies = (replace(SCENE.bodies[0], look=own), *SCENE.bodies[1:])
    for preset in PRESETS:
        scene = dressed(0, replace(SCENE, bodies=bodies), preset=preset, subject_colour="red")
        assert look_of(scene, "ball") == own
        assert look_of(scene, "block").colour_name == "red"


def test_light_comes_from_where_it_is_said_to() -> None:
    pose = look_at(CAMERA.position_m, CAMERA.target_m, CAMERA.up)
    for azimuth, right in ((90.0, 1.0), (-90.0, -1.0), (0.0, 0.0), (180.0, 0.0)):
        light = dressed(0, light_azimuth_deg=azimuth, light_elevation_deg=30.0).lights[0]
        seen = pose[:3, :3] @ light.direction
        assert seen[0] == pytest.approx(right * math.cos(math.radians(30)), abs=1e-3)
        assert light.direction[2] == pytest.approx(-0.5, abs=1e-5)
        if right == 0.0:
            assert (seen[2] > 0) == (azimuth == 0.0)  # from behind the camera it travels forwards


def test_another_lens_or_place_keeps_the_target_in_place_and_in_size() -> None:
    """What stands upright at the target spans 1 / `camera_distance` of the pixels, whatever the focal length
    and the side from which it is seen (elevation 0, so that it is seen square on).
    """
    level = replace(SCENE, cameras=(replace(CAMERA, position_m=(0.0, -4.0, 0.5)),))
    points = np.array([[CAMERA.target_m, (0.0, 0.0, 0.9)]])

    def span(scene: SceneSpec) -> float:
        camera = scene.cameras[0]
        pose = look_at(camera.position_m, camera.target_m, camera.up)[None]
        pixels, _ = project(points, intrinsics(camera, scene.video), pose, camera.projection)
        assert np.allclose(pixels[0, 0], (128.0, 128.0), atol=1e-3)
        return float(pixels[0, 0, 1] - pixels[0, 1, 1])

    plain = span(dressed(0, level))
    for focal, distance, azimuth in ((0.6, 1.0, 0.0), (2.0, 1.0, 70.0), (1.0, 1.5, -30.0), (3.0, 0.8, 10.0)):
        scene = dressed(0, level, focal_length=focal, camera_distance=distance, camera_azimuth_deg=azimuth)
        assert span(scene) == pytest.approx(plain / distance, rel=1e-4)


def test_a_lifted_camera_stays_above_the_ground_and_below_the_zenith() -> None:
    for lift in (-60.0, 60.0):
        camera = dressed(0, camera_elevation_deg=lift).cameras[0]
        x, y, z = (a - b for a, b in zip(camera.position_m, camera.target_m, strict=True))
        assert 1.9 <= math.degrees(math.atan2(z, math.hypot(x, y))) <= 85.1


def test_mistakes_are_all_named() -> None:
    wrong = {
        "preset": "labb",
        "subject_color": "red",
        "subject_colour": {"choice": ["red", "blu"]},
        "light_intensity": {"uniform": [0.5, 30]},
        "ambient": {"normal": [0.4, 0.1]},
        "ground_texture": "cheker",
        "unlit": 1,
        "sky_zenith": {"unifrom": [0, 1]},
    }
    problems = dict(look_problems(wrong))
    assert problems == {
        "preset": "must be one of lab, flat, varied, not 'labb'. Did you mean 'lab'?",
        "subject_color": "unknown key. Did you mean 'subject_colour'?",
        "subject_colour": f"must be a colour: {COLOURS} or '#rrggbb', not 'blu'. Did you mean 'blue'?",
        "light_intensity": "must lie in [0, 3], not 30.",
        "ambient": "must lie in [0, 2]; give the normal `min` and `max`.",
        "ground_texture": "must be one of plain, checker, stripes, wood, noise, brushed, not 'cheker'. "
        "Did you mean 'checker'?",
        "unlit": "must be true or false, not 1.",
        "sky_zenith": "must be a value or a distribution such as {uniform: [low, high]}.",
    }
    with pytest.raises(RecipeError) as caught:
        dressed(0, preset="labb", subject_color="red")
    assert str(caught.value) == (
        "recipe: look.preset: must be one of lab, flat, varied, not 'labb'. Did you mean 'lab'?\n"
        "recipe: look.subject_color: unknown key. Did you mean 'subject_colour'?"
    )
