"""How much of a simulation is the engine's own stepping, and how long each kind of scene takes.

    python benchmarks/simulate_speed.py [--repeat 5]

For each scene, 2 s at 24 frames per second: the processor time of `simulate` (placing, stepping, contacts,
states) and of the bare loop of `stepSimulation` over the same placed scene with as many whole steps, the
best of the repeats, taken in turns; and their ratio, which is what the true labels cost. Times depend on
the machine, ratios hardly.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable

from simgen.physics import engine, profiles, simulate
from simgen.physics.placement import place
from simgen.physics.simulation import steps_per_frame
from simgen.scene.rotation import about_axis, multiply, rotate
from simgen.scene.spec import Body, Camera, Joint, Quaternion, SceneSpec, Shape, Video

LYING: Quaternion = about_axis((1.0, 0.0, 0.0), math.pi / 2)
UPRIGHT: Quaternion = (0.0, 0.0, 0.0, 1.0)
GROUND = Body("ground", Shape("box", (40.0, 40.0, 1.0)), (0.0, 0.0, -0.5), fixed=True)


def scene(*bodies: Body, joints: tuple[Joint, ...] = (), profile: str = "universal") -> SceneSpec:
    video = Video(fps=24.0, frame_count=49)
    return SceneSpec(bodies, video, (Camera(),), joints=joints, profile=profile)  # type: ignore[arg-type]


def incline(shape: Shape, turn: Quaternion, height: float, friction: float) -> SceneSpec:
    slope = about_axis((0.0, 1.0, 0.0), math.radians(20))
    x, y, z = rotate(slope, (0.0, 0.0, 1.0))
    ramp = Body("ramp", Shape("box", (40.0, 4.0, 1.0)), (-0.5 * x, -0.5 * y, -0.5 * z), slope, fixed=True)
    place = (height * x, height * y, height * z)
    return scene(ramp, Body("body", shape, place, multiply(slope, turn), friction=friction, elasticity=0.5))


def ball(name: str, x: float, z: float, speed: float = 0.0) -> Body:
    place, velocity = (x, 0.0, z), (speed, 0.0, 0.0)
    return Body(name, Shape("sphere", (0.1,)), place, velocity_m_s=velocity, friction=0.5, elasticity=0.7)


def block(name: str, x: float, z: float, size: tuple[float, float, float] = (0.2, 0.2, 0.2)) -> Body:
    return Body(name, Shape("box", size), (x, 0.0, z), friction=0.7, elasticity=0.0)


def dominoes(count: int) -> SceneSpec:
    row = [block(f"domino{i}", 0.12 * i, 0.15, (0.04, 0.15, 0.3)) for i in range(count)]
    turn = about_axis((0.0, 1.0, 0.0), 0.2)
    first = Body(
        "push", Shape("box", (0.04, 0.15, 0.3)), (-0.095, 0.0, 0.153), turn, friction=0.7, elasticity=0.0
    )
    return scene(GROUND, first, *row, profile="resting")


def pendulum(links: int) -> SceneSpec:
    bodies = [ball(f"bob{i}", 0.3 * (i + 1), 2.0) for i in range(links)]
    names = ["", *(body.name for body in bodies)]
    joints = [Joint(f"joint{i}", "hinge", names[i], names[i + 1], (0.3 * i, 0.0, 2.0)) for i in range(links)]
    return scene(*bodies, joints=tuple(joints), profile="joints")


SCENES: dict[str, Callable[[], SceneSpec]] = {
    "incline, ball": lambda: incline(Shape("sphere", (0.1,)), UPRIGHT, 0.1, 0.8),
    "incline, cylinder": lambda: incline(Shape("cylinder", (0.1, 0.2)), LYING, 0.1, 0.8),
    "incline, box": lambda: incline(Shape("box", (0.2, 0.2, 0.2)), UPRIGHT, 0.1, 0.2),
    "drop": lambda: scene(GROUND, ball("ball", 0.0, 1.1)),
    "projectile": lambda: scene(GROUND, ball("ball", 0.0, 2.0, 3.0)),
    "collision": lambda: scene(GROUND, ball("a", -1.0, 0.1, 3.0), ball("b", 0.0, 0.1)),
    "six balls": lambda: scene(GROUND, *(ball(f"ball{i}", 0.01 * i, 0.3 + 0.25 * i) for i in range(6))),
    "pendulum": lambda: pendulum(1),
    "double pendulum": lambda: pendulum(2),
    "stack of 5": lambda: scene(
        GROUND, *(block(f"b{i}", 0.0, 0.1 + 0.2 * i) for i in range(5)), profile="resting"
    ),
    "20 dominoes": lambda: dominoes(19),
}


def bare_loop(spec: SceneSpec) -> tuple[float, int]:
    """Processor seconds of stepping alone, and the steps."""
    bullet, client = engine.empty()
    per_frame = steps_per_frame(spec)
    profiles.apply(bullet, client, spec, 1 / (spec.video.fps * per_frame))
    place(bullet, client, spec)
    bullet.setGravity(*spec.gravity_m_s2, physicsClientId=client)
    steps = per_frame * (spec.video.frame_count - 1)
    start = time.process_time()
    for _ in range(steps):
        bullet.stepSimulation(client)
    return time.process_time() - start, steps


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=5)
    repeat = parser.parse_args().repeat
    print(f"{'scene':<20}{'steps':>7}{'stepping ms':>13}{'simulate ms':>13}{'ratio':>7}")
    for name, make in SCENES.items():
        spec = make()
        bare, whole, steps = [], [], 0
        for _ in range(repeat):
            seconds, steps = bare_loop(spec)
            bare.append(seconds)
            start = time.process_time()
            simulate(spec)
            whole.append(time.process_time() - start)
        engine_ms, simulate_ms = 1e3 * min(bare), 1e3 * min(whole)
        print(f"{name:<20}{steps:>7}{engine_ms:>13.1f}{simulate_ms:>13.1f}{simulate_ms / engine_ms:>7.2f}")


if __name__ == "__main__":
    main()
