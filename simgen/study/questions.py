"""Questions with answers from the labels, of CLEVRER's four kinds (Yi et al., 2020), which a guesser who sees no video
answers no better than chance.

How that is so. Let L be the label that a template asks for. A clip is a draw x₀ of some distribution (that of its
recipe, split and scenario, given that it was accepted); its pilots x₁ … x_k are further draws of the same distribution,
independent of x₀ and of each other (`simgen.study.worlds`). Then

1. The (k + 1)-tuple (x₀, …, x_k) is exchangeable: its probability is the same in every order.
2. A template is asked only where L gives an answer in all worlds and the answers are pairwise different as printed.
   This condition is the same in every order of the worlds, so that the tuple stays exchangeable given it.
3. The choices are the answers L(x₀) … L(x_k), in an order drawn on its own. The words of the question are a
   function of all worlds that does not depend on their order.
4. So, given everything that can be read, each choice is equally likely to be the true one: 1 / (k + 1), whatever
   the guesser knows of the recipe, the physics and the priors.

All questions of a clip use the same pilots. Had each its own, the true world would be the one that fits the
choices of all of them. And no pilot is drawn anew because its answer is the same as the clip's: that would make the
more frequent answer the better guess. Whatever is chosen on the way (which templates, how many, in which order, which
change a counterfactual question makes) follows from addressed draws and from conditions on all worlds alike.

What this does not cover: questions of several clips that share draws (the levels of a sweep, the clips of a pair)
put together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from simgen.labels import words
from simgen.labels.events import Event
from simgen.labels.question import KINDS, Question
from simgen.recipe.draws import Draws
from simgen.study.question_labels import Answer, Measured
from simgen.study.question_templates import (
    CHANGES,
    CONSEQUENCES,
    DESCRIPTIVE,
    EXPLANATORY,
    WHICH,
    Template,
    name,
    names,
    predictive,
)
from simgen.study.worlds import World, changed, pilot, world

if TYPE_CHECKING:
    from simgen.physics.trace import Trace
    from simgen.recipe import Recipe
    from simgen.scene.spec import SceneSpec

__all__ = ["ask", "seen_frames"]

SEEN_SHARE = 0.25  # of the frames, where the recipe does not say how many a predictive question shows
MOST_CHANGES = 2  # changes that are simulated for a clip in search of a counterfactual question

T = TypeVar("T")


def ask(
    recipe: Recipe,
    draws: Draws,
    params: Mapping[str, Any],
    scene: SceneSpec,
    trace: Trace,
    events: tuple[Event, ...],
    *,
    count: int,
    choices: int = 2,
    context_frames: int = 0,
) -> tuple[Question, ...]:
    """At most `count` questions about the clip that was drawn at `draws`, each with so many choices.

    context_frames: how many first frames a predictive question takes as seen; 0 is a quarter of them. Fewer
    questions come back where not so many can be asked, none where nothing can (or a pilot has no fit draw). The kinds
    take turns, in an order of the clip's own, as long as there are questions of each.
    """
    draws_q = Draws(draws.seed, draws.split, draws.index).under("questions")
    scenario = recipe.scenario_object(draws.split, draws.index)
    own = world(scenario, params, draws, scene, trace, events)
    pilots = [pilot(recipe, draws, number) for number in range(1, choices)]
    worlds = (own, *(found for found in pilots if found is not None))
    if len(worlds) < choices:
        return ()
    frames = context_frames or seen_frames(len(trace.time_s))
    sources: dict[str, Iterator[tuple[str, tuple[Answer, ...]]]] = {
        "descriptive": _asked(worlds, DESCRIPTIVE, draws_q.under("descriptive")),
        "explanatory": _asked(worlds, EXPLANATORY, draws_q.under("explanatory")),
        "predictive": _foreseen(worlds, frames, draws_q.under("predictive")),
        "counterfactual": _what_if(recipe, worlds, draws_q.under("counterfactual")),
    }
    found: list[Question] = []
    order = shuffled(draws_q, "kinds", KINDS)
    while sources and len(found) < count:
        for kind in [kind for kind in order if kind in sources]:
            if len(found) == count:
                break
            asked = next(sources[kind], None)
            if asked is None:
                del sources[kind]
            else:
                found.append(_question(kind, *asked, draws_q.under(str(len(found)))))
    return tuple(found)


def seen_frames(frame_count: int) -> int:
    """How many first frames a predictive question takes as seen where the recipe does not say."""
    return max(1, round(SEEN_SHARE * frame_count))


def shuffled(draws: Draws, name: str, things: Sequence[T]) -> list[T]:
    """The things in an order that the draw decides, all orders equally likely."""
    keys = draws.many(name, len(things))
    return [thing for _, _, thing in sorted(zip(keys, range(len(things)), things, strict=True))]


def _question(kind: str, text: str, answers: tuple[Answer, ...], draws: Draws) -> Question:
    """The answers in an order of their own; the first of them is the clip's."""
    order = shuffled(draws, "order", range(len(answers)))
    printed = [answer.text if isinstance(answer, Measured) else answer for answer in answers]
    return Question(kind, text, tuple(words.sentence(printed[place]) for place in order), order.index(0))


