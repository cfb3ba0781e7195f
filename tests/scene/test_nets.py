"""What counts as a net, and that a net is told of as one thing."""

from __future__ import annotations

import numpy as np
import pytest

from simgen.labels import find_events
from simgen.scene.nets import nets
from simgen.scene.spec import Force, SceneSpec
from tests.labels.traces import ball, floor, scene_of, trace_of

UP = (0.0, 0.0, 1.0)


def woven(rows: int, columns: int, fixed: bool = False, prefix: str = "bead") -> SceneSpec:
    """Beads in rows and columns with springs between neighbours, and a floor that is body 0."""
    at = {(row, column): f"{prefix}_{row}_{column}" for row in range(rows) for column in range(columns)}
    springs = tuple(
        Force("spring", name, at[other], stiffness_n_m=1.0)
        for (row, column), name in at.items()
        for other in ((row + 1, column), (row, column + 1))
        if other in at
    )
    beads = (ball(name, fixed=fixed and index == 0) for index, name in enumerate(at.values()))
    scene = scene_of(floor(), *beads)
    return SceneSpec(scene.bodies, scene.video, scene.cameras, forces=springs)


def test_a_lattice_is_a_net() -> None:
    assert nets(woven(4, 4)) == dict.fromkeys(range(1, 17), 1)


@pytest.mark.parametrize(("rows", "columns"), [(1, 20), (3, 5), (2, 2)])
def test_a_chain_or_a_few_bodies_are_none(rows: int, columns: int) -> None:
    assert nets(woven(rows, columns)) == {}


def test_a_fixed_body_belongs_to_no_net() -> None:
    assert nets(woven(4, 4, fixed=True)) == {}  # fifteen are left
    assert nets(woven(5, 4, fixed=True)) == dict.fromkeys(range(2, 21), 2)


def test_two_nets_are_told_apart() -> None:
    one, other = woven(4, 4), woven(4, 5, prefix="knot")
    both = SceneSpec(one.bodies + other.bodies[1:], one.video, one.cameras, forces=one.forces + other.forces)
    assert nets(both) == dict.fromkeys(range(1, 17), 1) | dict.fromkeys(range(17, 37), 17)


@pytest.mark.parametrize("weave", [True, False])
def test_its_first_touch_is_told_and_nothing_else(weave: bool) -> None:
    """16 beads fall on the floor one after the other; the third touches first, in the interval of many others."""
    scene = woven(4, 4)
    if not weave:
        scene = SceneSpec(scene.bodies, scene.video, scene.cameras)
    hits = [0.51 + 0.001 * ((k * 5 + 6) % 16) for k in range(16)]

    def falls(hit: float):
        return lambda t: ([0, 0, 0.1 + max(0.0, 2 * (hit - t))], [0, 0, -2.0 if t < hit else 0.0])

    paths = {1 + k: falls(hit) for k, hit in enumerate(hits)}
    rows = [(hit, 0, 1 + k, tuple(-x for x in UP)) for k, hit in enumerate(hits)]
    found = find_events(scene, trace_of(scene, paths, sorted(rows)))
    touches = [event for event in found if event.kind == "first_contact"]
    if not weave:
        assert len(touches) == 16
        return
    first = int(np.argmin(hits))
    (event,) = found
    assert event.kind == "first_contact"
    assert event.bodies == (0, 1 + first)
    assert event.time_s == pytest.approx(min(hits), abs=1e-12)
