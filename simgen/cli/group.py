"""The group that every command belongs to, and what commands share: how they speak, how a signal ends them."""

from __future__ import annotations

import difflib
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import click

from simgen import __version__

__all__ = ["FORMATS_BY_NAME", "Stopped", "cli", "ends_on_signals", "json_option", "recipe_argument", "say"]

FORMATS_BY_NAME = {"parquet": ("parquet",), "webdataset": ("webdataset",), "both": ("parquet", "webdataset")}


def say(text: str) -> None:
    click.echo(text, err=True)


class Stopped(BaseException):
    """A signal asked the program to end."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@contextmanager
def ends_on_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP end the block like Ctrl-C does: what is finished is kept, workers are ended."""

    def stop(number: int, frame: object) -> None:
        raise Stopped(number)

    before = {
        number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Commands(click.Group):
    """Suggests the command that was meant."""

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if arguments and self.get_command(context, arguments[0]) is None and not arguments[0].startswith("-"):
            near = difflib.get_close_matches(arguments[0], self.list_commands(context), n=1)
            guess = f" Did you mean '{near[0]}'?" if near else " `simgen --help` lists them."
            context.fail(f"there is no command '{arguments[0]}'.{guess}")
        return super().resolve_command(context, arguments)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="simgen")
def cli() -> None:
    """Physics video datasets that can be trusted: from a recipe to clips, captions and exact state.

    RECIPE is a YAML file or the name of a recipe that ships with simgen (`simgen recipes`).

    Exit status: 0 done; 1 it failed; 2 the recipe or the command line is wrong; 130 stopped with Ctrl-C.
    """


recipe_argument = click.argument("recipe", metavar="RECIPE")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for a machine to read.")
