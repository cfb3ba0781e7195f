"""What of an installed plug-in is sent along, and what a machine says that lacks one."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

from tests.build.command import environment

MODULE = """
from pathlib import Path
from simgen.scenarios.drop import Drop

class Scenario(Drop):
    name = "{name}"
    summary = (Path(__file__).parent / "summary.txt").read_text()
"""
RECIPE = "{name: two, scenario: mix, scenarios: [boxed, native, drop], splits: {train: 4}}"


def install(site: Path, name: str, *more: str) -> None:
    """As pip leaves it: a package with data and, of the files named in `more`, whatever they are."""
    module, about = site / f"simgen_{name}", site / f"simgen_{name}-1.2.dist-info"
    files = [f"simgen_{name}/__init__.py", f"simgen_{name}/summary.txt", *more]
    for file in files:
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        (site / file).touch()
    (module / "__init__.py").write_text(MODULE.format(name=name))
    (module / "summary.txt").write_text("A drop in a box.")
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: simgen-{name}\nVersion: 1.2\n")
    (about / "entry_points.txt").write_text(f"[simgen.scenarios]\n{name} = simgen_{name}:Scenario\n")
    records = [*files, f"simgen_{name}-1.2.dist-info/METADATA"]
    (about / "RECORD").write_text("".join(f"{record},,\n" for record in records))


def run(program: str, *arguments: str | Path, path: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), *map(str, arguments)],
        env=environment(PYTHONPATH=str(path)),
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_pure_packages_are_as_good_as_installed(tmp_path: Path) -> None:
    site, sent = tmp_path / "site", tmp_path / "sent"
    sent.mkdir()
    install(
        site, "boxed", "../bin/boxed", "simgen_boxed/__pycache__/__init__.pyc", "simgen_boxed/more/a.json"
    )
    install(site, "native", f"simgen_native/_core.{sys.implementation.cache_tag}-x86_64-linux-gnu.so")
    install(site, "other")  # not in the recipe
    there = """
        import sys, pathlib
        from simgen.build.runners.plugin_packages import *
        from simgen.recipe import parse_recipe
        recipe = parse_recipe(sys.argv[1], "two.yaml")
        print(*(path.name for path in pack(recipe, pathlib.Path(sys.argv[2]))))
        print(*(repr(package) for package in plugin_packages(recipe)), sep="; ")
        print(missing_package(plugin_packages(recipe), "here"))
    """
    shown = run(there, RECIPE, sent, path=site)
    packages = [
        f"PluginPackage(scenario='{name}', name='simgen-{name}', version='1.2')"
        for name in ("boxed", "native")
    ]
    assert shown == ["simgen_boxed simgen_boxed-1.2.dist-info", "; ".join(packages), "None"]
    assert {str(path.relative_to(sent)) for path in sent.rglob("*") if path.is_file()} == {
        "simgen_boxed/__init__.py",
        "simgen_boxed/summary.txt",
        "simgen_boxed/more/a.json",
        "simgen_boxed-1.2.dist-info/METADATA",
        "simgen_boxed-1.2.dist-info/entry_points.txt",
    }
    elsewhere = f"""
        from simgen.build.runners.plugin_packages import *
        from simgen.scenarios import all_scenarios
        print(all_scenarios()["boxed"].summary)
        print(missing_package([{packages[0]}], "there"))
        print(missing_package([{packages[0]}, {packages[1]}], "there"))
        print(missing_package([{packages[0].replace("1.2", "1.3")}], "there"))
    """
    assert run(elsewhere, path=sent) == [
        "A drop in a box.",
        "None",
        "there does not have simgen-native 1.2, which the scenario 'native' comes from. Install it on every node.",
        "there does not have simgen-boxed 1.3, which the scenario 'boxed' comes from, but simgen-boxed 1.2. "
        "Install it on every node.",
    ]
