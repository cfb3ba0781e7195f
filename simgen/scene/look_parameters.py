"""The parameters of a look: what a recipe's `look:` section can hold, with what each preset gives it.

Everything about them is in one table; the recipe, the documentation and `simgen.scene.appearance` read it.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from simgen.recipe.distributions import Distribution, choice, constant, log_uniform, normal, uniform
from simgen.scene.colour import NAMED, SATURATED, read_colour

__all__ = ["COLOUR_FAMILIES", "LOOK_PARAMETERS", "PRESETS", "LookParameter", "look_problems", "resolve_look"]

PRESETS = ("lab", "flat", "varied")
COLOUR_FAMILIES = ("vivid", "muted", "pale", "any")
_TEXTURES = ("plain", "checker", "stripes", "wood", "noise", "brushed")
_READ: TypeAdapter[Any] = TypeAdapter(Distribution)


@dataclass(frozen=True, slots=True)
class LookParameter:
    """One parameter of a look."""

    name: str
    unit: str  # "deg", "1" for a pure number, "" for words
    meaning: str  # one line
    kind: Literal["number", "word", "colour", "flag"]
    range: (
        tuple[float, float] | tuple[str, ...]
    )  # numbers: what is allowed; words: the words; colours: extra words
    lab: Any  # the distribution that each preset gives it
    flat: Any
    varied: Any

    def default(self, preset: str) -> Any:
        return getattr(self, preset)

    def problem(self, distribution: Any) -> str:
        """What is wrong with this distribution for this parameter, as a sentence; "" when nothing is."""
        support = distribution.support()
        if self.kind == "number":
            low, high = self.range
            wrong = [value for value in support if isinstance(value, (str, bool)) or not low <= value <= high]
            if any(isinstance(value, float) and math.isinf(value) for value in wrong):
                return f"must lie in [{low:g}, {high:g}]; give the normal `min` and `max`."
            if wrong:
                return f"must lie in [{low:g}, {high:g}], not {_shown(wrong[0])}."
        elif self.kind == "flag":
            wrong = [value for value in support if not isinstance(value, bool)]
            if wrong:
                return f"must be true or false, not {_shown(wrong[0])}."
        elif self.kind == "word":
            wrong = [value for value in support if value not in self.range]
            if wrong:
                words = ", ".join(map(str, self.range))
                return f"must be one of {words}, not {_shown(wrong[0])}.{_hint(wrong[0], self.range)}"
        else:
            known = (*NAMED, *COLOUR_FAMILIES, *self.range)
            wrong = [value for value in support if value not in known and not read_colour(str(value))]
            if wrong:
                return (
                    f"must be a colour: {', '.join(map(str, known))} or '#rrggbb', not {_shown(wrong[0])}."
                    f"{_hint(wrong[0], known)}"
                )
        return ""


def look_problems(look: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Everything wrong with a `look:` section as (key, sentence); empty when it is right."""
    problems = []
    for key, value in look.items():
        if key == "preset":
            if value not in PRESETS:
                problems.append(
                    (key, f"must be one of {', '.join(PRESETS)}, not {_shown(value)}.{_hint(value, PRESETS)}")
                )
            continue
        if key not in LOOK_PARAMETERS:
            problems.append((str(key), f"unknown key.{_hint(key, LOOK_PARAMETERS)}"))
            continue
        try:
            distribution = _READ.validate_python(value)
        except ValidationError as error:
            problems.extend((key, detail["msg"].removeprefix("Value error, ")) for detail in error.errors())
            continue
        problem = LOOK_PARAMETERS[key].problem(distribution)
        if problem:
            problems.append((key, problem))
    return problems


def resolve_look(look: Mapping[str, Any]) -> dict[str, Any]:
    """The distribution of every parameter: the section's own, else the preset's (`lab` if it names none)."""
    preset = look.get("preset", "lab")
    return {
        name: _READ.validate_python(look[name]) if name in look else parameter.default(preset)
        for name, parameter in LOOK_PARAMETERS.items()
    }


