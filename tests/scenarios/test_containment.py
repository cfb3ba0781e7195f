"""Containment: the rule that foretells the end, by hand and at its borders, and what captions say of it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simgen.scenarios.containment import BOWL_RADIUS_M, BOX_RIM_M, FLOOR_M, INNER_M, WALL_M, is_inside
from tests.scenarios.clips import Clip, draw, make


def clip(index: int, **fixed: object) -> Clip:
    return make("containment", *draw("containment", index, **fixed))


def rule(made: Clip) -> tuple[float, float] | None:
    """Predicted and measured number inside; None where the rule does not tell."""
    found = [check for check in made.law if check.name == "containment_inside_over_count"]
    return (found[0].predicted, found[0].measured) if found else None


@pytest.mark.parametrize("shape", ["sphere", "box"])
@pytest.mark.parametrize(("inside", "beside"), [(1, 0), (2, 0), (0, 1), (0, 2), (2, 2), (1, 2)])
def test_what_is_above_the_opening_ends_inside(shape: str, inside: int, beside: int) -> None:
    made = clip(
        1,
        container="box",
        inside_count=inside,
        beside_count=beside,
        shape=shape,
        elasticity=0.4,
        height_m=0.3,
    )
    assert rule(made) == (inside, inside)
    balls = [index for index, body in enumerate(made.scene.bodies) if not body.fixed]
    assert len(balls) == inside + beside
    for index in balls:
        path = made.trace.position_m[:, index, :2]
        assert np.ptp(path, axis=0).max() < 2e-3, "it does not fall and bounce straight"
        within = abs(path[-1, 0] - made.params["place_m"]) < INNER_M[0] / 2
        assert within == (index < inside)


def test_the_rebound_by_hand() -> None:
    """A ball stays in as long as e² h is less than its room below the rim; the rule says so on both sides."""
    fixed = {"container": "box", "inside_count": 1, "beside_count": 0, "shape": "sphere", "height_m": 0.5}
    body = clip(2, **fixed).scene.bodies[0]
    lowest = FLOOR_M + body.shape.size_m[0]
    limit = math.sqrt((BOX_RIM_M - lowest) / (body.position_m[2] - lowest))
    below, above = clip(2, **fixed, elasticity=limit - 0.01), clip(2, **fixed, elasticity=limit + 0.01)
    assert rule(below) == (1, 1)
    assert rule(above) is None
    tops = [
        max(event.value for event in made.events if event.kind == "apex" and event.bodies == (0,))
        for made in (below, above)
    ]
    assert tops[0] < BOX_RIM_M < tops[1]


@pytest.mark.parametrize("elasticity", [0.0, 0.25, 0.4])
def test_a_bowl_keeps_what_its_rule_says_it_keeps(elasticity: float) -> None:
    told = 0
    for index in range(6):
        made = clip(index, container="bowl", inside_count=1, beside_count=1, elasticity=elasticity)
        if rule(made) is not None:
            told += 1
            assert rule(made) == (1, 1)
            assert made.trace.position_m[:, 0, 2].min() < BOWL_RADIUS_M
    assert told >= 4


def test_a_ball_on_the_rim_is_left_to_chance() -> None:
    outcomes = set()
    for index in range(8):
        for container in ("box", "bowl"):
            made = clip(index, container=container, inside_count=0, beside_count=0, elasticity=0.4)
            assert rule(made) is None
            assert [body.shape.kind for body in made.scene.bodies if not body.fixed] == ["sphere"]
            assert "rim" in made.captions["plain"]
            inside = is_inside(made.params, made.trace.position_m[-1, 0])
            assert ("is inside" in made.captions["outcome"]) == inside
            touch = next(event for event in made.events if event.kind == "first_contact")
            assert not {"ground", "floor"} & {made.scene.bodies[body].name for body in touch.bodies}
            outcomes.add(inside)
    assert outcomes == {True, False}


def test_captions_count() -> None:
    made = clip(3, container="box", inside_count=2, beside_count=2, elasticity=0.2)
    assert "two of the four are inside the box" in made.captions["outcome"]
    assert "two into a box and two beside it" in made.captions["plain"]
    made = clip(4, container="box", inside_count=0, beside_count=2, elasticity=0.2)
    assert "neither of them is inside the box" in made.captions["outcome"]
    made = clip(5, container="box", inside_count=2, beside_count=0, elasticity=0.2)
    assert "both of them are inside the box" in made.captions["outcome"]
    made = clip(6, container="bowl", inside_count=1, beside_count=2, shape="box")
    assert "things" in made.captions["plain"] or "objects" in made.captions["plain"]


def test_the_boards_of_the_box_leave_no_gap() -> None:
    made = clip(7, container="box")
    boards = {body.name: body for body in made.scene.bodies if body.role == "support"}
    left, right = boards["wall_left"], boards["wall_right"]
    assert right.position_m[0] - left.position_m[0] - WALL_M == pytest.approx(INNER_M[0])
    assert boards["wall_front"].shape.size_m[0] == pytest.approx(INNER_M[0])
    assert boards["floor"].shape.size_m[:2] == pytest.approx(INNER_M)
