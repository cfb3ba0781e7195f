"""A scenario in a package of its own: installed as a user would, it builds, verifies and keeps the contract.

And what a recipe cannot do: bring code along.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from simgen.errors import RecipeError
from simgen.reading import open_dataset
from simgen.recipe import load_recipe

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "plugin_scenario"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a Python that has the example package beside simgen.

    `hatchling` comes with the extra `test`, so that pip needs no network; without it pip fetches it.
    """
    folder = tmp_path_factory.mktemp("site")
    offline = ["--no-build-isolation", "--no-index"] if importlib.util.find_spec("hatchling") else []
    command = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        *offline,
        "--target",
        str(folder),
        str(EXAMPLE),
    ]
    # a run of pytest in there is one of its own, whatever this one was told
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment = {**plain, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    run(command, environment, ROOT)
    paths = [str(folder), str(ROOT), os.environ.get("PYTHONPATH", "")]
    return {**environment, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


def run(arguments: list[str], environment: dict[str, str], folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, f"{arguments}\n--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}"
    return done.stdout


def test_it_is_in_the_catalogue(installed: dict[str, str], tmp_path: Path) -> None:
    assert "toss" in run(["-m", "simgen", "scenarios"], installed, tmp_path)
    described = run(["-m", "simgen", "scenarios", "toss"], installed, tmp_path)
    assert "t = (v + √(v² + 2 g h)) / g" in described
    assert "decisive: the first apex" in described


def test_it_builds_and_verifies(installed: dict[str, str], tmp_path: Path) -> None:
    pytest.importorskip("pybullet")
    text = (EXAMPLE / "toss.yaml").read_text()
    small = text.replace("clips: 64", "clips: 2").replace("size: 256", "size: 64")
    assert small != text
    (tmp_path / "toss.yaml").write_text(small)
    run(["-m", "simgen", "build", "toss.yaml", "-o", "toss", "--workers", "1"], installed, tmp_path)
    run(["-m", "simgen", "verify", "--deep", "toss"], installed, tmp_path)
    for clip in open_dataset(tmp_path / "toss"):  # reading needs the plug-in no more than it needs the engine
        assert clip.scenario == "toss"
        assert clip.decision.kind == "apex"
        assert clip.decision.time_s == pytest.approx(clip.params["speed_m_s"] / 9.81)
        assert {check.name for check in clip.law} == {"toss_rise", "toss_flight_time"}
        assert all(check.residual < 1e-4 for check in clip.law)


def test_it_keeps_the_contract_of_every_scenario(installed: dict[str, str], tmp_path: Path) -> None:
    """The same tests as for simgen's own, which find it in the registry."""
    pytest.importorskip("pybullet")
    tests = [f"tests/scenarios/test_{name}.py" for name in ("contract", "residuals", "pictures", "materials")]
    arguments = [
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        "toss and not tossed",
        *tests,
        "tests/labels/test_decision.py",
    ]
    assert " passed" in run([*arguments, "-o", "addopts=-m 'not campaign'"], installed, ROOT)


EVIL = "from pathlib import Path\nPath(__file__).with_suffix('.ran').touch()\n"
TRIES = {
    "its module's name": "name: a\nscenario: evil_scenario\nclips: 1\n",
    "an object reference": 'name: a\nscenario: "evil_scenario:Evil"\nclips: 1\n',
    "a file": "name: a\nscenario: ./evil_scenario.py\nclips: 1\n",
    "a key of its own": "name: a\nscenario: drop\nclips: 1\nplugins: [evil_scenario]\n",
    "a YAML tag": "name: a\nscenario: !!python/name:evil_scenario.Evil\nclips: 1\n",
    "an expression": (
        "name: a\nscenario: scene\nclips: 1\nbodies:\n  ball: {shape: sphere, size: 0.1, mass: "
        "\"=__import__('evil_scenario')\", position: [0, 0, 1]}\n"
    ),
}


@pytest.mark.parametrize("way", TRIES)
def test_a_recipe_cannot_bring_code_along(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it writes, a module that lies beside it, importable, is not run."""
    (tmp_path / "evil_scenario.py").write_text(EVIL)
    (tmp_path / "evil.yaml").write_text(TRIES[way])
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(RecipeError):
        load_recipe("evil.yaml")
    assert not (tmp_path / "evil_scenario.ran").exists()
    assert "evil_scenario" not in sys.modules
