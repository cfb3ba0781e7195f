"""The same scenes through another engine: MuJoCo, with its own joints, its own inertias, and Runge-Kutta steps.

Scenes are translated here, from `SceneSpec` to MJCF, with nothing of simgen's physics: shapes are handed over as
geoms, so that MuJoCo works out masses' moments by itself. Contacts are off; the families are those without any:
free flight, tumbling, pendulums and chains of joints. At its step of 1/2400 s a fourth-order method is as good as
exact here, so that every tolerance below is what is asked of simgen; each is three to ten times what is measured.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simgen.physics import simulate
from simgen.scene.rotation import about_axis, multiply
from simgen.scene.spec import Body, Joint, SceneSpec, Shape
from tests.physics.scenes import scene, vector
from tests.scenarios.clips import draw, make

mujoco = pytest.importorskip("mujoco", exc_type=ImportError)  # of the test extra

STEPS_PER_FRAME = 100  # at 24 frames per second


def rotation(xyzw) -> np.ndarray:
    """The matrix of a quaternion, by its columns q e q*."""
    x, y, z, w = xyzw
    v = np.array([x, y, z])
    return np.stack([e + 2 * np.cross(v, np.cross(v, e) + w * e) for e in np.eye(3)], axis=1)


def numbers(values) -> str:
    return " ".join(repr(float(value)) for value in values)


def geom(body: Body) -> str:
    """What gives the body its mass and moments. A tube's are those of a thick pipe, which MuJoCo does not have."""
    kind, size = body.shape.kind, body.shape.size_m
    if body.inertia_kg_m2 is not None or kind == "tube":
        if kind == "tube" and body.inertia_kg_m2 is None:
            squares = size[0] ** 2 + (size[0] - size[2]) ** 2
            across = body.mass_kg * (3 * squares + size[1] ** 2) / 12
            moments = (across, across, body.mass_kg * squares / 2)
        else:
            moments = body.inertia_kg_m2
        return f'<inertial pos="0 0 0" mass="{body.mass_kg!r}" diaginertia="{numbers(moments)}"/>'
    sizes = {
        "sphere": lambda: size,
        "box": lambda: [length / 2 for length in size],
        "cylinder": lambda: (size[0], size[1] / 2),
        "capsule": lambda: (size[0], size[1] / 2),
    }[kind]()
    return f'<geom type="{kind}" size="{numbers(sizes)}" mass="{body.mass_kg!r}"/>'


def tree(spec: SceneSpec, name: str, parent: Body | None) -> str:
    """A moving body with all that hangs on it. Its frame sits at its centre of mass, turned as the body is."""
    body = spec.body(name)
    origin, turn = (
        (np.zeros(3), np.eye(3)) if parent is None else (np.array(parent.position_m), rotation_of(parent))
    )
    own = rotation_of(body)
    place = turn.T @ (np.array(body.position_m) - origin)
    frame = turn.T @ own
    joint = "<freejoint/>"
    for link in spec.joints:
        if link.child == name:
            at = own.T @ (np.array(link.pivot_m) - np.array(body.position_m))
            axis = own.T @ np.array(link.axis)
            joint = {
                "hinge": f'<joint type="hinge" pos="{numbers(at)}" axis="{numbers(axis)}"/>',
                "point": f'<joint type="ball" pos="{numbers(at)}"/>',
                "slider": f'<joint type="slide" axis="{numbers(axis)}"/>',
                "fixed": "",
            }[link.kind]
    inner = "".join(tree(spec, link.child, body) for link in spec.joints if link.parent == name)
    axes = numbers([*frame[:, 0], *frame[:, 1]])
    return f'<body name="{name}" pos="{numbers(place)}" xyaxes="{axes}">{joint}{geom(body)}{inner}</body>'


def rotation_of(body: Body) -> np.ndarray:
    return rotation(body.orientation_xyzw)


