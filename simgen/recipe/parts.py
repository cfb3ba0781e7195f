"""The parts of a composed scene (`scenario: scene`): bodies, joints, the camera, gravity.

Any number is a value, a distribution or an expression, see `simgen.recipe.quantities`. What the parts mean
as a scene is in `simgen.scenarios.composed`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from simgen.recipe.distributions import Constant, Distribution
from simgen.recipe.quantities import Amount, Amounts, Quantity, Word
from simgen.recipe.values import Flag, Name, OneOf, misplaced
from simgen.recipe.wording import did_you_mean, listed, shown
from simgen.scene.colour import NAMED
from simgen.scene.meshes import MESHES

if TYPE_CHECKING:
    from simgen.recipe.force_parts import ForcePart, LinkPart

__all__ = [
    "COLOUR",
    "GRAVITY_ENTRY",
    "NAMED",
    "SHAPE_SIZES",
    "WORLD",
    "ZERO",
    "BodyPart",
    "CameraPart",
    "JointPart",
    "Part",
    "SceneParts",
    "VectorPart",
    "colour_or_rgb",
    "constant",
]

SolidKind = Literal["sphere", "box", "cylinder", "capsule", "cone", "tube", "mesh"]
WORLD = "world"  # what a joint's parent is when nothing else is named

# What `size` lists for each shape, in order, in metres.
SHAPE_SIZES: dict[str, tuple[str, ...]] = {
    "sphere": ("radius",),
    "box": ("length x", "length y", "length z"),
    "cylinder": ("radius", "length"),
    "capsule": ("radius", "length of the straight part"),
    "cone": ("base radius", "height"),
    "tube": ("outer radius", "length", "wall"),
    "mesh": ("scale x", "scale y", "scale z"),  # or one number for all three
}
TEXTURES = ("plain", "checker", "stripes", "wood", "noise", "brushed")


def _wrong_colour(word: str) -> str:
    if word in NAMED or re.fullmatch("#[0-9a-fA-F]{6}", word):
        return ""
    return f"must be {listed(NAMED)}, or '#rrggbb', not {shown(word)}.{did_you_mean(word, NAMED)}"


def _wrong_texture(word: str) -> str:
    wrong = f"must be {listed(TEXTURES)}, not {shown(word)}."
    return "" if word in TEXTURES else wrong + did_you_mean(word, TEXTURES)


def _wrong_mesh(word: str) -> str:
    wrong = f"must be {listed(MESHES)}, not {shown(word)}."
    return "" if word in MESHES else wrong + did_you_mean(word, MESHES)


COLOUR = Word(
    _wrong_colour,
    {"anyOf": [{"enum": list(NAMED)}, {"type": "string", "pattern": "^#[0-9a-fA-F]{6}$"}]},
    " · ".join(f"`{name}`" for name in NAMED) + " · `'#rrggbb'` · `[red, green, blue]`",
)
MESH = Word(_wrong_mesh, {"enum": list(MESHES)}, " · ".join(f"`{name}`" for name in MESHES))
TEXTURE = Word(_wrong_texture, {"enum": list(TEXTURES)}, " · ".join(f"`{name}`" for name in TEXTURES))


def colour_or_rgb(value: Any) -> Any:
    """[red, green, blue] in 0..1 is the same colour as its '#rrggbb'."""
    if not isinstance(value, (list, tuple)):
        return value
    if len(value) != 3 or any(
        isinstance(part, (bool, str)) or not isinstance(part, (int, float)) for part in value
    ):
        raise ValueError(
            "must be a colour's name, '#rrggbb' or [red, green, blue], three numbers between 0 and 1."
        )
    if not all(0 <= part <= 1 for part in value):
        raise ValueError("red, green and blue must be between 0 and 1.")
    return "#" + "".join(f"{round(255 * part):02x}" for part in value)


def constant(value: float) -> Quantity:
    return Constant(constant=float(value))


VectorPart = tuple[Quantity, Quantity, Quantity]
ZERO: VectorPart = (constant(0.0), constant(0.0), constant(0.0))
_PLACE = Amounts(Amount(-1e4, 1e4, "m"), (3,))


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BodyPart(Part):
    """One body."""

    shape: Annotated[SolidKind, OneOf(tuple(SHAPE_SIZES))] = Field(
        description=f"{listed(SHAPE_SIZES)}; its axis is z"
    )
    size: Annotated[tuple[Quantity, ...], Amounts(Amount(1e-3, 1e3, "m"), (1, 2, 3), single=True)] = Field(
        description="metres: "
        + "; ".join(
            f"{shape} {parts[0] if len(parts) == 1 else '[' + ', '.join(parts) + ']'}"
            for shape, parts in SHAPE_SIZES.items()
        )
        + ", or one number, the largest extent of a mesh of its own proportions"
    )
    mesh: Annotated[Quantity | None, MESH] = Field(default=None, description="with `shape: mesh`: which one")
    position: Annotated[VectorPart, _PLACE] = Field(
        description="centre of mass [x, y, z] at the start, metres; z is up"
    )
    orientation: Annotated[tuple[Quantity, ...], Amounts(Amount(-3600, 3600, "deg"), (3, 4))] = Field(
        default=ZERO,
        description="[x, y, z]: degrees about the world's x, then y, then z axis; or quaternion [x, y, z, w]",
    )
    velocity: Annotated[VectorPart, Amounts(Amount(-1e3, 1e3, "m/s"), (3,))] = Field(
        default=ZERO, description="at the start, m/s"
    )
    angular_velocity: Annotated[VectorPart, Amounts(Amount(-1e3, 1e3, "rad/s"), (3,))] = Field(
        default=ZERO, description="at the start, rad/s about the world's axes"
    )
    mass: Annotated[Quantity, Amount(1e-4, 1e6, "kg")] = Field(default=constant(1), description="kg")
    friction: Annotated[Quantity | None, Amount(0, 10)] = Field(
        default=None,
        description="the friction of a pair is the product of the two; 0.5 if left out, 1 if fixed",
    )
    rolling_friction: Annotated[Quantity, Amount(0, 1, "m")] = Field(
        default=constant(0), description="torque per normal force, metres"
    )
    elasticity: Annotated[Quantity | None, Amount(0, 1)] = Field(
        default=None,
        description="the restitution of a pair is the product of the two; 0.5 if left out, 1 if fixed",
    )
    fixed: Annotated[bool, Flag()] = Field(default=False, description="true: it never moves")
    colour: Annotated[Quantity | None, COLOUR, BeforeValidator(colour_or_rgb)] = Field(
        default=None, description="a name, '#rrggbb' or [red, green, blue]; left out, the look chooses"
    )
    texture: Annotated[Quantity | None, TEXTURE] = Field(
        default=None, description="with `colour`: its pattern, which turns with the body"
    )

    @model_validator(mode="after")
    def _fields_fit(self) -> BodyPart:
        parts = SHAPE_SIZES[self.shape]
        if self.shape == "mesh" and self.mesh is None:
            raise misplaced("mesh needs `mesh:`, the name of one.", "shape")
        if self.shape != "mesh" and self.mesh is not None:
            raise misplaced(f"is read only with `shape: mesh`, not with {self.shape}.", "mesh")
        if len(self.size) != len(parts) and not (self.shape == "mesh" and len(self.size) == 1):
            takes = parts[0] if len(parts) == 1 else f"[{', '.join(parts)}]"
            raise misplaced(f"of a {self.shape} is {takes}, not {len(self.size)} numbers.", "size")
        if self.texture is not None and self.colour is None:
            raise misplaced("needs a `colour:` beside it.", "texture")
        for name in ("velocity", "angular_velocity"):
            if self.fixed and name in self.model_fields_set:
                raise misplaced("must be left out: a fixed body does not move.", name)
        return self


class JointPart(Part):
    """One joint. Joints have no friction, no damping and no motor."""

    kind: Annotated[
        Literal["hinge", "point", "slider", "fixed"], OneOf(("hinge", "point", "slider", "fixed"))
    ] = Field(
        description="hinge: turns about its axis; slider: moves along it; point: a ball joint; fixed: holds"
    )
    child: Annotated[str, Name()] = Field(description="the body that it holds")
    parent: Annotated[str, Name()] = Field(default=WORLD, description="the body that it hangs on, or world")
    pivot: Annotated[VectorPart, _PLACE] = Field(
        description="where it is at the start, [x, y, z] in the world, metres"
    )
    axis: Annotated[VectorPart, Amounts(Amount(-1e3, 1e3, ""), (3,))] = Field(
        default=(constant(0), constant(1), constant(0)),
        description="direction of the axis of a hinge or slider at the start, of any length",
    )


class CameraPart(Part):
    """The main camera of a composed scene."""

    position: Annotated[VectorPart | None, _PLACE] = Field(
        default=None, description="[x, y, z] in metres; left out, it stands where it sees all that moves"
    )
    target: Annotated[VectorPart | None, _PLACE] = Field(
        default=None, description="the point that it looks at"
    )
    azimuth_deg: Annotated[Quantity, Amount(-360, 360, "deg")] = Field(
        default=constant(20),
        description="without `position`: where it stands; 0 looks along y, a positive angle from the right",
    )
    elevation_deg: Annotated[Quantity, Amount(-89, 89, "deg")] = Field(
        default=constant(15),
        description="without `position`: how far above the horizontal it stands",
    )
    vertical_fov_deg: Annotated[Quantity, Amount(1, 150, "deg")] = Field(
        default=constant(35),
        description="vertical field of view (perspective)",
    )
    projection: Annotated[Literal["perspective", "orthographic"], OneOf(("perspective", "orthographic"))] = (
        Field(default="perspective", description="perspective or orthographic")
    )
    height: Annotated[Quantity | None, Amount(1e-3, 1e4, "m")] = Field(
        default=None, description="orthographic: what the picture's height spans, metres"
    )
    motion: Annotated[Literal["static", "orbit", "follow"], OneOf(("static", "orbit", "follow"))] = Field(
        default="static", description="static, orbit about the vertical through the target, or follow a body"
    )
    orbit_deg_s: Annotated[Quantity, Amount(-720, 720, "deg/s")] = Field(
        default=constant(0),
        description="speed of an orbit",
    )
    follow: Annotated[str | None, Name()] = Field(
        default=None, description="the body that `motion: follow` follows"
    )

    @model_validator(mode="after")
    def _fields_fit(self) -> CameraPart:
        if self.position is not None and self.target is None:
            raise misplaced("needs a `target:`, the point to look at.", "position")
        if self.position is not None and self.projection == "orthographic" and self.height is None:
            raise misplaced("orthographic needs `height:` beside `position`.", "projection")
        if self.motion == "follow" and self.follow is None:
            raise misplaced("follow needs `follow:`, the name of a body.", "motion")
        if self.motion == "orbit" and "orbit_deg_s" not in self.model_fields_set:
            raise misplaced("orbit needs `orbit_deg_s:`, its speed.", "motion")
        return self


def _downwards(value: Any) -> Any:
    """9.81 is short for [0, 0, -9.81]."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return (0, 0, -value)
    return value


GRAVITY_ENTRY = Amount(-1e3, 1e3, "m/s²")
GravityPart = Annotated[VectorPart | None, Amounts(GRAVITY_ENTRY, (3,)), BeforeValidator(_downwards)]


@dataclass(frozen=True)
class SceneParts:
    """All that a recipe says of a composed scene."""

    bodies: Mapping[str, BodyPart]
    joints: Mapping[str, JointPart] = field(default_factory=dict)
    camera: CameraPart = field(default_factory=CameraPart)
    gravity: VectorPart | None = None  # None: 9.81 m/s² downwards
    ground: bool = True  # a floor with its top at z = 0, unless a body is named ground
    params: Mapping[str, Distribution] = field(
        default_factory=dict
    )  # the recipe's own, for the default camera
    forces: Mapping[str, ForcePart] = field(default_factory=dict)
    links: Mapping[str, LinkPart] = field(default_factory=dict)