def _shown(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return f"'{value}'" if isinstance(value, str) else repr(value)
    return f"{value:g}"


def _hint(word: object, options: Any) -> str:
    close = difflib.get_close_matches(str(word), list(map(str, options)), n=1)
    return f" Did you mean '{close[0]}'?" if close else ""


def _number(
    name: str, unit: str, meaning: str, low: float, high: float, lab: Any, flat: Any, varied: Any
) -> LookParameter:
    return LookParameter(
        name, unit, meaning, "number", (low, high), *map(_READ.validate_python, (lab, flat, varied))
    )


def _colour(name: str, meaning: str, lab: Any, flat: Any, varied: Any, *extra: str) -> LookParameter:
    return LookParameter(name, "", meaning, "colour", extra, *map(_READ.validate_python, (lab, flat, varied)))


def _texture(role: str, lab: Any, varied: Any) -> LookParameter:
    meaning = "their texture; it turns with the body, so that rolling can be seen"
    if role != "subject":
        meaning = "texture of the ground" if role == "ground" else "their texture"
    distributions = map(_READ.validate_python, (lab, "plain", varied))
    return LookParameter(f"{role}_texture", "", meaning, "word", _TEXTURES, *distributions)


_PALETTE = choice(*SATURATED)
_TONES = choice("lighter", "darker")
_DEGREES_ROUND = uniform(-180, 180)

LOOK_PARAMETERS: dict[str, LookParameter] = {
    parameter.name: parameter
    for parameter in (
        _colour("subject_colour", "colour of the bodies that move", _PALETTE, _PALETTE, constant("vivid")),
        _texture("subject", "checker", choice("checker", "stripes")),
        _colour(
            "subject_texture_colour",
            "second colour of their texture; lighter and darker are tones of the first",
            "lighter",
            "lighter",
            _TONES,
            "lighter",
            "darker",
        ),
        _number(
            "subject_texture_size",
            "1",
            "width of a cell over half the girth of a round body, or over the mean edge of a box",
            0.02,
            2,
            0.25,
            0.25,
            uniform(0.15, 0.5),
        ),
        _number("subject_specular", "1", "strength of their highlight", 0, 1, 0.35, 0, uniform(0, 0.8)),
        _number("subject_roughness", "1", "width of their highlight", 0, 1, 0.35, 1, uniform(0.15, 0.9)),
        _colour("prop_colour", "colour of the bodies that stand by", "grey", "grey", constant("muted")),
        _texture("prop", "plain", choice("plain", "noise", "wood", "brushed")),
        _colour(
            "prop_texture_colour",
            "second colour of their texture",
            "darker",
            "darker",
            _TONES,
            "lighter",
            "darker",
        ),
        _number(
            "prop_texture_size",
            "1",
            "width of a cell, as for the subject",
            0.02,
            2,
            0.25,
            0.25,
            uniform(0.1, 0.6),
        ),
        _number("prop_specular", "1", "strength of their highlight", 0, 1, 0.2, 0, uniform(0, 0.5)),
        _number("prop_roughness", "1", "width of their highlight", 0, 1, 0.5, 1, uniform(0.2, 1)),
        _colour(
            "support_colour",
            "colour of ramps, tables and walls",
            "#cda06b",
            "#b4b8be",
            choice("muted", "#cda06b"),
        ),
        _texture("support", "wood", choice("wood", "plain", "noise", "brushed")),
        _colour(
            "support_texture_colour",
            "second colour of their texture",
            "#a5763f",
            "darker",
            constant("darker"),
            "lighter",
            "darker",
        ),
        _number(
            "support_texture_size",
            "1",
            "width of a cell over the mean edge",
            0.02,
            2,
            0.12,
            0.12,
            uniform(0.06, 0.3),
        ),
        _number("support_specular", "1", "strength of their highlight", 0, 1, 0.12, 0, uniform(0, 0.4)),
        _number("support_roughness", "1", "width of their highlight", 0, 1, 0.6, 1, uniform(0.3, 1)),
        _colour("ground_colour", "colour of the ground", "#e3e2de", "#eceef0", choice("muted", "pale")),
        _texture("ground", "checker", choice("checker", "noise", "wood", "stripes")),
        _colour(
            "ground_texture_colour",
            "second colour of the ground's texture",
            "#cfcdc7",
            "darker",
            choice("lighter", "darker"),
            "lighter",
            "darker",
        ),
        _number(
            "ground_texture_size",
            "1",
            "width of a cell over the height of the picture, rounded to 1, 2 or 5 times a power of ten",
            0.005,
            2,
            0.1,
            0.1,
            log_uniform(0.05, 0.3),
        ),
        _number("ground_specular", "1", "strength of its highlight", 0, 1, 0.05, 0, uniform(0, 0.2)),
        _number("ground_roughness", "1", "width of its highlight", 0, 1, 0.8, 1, uniform(0.5, 1)),
        _number(
            "light_azimuth_deg",
            "deg",
            "where the key light comes from: 0 from behind the camera, 90 from the left, −90 from the right",
            -360,
            360,
            40,
            40,
            _DEGREES_ROUND,
        ),
        _number("light_elevation_deg", "deg", "height of the key light", 5, 90, 55, 55, uniform(25, 80)),
        _colour(
            "light_colour",
            "colour of the key light",
            "#fff6ea",
            "white",
            choice("#fff6ea", "#ffe3c0", "#e6efff", "pale"),
        ),
        _number("light_intensity", "1", "strength of the key light", 0, 3, 0.8, 0, uniform(0.55, 0.95)),
        _number(
            "light_softness_deg",
            "deg",
            "half-angle of the key light: soft shadows with `quality: high`",
            0,
            30,
            2,
            0,
            uniform(0.3, 6),
        ),
        _number("ambient", "1", "strength of the light from everywhere", 0, 2, 0.36, 1, uniform(0.28, 0.5)),
        _colour(
            "ambient_colour",
            "colour of the light from everywhere",
            "#eef3ff",
            "white",
            choice("#eef3ff", "white", "#fff4e6"),
        ),
        _colour("sky_horizon", "background at the horizon", "#e6eff7", "#ffffff", choice("pale", "muted")),
        _colour("sky_zenith", "background overhead", "#86aedb", "#ffffff", choice("pale", "muted", "any")),
        LookParameter(
            "unlit",
            "",
            "plain colours without light or shadow",
            "flag",
            (),
            constant(False),
            constant(True),
            constant(False),
        ),
        _number(
            "camera_azimuth_deg",
            "deg",
            "turns the camera about its target",
            -180,
            180,
            0,
            0,
            uniform(-20, 20),
        ),
        _number("camera_elevation_deg", "deg", "raises the camera", -60, 60, 0, 0, normal(2, 4, -6, 10)),
        _number("camera_distance", "1", "times the scenario's distance", 0.5, 4, 1, 1, uniform(1.05, 1.3)),
        _number(
            "focal_length",
            "1",
            "times the scenario's; the camera moves so that the target keeps its size",
            0.5,
            4,
            1,
            1,
            log_uniform(0.85, 1.6),
        ),
        LookParameter(
            "camera_projection",
            "",
            "the scenario's own, or orthographic: parallel lines of sight",
            "word",
            ("as_is", "orthographic"),
            constant("as_is"),
            constant("as_is"),
            constant("as_is"),
        ),
    )
}
