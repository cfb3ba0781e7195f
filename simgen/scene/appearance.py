"""How a scene looks: presets, and parameters that a recipe can fix, draw or sweep.

    look: {preset: varied, light_azimuth_deg: 30, subject_colour: {choice: [red, blue]}}

Three presets: `lab` (a clean studio, the default), `flat` (plain unlit colours on white) and `varied` (domain
randomisation). A preset is nothing but a default for every parameter of `LOOK_PARAMETERS`.

Every draw is addressed, `look.<parameter>` for the scene and `look.<body>.<parameter>` for a body, and none
depends on a physical parameter but the material: a look tells nothing else about the motion. A body that is of
a material looks like it, in everything that the section does not set itself. A body that the scenario has
given a look keeps it; a net (`simgen.scene.nets`) has one colour, strings and all."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from simgen.errors import Problem, RecipeError
from simgen.recipe.distributions import Constant
from simgen.recipe.draws import Draws
from simgen.scene.colour import NAMED, contrast, from_hue, mixed, named, read_colour
from simgen.scene.look_parameters import LOOK_PARAMETERS, PRESETS, look_problems, resolve_look
from simgen.scene.materials import MATERIALS
from simgen.scene.nets import nets
from simgen.scene.spec import Body, Camera, Environment, Light, Link, Look, Rgb, SceneSpec, Shape, Vector
from simgen.scene.views import placed, placement

__all__ = ["LOOK_PARAMETERS", "PRESETS", "dress", "look_problems"]

# OKLab distances; 0.02 is just visible side by side
_FROM_SURROUNDINGS = 0.15  # a subject stands out at a glance
_FROM_EACH_OTHER = 0.115  # two subjects are told apart: any two of the named colours are
_ATTEMPTS = 16


def dress(scene: SceneSpec, look: Mapping[str, Any] | None, draws: Draws) -> SceneSpec:
    """The scene with a look for every body, lights, a background and the camera where the look wants it.

    `look` is a recipe's section: `preset` and, under their names, distributions, bare values or mappings that
    mean a distribution. Raises RecipeError when it holds something else."""
    problems = look_problems(look or {})
    if problems:
        raise RecipeError([Problem("recipe", 0, f"look.{key}", message) for key, message in problems])
    look = look or {}
    chosen = _Chosen(resolve_look(look), draws.under("look"), frozenset(look), look.get("preset") == "flat")
    bodies = _dress_bodies(scene, chosen)
    cameras = tuple(
        _projected(camera if place else _aim(camera, chosen), chosen)
        for place, camera in enumerate(scene.cameras)
    )
    horizon = chosen.colour("sky_horizon")
    environment = Environment(
        ambient=_scaled(chosen.colour("ambient_colour"), chosen.number("ambient")),
        horizon=horizon,
        zenith=chosen.colour("sky_zenith"),
        unlit=chosen.flag("unlit"),
    )
    return replace(
        scene,
        bodies=bodies,
        links=_net_links(scene, bodies),
        cameras=cameras,
        environment=environment,
        lights=() if environment.unlit else (_key_light(scene.cameras[0], chosen),),
    )


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The parameters of one clip, each drawn when it is asked for."""

    distributions: Mapping[str, Any]
    draws: Draws
    own: frozenset[str]  # what the recipe's section sets itself
    flat: bool  # plain colours, whatever a body is made of

    def made_of(self, body: Body) -> _Chosen:
        """The parameters for one body: its material's where it has one and the section does not say
        otherwise.
        """
        material = MATERIALS.get(body.material)
        if material is None:
            return self
        parts = {
            f"{body.role}_{part}": distribution
            for part, distribution in material.look.items()
            if not (self.flat and part != "colour")
        }
        fitting = {name: entry for name, entry in parts.items() if name not in self.own}
        return replace(self, distributions={**self.distributions, **fitting})

    def value(self, name: str, address: str | None = None) -> Any:
        distribution = self.distributions[name]
        return distribution.value(0.0 if isinstance(distribution, Constant) else self.draws(address or name))

    def number(self, name: str, address: str | None = None) -> float:
        return round(float(self.value(name, address)), 6)

    def flag(self, name: str) -> bool:
        return bool(self.value(name))

    def colour(self, name: str, address: str | None = None) -> Rgb:
        address = address or name
        return self.coloured(str(self.value(name, address)), address)

    def coloured(self, word: str, address: str) -> Rgb:
        """The colour that a word means; `vivid`, `muted`, `pale` and `any` are families to draw from."""
        if word in _FAMILIES:
            chroma, lightness = _FAMILIES[word]
            return _rounded(
                from_hue(
                    self.draws(f"{address}.hue"),
                    self.draws.between(f"{address}.chroma", *chroma),
                    self.draws.between(f"{address}.lightness", *lightness),
                )
            )
        colour = read_colour(word)
        assert colour is not None, word  # `look_problems` has seen to it
        return _rounded(colour)