def _asked(
    worlds: tuple[World, ...], templates: Sequence[Template], draws: Draws
) -> Iterator[tuple[str, tuple[Answer, ...]]]:
    """The questions that can be asked, with the answer in each world."""
    for template, which, bodies in _about(worlds, templates, draws):
        answers = _answers(worlds, bodies, template)
        if answers is not None:
            yield _worded(template, worlds, bodies, which), answers


def _foreseen(
    worlds: tuple[World, ...], frames: int, draws: Draws
) -> Iterator[tuple[str, tuple[Answer, ...]]]:
    """Those of what comes after the first frames, if these determine it in every world."""
    own = worlds[0]
    if own.scenario.qualitative or any(entry.scenario.is_chaotic(entry.params) for entry in worlds):
        return
    if any(
        event.kind in own.scenario.decisive and event.frame < frames for w in worlds for event in w.events
    ):
        return  # what the question is about has been seen
    known = {
        "event": all(0 < entry.decision.event_frames <= frames for entry in worlds),
        "outcome": all(0 < entry.decision.outcome_frames <= frames for entry in worlds),
    }
    yield from _asked(worlds, [entry for entry in predictive(frames) if known[entry.foreseen]], draws)


def _what_if(
    recipe: Recipe, worlds: tuple[World, ...], draws: Draws
) -> Iterator[tuple[str, tuple[Answer, ...]]]:
    """Those of worlds in which one parameter is another one, if that makes a difference in at least one of them."""
    own = worlds[0]
    if own.scenario.qualitative or own.scenario.slow:
        return
    parameters = {parameter.name: parameter for parameter in own.scenario.parameters}
    simulated = 0
    for change in shuffled(draws, "changes", CHANGES):
        if change.parameter not in parameters or simulated == MOST_CHANGES:
            continue
        values = [change.of(parameters[change.parameter], entry.params[change.parameter]) for entry in worlds]
        if any(value is None for value in values):
            continue
        others = [
            changed(recipe, entry, change.parameter, value)
            for entry, value in zip(worlds, values, strict=True)
        ]
        simulated += 1
        would = tuple(entry for entry in others if entry is not None)
        if len(would) < len(worlds) or any(
            entry.scenario.is_chaotic(entry.params) for entry in (*worlds, *would)
        ):
            continue
        for template, which, bodies in _about(worlds, CONSEQUENCES, draws.under(change.text)):
            answers = _answers(would, bodies, template)
            before = [template.label(entry, body) for entry, body in zip(worlds, bodies, strict=True)]
            if answers is not None and None not in before and tuple(before) != answers:
                yield f"If {change.text}, {_worded(template, worlds, bodies, which)}", answers


def _about(
    worlds: tuple[World, ...], templates: Sequence[Template], draws: Draws
) -> Iterator[tuple[Template, str, tuple[int, ...]]]:
    """Every template with every body that it can be about, in an order that the draws decide."""
    bodies: dict[str, tuple[int, ...]] = {}
    for which, choose in WHICH.items():
        chosen = [choose(entry) for entry in worlds]
        if None not in chosen:
            bodies[which] = tuple(body for body in chosen if body is not None)
    pairs = [(place, which) for place in range(len(templates)) for which in bodies]
    done: set[int] = set()
    for place, which in shuffled(draws, "templates", pairs):
        template = templates[place]
        if template.of_all and place in done:
            continue
        done.add(place)
        yield template, which, bodies[which]


def _worded(template: Template, worlds: tuple[World, ...], bodies: tuple[int, ...], which: str) -> str:
    return template.text.format(it=name(worlds, bodies, which), them=names(worlds))


def _answers(
    worlds: tuple[World, ...], bodies: tuple[int, ...], template: Template
) -> tuple[Answer, ...] | None:
    """The answer in each world, None unless there is one in all of them and no two are alike."""
    found: list[Answer] = []
    for entry, body in zip(worlds, bodies, strict=True):
        answer = template.label(entry, body)
        if answer is None or any(_alike(answer, earlier) for earlier in found):
            return None
        found.append(answer)
    return tuple(found)


def _alike(one: Answer, other: Answer) -> bool:
    if isinstance(one, Measured) and isinstance(other, Measured):
        return one.text == other.text or abs(one.value - other.value) < max(one.apart, other.apart)
    return one == other