def through_mujoco(spec: SceneSpec) -> tuple[list[int], np.ndarray, np.ndarray, np.ndarray]:
    """Indices of the moving bodies (M), their places (T, M, 3), axes (T, M, 3, 3) and velocities (T, M, 6)."""
    fixed = {body.name for body in spec.bodies if body.fixed}
    carried = {link.child for link in spec.joints if link.parent and link.parent not in fixed}
    roots = [body.name for body in spec.bodies if body.name not in fixed | carried]
    step = 1 / (spec.video.fps * STEPS_PER_FRAME)
    model = mujoco.MjModel.from_xml_string(
        f"""<mujoco><compiler angle="radian" autolimits="false"/>
        <option integrator="RK4" timestep="{step!r}" gravity="{numbers(spec.gravity_m_s2)}">
        <flag contact="disable"/></option>
        <worldbody>{"".join(tree(spec, name, None) for name in roots)}</worldbody></mujoco>"""
    )
    data = mujoco.MjData(model)
    movers = [index for index, body in enumerate(spec.bodies) if not body.fixed]
    own = [mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_BODY, spec.bodies[index].name) for index in movers]
    for index, mine in zip(movers, own, strict=True):
        body, at = spec.bodies[index], model.body_dofadr[mine]
        local = rotation_of(body).T @ np.array(body.angular_velocity_rad_s)
        if model.body_dofnum[mine] == 6:
            data.qvel[at : at + 6] = [*body.velocity_m_s, *local]
        elif model.body_dofnum[mine] == 3:
            data.qvel[at : at + 3] = local
        elif model.body_dofnum[mine] == 1:
            (link,) = (link for link in spec.joints if link.child == body.name)
            other = np.array(spec.body(link.parent).angular_velocity_rad_s) if link.parent else np.zeros(3)
            data.qvel[at] = (np.array(body.angular_velocity_rad_s) - other) @ np.array(link.axis)
    places, axes, velocities = [], [], []
    for frame in range(spec.video.frame_count):
        if frame:
            mujoco.mj_step(model, data, STEPS_PER_FRAME)
        mujoco.mj_forward(model, data)
        places.append(data.xpos[own].copy())
        axes.append(data.xmat[own].reshape(-1, 3, 3).copy())
        moving = np.zeros((len(own), 6))
        for row, mine in zip(moving, own, strict=True):
            mujoco.mj_objectVelocity(model, data, mujoco.mjtObj.mjOBJ_BODY, mine, row, 0)
        velocities.append(moving)
    return movers, np.array(places), np.array(axes), np.array(velocities)


def check(spec: SceneSpec, places_m: float, turns_rad: float) -> None:
    """At every frame places and axes within the tolerances, velocities and spins within twenty times them per second."""
    spec = replace(spec, bodies=tuple(body for body in spec.bodies if body.role != "ground"))
    trace = simulate(spec)
    assert len(trace.contacts) == 0
    movers, places, axes, velocities = through_mujoco(spec)
    seen = np.array([[rotation(turn) for turn in frame] for frame in trace.orientation_xyzw[:, movers]])
    assert np.abs(trace.position_m[:, movers] - places).max() < places_m
    assert np.abs(seen - axes).max() < turns_rad
    assert np.abs(trace.velocity_m_s[:, movers] - velocities[:, :, 3:]).max() < 20 * places_m
    assert np.abs(trace.angular_velocity_rad_s[:, movers] - velocities[:, :, :3]).max() < 20 * turns_rad


@pytest.mark.parametrize("shape", ["sphere", "box", "disc", "hoop"])
@pytest.mark.parametrize("angle_deg", [15.0, 90.0, 170.0])
def test_pendulum(shape: str, angle_deg: float) -> None:
    check(make("pendulum", *draw("pendulum", 1, shape=shape, angle_deg=angle_deg)).scene, 1e-6, 1e-6)


