"""examples/train_next_frame.py, killed in the middle and started again, has the losses of an unbroken run."""

from __future__ import annotations

import os
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

torch = pytest.importorskip("torch")
ROOT = Path(__file__).parents[1]
STEPS = 40


def command(dataset: Path, checkpoint: Path, workers: int) -> list[str]:
    options = ["--steps", STEPS, "--every", 3, "--batch-size", 7, "--frames", 6, "--size", 24]
    options += ["--checkpoint", checkpoint, "--workers", workers]
    return [sys.executable, "examples/train_next_frame.py", str(dataset), *map(str, options)]


def run(dataset: Path, checkpoint: Path, workers: int) -> str:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command(dataset, checkpoint, workers), cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_here(arguments: list[str], patch: pytest.MonkeyPatch) -> None:
    """In this process, which has imported torch: for what trains nothing."""
    patch.chdir(ROOT)
    patch.setattr(sys, "argv", arguments)
    try:
        runpy.run_path(arguments[0], run_name="__main__")
    finally:
        torch.use_deterministic_algorithms(False)


def kill_midway(dataset: Path, checkpoint: Path, workers: int, after: int) -> None:
    """SIGKILL to the training process once its checkpoint has `after` losses; its workers end by themselves."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        command(dataset, checkpoint, workers),
        cwd=ROOT,
        env=environment,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    while not checkpoint.exists() or len(torch.load(checkpoint)["losses"]) < after:
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.02)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.wait()
    gone, alive = psutil.wait_procs(children, timeout=60)
    assert not alive and len(gone) >= workers


def test_killed_twice_it_learns_the_same(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    unbroken, broken = tmp_path / "unbroken.pt", tmp_path / "broken.pt"
    run(plain, unbroken, workers=2)
    expected = torch.load(unbroken)
    assert len(expected["losses"]) == STEPS and expected["reader"]["epoch"] == STEPS // 6
    kill_midway(plain, broken, workers=2, after=4)
    first = len(torch.load(broken)["losses"])
    assert 4 <= first < STEPS, "killed in the middle"
    kill_midway(plain, broken, workers=1, after=first + 6)
    second = len(torch.load(broken)["losses"])
    assert first < second < STEPS
    said = run(plain, broken, workers=0)
    assert f"going on after step {second}: " in said
    run_here(command(plain, broken, 0)[1:], monkeypatch)
    assert f"has had its {STEPS} steps" in capsys.readouterr().out, "the same line once more"
    found = torch.load(broken)
    assert found["losses"] == expected["losses"]
    assert found["reader"] == expected["reader"]
    for name, weights in expected["network"].items():
        assert torch.equal(weights, found["network"][name])
    assert expected["losses"][-1] < expected["losses"][0]
    left = {path.name for path in tmp_path.iterdir()}
    assert left <= {"unbroken.pt", "broken.pt", "broken.writing"}, "nothing else is left behind"


def test_nothing_to_train_on_is_said(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ending:
        run_here([*command(plain, tmp_path / "none.pt", 0)[1:], "--take", "0"], monkeypatch)
    assert ending.value.code == 2 and "0 clips, parquet) has nothing to train on" in capsys.readouterr().err
