"""PhyWorld's recipes hold to its protocol: where discs start, when they meet, what is in and out of range, nested sizes
without repeated random numbers, true velocities from the pixels within the published floors.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import yaml

from benchmarks.phyworld_floor import RECIPES, Errors, centres, compared_frames, measure, painted
from simgen.build import generate
from simgen.build.staging import compose
from simgen.errors import Rejected
from simgen.recipe import load_recipe, shipped_recipes
from simgen.scene.spec import SceneSpec
from simgen.study.ranges import relation

NAMES = sorted(name for name in shipped_recipes() if name.startswith("phyworld_"))
PAIRS = [name for name in NAMES if name.startswith("phyworld_pair_")]
LOW_V, HIGH_V = (0, 0.8), (4.5, 6)
PUBLISHED = {"phyworld_uniform": 0.0099, "phyworld_parabola": 0.0210, "phyworld_collision": 0.0117}


def scenes(name: str, split: str, count: int) -> Iterator[tuple[dict[str, Any], SceneSpec]]:
    """Parameters and scenes of the first clips of a split: the first attempt of each that is not rejected."""
    recipe = load_recipe(name)
    for index in range(count):
        clip = recipe.clip(split, index)
        for attempt in range(20):
            draws = clip.draws(attempt)
            params = recipe.draw_params(clip, draws)
            try:
                yield params, compose(recipe, clip, params, draws)
            except Rejected:
                continue
            break
        else:
            raise AssertionError(f"{name} {split} {index}: no draw makes a scene")


def places(name: str, split: str = "train", count: int = 200) -> list[tuple[dict[str, Any], float, float]]:
    """Parameters, x and height of the first ball."""
    return [(p, s.bodies[0].position_m[0], s.bodies[0].position_m[2]) for p, s in scenes(name, split, count)]


@pytest.mark.parametrize("name", NAMES)
def test_32_frames_of_a_world_of_10_m_in_256_pixels(name: str) -> None:
    made = load_recipe(name)
    video = made.video_spec()
    assert (video.width, video.height, video.frame_count, video.fps) == (256, 256, 32, 10)
    (_, scene), *_ = scenes(name, "train", 1)
    (camera,) = scene.cameras
    assert (camera.projection, camera.height_m) == ("orthographic", 10)
    assert camera.position_m[::2] == camera.target_m[::2] == (5, 5)
    assert scene.environment.unlit
    assert scene.environment.horizon == scene.environment.zenith == (1, 1, 1)
    gravity = 2.5 if "parabola" in name else 0
    assert scene.gravity_m_s2 == pytest.approx((0, 0, -gravity))
    for body in scene.bodies:
        assert body.elasticity == 1
        assert body.friction == 0
        assert body.look is not None
        assert body.look.colour in {(1, 0, 0), (0, 0, 1)}
        assert body.look.colour_name == ("red" if body.look.colour == (1, 0, 0) else "blue")
        assert body.look.texture == "plain"


@pytest.mark.parametrize(
    "name", ["phyworld_uniform", "phyworld_parabola", "phyworld_holes", "phyworld_memory"]
)
def test_a_disc_stays_whole_for_24_frames_or_starts_near_the_edge(name: str) -> None:
    near = 0
    for params, x, _ in places(name):
        radius, speed = params["radius_m"], params["speed_m_s"]
        assert x >= radius
        whole_for_s = (10 - radius - x) / speed
        if 2.4 * speed + 2 * radius <= 10:
            assert whole_for_s >= 2.4 - 1e-9
        else:
            near += 1
            assert x <= radius + 0.5
    assert 0 < near < 200


def test_a_disc_too_fast_for_it_starts_within_a_part_of_half_a_metre() -> None:
    """Of r + U(0, 0.5), of which it takes a uniform part: on average an eighth of a metre from the edge."""
    off = [
        x - params["radius_m"]
        for params, x, _ in places("phyworld_uniform", "test_v", 400)
        if 2.4 * params["speed_m_s"] + 2 * params["radius_m"] > 10
    ]
    assert max(off) < 0.5
    assert np.mean(off) == pytest.approx(0.125, abs=0.015)


def test_heights_are_those_of_the_protocol() -> None:
    for params, _, height in places("phyworld_uniform", "test_rv"):
        assert params["radius_m"] + 0.5 <= height <= 9.5 - params["radius_m"]
    share = [
        (height + params["radius_m"] - 8.5) for params, _, height in places("phyworld_parabola", "test_rv")
    ]
    assert 0 <= min(share) < 0.02
    assert 0.98 < max(share) <= 1
    for params, scene in scenes("phyworld_collision", "train", 100):
        red, blue = scene.bodies
        larger = max(params["radius_a_m"], params["radius_b_m"])
        assert red.position_m[2] == blue.position_m[2]
        assert larger + 0.5 <= red.position_m[2] <= 9.5 - larger


@pytest.mark.parametrize("split", ["train", "test_r1", "test_v1", "test_v1_v2", "test_all"])
@pytest.mark.parametrize("name", ["phyworld_collision", "phyworld_collision_code"])
def test_discs_meet_after_8_frames_and_8_before_the_end(name: str, split: str) -> None:
    for params, scene in scenes(name, split, 60):
        red, blue = scene.bodies
        radii = [body.shape.size_m[0] for body in scene.bodies]
        assert red.position_m[0] >= radii[0] - 1e-9
        assert blue.position_m[0] <= 10 - radii[1] + 1e-9
        gap = blue.position_m[0] - red.position_m[0] - sum(radii)
        meets_s = gap / (params["speed_a_m_s"] + params["speed_b_m_s"])
        assert 0.8 - 1e-9 <= meets_s <= 3.2 - 0.8 + 1e-9
        assert red.velocity_m_s == (params["speed_a_m_s"], 0, 0)
        assert blue.velocity_m_s == (-params["speed_b_m_s"], 0, 0)
        assert red.mass_kg / blue.mass_kg == pytest.approx((radii[0] / radii[1]) ** 2)


# What is out of range in each level; everything else is as in training.
LEVELS = {
    "test": (),
    "test_r1": ("radius_a_m",),
    "test_v1": ("speed_a_m_s",),
    "test_r1_r2": ("radius_a_m", "radius_b_m"),
    "test_v1_v2": ("speed_a_m_s", "speed_b_m_s"),
    "test_r1_v1": ("radius_a_m", "speed_a_m_s"),
    "test_all": ("radius_a_m", "radius_b_m", "speed_a_m_s", "speed_b_m_s"),
}
RADII = {  # of training; out of range
    "phyworld_uniform": ((0.7, 1.5), ((0.3, 0.6), (1.5, 2))),
    "phyworld_uniform_code": ((0.7, 1.4), ((0.3, 0.6), (1.5, 2))),
    "phyworld_parabola": ((0.7, 1.5), ((0.3, 0.6), (1.5, 2))),
    "phyworld_parabola_code": ((0.7, 1.4), ((0.3, 0.6), (1.5, 2))),
    "phyworld_collision": ((0.7, 1.5), ((0.3, 0.6), (1.5, 2))),
    "phyworld_collision_code": ((0.5, 1.5), ((0.3, 0.4), (1.7, 2))),
}


@pytest.mark.parametrize("name", RADII)
def test_ranges_of_every_level(name: str) -> None:
    made = load_recipe(name)
    radii, radii_out = RADII[name]
    levels = (
        LEVELS if "collision" in name else {"test": (), "test_r": ("radius_m",), "test_v": ("speed_m_s",)}
    )
    if "collision" not in name:
        levels = {**levels, "test_rv": ("radius_m", "speed_m_s")}
    assert set(made.splits) == {"train", *levels}
    for split, out in {"train": (), **levels}.items():
        (box,) = made.boxes(split)
        for parameter, distribution in box.items():
            if parameter.startswith(("radius", "speed")):
                of_training, out_of_it = (
                    (radii, radii_out) if "radius" in parameter else ((1, 4), (LOW_V, HIGH_V))
                )
                expected = out_of_it if parameter in out else (of_training,)
                drawn = distribution.uniform
                assert (drawn if isinstance(drawn[0], tuple) else (drawn,)) == expected, (split, parameter)
        found = relation(made.boxes("train"), made.boxes(split))
        assert found.kind == ("disjoint" if out else "in distribution"), found.text


@pytest.mark.parametrize(
    "name", [n for n in NAMES if n not in ("phyworld_holes", "phyworld_collision_holes")]
)
def test_what_a_test_split_names_is_never_in_training(name: str) -> None:
    made = load_recipe(name)
    for split in made.splits:
        kind = relation(made.boxes("train"), made.boxes(split)).kind
        if split.startswith("test_"):
            assert kind == "disjoint", split


def test_all_kinds_of_out_of_range_are_in_a_level() -> None:
    """Low, high and crossed: slow small, fast large, slow large and fast small."""
    quarters = Counter(
        (params["radius_m"] > 1, params["speed_m_s"] > 1)
        for params, *_ in places("phyworld_uniform", "test_rv", 100)
    )
    assert min(quarters[small, slow] for small in (False, True) for slow in (False, True)) > 5


@pytest.mark.parametrize("name", RECIPES)
def test_no_random_number_comes_twice(name: str) -> None:
    """PhyWorld seeds its generator again for every 1,000 clips: 300,000 clips have 2,270 initial heights."""
    found = places(name, "train", 1500)
    for values in zip(*((x, height) for _, x, height in found), strict=True):
        assert len(set(values)) == len(found)
    for parameter in found[0][0]:
        values = {params[parameter] for params, *_ in found}
        assert len(values) in (1, len(found)), parameter  # a constant, or as many as clips
    heights = np.sort([height for _, _, height in found])
    assert np.diff(heights).max() < 0.1 * (heights[-1] - heights[0])


@pytest.mark.parametrize("name", RECIPES)
def test_the_ladder_is_nested(name: str) -> None:
    """Each size is the first clips of the next, and a build of another size has the same clips."""
    made = load_recipe(name)
    design = made.designs["train"]
    assert (design.ladder, design.clips) == ((30_000, 300_000, 3_000_000), 3_000_000)
    text = yaml.safe_load(shipped_recipes()[name].read_text())
    text["splits"]["train"] = {"clips": 30_000}
    from simgen.recipe import recipe_from_data

    smaller = recipe_from_data(text)
    for index in (0, 1, 29_999):
        clips = [recipe.clip("train", index) for recipe in (made, smaller)]
        drawn = [
            recipe.draw_params(clip, clip.draws(0))
            for recipe, clip in zip((made, smaller), clips, strict=True)
        ]
        assert drawn[0] == drawn[1]


@pytest.mark.parametrize("name", PAIRS)
def test_training_shows_two_of_the_four_pairs_and_the_test_the_others(name: str) -> None:
    def shown(split: str) -> Counter[tuple[bool, bool]]:
        factors = name.removeprefix("phyworld_pair_").split("_")
        of = {
            "colour": lambda p, s: s.bodies[0].look.colour == (0, 0, 1),
            "size": lambda p, s: p["radius_m"] > 1.05,
            "speed": lambda p, s: p["speed_m_s"] > 2.5,
            "shape": lambda p, s: s.bodies[0].shape.kind == "box",
        }
        return Counter(tuple(of[factor](p, s) for factor in factors) for p, s in scenes(name, split, 60))

    for split, pairs in {
        "train": {(False, False), (True, True)},
        "test": {(False, False), (True, True)},
        "test_other": {(False, True), (True, False)},
    }.items():
        counts = shown(split)
        assert set(counts) == pairs
        assert min(counts.values()) > 15


def test_holes_differ_in_nothing_but_the_speeds() -> None:
    made = load_recipe("phyworld_holes")
    trainings = [split for split in made.splits if split.startswith("train")]
    assert len(trainings) == 6
    for index in range(50):
        drawn = []
        for split in trainings:
            clip = made.clip(split, index)
            params = made.draw_params(clip, clip.draws(0))
            speed = params.pop("speed_m_s")
            assert any(low <= speed <= high for low, high in made.boxes(split)[0]["speed_m_s"].uniform)
            drawn.append(params)
        assert all(params == drawn[0] for params in drawn)
    for hole in ("test_hole", "test_outside"):
        assert relation(made.boxes("train"), made.boxes(hole)).kind == "disjoint"


@pytest.mark.parametrize(
    ("split", "hole", "factors"),
    [
        ("train", (1.25, 3.75), ("speed_a_m_s", "speed_b_m_s")),
        ("train_hole_1", (2, 3), ("speed_a_m_s", "speed_b_m_s")),
        ("train_hole_sizes", (0.8, 1.2), ("radius_a_m", "radius_b_m")),
    ],
)
def test_around_a_square_hole_pairs_are_as_likely_everywhere(
    split: str, hole: tuple[float, float], factors: tuple[str, str]
) -> None:
    made = load_recipe("phyworld_collision_holes")
    areas = {
        math.prod(high - low for low, high in (box[factor].uniform for factor in factors))
        for box in made.boxes(split)
    }
    assert len({round(area, 9) for area in areas}) == 1  # four rectangles of one size, all equally likely
    low, high = min(box[factors[0]].uniform[0] for box in made.boxes(split)), 0.0
    high = max(box[factors[0]].uniform[1] for box in made.boxes(split))
    assert 4 * areas.pop() == pytest.approx((high - low) ** 2 - (hole[1] - hole[0]) ** 2)
    for index in range(100):
        clip = made.clip(split, index)
        params = made.draw_params(clip, clip.draws(0))
        assert not all(hole[0] < params[factor] < hole[1] for factor in factors)


CLIPS = 8  # the figures of docs/studies/phyworld.md are of 100


@pytest.fixture(scope="module")
def floors() -> dict[str, dict[str, Errors]]:
    return {name: {row.pictures: row.errors for row in measure(name, CLIPS)} for name in RECIPES}


@pytest.mark.parametrize("pictures", ["simgen, as rendered", "simgen, from the h264 video"])
def test_velocities_from_pixels_are_within_the_published_floors(
    floors: dict[str, dict[str, Errors]], pictures: str
) -> None:
    """By the definitions with which the floors come out for PhyWorld's own painter; see docs/studies/phyworld.md."""
    assert floors["phyworld_uniform"][pictures].mean_first < PUBLISHED["phyworld_uniform"]
    assert floors["phyworld_collision"][pictures].mean_first < PUBLISHED["phyworld_collision"]
    assert floors["phyworld_parabola"][pictures].speed < PUBLISHED["phyworld_parabola"]


