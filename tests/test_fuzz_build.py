"""Fuzzed recipes from end to end: each builds, or fails with sentences that say where and what. No traceback, no hang.

`tests/recipe/test_fuzz.py` asks this of reading a recipe; here what can be read is also simulated, filmed, labelled and
written. Pictures are made small, or a recipe that asks for 4,000 pixels would rightly take minutes.
"""

from __future__ import annotations

import contextlib
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from simgen.build import generate
from simgen.dataset import ShardWriter
from simgen.errors import BuildError, RecipeError, RenderError
from simgen.recipe import parse_recipe
from simgen.verification import verify
from tests.build.command import simgen
from tests.recipe.mutations import mutated_recipes

pytest.importorskip("pybullet")
HANGS_S = 120  # a clip of a second at 32 px takes well below one; a hang never ends


@contextlib.contextmanager
def no_hang(text: str) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise AssertionError(f"still building after {HANGS_S} s:\n{text}")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(HANGS_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def outcome(text: str) -> str:
    """What became of it: built, or the kind of refusal. Anything else than these is raised."""
    try:
        recipe = parse_recipe(text, "fuzz.yaml")
    except RecipeError as error:
        assert all(line.startswith("fuzz.yaml:") for line in str(error).splitlines())
        return "refused"
    small = recipe.video.model_copy(update={"size": (32, 32), "fps": 12.0, "seconds": 1.0})
    recipe = recipe.model_copy(update={"video": small})
    split = next(iter(recipe.splits))
    with no_hang(text), tempfile.TemporaryDirectory() as folder:
        try:
            sample = generate(recipe, 0, split)
        except BuildError as error:  # every draw was rejected: the sentence says which ranges to change
            assert "Change the ranges under `params`" in str(error)
            return "no fit draw"
        except RenderError as error:  # an engine that is not there, or cannot do what is asked
            assert str(error).endswith(".")
            return "not filmed"
        with ShardWriter(Path(folder), recipe, split, 0, 1, ("parquet", "webdataset")) as writer:
            writer.add(sample)
            writer.finish()
    return "built"


@settings(
    max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(mutated_recipes())
def test_builds_or_says_why(text: str) -> None:
    outcome(text)


@pytest.mark.campaign
@settings(
    max_examples=2000, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(mutated_recipes())
def test_builds_or_says_why_many(text: str) -> None:
    outcome(text)


@settings(
    max_examples=6, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(mutated_recipes())
def test_by_the_command_line(text: str) -> None:
    """The real command on what can be read: 0 and a dataset that verifies, 1 and a sentence, or 2 and located ones."""
    text = text.replace("size: 256", "size: 32").replace("seconds: 2", "seconds: 1")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "fuzz.yaml").write_bytes(text.encode("utf-8", "surrogatepass"))
        done = simgen("build", "fuzz.yaml", "-o", "out", "--clips", "2", "--workers", "1", cwd=folder)
        assert "Traceback" not in done.stderr
        if done.returncode == 0:
            assert verify(str(folder / "out"), deep=True).ok
        elif done.returncode == 2:
            assert any(
                line.startswith("fuzz.yaml") or "fuzz.yaml:" in line for line in done.stderr.splitlines()
            )
        else:
            assert done.returncode == 1
            assert done.stderr.strip()