# OKLCh chroma and lightness of the families of colours that can be drawn from
_FAMILIES = {
    "vivid": ((0.13, 0.24), (0.50, 0.75)),
    "muted": ((0.02, 0.08), (0.40, 0.75)),
    "pale": ((0.00, 0.06), (0.80, 0.95)),
    "any": ((0.00, 0.22), (0.30, 0.90)),
}


def _dress_bodies(scene: SceneSpec, chosen: _Chosen) -> tuple[Body, ...]:
    """Surroundings first, then subjects and props in colours that stand out from them and from each other."""
    looks: dict[str, Look] = {body.name: body.look for body in scene.bodies if body.look is not None}
    surroundings = [chosen.colour("sky_horizon")]
    for body in scene.bodies:
        if body.role in ("ground", "support", "screen"):
            if body.name not in looks:
                looks[body.name] = _surrounding(body, scene, chosen.made_of(body))
            surroundings += _tones(looks[body.name])
    taken = [look for name, look in looks.items() if scene.body(name).role in ("subject", "prop")]
    held = nets(scene)
    for role in ("subject", "prop"):
        for index, body in enumerate(scene.bodies):
            if body.role != role or body.name in looks:
                continue
            first = scene.bodies[held.get(index, index)]
            if first.name in looks and first is not body:
                looks[body.name] = looks[first.name]
                continue
            drawn = body
            if index in held and "prop_colour" not in chosen.own:  # it is what moves, and must stand out
                drawn = replace(body, role="subject")
            look = _subject(drawn, chosen.made_of(drawn), tuple(surroundings), taken)
            looks[body.name] = replace(look, texture="plain") if index in held else look
            taken.append(look)
    return tuple(replace(body, look=looks[body.name]) for body in scene.bodies)


def _net_links(scene: SceneSpec, bodies: tuple[Body, ...]) -> tuple[Link, ...]:
    """The scene's links, those between bodies of one net in the net's colour."""
    held = nets(scene)
    if not held or not scene.links:
        return scene.links
    look = {body.name: body.look for index, body in enumerate(bodies) if index in held}
    whole = {body.name: held[index] for index, body in enumerate(bodies) if index in held}
    return tuple(
        replace(link, look=look[link.a])
        if link.look is None and link.a in whole and whole[link.a] == whole.get(link.b)
        else link
        for link in scene.links
    )


def _surrounding(body: Body, scene: SceneSpec, chosen: _Chosen) -> Look:
    role = "support" if body.role == "screen" else body.role
    address = f"{role}_" if role == "ground" else f"{body.name}."
    colour = chosen.colour(f"{role}_colour", f"{address}colour")
    size = chosen.number(f"{role}_texture_size", f"{address}texture_size")
    # ground: a part of what the camera sees, as a round number of metres so that motion can be read off it
    span_m = _seen_height_m(scene.cameras[0]) if role == "ground" else _span_m(body.shape)
    return Look(
        colour=colour,
        colour_name=named(colour),
        texture=chosen.value(f"{role}_texture", f"{address}texture"),
        texture_colour=_second_colour(chosen, role, address, colour),
        texture_size_m=_round_metres(size * span_m) if role == "ground" else round(size * span_m, 4),
        specular=chosen.number(f"{role}_specular", f"{address}specular"),
        roughness=chosen.number(f"{role}_roughness", f"{address}roughness"),
    )


def _subject(body: Body, chosen: _Chosen, surroundings: tuple[Rgb, ...], taken: Sequence[Look]) -> Look:
    """A look in the first drawn colour that stands out, or the one that does so most."""
    role, address = body.role, f"{body.name}."
    others, names = tuple(look.colour for look in taken), {look.colour_name for look in taken} - {""}
    texture = chosen.value(f"{role}_texture", f"{address}texture")
    best: tuple[float, Rgb, Rgb, str] | None = None
    for attempt in range(_ATTEMPTS):
        where = f"{address}colour" if attempt == 0 else f"{address}colour.{attempt}"
        word = str(chosen.value(f"{role}_colour", where))
        colour = chosen.coloured(word, where)
        name = word if word in NAMED else named(colour)
        second = _second_colour(chosen, role, address, colour)
        seen = _tones(Look(colour, texture=texture, texture_colour=second))[0]
        from_rest = min(contrast(seen, surroundings) / _FROM_SURROUNDINGS, 1.0)
        from_others = min(contrast(colour, others) / _FROM_EACH_OTHER, 1.0)
        if name in names:  # a caption could not tell them apart
            from_others /= 2
        # where there are more bodies than colours, being seen at all comes first
        apart = (2 * from_rest + from_others) / 3
        if best is None or apart > best[0]:
            best = (apart, colour, second, name)
        if apart >= 1:
            break
    assert best is not None
    _, colour, second, name = best
    return Look(
        colour=colour,
        colour_name=name,
        texture=texture,
        texture_colour=second,
        texture_size_m=round(
            chosen.number(f"{role}_texture_size", f"{address}texture_size") * _span_m(body.shape), 4
        ),
        specular=chosen.number(f"{role}_specular", f"{address}specular"),
        roughness=chosen.number(f"{role}_roughness", f"{address}roughness"),
    )


