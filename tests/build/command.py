"""The real command line in processes of its own, and a scenario plug-in that fails on purpose."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

RECIPE = """
name: small
scenario: {scenario}
seed: 4
splits:
  train: {{clips: {clips}}}
  test: {{clips: 3}}
video: {{size: 32, fps: 12, seconds: 1}}
passes: [segmentation]
output: {{format: both, clips_per_shard: 8}}
"""

# A drop whose scene() goes wrong for some clips: FAULTS="11:segfault,5:exit" says which and how. With a folder ONCE in
# the environment, a clip does so once: it leaves a file there.
PLUGIN = """
import ctypes, os, pathlib, signal
from simgen.errors import Rejected
from simgen.scenarios.drop import Drop

class Faulty(Drop):
    name = "faulty"
    summary = "A drop that fails on purpose."

    def scene(self, params, draws, video):
        faults = dict(entry.split(":") for entry in filter(None, os.environ.get("FAULTS", "").split(",")))
        fault = faults.get(str(draws.index))
        once = pathlib.Path(os.environ["ONCE"]) / str(draws.index) if "ONCE" in os.environ else None
        if fault and not (once and once.exists()):
            if once:
                once.touch()
            if fault == "segfault":
                ctypes.string_at(0)
            if fault == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if fault == "exit":
                os._exit(7)
            if fault == "raise":
                raise ZeroDivisionError("a mistake in a plug-in")
            if fault == "reject":
                raise Rejected("overlap", "the bodies overlap by 3 cm")
            hoard = []
            while fault == "ask for memory":  # zeros, which the system has not to find yet
                hoard.append(bytearray(1 << 28))
            while fault == "fill memory":
                hoard.append(b"x" * (1 << 27))
        return super().scene(params, draws, video)
"""


def recipe_file(folder: Path, clips: int = 20, scenario: str = "drop") -> Path:
    path = folder / "small.yaml"
    path.write_text(RECIPE.format(clips=clips, scenario=scenario))
    return path


def plugin(folder: Path) -> Path:
    """An installed package with the scenario `faulty`; its folder is to go on PYTHONPATH."""
    place = folder / "plugin"
    about = place / "simgen_faulty-0.1.dist-info"
    about.mkdir(parents=True)
    (place / "simgen_faulty.py").write_text(PLUGIN)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: simgen-faulty\nVersion: 0.1\n")
    (about / "entry_points.txt").write_text("[simgen.scenarios]\nfaulty = simgen_faulty:Faulty\n")
    return place


def environment(**more: str) -> dict[str, str]:
    path = os.pathsep.join(filter(None, [more.pop("PYTHONPATH", ""), str(Path(__file__).parents[2])]))
    return {**os.environ, "PYTHONPATH": path, **more}


def simgen(*arguments: str | Path, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end. A build has one worker unless it says otherwise: starting one takes a second."""
    if arguments[:1] == ("build",) and "--workers" not in arguments:
        arguments = (*arguments, "--workers", "1")
    return subprocess.run(
        [sys.executable, "-m", "simgen", *map(str, arguments)],
        cwd=cwd,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=300,
    )


@contextmanager
def started(
    *arguments: str | Path, cwd: Path, more: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Starts a command; it is killed at the end of the block if it is still there."""
    process = subprocess.Popen(
        [sys.executable, "-m", "simgen", *map(str, arguments)],
        cwd=cwd,
        env=environment(**(more or {})),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def sentences(text: str) -> str:
    """What was said, without the progress bar."""
    lines = textwrap.dedent(text).replace("\r", "\n").split("\n")
    return "\n".join(line for line in lines if line.strip() and "clip/s" not in line and "s/clip" not in line)
