"""One build per folder, also across processes, also after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from simgen.build import lock
from simgen.build.lock import folder_lock
from simgen.errors import BuildError

HOLD = """
import pathlib, sys
from simgen.build.lock import folder_lock
with folder_lock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_second_is_refused_with_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "_PATIENCE_S", 0.2)
    with (
        folder_lock(tmp_path),
        pytest.raises(
            BuildError, match=f"^Another build is writing to .* \\(process {os.getpid()} on .*-o\\.$"
        ),
        folder_lock(tmp_path),
    ):
        pass


def test_it_is_free_again_and_leaves_no_file(tmp_path: Path) -> None:
    for _ in range(2):
        with folder_lock(tmp_path):
            pass
    assert list((tmp_path / ".simgen").iterdir()) == []


def test_another_process_holds_it_until_it_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "_PATIENCE_S", 0.2)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(BuildError, match=f"process {holder.pid}"), folder_lock(tmp_path):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with folder_lock(tmp_path):
            pass
