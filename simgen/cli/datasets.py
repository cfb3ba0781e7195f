"""What is done with a dataset that is built: `simgen info`, `verify`, `card`, `publish`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from simgen.cli.group import FORMATS_BY_NAME, Stopped, cli, ends_on_signals, json_option, say
from simgen.wording import card_words, overview_words, publish_words

__all__ = ["card", "info", "publish", "verify"]


@cli.command()
@click.argument("location", metavar="DATASET")
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.png",
    help="Draw the design: parameters by split.",
)
@json_option
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
        say(f"The design is drawn in {plot}")


@cli.command()
@click.argument("location", metavar="DATASET")
@click.option("--deep", is_flag=True, help="Also decode every clip and check its labels.")
@click.option(
    "--read", is_flag=True, help="Of a URL: read every file, also where the store keeps hashes itself."
)
@json_option
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
        if chosen is not None and not set(chosen) <= set(FORMATS_BY_NAME["both"]):
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
        with ends_on_signals():
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
    except Stopped:
        say("Stopped. What the Hub has is kept; run the same command again to continue.")
        raise
    say(publish_words(report))


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
    say(card_words(location, made))