def _second_colour(chosen: _Chosen, role: str, address: str, colour: Rgb) -> Rgb:
    """The texture's other colour; `lighter` and `darker` are tones of the first."""
    word = str(chosen.value(f"{role}_texture_colour", f"{address}texture_colour"))
    if word == "lighter":
        return _rounded(mixed(colour, (1.0, 1.0, 1.0), 0.7))
    if word == "darker":
        return _rounded(mixed(colour, (0.0, 0.0, 0.0), 0.45))
    return chosen.coloured(word, f"{address}texture_colour")


def _key_light(camera: Camera, chosen: _Chosen) -> Light:
    """The light from `light_azimuth_deg` to the camera's left, `light_elevation_deg` above the ground."""
    towards_camera = math.atan2(
        camera.position_m[1] - camera.target_m[1], camera.position_m[0] - camera.target_m[0]
    )
    azimuth = towards_camera - math.radians(chosen.number("light_azimuth_deg"))
    elevation = math.radians(chosen.number("light_elevation_deg"))
    return Light(
        kind="directional",
        direction=_rounded(
            (
                -math.cos(elevation) * math.cos(azimuth),
                -math.cos(elevation) * math.sin(azimuth),
                -math.sin(elevation),
            ),
            6,
        ),
        colour=chosen.colour("light_colour"),
        intensity=chosen.number("light_intensity"),
        radius=round(math.radians(chosen.number("light_softness_deg")), 6),
    )


def _aim(camera: Camera, chosen: _Chosen) -> Camera:
    """The camera turned about its target, moved back and with another lens; it still frames the target."""
    turn, lift = chosen.number("camera_azimuth_deg"), chosen.number("camera_elevation_deg")
    back, lens = chosen.number("camera_distance"), chosen.number("focal_length")
    if (turn, lift, back, lens) == (0.0, 0.0, 1.0, 1.0):
        return camera
    azimuth, elevation, distance = placement(camera)
    # neither below the ground's plane nor over the top, where the picture would turn upside down
    elevation = min(max(elevation + lift, min(elevation, 2.0)), max(elevation, 85.0))
    perspective = camera.projection == "perspective"
    moved = placed(camera, azimuth + turn, elevation, distance * back * (lens if perspective else 1.0))
    half = math.tan(math.radians(camera.vertical_fov_deg) / 2)
    return replace(
        moved,
        vertical_fov_deg=round(math.degrees(2 * math.atan(half / lens)), 6),
        height_m=round(camera.height_m * back, 6),
    )


def _projected(camera: Camera, chosen: _Chosen) -> Camera:
    """The camera with parallel lines of sight if the look wants them; the target keeps its size."""
    if chosen.value("camera_projection") == "as_is" or camera.projection == "orthographic":
        return camera
    return replace(camera, projection="orthographic", height_m=round(_seen_height_m(camera), 6))


def _seen_height_m(camera: Camera) -> float:
    """What the picture's height spans at the target's distance."""
    if camera.projection == "orthographic":
        return camera.height_m
    distance = math.dist(camera.position_m, camera.target_m)
    return 2 * distance * math.tan(math.radians(camera.vertical_fov_deg) / 2)


def _span_m(shape: Shape) -> float:
    """What a body's texture is measured by: half the way round a round body, the mean edge of a box."""
    if shape.kind == "box":
        x, y, z = shape.size_m
        if max(x, y, z) < 4 * min(x, y, z):
            return float((x * y * z) ** (1 / 3))
        return sorted((x, y, z))[1]
    if shape.kind == "mesh":
        return max(shape.size_m)
    return math.pi * shape.size_m[0]


def _round_metres(length: float) -> float:
    """The nearest of …, 0.1, 0.2, 0.5, 1, 2, 5, … in ratio."""
    power = float(10.0 ** math.floor(math.log10(length)))
    ladder = [power, 2 * power, 5 * power, 10 * power]
    nearest: float = min(ladder, key=lambda step: abs(math.log(step / length)))
    return round(nearest, 6)


def _tones(look: Look) -> list[Rgb]:
    """The colours that are seen on a surface: both where the pattern has edges, else their mixture."""
    if look.texture == "plain":
        return [look.colour]
    if look.texture in ("checker", "stripes"):
        return [look.colour, look.texture_colour]
    return [mixed(look.colour, look.texture_colour, 0.5)]


def _scaled(colour: Rgb, factor: float) -> Rgb:
    return _rounded(tuple(value * factor for value in colour))


def _rounded(values: Sequence[float], digits: int = 4) -> Vector:
    """Rounded, so that the last bit of the machine's mathematics library does not reach the scene."""
    x, y, z = (round(value, digits) + 0.0 for value in values)
    return (x, y, z)
