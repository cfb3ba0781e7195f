"""The command `simgen`. Data goes to standard output, everything else to standard error.

Exit status: 0 done; 1 it failed; 2 the recipe or the command line is wrong; 130 stopped with Ctrl-C (128 +
the number of the signal for others). Heavy modules are imported inside the commands, so that `simgen
--help` answers at once.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import NoReturn

import click

from simgen.cli import build, datasets, recipes  # noqa: F401 - which add their commands to the group
from simgen.cli.group import Stopped, cli, say
from simgen.errors import RecipeError, SimgenError

__all__ = ["cli", "main"]

_REPORT = (
    "This is a mistake in simgen, not in what you typed. Please report it with the command and the recipe"
)


def main() -> NoReturn:
    """The entry point: every outcome as a sentence and an exit status."""
    # Before NumPy is imported. The matrices here are small (the audit of `check` has 240 clips): threads that share them
    # wait for each other longer than they work, and for seconds where the cores are busy with something else.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
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
    except (Stopped, KeyboardInterrupt, click.Abort) as stop:
        return 128 + (stop.number if isinstance(stop, Stopped) else signal.SIGINT)
    except SimgenError as error:
        say(str(error))
        return 2 if isinstance(error, RecipeError) else 1
    except Exception as error:
        if os.environ.get("SIMGEN_DEBUG"):
            raise
        say(f"simgen failed unexpectedly: {type(error).__name__}: {error}")
        say(f"{_REPORT}; SIMGEN_DEBUG=1 shows where it happened.")
        return 1