def test_spherical_pendulum() -> None:
    """Swinging round on a ball joint, with a spin about its own string that it keeps."""
    arm = np.array([0.6, 0.0, -0.4])
    spin = np.array([-0.5, 0.3, 2.0])
    body = Body(
        "bob",
        Shape("box", (0.1, 0.2, 0.3)),
        vector(arm + np.array([0.0, 0.0, 2.0])),
        about_axis((0.3, 1.0, 0.2), 0.7),
        vector(np.cross(spin, arm)),
        vector(spin),
        mass_kg=0.7,
    )
    check(
        scene(body, joints=(Joint("j", "point", "", "bob", (0.0, 0.0, 2.0)),), profile="joints"), 5e-4, 1e-3
    )


@pytest.mark.parametrize("index", range(4))
def test_double_pendulum(index: int) -> None:
    check(make("double_pendulum", *draw("double_pendulum", index)).scene, 5e-5, 1e-4)


@pytest.mark.parametrize("count", [3, 6, 12])
def test_chain(count: int) -> None:
    check(make("chain", *draw("chain", 2, count=count, angle_deg=60.0, bend_deg=30.0)).scene, 1e-5, 2e-4)


@pytest.mark.parametrize("spin", [(0.1, 8.0, 0.1), (3.0, 4.0, 5.0), (12.0, 0.5, 0.0)])
def test_tumbling_body(spin: tuple[float, float, float]) -> None:
    """Three unequal moments; the first spin is about the middle axis, so the body flips over and over."""
    turn = about_axis((1.0, 2.0, 3.0), 0.9)
    box = Body(
        "box",
        Shape("box", (0.1, 0.2, 0.4)),
        (0.0, 0.0, 5.0),
        turn,
        (1.0, 2.0, 6.0),
        vector(rotation(turn) @ np.array(spin)),
        mass_kg=1.3,
    )
    check(scene(box), 1e-9, 2e-4)


@pytest.mark.parametrize(
    "shape", [Shape("cylinder", (0.2, 0.1)), Shape("cylinder", (0.05, 0.4)), Shape("capsule", (0.1, 0.3))]
)
def test_spinning_top_in_flight(shape: Shape) -> None:
    """Thrown with a fast spin about nearly its axis: it wobbles round a fixed direction."""
    turn = multiply(about_axis((0.0, 1.0, 0.0), 0.5), about_axis((0.0, 0.0, 1.0), 0.3))
    top = Body(
        "top",
        shape,
        (0.0, 0.0, 5.0),
        turn,
        (2.0, 0.0, 5.0),
        vector(rotation(turn) @ np.array([1.5, 0.0, 15.0])),
    )
    check(scene(top), 1e-9, 2e-3)


@pytest.mark.parametrize("gravity", [1.62, 9.81, 25.0])
def test_projectile(gravity: float) -> None:
    ball = Body("ball", Shape("sphere", (0.1,)), (0.0, 0.0, 2.0), velocity_m_s=(3.0, -1.0, 5.0))
    spec = scene(ball, gravity_m_s2=(0.0, 0.0, -gravity))
    _, places, _, _ = through_mujoco(spec)
    assert np.abs(simulate(spec).position_m - places).max() < 1e-9


def test_thrown_pair_on_a_hinge() -> None:
    """A tree whose root flies: the two halves of a broken stick."""
    stick = Shape("box", (0.5, 0.05, 0.05))
    spin = np.array([0.0, 3.0, 0.0])
    pair = (
        Body(
            name,
            stick,
            (x, 0.0, 5.0),
            velocity_m_s=vector(np.cross(turning, [x, 0.0, 0.0]) + np.array([1.0, 0.0, 4.0])),
            angular_velocity_rad_s=vector(turning),
            mass_kg=mass,
        )
        for name, x, mass, turning in (("first", -0.26, 1.0, spin), ("second", 0.26, 2.0, -2 * spin))
    )
    spec = scene(
        *pair, joints=(Joint("hinge", "hinge", "first", "second", (0.0, 0.0, 5.0)),), profile="joints"
    )
    check(spec, 3e-3, 6e-3)
