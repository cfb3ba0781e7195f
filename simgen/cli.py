"""The command `simgen`. Data goes to standard output, everything else to standard error.

Exit status: 0 done; 1 it failed; 2 the recipe or the command line is wrong; 130 stopped with Ctrl-C (128 +
the number of the signal for others). Heavy modules are imported inside the commands, so that `simgen
--help` answers at once.
"""

from __future__ import annotations

import difflib
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from simgen import __version__
from simgen.errors import RecipeError, SimgenError
from simgen.wording import build_words, card_words, estimate_words, overview_words, publish_words

if TYPE_CHECKING:
    from simgen.build.plan import Share
    from simgen.build.runners import Runner
    from simgen.publish.as_it_goes import HubDestination
    from simgen.recipe import Recipe

__all__ = ["cli", "main"]

_REPORT = (
    "This is a mistake in simgen, not in what you typed. Please report it with the command and the recipe"
)
_FORMATS = {"parquet": ("parquet",), "webdataset": ("webdataset",), "both": ("parquet", "webdataset")}


def main() -> NoReturn:
    """The entry point: every outcome as a sentence and an exit status."""
    status = _run()
    if status > 128 and threading.active_count() > 1:  # uploads that would be waited for
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(status)
    sys.exit(status)


def _run() -> int:
    try:
        status = cli.main(prog_name="simgen", standalone_mode=False)
        sys.stdout.flush()
        return int(status or 0)
    except click.exceptions.Exit as ending:
        return ending.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except BrokenPipeError:  # `simgen schema | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (_Stopped, KeyboardInterrupt, click.Abort) as stop:
        return 128 + (stop.number if isinstance(stop, _Stopped) else signal.SIGINT)
    except SimgenError as error:
        _say(str(error))
        return 2 if isinstance(error, RecipeError) else 1
    except Exception as error:
        if os.environ.get("SIMGEN_DEBUG"):
            raise
        _say(f"simgen failed unexpectedly: {type(error).__name__}: {error}")
        _say(f"{_REPORT}; SIMGEN_DEBUG=1 shows where it happened.")
        return 1


def _say(text: str) -> None:
    click.echo(text, err=True)


class _Stopped(BaseException):
    """A signal asked the program to end."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@contextmanager
def _ends_on_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP end the block like Ctrl-C does: what is finished is kept, workers are ended."""

    def stop(number: int, frame: object) -> None:
        raise _Stopped(number)

    before = {
        number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Commands(click.Group):
    """Suggests the command that was meant."""

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if arguments and self.get_command(context, arguments[0]) is None and not arguments[0].startswith("-"):
            near = difflib.get_close_matches(arguments[0], self.list_commands(context), n=1)
            guess = f" Did you mean '{near[0]}'?" if near else " `simgen --help` lists them."
            context.fail(f"there is no command '{arguments[0]}'.{guess}")
        return super().resolve_command(context, arguments)


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="simgen")
def cli() -> None:
    """Physics video datasets that can be trusted: from a recipe to clips, captions and exact state.

    RECIPE is a YAML file or the name of a recipe that ships with simgen (`simgen recipes`).

    Exit status: 0 done; 1 it failed; 2 the recipe or the command line is wrong; 130 stopped with Ctrl-C.
    """


def _share(context: click.Context, parameter: click.Parameter, value: str | None) -> Share | None:
    from simgen.build.plan import Share

    try:
        return None if value is None else Share.parse(value)
    except ValueError as error:
        raise click.UsageError(f"--task: {error}") from error


_recipe = click.argument("recipe", metavar="RECIPE")
_split = click.option("--split", metavar="S", help="The split to take clips from [default: the first].")
_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for a machine to read.")


@cli.command()
@_recipe
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
    type=click.Choice(list(_FORMATS)),
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
    formats = None if format_ is None else _FORMATS[format_]
    if dry_run:
        click.echo(outlook(loaded, output, clips=clips, formats=formats, overwrite=overwrite, share=share))
        return
    if finish:
        done = finish_build(loaded, output, clips=clips, formats=formats, called=recipe, staging=staging)
        _say(build_words(done))
        return
    destination = None if publish is None else _hub_destination(loaded, publish, clips, formats, private)
    try:
        with _ends_on_signals():
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
    except _Stopped:
        _say("Stopped. Every finished clip is kept; run the same command again to continue.")
        raise
    _say(build_words(report, None if destination is None else destination.report))


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


@cli.command()
@_recipe
@click.option(
    "--clips",
    type=click.IntRange(1),
    metavar="N",
    help="Clips of every split, instead of the recipe's counts.",
)
@_as_json
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
@_as_json
def scenarios(name: str | None, as_json: bool) -> None:
    """The scenarios, or all about one: parameters, units, ranges, law."""
    from simgen.scenarios import all_scenarios, broken_plugins, describe, get_scenario

    if name is not None:
        click.echo(describe(get_scenario(name)))
        return
    found = all_scenarios()
    for sentence in broken_plugins():
        _say(sentence)
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
@_recipe
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


