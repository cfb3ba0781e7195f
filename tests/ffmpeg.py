"""FFmpeg for torchcodec: its wheel has none and looks for the shared libraries of the machine, which may have none.

PyAV's wheel does bring them, in av.libs/, under names of its own (libavcodec-5e6b81c2.so.62.28.102). Links with the
names that the dynamic linker looks for (libavcodec.so.62) and LD_LIBRARY_PATH make torchcodec load those. The linker
reads that variable when a process starts, so only a process started with this environment can decode with torchcodec.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import av

_LIBRARY = re.compile(r"(lib(?:av\w+|sw\w+))-\w+\.so\.(\d+)\.[\d.]+")  # name and first number of the version


def environment_with_ffmpeg(folder: Path) -> dict[str, str]:
    """The environment for a process in which torchcodec finds PyAV's FFmpeg through links in `folder`.

    A PyAV that was compiled on this machine has no libraries of its own: then it uses those of the machine, which
    torchcodec finds as well, and nothing changes.
    """
    libraries = Path(av.__file__).parents[1] / "av.libs"
    if not libraries.is_dir():
        return dict(os.environ)
    for file in libraries.iterdir():
        if match := _LIBRARY.fullmatch(file.name):
            (folder / f"{match[1]}.so.{match[2]}").symlink_to(file)
    before = os.environ.get("LD_LIBRARY_PATH")
    paths = [str(folder), str(libraries), *([before] if before else [])]
    return {**os.environ, "LD_LIBRARY_PATH": os.pathsep.join(paths)}


def run_python(code: str, environment: Mapping[str, str], folder: Path | None = None, *arguments: str) -> str:
    """What a fresh interpreter prints that runs `code` in `folder`; fails the test with its errors if it fails."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=dict(environment),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"{code}\n--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}"
    return done.stdout
