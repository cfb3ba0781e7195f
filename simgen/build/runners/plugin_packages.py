"""The packages that a recipe's scenarios come from, and how they travel to machines that do not have them."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING

from simgen.scenarios.registry import broken_plugins, plugin_of

if TYPE_CHECKING:
    from simgen.recipe import Recipe

__all__ = ["PluginPackage", "missing_package", "pack", "plugin_packages"]

_ABOUT = (".dist-info", ".egg-info")


@dataclass(frozen=True, slots=True)
class PluginPackage:
    """An installed package of this version, for the sake of one scenario."""

    scenario: str
    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def plugin_packages(recipe: Recipe) -> tuple[PluginPackage, ...]:
    """A package for each scenario of the recipe that is not simgen's own."""
    return tuple(
        PluginPackage(scenario, entry.dist.name, entry.dist.version)
        for scenario, entry in _entries(recipe)
        if entry.dist is not None
    )


def missing_package(packages: Sequence[PluginPackage], host: str) -> str | None:
    """What of these packages this machine, called `host`, does not have, and what to do; None when all is there."""
    for package in packages:
        entry = plugin_of(package.scenario)
        there = None if entry is None or entry.dist is None else entry.dist
        if there is not None and (there.name, there.version) == (package.name, package.version):
            continue
        has = "" if there is None else f", but {there.name} {there.version}"
        why = " ".join(sentence for sentence in broken_plugins() if package.name in sentence)
        return (
            f"{host} does not have {package}, which the scenario '{package.scenario}' comes from{has}. "
            "Install it on every node." + (f" ({why})" if why else "")
        )
    return None


def pack(recipe: Recipe, place: Path) -> list[Path]:
    """Copies those packages into folder `place`, so that `place` on a machine's path is as good as having them
    installed there; what lies in it then.

    What a package depends on is not copied, nor a package with compiled code, which may not run elsewhere.
    """
    for _, entry in _entries(recipe):
        if entry.dist is None or (place / _about(entry.dist)).exists():
            continue
        files = list(_files(entry, entry.dist))
        if any(relative.name.endswith(tuple(EXTENSION_SUFFIXES)) for _, relative in files):
            continue
        for source, relative in files:
            (place / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, place / relative)
        about = place / _about(entry.dist)
        about.mkdir()
        heading = f"Metadata-Version: 2.1\nName: {entry.dist.name}\nVersion: {entry.dist.version}\n"
        (about / "METADATA").write_text(heading)
        (about / "entry_points.txt").write_text(entry.dist.read_text("entry_points.txt") or "")
    return sorted(place.iterdir())


def _entries(recipe: Recipe) -> list[tuple[str, EntryPoint]]:
    names = sorted({name for split in recipe.designs for name in recipe.scenario_weights(split)})
    return [(name, entry) for name in names if (entry := plugin_of(name)) is not None]


def _about(package: Distribution) -> str:
    return f"{package.name.replace('-', '_')}-{package.version}.dist-info"


def _files(entry: EntryPoint, package: Distribution) -> Iterator[tuple[Path, Path]]:
    """The package's code and data: where each file is, and its path relative to where it is installed."""
    module = entry.module.partition(".")[0]
    recorded = [Path(file) for file in package.files or () if _is_content(Path(file))]
    if any(module in (path.parts[0], path.stem) for path in recorded):
        yield from ((Path(str(package.locate_file(path))), path) for path in recorded)
        return
    spec = importlib.util.find_spec(module)  # installed with `pip install -e`, or without a record
    if spec is not None and spec.submodule_search_locations:
        for folder in map(Path, spec.submodule_search_locations):
            inside = (path for path in folder.rglob("*") if path.is_file())
            found = ((path, path.relative_to(folder.parent)) for path in inside)
            yield from ((path, relative) for path, relative in found if _is_content(relative))
    elif spec is not None and spec.origin is not None:
        yield Path(spec.origin), Path(Path(spec.origin).name)


def _is_content(path: Path) -> bool:
    first = path.parts[0]
    own = ".." not in path.parts and not path.is_absolute() and not first.endswith(_ABOUT)
    return own and path.suffix not in (".pyc", ".pth") and not first.startswith("__editable__")