@cli.command()
@click.argument("location", metavar="DATASET")
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.png",
    help="Draw the design: parameters by split.",
)
@_as_json
def info(location: str, plot: Path | None, as_json: bool) -> None:
    """What is in DATASET (a folder or a URL): counts, parameter ranges, the design of a study, law residuals, sizes."""
    import dataclasses

    from simgen.verification.design import design_rows, design_words, plot_design
    from simgen.verification.overview import overview

    found, design = overview(location), design_rows(location)
    if as_json:
        rows = [dataclasses.asdict(row) for row in design]
        click.echo(json.dumps({**dataclasses.asdict(found), "design": rows}, indent=1))
    else:
        click.echo("\n".join([overview_words(location, found), *design_words(design)]))
    if plot is not None:
        plot_design(location, plot)
        _say(f"The design is drawn in {plot}")


@cli.command()
@click.argument("location", metavar="DATASET")
@click.option("--deep", is_flag=True, help="Also decode every clip and check its labels.")
@click.option(
    "--read", is_flag=True, help="Of a URL: read every file, also where the store keeps hashes itself."
)
@_as_json
def verify(location: str, deep: bool, read: bool, as_json: bool) -> None:
    """Check every shard of DATASET (a folder or a URL) against its hash. Exit status 1: not all is well."""
    import dataclasses

    from simgen.build.progress import counting
    from simgen.verification import verify as verify_dataset

    with counting("verify") as progress:
        report = verify_dataset(location, deep=deep, progress=progress, read=read)
    click.echo(
        json.dumps({"ok": report.ok, **dataclasses.asdict(report)}, indent=1) if as_json else report.text
    )
    if not report.ok:
        raise click.exceptions.Exit(1)


@cli.command()
@click.argument("dataset", metavar="DATASET")
@click.argument("repository", metavar="REPO")
@click.option("--private", is_flag=True, help="Make a new repository private.")
@click.option("--tag", metavar="T", help="Name the published revision, e.g. v1.0.")
@click.option("--dry-run", is_flag=True, help="List files, sizes and the Hub's limits, and do nothing.")
@click.option(
    "--formats",
    metavar="F",
    help="parquet, webdataset or both with a comma between [default: what the dataset has].",
)
@click.option("--tars", metavar="REPO", help="Where tars go [default: REPO-wds].")
@click.option(
    "--revision", default="main", show_default=True, metavar="BRANCH", help="The branch to publish on."
)
@click.option("--replace", is_flag=True, help="Replace whatever dataset is there, and a card edited there.")
def publish(
    dataset: str,
    repository: str,
    private: bool,
    tag: str | None,
    dry_run: bool,
    formats: str | None,
    tars: str | None,
    revision: str,
    replace: bool,
) -> None:
    """Publish the dataset in folder DATASET on the Hugging Face Hub as REPO (USER/NAME).

    Verifies it first. The same command continues an upload that was stopped; nothing is seen until everything is there.
    Log in with `hf auth login`, or set HF_TOKEN.
    """
    from simgen.publish.publication import publications
    from simgen.publish.repository import repository_name

    chosen = None if formats is None else tuple(part.strip() for part in formats.split(","))
    try:
        for name in (repository, *([tars] if tars else [])):
            repository_name(name)
        if chosen is not None and not set(chosen) <= set(_FORMATS["both"]):
            raise ValueError(f"'{formats}': formats are parquet and webdataset, with a comma between")
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if dry_run:
        from simgen.publish.limits import outlook

        click.echo(outlook(publications(dataset, repository, chosen, tars)))
        return
    from simgen.publish.progress import Bars
    from simgen.publish.upload import publish as publish_dataset

    try:
        with _ends_on_signals():
            report = publish_dataset(
                dataset,
                repository,
                formats=chosen,
                tars=tars,
                private=private,
                tag=tag,
                revision=revision,
                replace=replace,
                audience=Bars(repository),
            )
    except _Stopped:
        _say("Stopped. What the Hub has is kept; run the same command again to continue.")
        raise
    _say(publish_words(report))


def _repository(context: click.Context, parameter: click.Parameter, value: str) -> str:
    from simgen.publish.repository import repository_name

    try:
        return repository_name(value) if value else value
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@cli.command()
@click.argument("location", metavar="DATASET")
@click.option(
    "--repo",
    default="",
    metavar="USER/NAME",
    callback=_repository,
    help="Write the snippets and links for this repository of the Hugging Face Hub.",
)
@click.option(
    "--overwrite", is_flag=True, help="Replace a card that was changed outside the places that are yours."
)
def card(location: str, repo: str, overwrite: bool) -> None:
    """Write the card of DATASET (a folder): README.md with pictures and figures, and croissant.json.

    What you write into the marked places of the card stays when it is written anew. The first line of output
    names the card.
    """
    from simgen.build.progress import counting
    from simgen.publish.card import write_card

    with counting("card") as progress:
        made = write_card(location, repo, overwrite=overwrite, progress=progress)
    click.echo(Path(location) / "README.md")
    _say(card_words(location, made))
