"""What a user declares: recipes, distributions, addressed draws.

The names below are imported on first use: scenario files import the distributions from here, and `simgen
--help` should wait for nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_HOME = {
    "Recipe": "simgen.recipe.models",
    "load_recipe": "simgen.recipe.loading",
    "parse_recipe": "simgen.recipe.loading",
    "recipe_from_data": "simgen.recipe.loading",
    "recipe_schema": "simgen.recipe.schema",
    "shipped_recipes": "simgen.recipe.loading",
}

__all__ = [
    "Recipe",
    "load_recipe",
    "parse_recipe",
    "recipe_from_data",
    "recipe_schema",
    "shipped_recipes",
]

if TYPE_CHECKING:
    from simgen.recipe.loading import load_recipe, parse_recipe, recipe_from_data, shipped_recipes
    from simgen.recipe.models import Recipe
    from simgen.recipe.schema import recipe_schema


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'simgen.recipe' has no attribute {name!r}")
