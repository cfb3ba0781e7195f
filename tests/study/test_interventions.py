"""Interventions: what may change in the middle of a clip, what becomes of it, and how that is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simgen.errors import BuildError
from simgen.labels import find_events
from simgen.physics import simulate
from simgen.render import render
from simgen.scenarios import all_scenarios
from simgen.scene.spec import SceneSpec
from simgen.study.captions import take_captions
from simgen.study.differences import Setting, counterfactual_captions, intervention_clause
from simgen.study.interventions import Intervention, differences, intervene, without
from simgen.study.names import bodies_called, the_bodies
from simgen.study.take import Take, film, take_events
from tests.scenarios.captions import check_grammar
from tests.study.clips import clip

NAMES = (
    "drop",
    "incline",
    "collision",
    "collide_and_hide",
    "occlusion",
    "projectile",
    "pendulum",
    "dominoes",
)
FRAME = 9


def setting(scene: SceneSpec, **values: float) -> SceneSpec:
    """The scene with other properties of everything that moves."""
    bodies = (body if body.fixed else replace(body, **values) for body in scene.bodies)  # type: ignore[arg-type]
    return scene.with_bodies(tuple(bodies))


@pytest.mark.parametrize("name", NAMES)
def test_the_prefix_is_shared_to_the_bit(name: str) -> None:
    scene, trace, _ = clip(name)
    changed = replace(setting(scene, friction=0.0), gravity_m_s2=(0.0, 0.0, -3.0))
    take = intervene(scene, trace, Intervention(FRAME, scene=changed))
    assert np.array_equal(take.trace.state[: FRAME + 1], trace.state[: FRAME + 1])
    # where a change cannot be seen, the frame at which it happens is still the same
    assert np.array_equal(film(take).rgb[: FRAME + 1], render(scene, trace).rgb[: FRAME + 1])
    assert take.present().all()


@pytest.mark.parametrize("name", NAMES)
def test_at_the_start_everything_is_simulated_anew(name: str) -> None:
    scene, trace, _ = clip(name)
    changed = setting(scene, friction=0.02, elasticity=0.3)
    take = intervene(scene, trace, Intervention(scene=changed))
    assert take == replace(take, cut=None, later=None)
    assert np.array_equal(take.trace.state, simulate(changed).state)
    assert np.array_equal(film(take).rgb[0], render(scene, trace).rgb[0])
    mover = next(body.name for body in scene.bodies if not body.fixed)
    gone = intervene(scene, trace, Intervention(remove=mover))
    assert not gone.present()[:, scene.body_index(mover)].any()


def test_what_would_be_seen_is_refused_and_named() -> None:
    scene, trace, _ = clip("incline")
    ramp = scene.body("ramp")
    moved = scene.with_bodies(
        tuple(replace(b, position_m=(0.0, 0.0, 9.0)) if b.name == "ramp" else b for b in scene.bodies)
    )
    assert moved.body("ramp") != ramp
    with pytest.raises(
        BuildError, match="but the place of ramp would change too; intervene at the start instead"
    ):
        intervene(scene, trace, Intervention(FRAME, scene=moved))
    lit = replace(scene, lights=())
    assert differences(scene, lit) == ["the scene's lights"]
    assert differences(scene, scene.with_bodies(scene.bodies[:1])) == ["which bodies there are"]
    assert differences(scene, replace(setting(scene, mass_kg=3.0), gravity_m_s2=(0.0, 0.0, 0.0))) == []


def test_interventions_that_mean_nothing() -> None:
    scene, trace, _ = clip("incline")
    with pytest.raises(BuildError, match="remove: there is no body named 'ball'; there are subject, ramp"):
        without(scene, "ball")
    with pytest.raises(BuildError, match="the intervention is at frame 99, but the video's last frame is 29"):
        intervene(scene, trace, Intervention(99, remove="subject"))
    with pytest.raises(ValueError, match="one of the two"):
        Intervention(3)
    with pytest.raises(ValueError, match="one of the two"):
        Intervention(3, "subject", scene)


def told(name: str, intervention: Intervention) -> tuple[str, str]:
    scene, trace, _ = clip(name)
    take = intervene(scene, trace, intervention)
    return counterfactual_captions(
        Take(scene, trace), find_events(scene, trace), take, take_events(take), intervention
    )


def test_the_difference_is_told_by_what_no_longer_happens() -> None:
    scene, trace, _ = clip("collision")
    when = next(event.time_s for event in find_events(scene, trace) if event.kind == "collision")
    a, b = (the_bodies(scene)[scene.body_index(ball)] for ball in ("ball_a", "ball_b"))
    assert trace.time_s[2] < when
    factual, counterfactual = told("collision", Intervention(2, remove="ball_b"))
    assert factual.startswith(
        f"If {b} were taken away after 0.13 s, {a} would not collide with {b}, as it does here after {when:.2f} s"
    )
    assert counterfactual.startswith(
        f"{b[0].upper()}{b[1:]} is taken away after 0.13 s: {a} does not collide with {b}, which it otherwise does "
        f"after {when:.2f} s"
    )


def test_the_difference_is_told_by_when_it_happens_else_by_where_it_ends() -> None:
    scene, trace, _ = clip("incline")
    take = intervene(scene, trace, Intervention(scene=replace(scene, gravity_m_s2=(0.0, 0.0, -6.0))))
    then = next(e.time_s for e in find_events(scene, trace) if e.kind == "bounce")
    now = next(e.time_s for e in take_events(take) if e.kind == "bounce")
    factual, counterfactual = told("incline", Intervention(scene=take.scene))
    called = the_bodies(scene)
    old = -scene.gravity_m_s2[2]
    assert (
        counterfactual
        == f"Gravity is 6.00 m/s² instead of {old:.2f} m/s²: {called[0]} bounces off {called[2]} after {now:.2f} s "
        f"instead of {then:.2f} s."
    )
    assert factual.startswith(
        f"If gravity were 6.00 m/s² instead of {old:.2f} m/s², {called[0]} would bounce off"
    )
    faster = intervene(scene, trace, Intervention(FRAME, scene=setting(scene, friction=0.0)))
    apart = np.linalg.norm(faster.trace.position_m[-1, 0] - trace.position_m[-1, 0])
    assert apart > 0.05


def test_where_nothing_differs_it_says_so() -> None:
    scene, _, _ = clip("collision")
    factual, counterfactual = told("collision", Intervention(FRAME, scene=setting(scene, friction=0.5)))
    assert factual.endswith(", nothing else would differ.")
    assert counterfactual.endswith(": nothing else differs.")


@pytest.mark.parametrize("name", NAMES)
def test_captions_of_every_tier_hold_without_the_scenario(name: str) -> None:
    scene, trace, draws = clip(name)
    movers = [body.name for body in scene.bodies if not body.fixed]
    takes = [Take(scene, trace)]
    for frame in (0, FRAME):
        intervention = Intervention(frame, remove=movers[-1])
        takes.append(intervene(scene, trace, intervention))
        for caption in told(name, intervention):
            check_grammar(caption)
    for take in takes:
        captions = take_captions(take, take_events(take), draws)
        assert list(captions) == ["plain", "qualitative", "numeric", "outcome"]
        for caption in captions.values():
            check_grammar(caption)
    gone = the_bodies(scene)[scene.body_index(movers[-1])]
    assert (
        gone not in " ".join(take_captions(takes[1], take_events(takes[1]), draws).values())
        or "number" in gone
    )
    captions = take_captions(takes[2], take_events(takes[2]), draws)
    assert f"hen {gone} is taken away." in captions["plain"]


def test_every_parameter_can_be_spoken_of() -> None:
    for scenario in all_scenarios().values():
        for parameter in scenario.parameters:
            low, high = parameter.range[0], parameter.range[-1]
            scene, _, _ = clip("drop")
            for before, after in ((low, high), (high, low)):
                clause = intervention_clause(
                    scene, Intervention(scene=scene), 24.0, [Setting(parameter, before, after)]
                )
                check_grammar(f"{clause[0].upper()}{clause[1:]}.")
                first = clause.split()[1] if clause.startswith("the ") else ""
                assert first not in ("what", "how", "where", "of", "by", "which", "to", "from", "whether"), (
                    clause
                )


def test_bodies_are_told_apart() -> None:
    for name in ("occlusion", "dominoes", "billiards", "newtons_cradle", "atwood", "tower"):
        scene, _, _ = clip(name)
        assert len(set(bodies_called(scene))) == len(scene.bodies)
    scene, _, _ = clip("atwood")
    assert {"left post", "right post", "beam", "ground"} < set(bodies_called(scene))
