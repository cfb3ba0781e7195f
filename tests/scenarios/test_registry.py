"""Finding scenarios: the package's own, plug-ins through entry points, and what is said of broken ones."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from simgen.errors import SimgenError
from simgen.scenarios import all_scenarios, broken_plugins, describe, get_scenario, registry
from simgen.scenarios.reference import PAGES

GOOD = """
from simgen.scenarios.base import Scenario
from simgen.scenarios.drop import Drop

class Swing(Drop):
    name = "swing"
    summary = "From another package."

class Nameless(Scenario):
    def scene(self, params, draws, video): ...
    def measure(self, params, scene, trace): ...
    def captions(self, params, scene, trace, events, draws): ...

class Unfinished(Scenario):
    name = "unfinished"
    def scene(self, params, draws, video): ...

class Taken(Swing):
    name = "drop"

class Spaced(Swing):
    name = "Big Swing"

number = 7
"""


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Installs a distribution `swings` whose entry points are given, as pip would lay it out."""

    def install(**entries: str) -> None:
        (tmp_path / "swings_package.py").write_text(GOOD)
        info = tmp_path / "swings-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: swings\nVersion: 1.0\n")
        lines = "".join(f"{name} = {target}\n" for name, target in entries.items())
        (info / "entry_points.txt").write_text(f"[simgen.scenarios]\n{lines}")
        monkeypatch.syspath_prepend(tmp_path)
        importlib.invalidate_caches()
        registry._found.cache_clear()

    yield install
    registry._found.cache_clear()
    sys.modules.pop("swings_package", None)


def test_the_first_scenarios_are_there() -> None:
    assert {"incline", "drop", "projectile", "collision", "scene"} <= set(all_scenarios())
    assert list(all_scenarios()) == sorted(all_scenarios())
    assert broken_plugins() == ()


def test_a_wrong_name_gets_the_likely_one() -> None:
    with pytest.raises(SimgenError, match=r"^there is no scenario 'inclin'\. Did you mean 'incline'\?$"):
        get_scenario("inclin")
    names = ", ".join(sorted(all_scenarios()))
    with pytest.raises(SimgenError, match=rf"^there is no scenario 'zzz'\. There are: {names}\.$"):
        get_scenario("zzz")


def test_a_plugin_is_found(plugins) -> None:
    plugins(swing="swings_package:Swing")
    assert get_scenario("swing").summary == "From another package."
    assert "swing" in all_scenarios()
    assert broken_plugins() == ()


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("swings_package:Nothing", "AttributeError: module 'swings_package' has no attribute 'Nothing'"),
        ("no_such_package:Swing", "ModuleNotFoundError: No module named 'no_such_package'"),
        ("swings_package:number", "it names int 7, which is not a subclass of simgen's Scenario"),
        ("swings_package:Unfinished", "its class Unfinished does not define captions, measure"),
        ("swings_package:Nameless", "its class Nameless does not say its name"),
        ("swings_package:Taken", "a scenario 'drop' exists already; it needs another name"),
        (
            "swings_package:Spaced",
            "its name 'Big Swing' should be lower-case letters, digits and underscores",
        ),
    ],
)
def test_a_broken_plugin_makes_a_sentence_and_harms_no_other(plugins, target: str, reason: str) -> None:
    plugins(swing="swings_package:Swing", other=target)
    assert broken_plugins() == (
        f"The scenario plug-in 'other' of swings ({target}) could not be loaded and is left out: {reason}; "
        "update or uninstall swings.",
    )
    assert {"swing", "incline"} <= set(all_scenarios())
    with pytest.raises(SimgenError, match="could not be loaded and is left out"):
        get_scenario("other")


def test_finding_scenarios_loads_neither_engine_nor_renderer() -> None:
    """A reader on a machine without them lists the catalogue too."""
    code = (
        "import sys, simgen.scenarios as s; s.all_scenarios(); s.describe(s.get_scenario('incline'));"
        "import simgen.labels.detection;"
        "print([m for m in ('pybullet', 'numba') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_a_description_holds_the_whole_table() -> None:
    for scenario in all_scenarios().values():
        text = describe(scenario)
        for parameter in scenario.parameters:
            (line,) = [line for line in text.splitlines() if line.split()[:1] == [parameter.name]]
            assert parameter.meaning in line
            assert parameter.role in line
            assert str(parameter.default) in line
        for law in scenario.laws:
            assert law.formula in text
            assert law.source in text
        assert all(kind in text for kind in scenario.events)


@pytest.mark.parametrize("path", PAGES)
def test_the_pages_are_current(path: str) -> None:
    committed = (Path(__file__).parents[2] / path).read_text(encoding="utf-8")
    assert committed == PAGES[path](), "run: python -m simgen.scenarios.reference"
