"""The shortcut audit: does something that should tell nothing give the studied factors away?

Two questions of a split. Do its nuisance factors depend on those that cause the motion or are hidden
(`audit_factors`)? And do the boxes of the first frame, before anything moves, tell them (`audit_first_frame`)?
Nothing is simulated and no clip is filmed beyond its first frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from simgen.errors import BuildError, Rejected
from simgen.recipe.distributions import Constant, Scalar
from simgen.recipe.drawing import LOOK
from simgen.recipe.draws import Draws
from simgen.study.columns import table_of
from simgen.study.dependence import SHUFFLES, PairRow, dependence
from simgen.study.first_frame import FirstFrameAudit, first_frames, scores_of
from simgen.study.nearest import scales

if TYPE_CHECKING:
    from simgen.recipe import Recipe
    from simgen.recipe.designs import ClipDesign
    from simgen.scenarios.base import Parameter
    from simgen.scene.spec import SceneSpec

__all__ = ["FactorAudit", "audit_factors", "audit_first_frame", "clips_to_audit", "pairs_to_audit"]

CLIPS = 2000  # whose factors are drawn
FILMED = 300  # of which the first frame is filmed
SHOWN_PAIRS = 10  # in the card's table, more only when more are shortcuts


@dataclass(frozen=True, slots=True)
class FactorAudit:
    """What the factors of a split tell about each other."""

    clips: int
    rows: tuple[PairRow, ...]  # every pair, shortcuts first, then the strongest

    @property
    def shortcuts(self) -> tuple[PairRow, ...]:
        """The pairs that depend on each other more than chance gives."""
        return tuple(row for row in self.rows if row.dependent)

    @property
    def text(self) -> str:
        """A line for each shortcut, or one that says that there is none."""
        if not self.rows:
            return "No nuisance factor varies beside one that is studied."
        if not self.shortcuts:
            return (
                f"No nuisance factor tells a studied one: {len(self.rows)} pairs in {self.clips} clips,"
                f" compared with {SHUFFLES} shuffles."
            )
        return "\n".join(f"{row.first} tells {row.second}: {_strength(row)}." for row in self.shortcuts)

    @property
    def markdown(self) -> str:
        """A table of every shortcut, then the strongest of the other pairs, ten in all if there are so many."""
        lines = [
            "| factor | tells | mutual information | Pearson r | Spearman ρ | more than chance |",
            "|---|---|---|---|---|---|",
        ]
        for row in self.rows[: max(SHOWN_PAIRS, len(self.shortcuts))]:
            numbers = [
                "" if value is None else f"{value:+.2f}".replace("-", "−")
                for value in (row.pearson, row.spearman)
            ]
            verdict = "yes" if row.dependent else "no"
            lines.append(
                f"| `{row.first}` | `{row.second}` | {row.bits:.3f} bit | {' | '.join(numbers)} | {verdict} |"
            )
        return "\n".join(lines)


def _strength(row: PairRow) -> str:
    words = f"mutual information {row.bits:.3f} bit"
    return (
        words if row.spearman is None else f"{words}, rank correlation {row.spearman:+.2f}".replace("-", "−")
    )


def audit_factors(recipe: Recipe, split: str, scenario: str = "", clips: int = CLIPS) -> FactorAudit:
    """The dependence of the factors of a split in as many clips, of one scenario where the recipe mixes several.

    A look that is drawn counts by its distribution: which of its values one clip has does not depend on anything.
    """
    kept = clips_to_audit(recipe, split, scenario, clips)
    table = table_of([_factors_of(recipe, clip) for clip in kept])
    pairs = pairs_to_audit(table, _parameters(recipe, kept), recipe.study.factors)
    return FactorAudit(len(kept), dependence(table, pairs, Draws(recipe.seed, "audit", 0)))


def audit_first_frame(
    recipe: Recipe,
    split: str,
    scenario: str = "",
    clips: int = FILMED,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> FirstFrameAudit:
    """How well the first frame's boxes predict the studied factors of a split, or what causes or is hidden.

    Each clip is the first attempt whose scene is not rejected before it is simulated. `progress` hears how many of
    how many are filmed. Raises BuildError when no attempt is fit and RenderError for what cannot be drawn.
    """
    kept = clips_to_audit(recipe, split, scenario, clips)
    composed = [_composed(recipe, clip) for clip in kept]
    table = table_of([params for params, _ in composed])
    factors = _told(table, _parameters(recipe, kept), recipe.study.factors)
    scale = scales(recipe.boxes(split, scenario))
    columns = {
        name: np.log(table[name]) if name in scale and scale[name].logarithmic else table[name]
        for name in factors
        if len(np.unique(table[name])) > 1
    }
    sights = first_frames((scene for _, scene in composed), lambda done: progress(done, len(kept)))
    return scores_of(sights, columns, Draws(recipe.seed, "audit", 0))


def clips_to_audit(recipe: Recipe, split: str, scenario: str, clips: int) -> list[ClipDesign]:
    """The first clips of a split, of one scenario: more of them than it has where every clip is drawn alike."""
    design = recipe.designs[split]
    if design.blend is not None:
        clips = min(clips, design.clips)
    weights = recipe.scenario_weights(split)
    reach = clips * -(-sum(weights.values()) // weights[scenario or recipe.scenario])
    among = (recipe.clip(split, index) for index in range(reach))
    wanted = scenario or recipe.scenario
    return [clip for clip in among if recipe.scenario_name(clip) == wanted][:clips]


def _factors_of(recipe: Recipe, clip: ClipDesign) -> dict[str, Scalar]:
    """The parameters of the first attempt at a clip, and under `look.<name>` those of its look."""
    from simgen.scene.look_parameters import resolve_look

    draws = clip.draws()
    factors = recipe.draw_params(clip, draws)
    for name, way in resolve_look(recipe.look_of(clip, draws)).items():
        factors[f"{LOOK}{name}"] = way.value(0.0 if isinstance(way, Constant) else draws(f"{LOOK}{name}"))
    return factors


def _composed(recipe: Recipe, clip: ClipDesign) -> tuple[dict[str, Any], SceneSpec]:
    """Parameters and scene of the first attempt at a clip that is not rejected as it is composed."""
    from simgen.build.clip import ATTEMPTS
    from simgen.build.staging import compose

    for attempt in range(ATTEMPTS):
        draws = clip.draws(attempt)
        params = recipe.draw_params(clip, draws)
        try:
            return params, compose(recipe, clip, params, draws)
        except Rejected as verdict:
            last = verdict
    raise BuildError(f"{clip.split.name} clip {clip.index}: all {ATTEMPTS} draws were rejected ({last}).")


def _parameters(recipe: Recipe, clips: Sequence[ClipDesign]) -> Sequence[Parameter]:
    return recipe.scenario_object(clips[0]).parameters if clips else ()


def pairs_to_audit(
    names: Iterable[str], parameters: Sequence[Parameter] = (), studied: Sequence[str] = ()
) -> list[tuple[str, str]]:
    """(what should tell nothing, what it should not tell) of the factors `names`: parameters and `look.<name>`.

    What should not be told are the factors `studied`, or, when none are named, the parameters that cause or are
    hidden; everything else is a nuisance, the look above all. Where no roles are known (a composed scene) and
    nothing is studied, every parameter is held against every other.
    """
    names = list(names)
    looks = [name for name in names if name.startswith(LOOK)]
    params = [name for name in names if name not in looks]
    if not parameters and not studied:
        among = [(first, second) for place, second in enumerate(params) for first in params[:place]]
        return among + [(look, name) for look in looks for name in params]
    told = _told(params, parameters, studied)
    roles = {parameter.name: parameter.role for parameter in parameters}
    nuisances = [name for name in params if name not in told and (studied or roles.get(name) == "nuisance")]
    return [(nuisance, name) for nuisance in (*nuisances, *looks) for name in told]


def _told(names: Iterable[str], parameters: Sequence[Parameter], studied: Sequence[str]) -> list[str]:
    """The factors that nothing should give away."""
    nuisances = {parameter.name for parameter in parameters if parameter.role == "nuisance"}
    return [name for name in names if (name in studied if studied else name not in nuisances)]
