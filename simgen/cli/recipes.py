"""What there is before a build: `simgen recipes`, `scenarios`, `schema`, `check`, `preview`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from simgen.cli.group import cli, json_option, recipe_argument, say
from simgen.wording import estimate_words

__all__ = ["check", "preview", "recipes", "scenarios", "schema"]

_split = click.option("--split", metavar="S", help="The split to take clips from [default: the first].")


@cli.command()
@recipe_argument
@click.option(
    "--clips",
    type=click.IntRange(1),
    metavar="N",
    help="Clips of every split, instead of the recipe's counts.",
)
@json_option
def check(recipe: str, clips: int | None, as_json: bool) -> None:
    """Validate RECIPE; tell what building it takes: clips, hours, bytes. A few clips are made to find out.

    Of a recipe that names a training split also how every other split stands to it (disjoint, or what leaks), and
    whether something gives the studied factors away.
    """
    import dataclasses

    from simgen.build.driver import formats_of, plan_of, require_what_it_takes
    from simgen.build.estimate import estimate
    from simgen.build.progress import counting
    from simgen.recipe import load_recipe
    from simgen.study.design_report import design_report

    loaded = load_recipe(recipe)
    require_what_it_takes(loaded)
    found = estimate(loaded, plan_of(loaded, clips), formats_of(loaded, None))
    with counting("audit") as progress:
        design = design_report(loaded, progress)
    if as_json:
        told = {"design": dataclasses.asdict(design)} if design is not None else {}
        click.echo(json.dumps({**dataclasses.asdict(found), **told}, indent=1))
        return
    click.echo(estimate_words(loaded.name, found))
    if design is not None:
        click.echo(design.text)


@cli.command()
@click.argument("name", required=False)
@json_option
def scenarios(name: str | None, as_json: bool) -> None:
    """The scenarios, or all about one: parameters, units, ranges, law."""
    from simgen.scenarios import all_scenarios, broken_plugins, describe, get_scenario

    if name is not None:
        click.echo(describe(get_scenario(name)))
        return
    found = all_scenarios()
    for sentence in broken_plugins():
        say(sentence)
    if as_json:
        click.echo(json.dumps({entry.name: entry.summary for entry in found.values()}, indent=1))
        return
    width = max(map(len, found))
    for entry in found.values():
        click.echo(f"{entry.name.ljust(width)}  {entry.summary}")


@cli.command()
@click.argument("name", required=False)
def recipes(name: str | None) -> None:
    """The recipes that ship with simgen; with NAME, the text of one: `simgen recipes incline > my.yaml`."""
    from simgen.recipe import load_recipe, shipped_recipes
    from simgen.recipe.loading import summary

    if name is not None:
        # the schema that `simgen schema` writes lies beside the copy, wherever the recipe itself lies
        click.echo(load_recipe(name).source.replace("$schema=../", "$schema=./", 1), nl=False)
        return
    found = {entry: summary(path.read_text()) for entry, path in shipped_recipes().items()}
    width = max(map(len, found), default=0)
    for entry, line in found.items():
        click.echo(f"{entry.ljust(width)}  {line}")


@cli.command()
def schema() -> None:
    """The JSON Schema of recipes, for editors."""
    from simgen.recipe import recipe_schema

    click.echo(json.dumps(recipe_schema(), indent=2))


@cli.command()
@recipe_argument
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=".png, .gif or .mp4 [default: NAME.png].",
)
@click.option(
    "--clips", type=click.IntRange(1, 64), default=6, show_default=True, metavar="N", help="How many clips."
)
@_split
@click.option(
    "--index",
    type=click.IntRange(0),
    metavar="I",
    help="Begin with clip I; one clip unless --clips is given.",
)
@click.pass_context
def preview(
    context: click.Context, recipe: str, output: Path | None, clips: int, split: str | None, index: int | None
) -> None:
    """Look at some clips of RECIPE: a contact sheet or the moving clips, the parameters under each.

    They are the very clips that a build makes. The first line of output names the file.
    """
    from simgen.build.clip import generate
    from simgen.build.driver import require_what_it_takes
    from simgen.preview import preview as write_preview
    from simgen.preview import require_known
    from simgen.recipe import load_recipe

    loaded = load_recipe(recipe)
    path = output or Path(f"{loaded.name}.png")
    require_known(path)
    split = split or next(iter(loaded.designs))
    require_what_it_takes(loaded)
    if index is not None and context.get_parameter_source("clips") is click.core.ParameterSource.DEFAULT:
        clips = 1
    first = index or 0
    samples = [generate(loaded, number, split) for number in range(first, first + clips)]
    write_preview(samples, path)
    click.echo(path)
