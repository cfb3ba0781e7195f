"""What gravity and a scene's forces do to bodies, from recorded states alone: no engine, no contacts, no joints.

`simgen.physics.forces` pushes bodies in the engine, step by step; this is the same physics for whoever has only a
trace: where was a body between two frames, is it really at rest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simgen.physics.rope import SETTLES_PER_S, rope
from simgen.scene.spec import Force, SceneSpec

__all__ = ["accelerations", "carried", "forced", "quickest_rad_s"]

Floats = NDArray[np.float64]
MANY = 32  # springs between bodies, from which on they are worked out all at once
NEAREST_M = 1e-6  # attraction no longer grows when bodies are nearer
STEPS_PER_S = 240  # of `carried`, at least
MOST_STEPS = 4096
STEP_RAD = 0.2  # no step is a larger part of the quickest oscillation


def forced(scene: SceneSpec, body: int) -> bool:
    """Whether a force acts on the body at that index, other than gravity."""
    name = scene.bodies[body].name
    return any(name in (force.a, force.b) for force in scene.forces)


def accelerations(scene: SceneSpec, state: Floats) -> Floats:
    """Accelerations (..., N, 3), m/s², for states (..., N, 13): gravity and all forces; 0 for fixed bodies."""
    pull = np.zeros((*state.shape[:-1], 3))
    for index, body in enumerate(scene.bodies):
        if not body.fixed:
            pull[..., index, :] = scene.gravity_m_s2
    springs = [force for force in scene.forces if force.kind == "spring" and force.b]
    together = len(springs) >= MANY
    if together:
        _pull_net(scene, springs, state, pull)
    for force in scene.forces:
        if force.kind == "rope" or (together and force.kind == "spring" and force.b):
            continue
        a = scene.body_index(force.a)
        b = scene.body_index(force.b) if force.b else None
        newtons = _on_a(force, state, a, b)
        for pushed, push in ((a, newtons), (b, -newtons)):
            if pushed is not None and not scene.bodies[pushed].fixed:
                pull[..., pushed, :] += push / scene.bodies[pushed].mass_kg
    for force in scene.forces:
        if force.kind == "rope":
            _pull_rope(scene, force, state, pull)
    return pull


def _pull_net(scene: SceneSpec, springs: Sequence[Force], state: Floats, pull: Floats) -> None:
    """Add what many springs between bodies do, all at once."""
    row = {body.name: index for index, body in enumerate(scene.bodies)}
    a, b = np.array([row[force.a] for force in springs]), np.array([row[force.b] for force in springs])
    stiffness, length, damping = np.array(
        [(force.stiffness_n_m, force.length_m, force.damping_kg_s) for force in springs]
    ).T[..., None]
    way = state[..., b, 0:3] - state[..., a, 0:3]
    distance = np.linalg.norm(way, axis=-1, keepdims=True)
    ahead = way / np.maximum(distance, NEAREST_M)
    growth = ((state[..., b, 7:10] - state[..., a, 7:10]) * ahead).sum(axis=-1, keepdims=True)
    on_a = (stiffness * (distance - length) + damping * growth) * ahead
    for index in sorted({*a.tolist(), *b.tolist()}):
        if not scene.bodies[index].fixed:
            newtons = on_a[..., a == index, :].sum(axis=-2) - on_a[..., b == index, :].sum(axis=-2)
            pull[..., index, :] += newtons / scene.bodies[index].mass_kg


def _pull_rope(scene: SceneSpec, force: Force, state: Floats, pull: Floats) -> None:
    """Add what a rope does to the accelerations (..., N, 3) that all else gives its two bodies."""
    line = rope(scene, force)
    ends = [
        (_triple(state[..., index, 0:3]), _triple(state[..., index, 7:10]), _triple(pull[..., index, :]))
        for index in (line.a, line.b)
    ]
    spin = 0.0 if line.pulley is None else state[..., line.pulley, 10:13] @ np.asarray(line.axis)
    on_a, on_b, _ = line.tensions(ends[0], ends[1], spin)
    pull[..., line.a, :] += np.stack(np.broadcast_arrays(*on_a), axis=-1) / line.mass_a_kg
    pull[..., line.b, :] += np.stack(np.broadcast_arrays(*on_b), axis=-1) / line.mass_b_kg


def _triple(vectors: Floats) -> tuple[Floats, Floats, Floats]:
    return vectors[..., 0], vectors[..., 1], vectors[..., 2]


def _on_a(force: Force, state: Floats, a: int, b: int | None) -> Floats:
    """The force (..., 3), N, on its body `a`."""
    place, velocity = state[..., a, 0:3], state[..., a, 7:10]
    if force.kind == "drag":
        through = velocity - np.asarray(force.wind_m_s)
        speed = np.linalg.norm(through, axis=-1, keepdims=True)
        return np.asarray(-(force.linear_kg_s + force.quadratic_kg_m * speed) * through)
    other = np.asarray(force.anchor_m) if b is None else state[..., b, 0:3]
    other_velocity = np.zeros(3) if b is None else state[..., b, 7:10]
    way = other - place
    distance = np.linalg.norm(way, axis=-1, keepdims=True)
    ahead = way / np.maximum(distance, NEAREST_M)
    if force.kind == "attraction":
        return np.asarray(force.strength_n_m2 / np.maximum(distance, NEAREST_M) ** 2 * ahead)
    growth = ((other_velocity - velocity) * ahead).sum(axis=-1, keepdims=True)
    pull = force.stiffness_n_m * (distance - force.length_m) + force.damping_kg_s * growth
    return np.asarray(pull * ahead)


def quickest_rad_s(scene: SceneSpec) -> float:
    """The fastest rate at which springs and drag can change anything: ω of a spring, damping over mass."""
    fastest = 0.0
    for force in scene.forces:
        if force.kind == "rope":
            fastest = max(fastest, SETTLES_PER_S)
        masses = [
            scene.body(name).mass_kg for name in (force.a, force.b) if name and not scene.body(name).fixed
        ]
        ease = sum(1 / mass for mass in masses)
        fastest = max(
            fastest, math.sqrt(force.stiffness_n_m * ease), (force.damping_kg_s + force.linear_kg_s) * ease
        )
    return fastest


def carried(scene: SceneSpec, state: Floats, lapse_s: float) -> Floats:
    """The state (N, 13) `lapse_s` later (or earlier, if negative) if nothing touched and no joint held: RK4.

    Orientations and angular velocities stay as they are.
    """
    rate = max(STEPS_PER_S, quickest_rad_s(scene) / STEP_RAD)
    count = min(max(1, math.ceil(abs(lapse_s) * rate)), MOST_STEPS)
    step, now = lapse_s / count, state.copy()

    def change(at: Floats) -> Floats:
        result = np.zeros_like(at)
        result[:, 0:3] = at[:, 7:10]
        result[:, 7:10] = accelerations(scene, at)
        return result

    for _ in range(count):
        k1 = change(now)
        k2 = change(now + step / 2 * k1)
        k3 = change(now + step / 2 * k2)
        k4 = change(now + step * k3)
        now = now + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return now
