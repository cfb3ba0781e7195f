"""Laws of mechanics against what PyBullet gives by default and what simgen makes of it.

    python benchmarks/physics_accuracy.py

Prints a table in Markdown: error in percent of the closed form. `default` is PyBullet as a first script
uses it: 240 Hz, mass, friction and restitution set and nothing else (joint motors off, or pendulums would
not swing).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.physics import engine, laws, simulate
from simgen.physics.energy import mechanical_energy
from simgen.physics.shapes import collision_shape
from simgen.scene.rotation import about_axis, multiply, rotate
from simgen.scene.spec import Body, Camera, Joint, Quaternion, SceneSpec, Shape, Video

G = 9.81
LYING: Quaternion = about_axis((1.0, 0.0, 0.0), math.pi / 2)
GROUND = Body("ground", Shape("box", (40.0, 40.0, 1.0)), (0.0, 0.0, -0.5), fixed=True)
States = NDArray[np.float64]  # (T, N, 13)


def scene(*bodies: Body, seconds: float, fps: float = 60.0, **others: object) -> SceneSpec:
    video = Video(fps=fps, frame_count=round(seconds * fps) + 1)
    return SceneSpec(bodies, video, (Camera(),), **others)  # type: ignore[arg-type]


def plain_shape(bullet: Any, client: int, shape: Shape) -> int:
    if shape.kind == "cylinder":  # simgen's is made of two halves
        radius, length = shape.size_m
        return int(
            bullet.createCollisionShape(
                bullet.GEOM_CYLINDER, radius=radius, height=length, physicsClientId=client
            )
        )
    return collision_shape(bullet, client, shape)


def default(spec: SceneSpec) -> States:
    """States at the frames of a scene without joints, PyBullet left as it is."""
    bullet, client = engine.empty()
    bullet.setPhysicsEngineParameter(
        fixedTimeStep=1 / 240, numSubSteps=0, contactBreakingThreshold=0.02, physicsClientId=client
    )
    bullet.setGravity(*spec.gravity_m_s2, physicsClientId=client)
    ids = []
    for body in spec.bodies:
        ids.append(
            bullet.createMultiBody(
                0.0 if body.fixed else body.mass_kg,
                plain_shape(bullet, client, body.shape),
                -1,
                body.position_m,
                body.orientation_xyzw,
                physicsClientId=client,
            )
        )
        bullet.changeDynamics(
            ids[-1], -1, lateralFriction=body.friction, restitution=body.elasticity, physicsClientId=client
        )
        bullet.resetBaseVelocity(
            ids[-1], body.velocity_m_s, body.angular_velocity_rad_s, physicsClientId=client
        )
    rows = []
    for frame in range(spec.video.frame_count):
        for _ in range(round(240 / spec.video.fps) if frame else 0):
            bullet.stepSimulation(physicsClientId=client)
        rows.append(
            [
                [
                    value
                    for part in (
                        *bullet.getBasePositionAndOrientation(body, physicsClientId=client),
                        *bullet.getBaseVelocity(body, physicsClientId=client),
                    )
                    for value in part
                ]
                for body in ids
            ]
        )
    return np.array(rows)


def percent(measured: float, expected: float) -> float:
    return 100 * (measured / expected - 1)


def slope(body: Body, height: float) -> tuple[SceneSpec, NDArray[np.float64]]:
    turn = about_axis((0.0, 1.0, 0.0), math.radians(20))
    normal = np.array(rotate(turn, (0.0, 0.0, 1.0)))
    ramp = Body("ramp", Shape("box", (40.0, 4.0, 1.0)), tuple((-0.5 * normal).tolist()), turn, fixed=True)
    placed = replace(
        body,
        position_m=tuple((height * normal).tolist()),
        orientation_xyzw=multiply(turn, body.orientation_xyzw),
    )
    return scene(ramp, placed, seconds=1.0), np.array(rotate(turn, (1.0, 0.0, 0.0)))


def downhill(body: Body, height: float, acceleration: float) -> tuple[SceneSpec, Callable[[States], float]]:
    spec, way = slope(body, height)
    return spec, lambda s: percent(float((s[-1, 1, :3] - s[0, 1, :3]) @ way), acceleration / 2)


def cases() -> dict[str, tuple[SceneSpec, Callable[[States], float]]]:
    ball = Body("ball", Shape("sphere", (0.1,)), (0.0, 0.0, 0.1), friction=0.8, elasticity=0.5)
    can = Body("can", Shape("cylinder", (0.1, 0.2)), (0.0, 0.0, 0.0), LYING, friction=0.8, elasticity=0.5)
    block = Body("block", Shape("box", (0.2, 0.2, 0.2)), (0.0, 0.0, 0.0), friction=0.2, elasticity=0.5)
    falling = replace(ball, position_m=(0.0, 0.0, 30.0))
    bouncing = replace(ball, position_m=(0.0, 0.0, 2.1), elasticity=0.8)
    apex_frame = round(60 * (laws.bounce_time(2, 0.8, 2, G) + laws.bounce_time(2, 0.8, 1, G)) / 2)

    def apex(s: States) -> float:
        height, speed = s[apex_frame, 1, 2] - 0.1, s[apex_frame, 1, 9]
        return percent(height + speed**2 / (2 * G), laws.bounce_apex(2, 0.8, 1))

    hit = replace(ball, name="hit", position_m=(-1.0, 0.0, 0.0), velocity_m_s=(3.0, 0.0, 0.0), friction=0.0)
    struck = replace(ball, name="struck", position_m=(0.3, 0.0, 0.0), friction=0.0)
    glancing = replace(hit, position_m=(-1.0, 0.1, 0.0), elasticity=1.0)
    struck_elastic = replace(struck, elasticity=1.0)
    sliding = replace(block, position_m=(0.0, 0.0, 0.1), velocity_m_s=(2.0, 0.0, 0.0), friction=0.3)
    tumbling = Body(
        "box", Shape("box", (0.1, 0.2, 0.4)), (0.0, 0.0, 0.0), angular_velocity_rad_s=(0.1, 10.0, 0.1)
    )
    weightless = {"gravity_m_s2": (0.0, 0.0, 0.0)}
    spins = scene(tumbling, seconds=2.0, **weightless)

    def energy(s: States) -> float:
        values, _ = mechanical_energy(spins, s)
        return percent(values[-1], values[0])

    def right_angle(s: States) -> float:
        a, b = s[-1, 0, 7:10], s[-1, 1, 7:10]
        return percent(math.degrees(math.acos(a @ b / np.linalg.norm(a) / np.linalg.norm(b))), 90)

    return {
        "free fall, way after 1 s": (
            scene(GROUND, falling, seconds=1.0),
            lambda s: percent(s[0, 1, 2] - s[-1, 1, 2], G / 2),
        ),
        "ball rolling down 20°, way after 1 s": downhill(
            ball, 0.1, laws.incline_acceleration(20, 0.8, 0.4, G)
        ),
        "cylinder rolling down 20°": downhill(can, 0.1, laws.incline_acceleration(20, 0.8, 0.5, G)),
        "block sliding down 20°, μ = 0.2": downhill(block, 0.1, laws.sliding_acceleration(20, 0.2, G)),
        "sliding stop, v = 2 m/s, μ = 0.3": (
            scene(GROUND, sliding, seconds=1.5),
            lambda s: percent(s[-1, 1, 0], laws.stopping_distance(2, 0.3, G)),
        ),
        "height of the first bounce, e = 0.8, h = 2 m": (scene(GROUND, bouncing, seconds=2.0), apex),
        "head-on collision, e = 0.25: speed of the struck ball": (
            scene(hit, struck, seconds=1.0, **weightless),
            lambda s: percent(s[-1, 1, 7], laws.head_on_collision(1, 3, 1, 0, 0.25)[1]),
        ),
        "oblique elastic collision: the angle of 90°": (
            scene(glancing, struck_elastic, seconds=1.0, **weightless),
            right_angle,
        ),
        "tumbling box, energy after 2 s at 10 rad/s": (spins, energy),
    }


def pendulum_error(amplitude_deg: float) -> float:
    angle = math.radians(amplitude_deg)
    bob = Body("bob", Shape("sphere", (0.05,)), (0.8 * math.sin(angle), 0.0, -0.8 * math.cos(angle)))
    spec = scene(
        bob,
        seconds=10.0,
        fps=240.0,
        joints=(Joint("pivot", "hinge", "", "bob", (0.0, 0.0, 0.0)),),
        profile="joints",
    )
    trace = simulate(spec)
    swing = np.arctan2(trace.position_m[:, 0, 0], -trace.position_m[:, 0, 2])
    at = np.flatnonzero(swing[:-1] * swing[1:] < 0)
    times = trace.time_s[at] + swing[at] / (swing[at] - swing[at + 1]) / 240
    period = 2 * float(times[-1] - times[0]) / (len(times) - 1)
    return percent(period, laws.pendulum_period(0.8, amplitude_deg, G, 0.4 * 0.05**2))


def double_pendulum_error() -> float:
    bodies = [Body(f"bob{i}", Shape("sphere", (0.05,)), (0.5, 0.0, -0.5 * i)) for i in range(2)]
    joints = (
        Joint("top", "hinge", "", "bob0", (0.0, 0.0, 0.0)),
        Joint("middle", "hinge", "bob0", "bob1", (0.5, 0.0, 0.0)),
    )
    spec = scene(*bodies, seconds=10.0, joints=joints, profile="joints")
    values, _ = mechanical_energy(spec, simulate(spec).state)
    return 100 * float(np.abs(values - values[0]).max()) / (4 * G * 0.5)


def main() -> None:
    print("| law | default | simgen |\n|---|---|---|")
    for name, (spec, error) in cases().items():
        print(f"| {name} | {error(default(spec)):+.2f} % | {error(simulate(spec).state):+.5f} % |")
    for amplitude in (5.0, 90.0, 170.0):
        print(f"| pendulum, {amplitude:g}°, period over 10 s | n/m | {pendulum_error(amplitude):+.5f} % |")
    print(
        f"| double pendulum from (90°, 0), energy over 10 s, of 4 m g L | n/m | {double_pendulum_error():.5f} % |"
    )


if __name__ == "__main__":
    main()
