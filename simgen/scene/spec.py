"""A scene as plain data: what is there at t = 0, how it is filmed, and nothing about how it is simulated or drawn.

Everything downstream (`simulate`, `render`, the labels) is a function of a `SceneSpec`, and a `SceneSpec` survives
JSON to the bit (see `simgen.scene.json`), so a stored clip can be simulated again.

Units are SI, z points up, quaternions are (x, y, z, w), colours are sRGB in [0, 1]. A body's position is its centre of
mass. Angles in names carry their unit (`_deg`, `_rad`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

__all__ = [
    "Body",
    "BodyRole",
    "Camera",
    "Environment",
    "Force",
    "Joint",
    "Light",
    "Link",
    "Look",
    "Quaternion",
    "Rgb",
    "SceneSpec",
    "Shape",
    "ShapeKind",
    "Vector",
    "Video",
]

Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]
Rgb = tuple[float, float, float]

ShapeKind = Literal["sphere", "box", "cylinder", "capsule", "cone", "tube", "mesh"]
# A screen is a box that stands there to hide what is behind it; see the events `hidden` and `reappears`.
BodyRole = Literal["subject", "support", "ground", "prop", "screen"]


@dataclass(frozen=True, slots=True)
class Shape:
    """A solid, centred on its centre of mass, axis along its own z.

    `size_m` by kind: sphere (radius,) · box (length x, length y, length z) · cylinder (radius, length) ·
    capsule (radius, length of the straight part) · cone (base radius, height) · tube (outer radius, length, wall) ·
    mesh (scale x, scale y, scale z). A cone's origin is its centroid, a quarter of the height above its base. A `tube` is a
    hollow cylinder with open ends: a hoop is a short one. `mesh` names a generator of `simgen.scene.meshes`.
    """

    kind: ShapeKind
    size_m: tuple[float, ...]
    mesh: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """How a surface looks. `colour_name` is what captions call it ("" when it has no common name).

    texture: plain | checker | stripes | wood | noise | brushed. It lives in the body's own coordinates, so it turns
    with the body and rolling can be seen. `texture_size_m` is the edge of a square of the checker, the width of a stripe.
    """

    colour: Rgb
    colour_name: str = ""
    texture: Literal["plain", "checker", "stripes", "wood", "noise", "brushed"] = "plain"
    texture_colour: Rgb = (1.0, 1.0, 1.0)
    texture_size_m: float = 0.1
    specular: float = 0.2  # strength of the highlight, 0..1
    roughness: float = 0.4  # width of the highlight, 0 (mirror-like) .. 1 (none)


@dataclass(frozen=True, slots=True)
class Body:
    """A rigid body. A fixed one has no velocity and never moves.

    Coefficients follow the engine's rule: a pair's friction and elasticity are the *product* of the two bodies', and
    fixed bodies default to 1, so a moving body's number is the pair's against everything fixed. A scenario in which
    two movers touch gives each the square root of the pair's coefficient.
    """

    name: str  # unique in the scene, [a-z][a-z0-9_]*
    shape: Shape
    position_m: Vector
    orientation_xyzw: Quaternion = (0.0, 0.0, 0.0, 1.0)
    velocity_m_s: Vector = (0.0, 0.0, 0.0)
    angular_velocity_rad_s: Vector = (0.0, 0.0, 0.0)  # world frame
    mass_kg: float = 1.0
    friction: float = 1.0
    rolling_friction_m: float = 0.0  # torque per normal force, metres
    spinning_friction_m: float = 0.0
    elasticity: float = 1.0
    inertia_kg_m2: Vector | None = (
        None  # principal moments; None: the shape as a homogeneous solid (tube: as a tube)
    )
    fixed: bool = False
    role: BodyRole = "subject"
    material: str = ""
    look: Look | None = None  # None until the scene is dressed (`simgen.scene.appearance`)
    visible: bool = True  # False: it acts but is not drawn (and has no pixels in any pass)
    # False: it neither acts nor is drawn. It keeps its row in every label, and its pose there; joints, forces and
    # links that hang on it go with it (`simgen.scene.presence`).
    present: bool = True


@dataclass(frozen=True, slots=True)
class Joint:
    """A joint between two bodies, or a body and the world (`parent` ""). Pivot and axis are in the world at t = 0.

    hinge: turns about `axis` · point: a ball joint · slider: moves along `axis` · fixed: no motion between the two.
    Joints have no friction, no damping, no motor. They must form a forest (no loops).
    """

    name: str
    kind: Literal["hinge", "point", "slider", "fixed"]
    parent: str
    child: str
    pivot_m: Vector
    axis: Vector = (0.0, 1.0, 0.0)


@dataclass(frozen=True, slots=True)
class Force:
    """A force that acts at a distance, on centres of mass. It makes nothing turn.

    spring: pulls `a` and `b` (or `a` and the point `anchor_m` of the world, `b` "") together with `stiffness_n_m` times
    what their distance exceeds `length_m`, and with `damping_kg_s` times the rate at which it grows ·
    drag: −(`linear_kg_s` + `quadratic_kg_m` |u|) u on `a`, u its velocity in air that moves at `wind_m_s` ·
    attraction: `strength_n_m2` / distance² between `a` and `b` (or `anchor_m`), negative for repulsion ·
    rope: it does not stretch, is `length_m` long and runs from `a` straight to `anchor_m`, over a pulley and from
    `anchor_b_m` straight to `b`; `pulley` names the body that it turns without slipping, one on a hinge to the
    world or to a fixed body ("": what it runs over has no mass). It can go slack. See `simgen.physics.rope`.
    """

    kind: Literal["spring", "drag", "attraction", "rope"]
    a: str
    b: str = ""
    anchor_m: Vector = (0.0, 0.0, 0.0)
    stiffness_n_m: float = 0.0
    length_m: float = 0.0
    damping_kg_s: float = 0.0
    linear_kg_s: float = 0.0
    quadratic_kg_m: float = 0.0
    wind_m_s: Vector = (0.0, 0.0, 0.0)
    strength_n_m2: float = 0.0
    anchor_b_m: Vector = (0.0, 0.0, 0.0)
    pulley: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """What is seen between two points and never acts: the string of a pendulum, the coil of a spring.

    It goes from a point of the body `a` to a point of the body `b`, each in that body's own coordinates (from its
    centre of mass, turning with it); a name "" stands for the world, and its point is a place in the world. In
    every frame it is drawn straight between the two, as long as they are apart.

    rod, string: round, `radius_m` thick · spring: a coil of that outer radius whose turns move apart as it grows.
    A link hides and shades what is behind it as a body does, but it is none: it has no row in any label. Link k
    of a scene of N bodies is N + 1 + k in the segmentation.
    """

    kind: Literal["rod", "string", "spring"]
    a: str
    b: str = ""
    at_a_m: Vector = (0.0, 0.0, 0.0)
    at_b_m: Vector = (0.0, 0.0, 0.0)
    radius_m: float = 0.01
    look: Look | None = None  # None: that of `simgen.scene.links.link_look`


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole or orthographic camera. x right, y down, z forward in its own frame; see `simgen.scene.camera`.

    static: as given · orbit: position turns about the vertical through `target_m` at `orbit_deg_s` ·
    follow: position and target move with the body named `follow`.
    """

    name: str = "main"
    position_m: Vector = (0.0, -3.0, 1.5)
    target_m: Vector = (0.0, 0.0, 0.5)
    up: Vector = (0.0, 0.0, 1.0)
    projection: Literal["perspective", "orthographic"] = "perspective"
    vertical_fov_deg: float = 40.0  # perspective
    height_m: float = 2.0  # orthographic: what the picture's height spans
    motion: Literal["static", "orbit", "follow"] = "static"
    orbit_deg_s: float = 0.0
    follow: str = ""
    near_m: float = 0.05
    far_m: float = 100.0


