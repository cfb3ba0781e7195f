"""What a card says of a study: its question, its splits beside the one that is trained on, and the shortcut audit."""

from __future__ import annotations

from collections.abc import Iterator

from simgen.errors import SimgenError
from simgen.publish.card_facts import Facts
from simgen.publish.front_matter import ladder_configs
from simgen.publish.markdown import code, escaped, folded, table

__all__ = ["audit_lines", "study"]

_WORDS = {"question": "Question", "law": "The law to be learned", "score": "How to score"}


def study(facts: Facts) -> list[str]:
    """Nothing for a dataset that is no study."""
    about = facts.manifest.study
    if not about:
        return []
    lines = [f"**{title}.** {escaped(str(about[name]))}" for name, title in _WORDS.items() if about.get(name)]
    factors = ", ".join(code(name) for name in about.get("factors", ()))
    if about.get("train"):
        told = f"Trained on {code(about['train'])}"
        told += f", studied: {factors}" if factors else ""
        frames = int(about.get("context_frames", 1))
        lines.append(f"{told}; a model is given the first {frames} frame{'s' if frames > 1 else ''}.")
    paragraphs = [part for line in lines for part in (line, "")]
    return [*paragraphs, *_design(facts), *_ladders(facts), *_audit(facts)]


def _design(facts: Facts) -> Iterator[str]:
    if not facts.design:
        return
    yield (
        "`ood` lists what of a clip is outside the training range. The distance to the nearest training clip is in "
        "units of the training ranges; `study/<split>.parquet` has it for every clip, joined by `key`."
    )
    yield ""
    head = (
        "split",
        "clips",
        "made of",
        "outside the training range",
        "nearest training clip: median",
        "largest",
    )
    rows = [
        (
            code(row.split),
            f"{row.clips:,}",
            escaped(row.made_of),
            ", ".join(f"{code(name)} {count:,}" for name, count in row.outside.items()),
            "" if row.nearest is None else f"{row.nearest[0]:.3g}",
            "" if row.nearest is None else f"{row.nearest[1]:.3g}",
        )
        for row in facts.design
    ]
    yield from table(head, rows, right=(1, 4, 5))
    yield ""


def _ladders(facts: Facts) -> Iterator[str]:
    names = [str(config["config_name"]) for config in ladder_configs(facts.manifest)]
    if names:
        yield (
            "Nested training sets, each the first clips of the next, are configurations of their own: "
            f"{', '.join(map(code, names))}; with simgen's reader, `take=`."
        )
        yield ""


def _audit(facts: Facts) -> Iterator[str]:
    if facts.audit:
        summary = "Shortcut audit: whether anything but the cause tells the studied factors"
        yield from folded(summary, facts.audit)


def audit_lines(recipe_text: str) -> tuple[str, ...]:
    """The audit of the training split, as Markdown; nothing where the recipe cannot be drawn from here (a scenario that
    is not installed, a recipe of another version).
    """
    from simgen.recipe import parse_recipe
    from simgen.study.audit import audit_factors

    try:
        recipe = parse_recipe(recipe_text, "recipe.yaml")
        train = recipe.training
        if train is None:
            return ()
        lines: list[str] = []
        for scenario in recipe.scenario_weights(train):
            found = audit_factors(recipe, train, scenario)
            of = f"{scenario}: " if recipe.mixed else ""
            lines += [f"{of}{escaped(found.text)}" if found.rows else f"{of}nothing to compare.", ""]
            lines += [*found.markdown.splitlines(), ""] if found.rows else []
    except SimgenError:
        return ()
    return tuple(lines)
