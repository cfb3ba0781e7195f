"""The parts of a composed scene that act or show at a distance: forces, and the links that make them seen.

As in `simgen.recipe.parts`, any number is a value, a distribution or an expression.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from simgen.recipe.parts import COLOUR, WORLD, ZERO, Part, VectorPart, colour_or_rgb, constant
from simgen.recipe.quantities import Amount, Amounts, Quantity
from simgen.recipe.values import Name, OneOf, misplaced
from simgen.recipe.wording import listed

__all__ = ["FORCE_KEYS", "ForcePart", "LinkPart"]

_PLACE = Amounts(Amount(-1e4, 1e4, "m"), (3,))

# What each kind of force reads; the first must be given (of drag's, any of the first two).
FORCE_KEYS: dict[str, tuple[str, ...]] = {
    "spring": ("stiffness", "length", "damping", "b", "anchor"),
    "drag": ("linear", "quadratic", "wind"),
    "attraction": ("strength", "b", "anchor"),
}


class ForcePart(Part):
    """One force at a distance. It acts on centres of mass and makes nothing turn."""

    kind: Annotated[Literal["spring", "drag", "attraction"], OneOf(tuple(FORCE_KEYS))] = Field(
        description="spring: Hooke's law; drag: resistance of the air, and wind; attraction: 1 / distance²"
    )
    a: Annotated[str, Name()] = Field(description="the body on which it acts")
    b: Annotated[str, Name()] = Field(
        default=WORLD, description="the other body, which feels the opposite force; or world"
    )
    anchor: Annotated[VectorPart | None, _PLACE] = Field(
        default=None, description="where its other end is if that is the world, [x, y, z] in metres"
    )
    stiffness: Annotated[Quantity | None, Amount(0, 1e6, "N/m")] = Field(
        default=None, description="of a spring, N/m"
    )
    length: Annotated[Quantity, Amount(0, 1e4, "m")] = Field(
        default=constant(0), description="of a spring that pulls and pushes nothing, metres"
    )
    damping: Annotated[Quantity, Amount(0, 1e5, "kg/s")] = Field(
        default=constant(0), description="of a spring: force per speed at which it grows, kg/s"
    )
    linear: Annotated[Quantity | None, Amount(0, 1e5, "kg/s")] = Field(
        default=None, description="of drag: force per speed through the air, kg/s"
    )
    quadratic: Annotated[Quantity | None, Amount(0, 1e5, "kg/m")] = Field(
        default=None, description="of drag: force per speed squared, kg/m"
    )
    wind: Annotated[VectorPart, Amounts(Amount(-1e3, 1e3, "m/s"), (3,))] = Field(
        default=ZERO, description="of drag: velocity of the air, [x, y, z] in m/s"
    )
    strength: Annotated[Quantity | None, Amount(-1e9, 1e9, "N m²")] = Field(
        default=None, description="of attraction: force times distance squared, N m²; below 0 it repels"
    )

    @model_validator(mode="after")
    def _fields_fit(self) -> ForcePart:
        for name in (
            "b",
            "anchor",
            "stiffness",
            "length",
            "damping",
            "linear",
            "quadratic",
            "wind",
            "strength",
        ):
            if name in self.model_fields_set and name not in FORCE_KEYS[self.kind]:
                readers = listed([kind for kind, keys in FORCE_KEYS.items() if name in keys])
                raise misplaced(f"is read by {readers}, not by {self.kind}.", name)
        needed = ("linear", "quadratic") if self.kind == "drag" else FORCE_KEYS[self.kind][:1]
        if all(getattr(self, name) is None for name in needed):
            raise misplaced(f"{self.kind} needs {listed([f'`{name}:`' for name in needed])}.", "kind")
        if self.kind != "drag":
            if self.b == WORLD and self.anchor is None:
                raise misplaced("needs an `anchor:`, the place of its other end, or a body `b:`.", "kind")
            if self.b != WORLD and self.anchor is not None:
                raise misplaced(f"must be left out: its other end is the body {self.b}.", "anchor")
        return self


class LinkPart(Part):
    """One link: what is seen between two points and never acts."""

    kind: Annotated[Literal["rod", "string", "spring"], OneOf(("rod", "string", "spring"))] = Field(
        description="rod and string are round bars, a spring is a coil; each as long as its ends are apart"
    )
    a: Annotated[str, Name()] = Field(default=WORLD, description="the body that it begins at, or world")
    b: Annotated[str, Name()] = Field(default=WORLD, description="the body that it ends at, or world")
    at_a: Annotated[VectorPart | None, _PLACE] = Field(
        default=None,
        description="where: in the body's own axes from its centre, which is meant if left out; or a place in "
        "the world",
    )
    at_b: Annotated[VectorPart | None, _PLACE] = Field(default=None, description="as `at_a`, of its end")
    radius: Annotated[Quantity | None, Amount(1e-4, 1e2, "m")] = Field(
        default=None,
        description="of the bar, or of the coil from outside; left out, rod 0.01, string 0.005, spring 0.03 m",
    )
    colour: Annotated[Quantity | None, COLOUR, BeforeValidator(colour_or_rgb)] = Field(
        default=None, description="a name, '#rrggbb' or [red, green, blue]"
    )

    @model_validator(mode="after")
    def _fields_fit(self) -> LinkPart:
        for end, place in (("a", self.at_a), ("b", self.at_b)):
            if getattr(self, end) == WORLD and place is None:
                wrong = f"needs `{end}:`, a body, or `at_{end}:`, a place in the world."
                raise misplaced(wrong, "kind")
        return self
