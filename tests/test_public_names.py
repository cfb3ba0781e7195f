"""The public surface: names, the exception tree, and which module may import what (by sys.modules)."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import simgen
from simgen import errors

ROOT = Path(__file__).parent.parent
HEAVY = (
    "pybullet",
    "numba",
    "ray",
    "torch",
    "click",
    "tqdm",
    "huggingface_hub",
    "pyarrow",
    "av",
    "imageio",
    "PIL",
)


def imported(code: str) -> set[str]:
    """Which of the heavy packages are loaded after `code`, in a fresh interpreter."""
    report = f"import json, sys\nprint(json.dumps([n for n in {HEAVY} if n in sys.modules]))"
    program = f"{textwrap.dedent(code)}\n{report}"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_names_of_the_package() -> None:
    assert sorted(simgen.__all__) == [
        "GENERATOR_VERSION",
        "__version__",
        "build",
        "generate",
        "load_recipe",
        "open_dataset",
        "render",
        "simulate",
        "verify",
    ]
    for name in simgen.__all__:
        assert getattr(simgen, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'buidl'"):
        simgen.buidl  # noqa: B018


def test_functions_that_share_a_name_with_their_package_stay_callable() -> None:
    """`simgen.build` is the package once it is imported, and `simgen.dataset.verify` could be a module."""
    code = """
        import importlib, pkgutil, simgen
        for module in pkgutil.walk_packages(simgen.__path__, "simgen."):
            if not module.name.endswith("__main__"):
                try:
                    importlib.import_module(module.name)
                except ImportError:
                    pass
        for name in simgen.__all__:
            assert name in ("GENERATOR_VERSION", "__version__") or callable(getattr(simgen, name)), name
        from simgen.build import build, generate
        from simgen.reading import open_dataset
        from simgen.verification import verify
        assert all(map(callable, (build, generate, open_dataset, verify)))
    """
    imported(code)


def test_the_exception_tree() -> None:
    drawn = inspect.getdoc(errors) or ""
    tree = {
        "SimgenError": Exception,
        "RecipeError": errors.SimgenError,
        "MissingDependencyError": errors.SimgenError,
        "SimulationError": errors.SimgenError,
        "RenderError": errors.SimgenError,
        "BuildError": errors.SimgenError,
        "PublishError": errors.SimgenError,
        "DatasetError": errors.SimgenError,
        "Rejected": Exception,
    }
    assert set(errors.__all__) == {*tree, "Problem"}
    for name, base in tree.items():
        assert getattr(errors, name).__bases__ == (base,)
        assert name in drawn


@pytest.mark.parametrize(
    "name", ["simgen", "simgen.cli", "simgen.build", "simgen.build.driver", "simgen.recipe"]
)
def test_importing_a_package_loads_nothing_heavy(name: str) -> None:
    allowed = {"simgen.cli": {"click"}, "simgen.build.driver": {"pyarrow", "av"}}
    assert imported(f"import {name}") <= allowed.get(name, set())


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("import simgen.scene.spec, simgen.scene.json, simgen.physics, simgen.render, simgen.labels", set()),
        (
            "import simgen.reading.reader, simgen.verification.dataset, simgen.verification.overview",
            {"pyarrow", "av"},
        ),
        ("from simgen.recipe import load_recipe; load_recipe('recipes/incline.yaml')", set()),
        ("from simgen.scenarios import all_scenarios; all_scenarios()", set()),
        ("import simgen.physics.simulation", {"pybullet"}),
    ],
)
def test_each_package_keeps_to_its_room(code: str, allowed: set[str]) -> None:
    assert imported(code) <= allowed


def test_reading_works_where_neither_engine_nor_renderer_is_installed() -> None:
    code = """
        import sys
        for name in ("pybullet", "numba", "ray", "torch"):
            sys.modules[name] = None  # importing it raises ImportError
        import simgen
        dataset = simgen.open_dataset("datasets/sample")
        clip = dataset[0]
        assert clip.rgb.dtype == "uint8" and clip.rgb.ndim == 4 and clip.state.shape[2] == 13
        assert simgen.verify("datasets/sample").ok
        recipe = simgen.load_recipe("recipes/incline.yaml")
        try:
            simgen.generate(recipe, 0)
        except simgen.errors.MissingDependencyError as error:
            assert "pybullet" in str(error).lower()
        else:
            raise AssertionError("generated without an engine")
    """
    if not (ROOT / "datasets" / "sample").is_dir():
        pytest.skip("no sample in this checkout")
    assert imported(code) <= {"pyarrow", "av", "pybullet", "numba", "ray", "torch"}


def test_help_is_answered_without_anything_heavy() -> None:
    code = """
        import sys
        from simgen.cli import cli
        cli.main(["--help"], standalone_mode=False)
    """
    assert imported(code) == {"click"}
