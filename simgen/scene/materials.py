"""Materials: named presets of friction, elasticity, density and look.

A scenario that lists `stage.MATERIAL` among its parameters can be given one by a recipe. What the material
decides then follows from it, unless the recipe says otherwise: friction and elasticity, the mass (density
times volume), the word in the captions, and the look of the body.

The numbers are round ones from the middle of what handbooks give. Densities: CRC Handbook of Chemistry and
Physics, "Density of various solids". Friction: the sliding coefficient on dry wood or smooth concrete, in the
tables of Marks' Standard Handbook for Mechanical Engineers, section 3. Elasticity: the coefficient of
restitution in a drop of about a metre on a hard, heavy floor. Friction and restitution are properties of a
pair of surfaces, of their finish and of the speed; tables differ by a third and more. What is exact is the
label: a clip's friction is the number stored with it. A recipe's hash covers a material's name, not its numbers:
whoever changes one raises `simgen.GENERATOR_VERSION`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simgen.recipe.distributions import choice, constant
from simgen.scene.colour import SATURATED

__all__ = ["MATERIALS", "NO_MATERIAL", "Material"]

NO_MATERIAL = "none"  # what a recipe writes for a body of no material in particular


@dataclass(frozen=True, slots=True)
class Material:
    """What a body is made of. Its coefficients are the pair's with everything fixed (see `Body`)."""

    name: str
    adjective: str  # as captions put it in front of a noun: "wooden"
    friction: float
    elasticity: float
    density_kg_m3: float
    # How it looks: the distribution of a look's parameters by what follows the role in their name: `colour` for
    # `subject_colour`. In the preset `flat` only the colour follows the material.
    look: Mapping[str, Any]


def _look(
    colour: Any, texture: str, second: str, texture_size: float, specular: float, roughness: float
) -> dict[str, Any]:
    return {
        "colour": colour,
        "texture": constant(texture),
        "texture_colour": constant(second),
        "texture_size": constant(texture_size),
        "specular": constant(specular),
        "roughness": constant(roughness),
    }


MATERIALS: dict[str, Material] = {
    material.name: material
    for material in (
        # Vulcanised rubber: 1100 to 1200 kg/m³; on dry concrete 0.6 to 0.85; a solid ball comes back to half
        # its height or more.
        Material(
            *("rubber", "rubber", 0.8, 0.75, 1100.0),
            _look(choice(*SATURATED), "checker", "darker", 0.25, 0.08, 0.85),
        ),
        # Oak and beech: 600 to 900 kg/m³; wood on dry wood 0.25 to 0.5.
        Material(
            *("wood", "wooden", 0.4, 0.5, 700.0),
            _look(choice("brown", "#a0642f", "#8a5a2b"), "wood", "darker", 0.2, 0.12, 0.6),
        ),
        # Carbon steel: 7850 kg/m³; on wood 0.2 to 0.6; a ball on a stone slab 0.6 (on steel up to 0.95).
        Material(
            *("steel", "steel", 0.3, 0.6, 7850.0),
            _look(choice("grey", "#7c858d", "#646d76"), "brushed", "lighter", 0.25, 0.85, 0.15),
        ),
        # 917 kg/m³ at 0 °C; near melting 0.02 to 0.1 on most surfaces; cracks and so bounces little.
        Material(
            *("ice", "ice", 0.05, 0.3, 917.0),
            _look(choice("#7cb8e0", "#6aaeda"), "noise", "lighter", 0.3, 0.7, 0.12),
        ),
        # Soda-lime glass: 2400 to 2600 kg/m³; on wood and stone 0.4; a marble on hard wood 0.65.
        Material(
            *("glass", "glass", 0.4, 0.65, 2500.0),
            _look(choice("green", "teal", "blue"), "stripes", "lighter", 0.35, 1.0, 0.06),
        ),
        # ABS: 1040 to 1070 kg/m³; on wood 0.2 to 0.4.
        Material(
            *("plastic", "plastic", 0.3, 0.7, 1050.0),
            _look(choice(*SATURATED), "stripes", "lighter", 0.25, 0.5, 0.25),
        ),
        # Granite: 2600 to 2750 kg/m³; on wood 0.4, stone on stone 0.6 to 0.7.
        Material(
            *("stone", "stone", 0.6, 0.4, 2650.0),
            _look(choice("#7b776f", "#68645d", "#5b6068"), "noise", "lighter", 0.12, 0.05, 0.95),
        ),
        # 120 to 250 kg/m³; grips well; 0.55 to 0.6 on a hard floor.
        Material(
            *("cork", "cork", 0.5, 0.55, 200.0),
            _look(choice("#cfa06a", "#c08f57"), "noise", "darker", 0.1, 0.03, 1.0),
        ),
        # Closed-cell polyethylene foam: 25 to 45 kg/m³; soft, damps well.
        Material(
            *("foam", "foam", 0.55, 0.35, 35.0),
            _look(choice("pink", "yellow", "#7fa8dc", "#86bd86"), "checker", "lighter", 0.25, 0.0, 1.0),
        ),
    )
}
