"""What a researcher would write today without simgen, kept as the reference of `build_speed.py`.

A sphere rolls down a ramp: PyBullet at its own 240 Hz, its own camera (`getCameraImage` with the arguments of the manual),
`imageio.mimwrite` for the video and JSON for the labels. Nothing is tuned, the physics is what PyBullet gives by default.

    python benchmarks/plain_loop.py OUTPUT_FOLDER CLIPS
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import imageio
import numpy as np
import pybullet as p

SIZE, FPS, FRAMES = 256, 24, 48


def make_clip(rng: np.random.Generator, folder: Path, index: int) -> None:
    angle = math.radians(rng.uniform(5, 40))
    p.resetSimulation()
    p.setGravity(0, 0, -9.81)
    ground = p.createMultiBody(
        0,
        p.createCollisionShape(p.GEOM_BOX, halfExtents=[10, 10, 0.5]),
        p.createVisualShape(p.GEOM_BOX, halfExtents=[10, 10, 0.5], rgbaColor=[0.8, 0.8, 0.8, 1]),
        [0, 0, -0.5],
    )
    ramp = p.createMultiBody(
        0,
        p.createCollisionShape(p.GEOM_BOX, halfExtents=[1.5, 0.5, 0.05]),
        p.createVisualShape(p.GEOM_BOX, halfExtents=[1.5, 0.5, 0.05], rgbaColor=[0.6, 0.4, 0.2, 1]),
        [0, 0, 1.0],
        p.getQuaternionFromEuler([0, angle, 0]),
    )
    radius, mass = 0.1, float(np.exp(rng.uniform(math.log(0.1), math.log(10))))
    ball = p.createMultiBody(
        mass,
        p.createCollisionShape(p.GEOM_SPHERE, radius=radius),
        p.createVisualShape(p.GEOM_SPHERE, radius=radius, rgbaColor=[0.9, 0.1, 0.1, 1]),
        [-1.2 * math.cos(angle), 0, 1.0 + 1.2 * math.sin(angle) + (radius + 0.05) / math.cos(angle)],
    )
    for body in (ground, ramp, ball):
        p.changeDynamics(body, -1, lateralFriction=float(rng.uniform(0.3, 1.0)), restitution=0.5)
    view = p.computeViewMatrix([0, -4, 2], [0, 0, 0.7], [0, 0, 1])
    projection = p.computeProjectionMatrixFOV(40, 1.0, 0.05, 100)
    frames, states = [], []
    for _ in range(FRAMES):
        rgb = p.getCameraImage(SIZE, SIZE, view, projection)[2]
        frames.append(np.reshape(rgb, (SIZE, SIZE, 4))[:, :, :3].astype(np.uint8))
        states.append([*p.getBasePositionAndOrientation(ball), *p.getBaseVelocity(ball)])
        for _ in range(240 // FPS):
            p.stepSimulation()
    imageio.mimwrite(folder / f"{index:08d}.mp4", frames, fps=FPS)
    label = {"angle_deg": math.degrees(angle), "mass_kg": mass, "states": states}
    (folder / f"{index:08d}.json").write_text(json.dumps(label))


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    p.connect(p.DIRECT)
    rng = np.random.default_rng(0)
    for index in range(int(sys.argv[2])):
        make_clip(rng, folder, index)


if __name__ == "__main__":
    main()
