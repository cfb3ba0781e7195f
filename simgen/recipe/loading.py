"""From a file, a shipped name or a text to a checked `Recipe`, or to every mistake in it at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path as File
from typing import Any

from pydantic import ValidationError

from simgen.errors import Problem, RecipeError
from simgen.recipe.checks import scenario_problems
from simgen.recipe.design_checks import body_problems
from simgen.recipe.locating import located
from simgen.recipe.models import Recipe
from simgen.recipe.shorthands import spelled_out
from simgen.recipe.wording import did_you_mean, listed, printable
from simgen.recipe.yaml import LARGEST_FILE, Document, decode, read_document

__all__ = ["load_recipe", "parse_recipe", "recipe_from_data", "shipped_recipes", "summary"]

MOST_PROBLEMS = 50


def load_recipe(path_or_name: str | File) -> Recipe:
    """The recipe in a file, or the one of that name that ships with simgen (`incline`).

    Raises RecipeError with every problem, each as `file:line: key: what is wrong`.
    """
    path = File(path_or_name)
    name = str(path_or_name)
    if not _is_file(path):
        shipped = shipped_recipes()
        if name in shipped:
            path, name = shipped[name], str(shipped[name])
        else:
            raise RecipeError([Problem(printable(name), 0, "", _not_a_file(path, shipped))])
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        wrong = f"cannot be read ({error.strerror or error})."
        raise RecipeError([Problem(printable(name), 0, "", wrong)]) from None
    return parse_recipe(decode(content, name), name)


def _is_file(path: File) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _not_a_file(path: File, shipped: Mapping[str, File]) -> str:
    try:
        if path.is_dir():
            return "is a folder; a recipe is a YAML file."
        beside = (
            [entry.name for entry in sorted(path.parent.glob("*.y*ml"))[:1000]]
            if path.parent.is_dir()
            else []
        )
    except (OSError, ValueError):  # a name no file can have
        beside = []
    guess = did_you_mean(path.name, [*shipped, *beside])
    folders = {File(name).parent for name in shipped}
    if path.suffix not in (".yaml", ".yml") and path.parent in {File(), *folders}:
        guess = did_you_mean(path.as_posix(), shipped) or guess
        others = f" The recipes that ship with simgen are {listed(shipped, 'and')}." if shipped else ""
        return f"there is no such file, and no recipe of that name ships with simgen.{guess or others}"
    return f"there is no such file.{guess}"


def parse_recipe(text: str, file: str = "recipe") -> Recipe:
    """The recipe that a YAML text declares; `file` is what messages call it. Raises RecipeError."""
    recipe = _checked(read_document(text, file))
    recipe._source = text
    return recipe


def recipe_from_data(data: Mapping[str, Any], name: str = "recipe") -> Recipe:
    """The recipe that plain data declares, as if read from YAML. Raises RecipeError; `name` opens its
    lines.
    """
    return _checked(Document(name, dict(data)))


def _checked(document: Document) -> Recipe:
    data = spelled_out(document)
    recipe, problems = None, list(document.problems)
    try:
        recipe = Recipe.model_validate(data)
    except ValidationError as error:
        problems += located(error, document)
    problems += scenario_problems(document, data)
    if not problems and recipe is not None:
        problems += body_problems(document, recipe)
    if problems or recipe is None:
        raise RecipeError(_orderly(problems))
    return recipe


def _orderly(problems: list[Problem]) -> list[Problem]:
    """By line, each once, and not more than can be read."""
    unique = sorted(dict.fromkeys(problems), key=lambda problem: problem.line)
    if len(unique) <= MOST_PROBLEMS:
        return unique
    kept = unique[:MOST_PROBLEMS]
    rest = f"{len(unique) - MOST_PROBLEMS} more problems are not shown; correct these first."
    return [*kept, Problem(kept[-1].file, kept[-1].line, "", rest)]


def shipped_recipes() -> dict[str, File]:
    """The recipes that come with simgen, by name: of the installed package, or of the repository it runs
    from. Those in a folder, such as `studies/incline_angle`, come last.
    """
    package = File(__file__).parent.parent
    for folder in (package / "recipes", package.parent / "recipes"):
        if folder.is_dir():
            paths = [*sorted(folder.glob("*.yaml")), *sorted(folder.glob("*/*.yaml"))]
            return {path.relative_to(folder).with_suffix("").as_posix(): path for path in paths}
    return {}


def summary(text: str) -> str:
    """The first comment of a recipe, which says in one line what it is for; "" when there is none."""
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        if not line.startswith("# yaml-language-server:"):
            return line.lstrip("# ").strip()
    return ""
