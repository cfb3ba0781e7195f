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
    clips, formats = _options(manifest)
    words = ["simgen build", recipe, "-o", manifest.name]
    if clips:
        words += ["--clips", str(clips)]
    if formats:
        words += ["--format", formats]
    return " ".join(words)


def _options(manifest: Manifest) -> tuple[int, str]:
    """--clips and --format, 0 and "" where the recipe says the same."""
    from simgen.build.driver import formats_of, plan_of
    from simgen.recipe import parse_recipe

    wanted, written = dict(manifest.splits), "both" if manifest.formats == FORMATS else manifest.formats[0]
    try:
        recipe = parse_recipe(manifest.recipe, "recipe.yaml")
    except SimgenError:
        return wanted.popitem()[1] if len(set(wanted.values())) == 1 else 0, written
    clips = 0
    if dict(plan_of(recipe).clips_per_split) != wanted:
        # the number is the same for every split, but for what makes whole groups of it
        asked = (
            count
            for count in sorted(wanted.values())
            if dict(plan_of(recipe, count).clips_per_split) == wanted
        )
        clips = next(asked, 0)
    return clips, "" if formats_of(recipe, None) == manifest.formats else written
