"""The decisive event, and from how many frames it and the outcome are determined: by hand."""

from __future__ import annotations

import pytest

from simgen.labels.decision import REVEALED, Decision, decide
from simgen.labels.events import Event
from simgen.scenarios import all_scenarios, get_scenario
from tests.scenarios.clips import NAMES, draw, make

HIT = Event("collision", 12, 0.49, (0, 1), 2.0)
LANDS = Event("first_contact", 30, 1.24, (1, 2), 3.0)


def decided(revealed: dict[str, str], *events: Event, frames: int = 48) -> Decision:
    return decide(("collision",), revealed, events, frames, 1.9)


def test_the_first_decisive_event_is_the_one() -> None:
    later = Event("collision", 20, 0.8, (0, 2), 1.0)
    decision = decided({}, LANDS, HIT, later)
    assert (decision.kind, decision.frame, decision.time_s, decision.in_video) == (
        "collision",
        12,
        0.49,
        True,
    )
    assert decision.horizon_s == 1.9


def test_without_one_in_the_video_there_is_none() -> None:
    decision = decided({"mass_kg": "collision"}, LANDS)
    assert (decision.kind, decision.frame, decision.time_s, decision.in_video) == ("", -1, -1.0, False)
    assert (decision.event_frames, decision.outcome_frames) == (1, 1)


@pytest.mark.parametrize(
    ("way", "frames"), [("picture", 1), ("velocity", 2), ("acceleration", 3), ("never", 1)]
)
def test_what_can_be_seen_before_anything_happens(way: str, frames: int) -> None:
    decision = decided({"angle_deg": way}, HIT)
    assert (decision.event_frames, decision.outcome_frames) == (frames, frames)


def test_what_the_event_reveals_is_not_needed_to_foresee_it() -> None:
    decision = decided({"speed_m_s": "velocity", "mass_kg": "collision"}, HIT)
    assert decision.event_frames == 2
    assert decision.outcome_frames == 14  # frames 0 … 12, and 13 for the velocity after it


def test_what_an_earlier_event_reveals_is_needed() -> None:
    early = Event("first_contact", 5, 0.2, (0, 2), 1.0)
    assert decided({"elasticity": "first_contact"}, early, HIT).event_frames == 7


def test_an_event_at_the_end_leaves_no_frame_to_see_its_outcome() -> None:
    assert decided({"mass_kg": "collision"}, HIT, frames=14).outcome_frames == 14
    assert decided({"mass_kg": "collision"}, HIT, frames=13).outcome_frames == 0
    assert decided({"gravity_m_s2": "acceleration"}, frames=2).event_frames == 0


@pytest.mark.parametrize("name", NAMES)
def test_scenarios_declare_what_reveals_their_parameters(name: str) -> None:
    scenario = get_scenario(name)
    assert set(scenario.decisive) <= set(scenario.events)
    for parameter in scenario.parameters:
        assert parameter.reveals in REVEALED, parameter.name
        if parameter.role == "hidden":
            assert parameter.reveals != "picture", parameter.name
        if parameter.reveals not in ("picture", "velocity", "acceleration", "never"):
            assert parameter.reveals in scenario.events, parameter.name
    if scenario.parameters:
        ways = scenario.revealed_by(draw(name, 0)[0])
        assert set(ways) == {entry.name for entry in scenario.parameters}
        assert set(ways.values()) <= set(REVEALED)


def test_friction_plays_no_part_while_a_ball_rolls() -> None:
    scenario = get_scenario("incline")
    rolling = draw("incline", 1, shape="sphere", friction=0.7, angle_deg=20.0)[0]
    slipping = {**rolling, "friction": 0.05}
    assert scenario.revealed_by(rolling)["friction"] == "first_contact"
    assert scenario.revealed_by(slipping)["friction"] == "acceleration"


def test_a_collision_is_foreseen_from_two_frames_and_known_after_it() -> None:
    made = make("collision", *draw("collision", 1))
    scenario = all_scenarios()["collision"]
    ways = scenario.revealed_by(made.params)
    decision = decide(scenario.decisive, ways, made.events, len(made.trace.time_s), 1.9)
    (hit,) = [event for event in made.events if event.kind == "collision"]
    assert decision == Decision("collision", hit.frame, hit.time_s, True, 2, hit.frame + 2, 1.9)
