"""The command that builds a dataset again, from what its manifest says."""

from __future__ import annotations

from simgen.dataset.manifest import FORMATS, Manifest
from simgen.errors import SimgenError

__all__ = ["rebuild_command"]


def rebuild_command(manifest: Manifest, recipe: str = "recipe.yaml") -> str:
    """`simgen build` with the options that make these clips in these formats of the recipe.

    Options that the recipe itself says are left out, where it can be read here (its scenario may be a plug-in
    that is not installed).
    """
    clips, formats = _by_itself(manifest)
    words = ["simgen build", recipe, "-o", manifest.name]
    counts = set(manifest.splits.values())
    if clips != dict(manifest.splits) and len(counts) == 1:
        words += ["--clips", str(counts.pop())]
    if formats != manifest.formats:
        words += ["--format", "both" if manifest.formats == FORMATS else manifest.formats[0]]
    return " ".join(words)


def _by_itself(manifest: Manifest) -> tuple[dict[str, int], tuple[str, ...]]:
    """Clips per split and formats that the recipe gives without options; nothing where it cannot be read."""
    from simgen.recipe import parse_recipe

    try:
        recipe = parse_recipe(manifest.recipe, "recipe.yaml")
    except SimgenError:
        return {}, ()
    formats = FORMATS if recipe.output.format == "both" else (recipe.output.format,)
    return {name: split.clips for name, split in recipe.splits.items()}, formats