@pytest.mark.parametrize("name", RECIPES)
def test_frame_by_frame_they_are_nearer_the_truth_than_in_pictures_painted_as_theirs(
    floors: dict[str, dict[str, Errors]], name: str
) -> None:
    for ours, theirs in (
        ("simgen, as rendered", "their painter"),
        ("simgen, from the h264 video", "their painter, through h264"),
    ):
        assert floors[name][ours].per_frame < floors[name][theirs].per_frame


def test_what_is_left_is_the_hard_threshold(floors: dict[str, dict[str, Errors]]) -> None:
    """Discs cut out at pixel centres, the best that a colour rule without shades can see, do no better."""
    cut = []
    for index in range(CLIPS):
        sample = generate(load_recipe("phyworld_uniform"), index, "test")
        centre_m = sample.state[:, 0, (0, 2)].astype(float)
        radius_m = sample.scene.bodies[0].shape.size_m[0]
        line = (np.arange(256) + 0.5) * 10 / 256
        inside = (line[None, None, :] - centre_m[:, 0, None, None]) ** 2 + (
            line[None, ::-1, None] - centre_m[:, 1, None, None]
        ) ** 2 < radius_m**2
        frames = np.where(inside[..., None], np.array([255, 0, 0]), 255).astype(np.uint8)
        taken = compared_frames(sample)
        seen, true = (
            np.diff(track[taken, 0], axis=0) / 0.1 for track in (centres(frames, ("red",)), centre_m[:, None])
        )
        cut.append(np.abs(seen - true).mean())
    assert floors["phyworld_uniform"]["simgen, as rendered"].per_frame < 1.5 * np.mean(cut)


def test_their_painter_sees_255_256_of_every_speed() -> None:
    position_m = np.array([[[2.0, 5.0]], [[8.0, 5.0]]])
    seen = centres(painted(position_m, np.array([1.0]), 256), ("red",))
    assert seen[1, 0, 0] - seen[0, 0, 0] == pytest.approx(6 * 255 / 256, abs=0.005)


@pytest.mark.parametrize("name", RECIPES)
def test_pictures_are_red_and_blue_discs_on_white(name: str) -> None:
    sample = generate(load_recipe(name), 1, "test")
    frame = sample.rgb[0]
    colours = Counter(map(tuple, frame.reshape(-1, 3).tolist()))
    bodies = sample.scene.bodies
    assert {colour for colour, _ in colours.most_common(1 + len(bodies))} == {
        (255, 255, 255),
        *((255, 0, 0), (0, 0, 255))[: len(bodies)],
    }
    for body, colour in zip(bodies, ((255, 0, 0), (0, 0, 255)), strict=False):
        area = math.pi * (body.shape.size_m[0] * 25.6) ** 2
        assert colours[colour] == pytest.approx(area, rel=0.1)  # the rest of it is the smooth edge
    assert sample.captions["plain"].lower().count("red ") == 1
