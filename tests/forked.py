"""The command line in forks of one process that has imported what its commands import, as importing takes longer than
most of what the tests ask of it.

Each command has a process, streams, a folder and an environment of its own, as with `python -m simgen`; it shares with
the others only modules that keep nothing of the environment. What does is imported anew by each: huggingface_hub.
"""

from __future__ import annotations

import atexit
import functools
import importlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

__all__ = ["python", "simgen"]

ROOT = Path(__file__).parents[1]
MODULES = (
    *("simgen.cli", "simgen.build.driver", "simgen.build.estimate", "simgen.study.design_report"),
    *("simgen.publish.card", "simgen.publish.card_pictures", "simgen.publish.histograms"),
    *(
        "simgen.publish.publication",
        "simgen.publish.progress",
        "simgen.publish.limits",
        "simgen.verification.dataset",
    ),
    *("simgen.reading.reader", "simgen.physics.simulation", "simgen.render.raycast"),
    *(
        "av",
        "fsspec.implementations.local",
        "PIL.WebPImagePlugin",
        "pyarrow.compute",
        "tenacity",
        "tqdm.auto",
    ),
    # what huggingface_hub imports, whichever version it is
    *(
        "anyio.to_thread",
        "filelock",
        "h11",
        "httpcore",
        "httpcore2",
        "httpx",
        "httpx2",
        "requests",
        "truststore",
    ),
)


def simgen(
    *arguments: str | Path, cwd: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end."""
    return python("from simgen.cli import main; main()", *arguments, cwd=cwd, environment=environment)


def python(
    code: str, *arguments: str | Path, cwd: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Runs code to its end, as `python -c` does."""
    server = _server()
    words = ["-c", *map(str, arguments)]
    with tempfile.TemporaryDirectory() as folder:
        said = [str(Path(folder, name)) for name in ("stdout", "stderr")]
        server.send((code, words, str(cwd), dict(environment), said))
        assert server.poll(300), f"{words} has not ended"
        status: int = server.recv()
        stdout, stderr = (Path(path).read_text() for path in said)
    return subprocess.CompletedProcess(words, status, stdout, stderr)


@functools.cache
def _server() -> Connection:
    ours, theirs = Pipe()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    process = subprocess.Popen(
        [sys.executable, "-W", "error:::simgen", "-m", "tests.forked", str(theirs.fileno())],
        cwd=ROOT,
        env=environment | {"PYTHONPATH": str(ROOT)},
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _serve(connection: Connection) -> None:
    """Forks for each command, and tells its exit status, until nobody asks any more."""
    for module in MODULES:
        try:
            importlib.import_module(module)
        except ImportError:  # an extra that is not installed
            continue
    from simgen.scenarios.registry import own_scenarios

    own_scenarios()
    assert "huggingface_hub" not in sys.modules
    while True:
        try:
            asked = connection.recv()
        except EOFError:
            return
        child = os.fork()
        if child == 0:
            connection.close()
            _become(*asked)
        connection.send(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def _become(code: str, words: list[str], cwd: str, environment: dict[str, str], said: list[str]) -> None:
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    for number, path in enumerate(said, start=1):
        file = os.open(path, os.O_WRONLY | os.O_CREAT)
        os.dup2(file, number)
        os.close(file)
    sys.argv = words
    exec(code, {"__name__": "__main__"})
    sys.exit()


if __name__ == "__main__":
    _serve(Connection(int(sys.argv[1])))
