"""`simgen build`: its options, those that contradict each other, and where the dataset goes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simgen.cli.group import FORMATS_BY_NAME, Stopped, cli, ends_on_signals, recipe_argument, say
from simgen.wording import build_words

if TYPE_CHECKING:
    from simgen.build.plan import Share
    from simgen.build.runners import Runner
    from simgen.publish.as_it_goes import HubDestination
    from simgen.recipe import Recipe

__all__ = ["build"]


def _share(context: click.Context, parameter: click.Parameter, value: str | None) -> Share | None:
    from simgen.build.plan import Share

    try:
        return None if value is None else Share.parse(value)
    except ValueError as error:
        raise click.UsageError(f"--task: {error}") from error


@cli.command()
@recipe_argument
@click.option(
    "-o",
    "--output",
    metavar="DIR|URL",
    help="Dataset folder, or that of a store (s3://…) [default: datasets/NAME].",
)
@click.option(
    "--staging",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where shards wait until a store has them [default: ~/.cache/simgen/staging].",
)
@click.option(
    "--clips",
    type=click.IntRange(1),
    metavar="N",
    help="Clips of every split, instead of the recipe's counts.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 1024),
    metavar="N",
    help="Worker processes [default: one per core]; with Ray: shards at once.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(FORMATS_BY_NAME)),
    help="Instead of the recipe's.",
)
@click.option("--overwrite", is_flag=True, help="Start again: remove the dataset that is in the folder.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option(
    "--runner",
    "runner_name",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Who makes the shards: processes of this machine, or a Ray cluster.",
)
@click.option(
    "--ray-address",
    metavar="HOST:PORT",
    help="The Ray cluster [default: RAY_ADDRESS, else a Ray of its own on this machine].",
)
@click.option(
    "--task",
    "share",
    metavar="I/N",
    callback=_share,
    help="Make the part of task I of N (0/N to N-1/N), beside the others in the same folder.",
)
@click.option("--finish", is_flag=True, help="After tasks: write the manifest, or say what is missing.")
@click.option(
    "--log-json",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Append a line of JSON for every finished shard: clips, seconds, rejected draws, bytes, host.",
)
@click.option(
    "--publish",
    metavar="REPO",
    help="Send each shard to USER/NAME on the Hugging Face Hub and keep none here, for disks smaller than the dataset.",
)
@click.option("--private", is_flag=True, help="With --publish: make a new repository private.")
def build(
    recipe: str,
    output: str | None,
    staging: Path | None,
    clips: int | None,
    workers: int | None,
    format_: str | None,
    overwrite: bool,
    dry_run: bool,
    runner_name: str,
    ray_address: str | None,
    share: Share | None,
    finish: bool,
    log_json: Path | None,
    publish: str | None,
    private: bool,
) -> None:
    """Build the dataset of RECIPE, or do what is missing of it.

    The same command continues a build that was stopped. The result does not depend on workers, tasks or
    interruptions.
    """
    from simgen.build.driver import build as build_dataset
    from simgen.build.driver import finish as finish_build
    from simgen.build.driver import outlook
    from simgen.build.output import hub_repository
    from simgen.build.progress import Bar
    from simgen.recipe import load_recipe

    if publish is None and (publish := hub_repository(output)) is not None:
        output = None
    _refuse_together(share, overwrite, finish, publish, runner_name, ray_address)
    _refuse_places(output, staging, publish)
    loaded = load_recipe(recipe)
    formats = None if format_ is None else FORMATS_BY_NAME[format_]
    if dry_run:
        click.echo(outlook(loaded, output, clips=clips, formats=formats, overwrite=overwrite, share=share))
        return
    if finish:
        done = finish_build(loaded, output, clips=clips, formats=formats, called=recipe, staging=staging)
        say(build_words(done))
        return
    destination = None if publish is None else _hub_destination(loaded, publish, clips, formats, private)
    try:
        with ends_on_signals():
            report = build_dataset(
                loaded,
                output,
                clips=clips,
                workers=workers,
                formats=formats,
                overwrite=overwrite,
                progress=Bar(loaded.name),
                called=recipe,
                destination=destination,
                log=log_json,
                share=share,
                runner=_runner(runner_name, ray_address, workers),
                staging=staging,
            )
    except Stopped:
        say("Stopped. Every finished clip is kept; run the same command again to continue.")
        raise
    say(build_words(report, None if destination is None else destination.report))


def _runner(name: str, address: str | None, workers: int | None) -> Runner | None:
    if name == "local":
        return None
    from simgen.build.runners.ray import RayRunner

    return RayRunner(address, workers)


def _refuse_together(
    share: Share | None,
    overwrite: bool,
    finish: bool,
    publish: str | None,
    runner: str,
    ray_address: str | None,
) -> None:
    """Options of `build` that contradict each other."""
    wrong = None
    if share is not None and overwrite:
        wrong = (
            "--task with --overwrite: each task would remove what the others have made. "
            "Remove the folder once before they start, or give another one with -o."
        )
    elif share is not None and publish is not None:
        wrong = (
            "--task with --publish: shards are sent by one process. "
            "Let the tasks build the dataset, then run simgen publish."
        )
    elif finish and (share is not None or overwrite or publish is not None):
        other = "--task" if share is not None else "--overwrite" if overwrite else "--publish"
        wrong = f"--finish with {other}: --finish only completes what tasks have made. Leave one of them out."
    elif runner == "ray" and share is not None:
        wrong = "--task with --runner ray: each shares the shards out by itself. Leave one of them out."
    elif runner != "ray" and ray_address is not None:
        wrong = "--ray-address without --runner ray: say --runner ray, too."
    if wrong is not None:
        raise click.UsageError(wrong)


def _refuse_places(output: str | None, staging: Path | None, publish: str | None) -> None:
    """Options of `build` that do not say together where the dataset goes."""
    from simgen.build.output import store_url

    url = store_url(output)
    if url is not None and publish is not None:
        raise click.UsageError(
            f"--publish with -o {url}: the dataset goes to one place. Leave one of them out."
        )
    if url is not None and url.startswith("hf://"):
        raise click.UsageError(
            f"-o {url}: on the Hub a dataset is a repository by itself, hf://datasets/USER/NAME (or --publish USER/NAME)."
        )
    if url is None and staging is not None:
        raise click.UsageError("--staging without a store: it is for -o s3://… and its like. Leave it out.")


def _hub_destination(
    recipe: Recipe, repository: str, clips: int | None, formats: Sequence[str] | None, private: bool
) -> HubDestination:
    from simgen import GENERATOR_VERSION
    from simgen.build.driver import formats_of, plan_of
    from simgen.publish.repository import repository_name

    try:
        repository_name(repository)
    except ValueError as error:
        raise click.UsageError(f"--publish: {error}") from error
    from simgen.publish.as_it_goes import HubDestination
    from simgen.publish.target import Identity

    counts = plan_of(recipe, clips).clips_per_split
    identity = Identity(recipe.name, recipe.hash, GENERATOR_VERSION, counts)
    return HubDestination(identity, repository, formats_of(recipe, formats), private=private)
