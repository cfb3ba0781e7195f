"""What the first frame gives away: a simple predictor from the boxes of what is seen to the factors of a study.

Every clip's scene is filmed for one frame at low resolution, and ridge regression on all products of two of the
bodies' box corners, centroids and sizes (a polynomial kernel of degree 2) is fitted to each factor. Its score is
that of clips it has not seen (k-fold): R² for a number, and for a word how much of the errors of always saying
the commonest word it saves. A score means something when it is higher than in each of 99 shuffles of the clips.

`everything` is what a model is given; `moving` are the bodies that are not fixed, alone: where the subject
starts, and how large it is in the picture, should tell nothing of a factor that is to be learned from the motion.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.physics.trace import Contacts, Trace
from simgen.recipe.draws import Draws
from simgen.scene.spec import SceneSpec, Video

__all__ = ["FirstFrameAudit", "Score", "Sights", "first_frames", "score_factors", "scores_of"]

LONGER_SIDE = 128  # pixels of the picture that is filmed
SHUFFLES = 99
FOLDS = 5
PENALTIES = tuple(10.0**power for power in range(-5, 4))  # of the ridge, times the number of clips
LEAST_SCORE = 0.02  # whatever the shuffles say: less would help nobody

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sights:
    """The first frame of n clips."""

    everything: Floats  # (n, features) of all bodies that are seen in some clip
    moving: Floats  # (n, features) of those that are not fixed


@dataclass(frozen=True, slots=True)
class Score:
    """How well a factor is predicted from the first frame."""

    factor: str
    bodies: str  # everything | moving
    kind: str  # R² | errors saved
    score: float  # of clips that were not fitted; 1 is perfect, 0 is what knowing nothing gives
    chance: float  # the score that 1 % of the shuffles reach
    told: bool


@dataclass(frozen=True, slots=True)
class FirstFrameAudit:
    """What the first frame tells of each factor."""

    clips: int
    scores: tuple[Score, ...]

    @property
    def shortcuts(self) -> tuple[Score, ...]:
        """The factors that place and size of the moving bodies alone give away."""
        return tuple(score for score in self.scores if score.told and score.bodies == "moving")

    @property
    def text(self) -> str:
        """A line for each factor that is told, or one that says that none is."""
        told = [score for score in self.scores if score.told]
        if not told:
            return f"The boxes of the first frame tell none of the factors ({self.clips} clips)."
        return "\n".join(
            f"The first frame's boxes of {_BODIES[score.bodies]} tell {score.factor}: {score.kind}"
            f" {score.score:.2f}, by chance at most {score.chance:.2f}."
            for score in told
        )

    @property
    def markdown(self) -> str:
        lines = [
            "| factor | predicted from the boxes of | score of unseen clips | by chance at most | told |",
            "|---|---|---|---|---|",
        ]
        for score in self.scores:
            value = f"{score.kind} {score.score:.2f}".replace("-", "−")
            verdict = "yes" if score.told else "no"
            lines.append(
                f"| `{score.factor}` | {_BODIES[score.bodies]} | {value} | {score.chance:.2f} | {verdict} |"
            )
        return "\n".join(lines)


_BODIES = {"everything": "all that is seen", "moving": "the moving bodies alone"}


def scores_of(sights: Sights, columns: Mapping[str, NDArray[Any]], draws: Draws) -> FirstFrameAudit:
    """How well what is seen predicts each column (n,)."""
    scores = [
        *score_factors(sights.everything, columns, draws, "everything"),
        *score_factors(sights.moving, columns, draws, "moving"),
    ]
    return FirstFrameAudit(len(sights.everything), tuple(scores))


def first_frames(scenes: Iterable[SceneSpec], progress: Callable[[int], None] = lambda count: None) -> Sights:
    """Boxes, centroids and sizes of all bodies in the first frame of each scene; 0 of a body that is not seen."""
    from simgen.render.raycast import coverage

    rows: list[dict[str, tuple[float, ...]]] = []
    moving: dict[str, bool] = {}
    for scene in scenes:
        small = replace(scene, video=_small(scene.video))
        seen = coverage(small, _still(small))
        scale = 1.0 / LONGER_SIDE
        row = {}
        for place, body in enumerate(scene.bodies):
            size = math.sqrt(float(seen.visible_pixels[0, place]))
            row[body.name] = (
                *(float(value) * scale for value in (*seen.boxes[0, place], *seen.centroids[0, place])),
                size * scale,
            )
            moving[body.name] = moving.get(body.name, False) or not body.fixed
        rows.append(row)
        progress(len(rows))
    return Sights(_features(rows, list(moving)), _features(rows, [name for name in moving if moving[name]]))


def _features(rows: Sequence[Mapping[str, tuple[float, ...]]], names: Sequence[str]) -> Floats:
    unseen = (0.0,) * 7
    values = [[number for name in names for number in row.get(name, unseen)] for row in rows]
    return np.array(values, dtype=np.float64).reshape(len(rows), 7 * len(names))


def _small(video: Video) -> Video:
    """The same picture with fewer pixels, one frame long."""
    scale = LONGER_SIDE / max(video.width, video.height)
    width, height = (max(2, 2 * round(edge * scale / 2)) for edge in (video.width, video.height))
    return replace(video, width=width, height=height, frame_count=1)


def _still(scene: SceneSpec) -> Trace:
    """The trace of the first instant, as the scene says it."""
    state = [
        (*body.position_m, *body.orientation_xyzw, *body.velocity_m_s, *body.angular_velocity_rad_s)
        for body in scene.bodies
    ]
    whole, numbers = np.zeros(0, dtype=np.int32), np.zeros(0)
    none = Contacts(whole, numbers, whole, whole, np.zeros((0, 3)), np.zeros((0, 3)), numbers)
    return Trace(np.zeros(1), np.array([state], dtype=np.float64), none, 1.0 / scene.video.fps)


def score_factors(
    features: Floats, columns: Mapping[str, NDArray[Any]], draws: Draws, bodies: str = "everything"
) -> list[Score]:
    """How well features (n, d) predict each column (n,), and what shuffled clips would give."""
    count = len(features)
    varied = features[:, features.std(axis=0) > 1e-9] if count else features
    orders = [np.arange(count)]
    orders += [np.argsort(draws.many(f"shuffle.{k}", count), kind="stable") for k in range(SHUFFLES)]
    folds = np.argsort(draws.many("folds", count), kind="stable") % FOLDS
    targets = {name: _targets(column) for name, column in columns.items()}
    if not targets:
        return []
    ends = np.cumsum([0, *(target.shape[1] for target in targets.values())])
    places = {name: slice(ends[k], ends[k + 1]) for k, name in enumerate(targets)}
    whole = np.concatenate(list(targets.values()), axis=1)
    wanted = np.stack([whole[order] for order in orders], axis=1)  # (n, orders, targets of all factors)
    given = _out_of_fold(varied, folds, wanted, list(places.values()))
    found = {
        name: _skills(wanted[..., place], given[..., place], columns[name].dtype.kind in "iuf")
        for name, place in places.items()
    }
    # Scores in units of their own spread under shuffling, so that the strictest of all factors' shuffles is one bar.
    spreads = {name: max(float(skills[1:].std()), 1e-6) for name, skills in found.items()}
    bar = max(float((skills[1:].max() - skills[1:].mean()) / spreads[name]) for name, skills in found.items())
    scores = []
    for name, skills in found.items():
        chance = max(float(skills[1:].mean()) + bar * spreads[name], LEAST_SCORE)
        kind = "R²" if columns[name].dtype.kind in "iuf" else "errors saved"
        scores.append(Score(name, bodies, kind, float(skills[0]), chance, bool(skills[0] > chance)))
    return scores


def _targets(column: NDArray[Any]) -> Floats:
    """What is fitted, (n, 1) for numbers, (n, words) of 0 and 1 for words."""
    if column.dtype.kind in "iuf":
        return column.astype(np.float64)[:, None]
    words, place = np.unique(column, return_inverse=True)
    return np.eye(len(words))[place]


def _out_of_fold(
    features: Floats, folds: NDArray[np.int64], wanted: Floats, factors: Sequence[slice]
) -> Floats:
    """Predictions (n, orders, targets) of what is `wanted` of each clip, by a fit to the clips of the other folds."""
    spread = features.std(axis=0)
    standard = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    kernel = (1.0 + standard @ standard.T / max(1, standard.shape[1])) ** 2
    given = np.zeros_like(wanted)
    for fold in range(FOLDS):
        fitted = folds != fold
        mean = wanted[fitted].mean(axis=0)
        given[~fitted] = mean + _fit(
            kernel[np.ix_(fitted, fitted)], kernel[np.ix_(~fitted, fitted)], wanted[fitted] - mean, factors
        )
    return given


def _fit(inside: Floats, across: Floats, values: Floats, factors: Sequence[slice]) -> Floats:
    """Kernel ridge regression of values (m, orders, targets), predicted across (k, m) to (k, orders, targets).

    Every factor in every order has the penalty of its least leave-one-out error, which is (K + λ)⁻¹ y over the
    diagonal of (K + λ)⁻¹ (R. R. Picard and R. D. Cook, 1984).
    """
    strength, vectors = np.linalg.eigh(inside)
    turned = vectors.T @ values.reshape(len(values), -1)
    given = np.zeros((len(across), *values.shape[1:]))
    least = np.full((values.shape[1], len(factors)), np.inf)
    for penalty in PENALTIES:
        shrunk = 1.0 / (np.maximum(strength, 0.0) + penalty * len(values))
        weights = vectors @ (shrunk[:, None] * turned)
        left_out = weights / (vectors**2 @ shrunk)[:, None]
        errors = (left_out**2).sum(axis=0).reshape(values.shape[1:])
        predicted = (across @ weights).reshape(given.shape)
        for k, place in enumerate(factors):
            error = errors[:, place].sum(axis=1)
            better = error < least[:, k]
            least[better, k] = error[better]
            given[:, better, place] = predicted[:, better, place]
    return given


def _skills(wanted: Floats, given: Floats, numeric: bool) -> Floats:
    """The score in each order, (orders,), of predictions (n, orders, targets) of one factor."""
    if numeric:
        missed = ((wanted - given) ** 2).sum(axis=(0, 2))
        return np.asarray(1.0 - missed / ((wanted - wanted.mean(axis=0)) ** 2).sum(axis=(0, 2)))
    wrong = (wanted.argmax(axis=2) != given.argmax(axis=2)).mean(axis=0)
    commonest = wanted.mean(axis=0).max(axis=1)
    return np.asarray(1.0 - wrong / (1.0 - commonest))
