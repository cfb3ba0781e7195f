"""The predictor from the first frame: what it can learn, how often chance fools it, and what it sees."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simgen.recipe.draws import Draws
from simgen.scene.camera import intrinsics, project, world_to_camera
from simgen.scene.spec import Body, Camera, SceneSpec, Shape, Video
from simgen.study.first_frame import LONGER_SIDE, first_frames, score_factors

DRAWS = Draws(0, "audit", 0)


def test_products_of_two_features_are_learned() -> None:
    source = np.random.default_rng(1)
    features = source.random((150, 6))
    features[:, 5] = 3.0  # says nothing
    noise = 0.02 * source.normal(size=150)
    columns = {
        "product": features[:, 0] * features[:, 1] + noise,
        "square": (features[:, 2] - 0.5) ** 2 + noise / 10,
        "side": np.where(features[:, 3] > 0.5, "left", "right"),
        "thirds": np.array(["a", "b", "c"])[(features[:, 4] * 3).astype(int)],
        "nothing": source.random(150),
        "no_word": source.choice(["x", "y", "z"], 150),
    }
    scores = {score.factor: score for score in score_factors(features, columns, DRAWS)}
    assert {name for name, score in scores.items() if score.told} == {"product", "square", "side", "thirds"}
    # R² cannot be above the share of the variance that is not noise
    assert scores["product"].score == pytest.approx(1 - 0.02**2 / np.var(columns["product"]), abs=0.03)
    assert scores["square"].score > 0.8
    assert scores["side"].score > 0.75
    assert scores["thirds"].score > 0.4
    assert (scores["product"].kind, scores["side"].kind) == ("R²", "errors saved")
    assert max(scores["nothing"].score, scores["no_word"].score) < 0.15


def test_it_is_ridge_regression_on_all_products() -> None:
    """The same out-of-fold predictions as a fit with the features written out and one penalty for all."""
    from simgen.study import first_frame

    source = np.random.default_rng(2)
    features = source.random((40, 3))
    wanted = source.random((40, 1, 1))
    folds = np.arange(40) % first_frame.FOLDS
    standard = (features - features.mean(axis=0)) / features.std(axis=0)
    one = standard / np.sqrt(3)
    products = [one[:, i] * one[:, j] for i in range(3) for j in range(3)]
    written_out = np.stack([np.ones(40), *(np.sqrt(2) * one.T), *products], axis=1)
    candidates = []
    for penalty in first_frame.PENALTIES:
        given = np.zeros(40)
        for fold in range(first_frame.FOLDS):
            inside = folds != fold
            mean, x = wanted[inside].mean(), written_out[inside]
            ridge = x.T @ x + penalty * inside.sum() * np.eye(x.shape[1])
            given[~inside] = mean + written_out[~inside] @ np.linalg.solve(
                ridge, x.T @ (wanted[inside, 0, 0] - mean)
            )
        candidates.append(given)
    found = first_frame._out_of_fold(features, folds, wanted, [slice(0, 1)])[:, 0, 0]
    for fold in range(first_frame.FOLDS):
        apart = [np.abs(found - given)[folds == fold].max() for given in candidates]
        assert min(apart) < 1e-9


def test_chance_is_not_reported() -> None:
    alarms = 0
    for seed in range(25):
        source = np.random.default_rng(seed)
        columns = {"a": source.random(80), "b": source.choice(["x", "y"], 80), "c": source.normal(size=80)}
        alarms += any(score.told for score in score_factors(source.random((80, 14)), columns, DRAWS))
    assert alarms <= 3  # one in a hundred is expected


def test_nothing_to_see_tells_nothing() -> None:
    columns = {"a": np.random.default_rng(0).random(50)}
    (score,) = score_factors(np.zeros((50, 7)), columns, DRAWS)
    assert not score.told
    assert score.score < 0.02
    assert score_factors(np.zeros((50, 7)), {}, DRAWS) == []


def test_what_is_seen_of_the_first_frame() -> None:
    ball = Body("ball", Shape("sphere", (0.3,)), (0.4, 0.0, 0.9))
    wall = Body("wall", Shape("box", (1.0, 0.1, 1.0)), (-0.8, 1.0, 0.5), fixed=True, role="support")
    hidden = replace(wall, name="hidden", position_m=(1.5, 1.0, 0.5), visible=False)
    camera = Camera(position_m=(0.0, -4.0, 0.8), target_m=(0.0, 0.0, 0.6))
    scene = SceneSpec((ball, wall, hidden), Video(640, 360, 24, 48), (camera,))
    gone = scene.with_bodies((wall,))
    sights = first_frames([scene, gone])
    assert sights.everything.shape == (2, 21)
    assert sights.moving.shape == (2, 7)
    small = Video(LONGER_SIDE, 72, 24, 1)
    pixels, depth = project(
        np.array([[ball.position_m]]),
        intrinsics(camera, small),
        world_to_camera(camera, scene, None),
        "perspective",  # type: ignore[arg-type]
    )
    x0, y0, x1, y1, cx, cy, size = sights.moving[0] * LONGER_SIDE
    assert (cx, cy) == pytest.approx(tuple(pixels[0, 0]), abs=0.7)
    radius = 0.3 / depth[0, 0] * intrinsics(camera, small)[0, 0]
    assert (x1 - x0, y1 - y0) == pytest.approx((2 * radius, 2 * radius), abs=1.5)
    assert size == pytest.approx(np.sqrt(np.pi) * radius, rel=0.05)
    assert not sights.moving[1].any()  # no such body in the other clip
    assert sights.everything[:, :14].any()
    assert not sights.everything[:, 14:].any()  # it is not drawn
