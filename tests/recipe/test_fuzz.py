"""Whatever stands in a recipe, the answer is a recipe or located sentences: no traceback, no other error, no
hang.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simgen.errors import RecipeError, Rejected
from simgen.recipe import Recipe, parse_recipe
from simgen.recipe.yaml import decode
from simgen.scene.json import scene_from_json, scene_to_json
from tests.recipe.mutations import ALPHABET, misplaced_values, mutated_recipes

HANGS_S = 60  # far above what a loaded machine needs for the largest recipe; a hang never ends
QUICK = settings(
    max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
CAMPAIGN = settings(
    max_examples=2000, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@contextmanager
def no_hang() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise AssertionError("the recipe was still being read")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(HANGS_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def outcome(text: str) -> Recipe | RecipeError:
    """The recipe or the located mistakes; anything else is an error of simgen's."""
    try:
        with no_hang():
            return parse_recipe(text, "fuzz.yaml")
    except RecipeError as error:
        return error


def check_mistakes(error: RecipeError, text: str) -> None:
    lines = str(error).splitlines()
    assert lines
    assert len(lines) == len(error.problems)
    last = text.count("\n") + text.count("\r") + text.count("\x85") + text.count("\u2028") + 1
    for line, problem in zip(lines, error.problems, strict=True):
        assert line.startswith("fuzz.yaml:"), line
        assert 0 <= problem.line <= last
        assert problem.message.endswith((".", "?")), line
        assert len(line) < 1000, line


def check_recipe(recipe: Recipe, text: str) -> None:
    """A recipe that is read can be drawn from in every split, hashed, and made into a scene or rejected."""
    types = recipe.param_types()
    for split in list(recipe.designs)[:20]:
        clip = recipe.clip(split, 0)
        draws = clip.draws()
        params = recipe.draw_params(clip, draws)
        if recipe.mixed:
            own = recipe.mixture()[recipe.scenario_name(clip)]
            assert tuple(params) == own
            assert all(isinstance(value, (types[name], int)) for name, value in params.items())
        else:
            assert {name: type(value) for name, value in params.items()} == types
        with suppress(Rejected):
            scene = recipe.scenario_object(clip).scene(params, draws, recipe.video_spec())
            assert scene_from_json(scene_to_json(scene)) == scene  # finite, plain data
    assert len(recipe.hash) == 64
    assert recipe.video_spec().frame_count >= 2
    again = parse_recipe(text, "again.yaml")
    assert again == recipe
    assert again.hash == recipe.hash


def check(text: str) -> None:
    found = outcome(text)
    if isinstance(found, RecipeError):
        check_mistakes(found, text)
    else:
        check_recipe(found, text)


@QUICK
@given(st.one_of(mutated_recipes(), misplaced_values()))
def test_mutated_recipes(text: str) -> None:
    check(text)


@pytest.mark.campaign
@CAMPAIGN
@given(st.one_of(mutated_recipes(), misplaced_values()))
def test_mutated_recipes_many(text: str) -> None:
    check(text)


YAML_LIKE = st.lists(
    st.sampled_from(
        [
            "name",
            "scenario",
            "clips",
            "params",
            ":",
            ": ",
            "\n",
            "\n  ",
            "- ",
            "[",
            "]",
            "{",
            "}",
            ", ",
            "'",
            '"',
            "1",
            "1e3",
            "=",
            "&a",
            "*a",
            "!",
            "|",
            ">",
            "#",
            "%",
            "?",
            "---",
            "...",
            "\t",
            "<<",
            "scene",
            "bodies",
            "uniform",
            "é",
        ]
    ),
    max_size=40,
).map("".join)


@QUICK
@given(st.one_of(YAML_LIKE, st.text(ALPHABET, max_size=60), st.text(max_size=60)))
def test_texts_that_are_hardly_recipes(text: str) -> None:
    check(text)


@QUICK
@given(st.binary(max_size=60))
def test_bytes_that_are_hardly_texts(content: bytes) -> None:
    try:
        text = decode(content, "fuzz.yaml")
    except RecipeError as error:
        found = error
    else:
        check(text)
        return
    assert re.fullmatch(r"fuzz\.yaml:\d+: byte 0x.. is not UTF-8 text; save the file as UTF-8\.", str(found))