@dataclass(frozen=True, slots=True)
class Light:
    """`direction` is the way the light travels (directional); `position_m` is used by point lights."""

    kind: Literal["directional", "point"] = "directional"
    direction: Vector = (0.4, 0.5, -1.0)
    position_m: Vector = (0.0, 0.0, 5.0)
    colour: Rgb = (1.0, 1.0, 1.0)
    intensity: float = 0.8
    radius: float = (
        0.02  # half-angle (radians) or size (metres) of the source: soft shadows at `quality: high`
    )


@dataclass(frozen=True, slots=True)
class Environment:
    """Light from everywhere and what is behind everything. `unlit` paints plain colours (PhyWorld's look)."""

    ambient: Rgb = (0.35, 0.36, 0.38)  # strength per channel, in linear light as `Light.intensity` is
    horizon: Rgb = (0.86, 0.90, 0.94)
    zenith: Rgb = (0.55, 0.68, 0.84)
    unlit: bool = False


@dataclass(frozen=True, slots=True)
class Video:
    """What is filmed: `frame_count` frames, frame f at t = f / fps, the first one at t = 0."""

    width: int = 256
    height: int = 256
    fps: float = 24.0
    frame_count: int = 48

    def frame_time_s(self, frame: int) -> float:
        return frame / self.fps


@dataclass(frozen=True, slots=True)
class SceneSpec:
    """Everything about one clip before it is simulated.

    `profile` names the solver profile of `simgen.physics.profiles`: universal | resting | restitution | joints.
    `passing` names pairs of bodies that go through each other as if the other was not there, which solid bodies
    never do: only impossible clips have any.
    """

    bodies: tuple[Body, ...]
    video: Video
    cameras: tuple[Camera, ...]  # the first is the main one and its video is the column `video`
    joints: tuple[Joint, ...] = ()
    forces: tuple[Force, ...] = ()
    links: tuple[Link, ...] = ()
    gravity_m_s2: Vector = (0.0, 0.0, -9.81)
    profile: Literal["universal", "resting", "restitution", "joints"] = "universal"
    lights: tuple[Light, ...] = (Light(),)
    environment: Environment = Environment()
    passing: tuple[tuple[str, str], ...] = ()

    def body(self, name: str) -> Body:
        """The body of that name; KeyError if there is none."""
        return self.bodies[self.body_index(name)]

    def body_index(self, name: str) -> int:
        """Its index in `bodies`, which is its index in every label array; KeyError if there is none."""
        for index, body in enumerate(self.bodies):
            if body.name == name:
                return index
        raise KeyError(name)

    def with_bodies(self, bodies: tuple[Body, ...]) -> SceneSpec:
        return replace(self, bodies=bodies)
