"""Traces written down from formulas, without an engine: what happens in them is known exactly."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from simgen.physics.trace import Contacts, Trace
from simgen.scene.spec import Body, Camera, SceneSpec, Shape, Video

STEP_S = 1 / 2400
GRAVITY = 9.81

Path = Callable[[float], tuple[Sequence[float], Sequence[float]]]  # time -> position, velocity
Row = tuple[float, int, int, tuple[float, float, float]]  # time_s, a, b, normal

# A camera that looks along +y and whose picture is 4 m wide and high at y = 0, a metre per 64 pixels.
ORTHOGRAPHIC = Camera(
    position_m=(0.0, -10.0, 2.0), target_m=(0.0, 0.0, 2.0), projection="orthographic", height_m=4.0
)


def ball(name: str = "ball", radius: float = 0.1, **other: object) -> Body:
    return Body(name=name, shape=Shape("sphere", (radius,)), position_m=(0.0, 0.0, 0.0), **other)  # type: ignore[arg-type]


def floor() -> Body:
    return Body("floor", Shape("box", (20.0, 20.0, 1.0)), (0.0, 0.0, -0.5), fixed=True, role="ground")


def scene_of(
    *bodies: Body,
    fps: float = 24.0,
    frames: int = 48,
    gravity: float = GRAVITY,
    camera: Camera = ORTHOGRAPHIC,
) -> SceneSpec:
    return SceneSpec(
        bodies=bodies,
        video=Video(256, 256, fps, frames),
        cameras=(camera,),
        gravity_m_s2=(0.0, 0.0, -gravity),
    )


def trace_of(
    scene: SceneSpec,
    paths: dict[int, Path],
    rows: Sequence[Row] = (),
    spins: dict[int, Callable[[float], tuple[float, float, float]]] | None = None,
    turns: dict[int, Callable[[float], tuple[float, float, float, float]]] | None = None,
) -> Trace:
    """The trace of bodies on given paths; one contact row is kept per pair and interval, as in any trace."""
    times = np.array([scene.video.frame_time_s(frame) for frame in range(scene.video.frame_count)])
    state = np.zeros((len(times), len(scene.bodies), 13))
    state[:, :, 6] = 1.0
    for index, body in enumerate(scene.bodies):
        state[:, index, :3] = body.position_m
        for frame, time_s in enumerate(times):
            if index in paths:
                state[frame, index, :3], state[frame, index, 7:10] = paths[index](float(time_s))
            if spins and index in spins:
                state[frame, index, 10:13] = spins[index](float(time_s))
            if turns and index in turns:
                state[frame, index, 3:7] = turns[index](float(time_s))
    first: dict[tuple[int, int, int], Row] = {}
    for row in sorted(rows):
        frame = int(np.searchsorted(times, row[0], side="right"))
        if frame < len(times):
            first.setdefault((frame, row[1], row[2]), row)
    keys = sorted(first)
    contacts = Contacts(
        frame=np.array([key[0] for key in keys], dtype=np.int32),
        time_s=np.array([first[key][0] for key in keys], dtype=np.float64),
        a=np.array([key[1] for key in keys], dtype=np.int32),
        b=np.array([key[2] for key in keys], dtype=np.int32),
        position_m=np.array(
            [state[key[0] - 1, key[1], :3] - 0.1 * np.array(first[key][3]) for key in keys]
        ).reshape(-1, 3),
        normal=np.array([first[key][3] for key in keys]).reshape(-1, 3),
        impulse_n_s=np.ones(len(keys)),
    )
    return Trace(times, state, contacts, STEP_S)


def lasting(start_s: float, end_s: float, a: int, b: int, normal: tuple[float, float, float]) -> list[Row]:
    """The rows of a contact that lasts: every engine step from start to end."""
    return [(start_s + step * STEP_S, a, b, normal) for step in range(int((end_s - start_s) / STEP_S) + 1)]


UP = (0.0, 0.0, 1.0)


def bouncing(height: float, elasticity: float, radius: float = 0.1) -> tuple[Path, list[float], list[float]]:
    """A dropped ball: its path, when it hits (√(2h/g)(1 + 2e + 2e² …)) and how fast it leaves (eⁿ √(2gh))."""
    fall = np.sqrt(2 * height / GRAVITY)
    hits, speeds = [float(fall)], [float(elasticity * GRAVITY * fall)]
    while hits[-1] < 10 and speeds[-1] > 1e-3:
        hits.append(hits[-1] + 2 * speeds[-1] / GRAVITY)
        speeds.append(elasticity * speeds[-1])

    def path(time_s: float) -> tuple[list[float], list[float]]:
        if time_s < hits[0]:
            return [0.0, 0.0, radius + height - GRAVITY * time_s**2 / 2], [0.0, 0.0, -GRAVITY * time_s]
        if time_s >= hits[-1]:
            return [0.0, 0.0, radius], [0.0, 0.0, 0.0]
        last = max(index for index, hit in enumerate(hits) if hit <= time_s)
        since = time_s - hits[last]
        z = radius + speeds[last] * since - GRAVITY * since**2 / 2
        return [0.0, 0.0, z], [0.0, 0.0, speeds[last] - GRAVITY * since]

    return path, hits, speeds
