"""The blocks of docs/scaling.md for Slurm and Kubernetes do what they say, as far as can be without a cluster.

Their commands run under the shell for every index of the job, with the variables that the batch system sets. Only what no
test can have is replaced: the shared folder, the recipe of a million clips, the number of tasks.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.build.aftermath import Undisturbed
from tests.build.command import environment, recipe_file
from tests.build.hand import content
from tests.build.scaling_page import block, made_small

TASKS = 2


@pytest.fixture
def shell(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Runs a line of the page; `simgen` is on the PATH."""
    recipe = recipe_file(tmp_path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "simgen").write_text(f'#!/bin/sh\nexec {sys.executable} -m simgen "$@"\n')
    (tmp_path / "bin" / "simgen").chmod(0o755)

    def run(command: list[str], script: str, folder: str, **variables: str) -> None:
        variables["PATH"] = f"{tmp_path / 'bin'}:/usr/bin:/bin"
        done = subprocess.run(
            [*command, made_small(script, recipe, folder, tmp_path)],
            env=environment(**variables),
            cwd="/",
            capture_output=True,
            text=True,
            timeout=200,
        )
        assert done.returncode == 0, done.stderr

    return run


def test_the_slurm_array(undisturbed: Undisturbed, tmp_path: Path, shell) -> None:  # type: ignore[no-untyped-def]
    script = block("bash", "#SBATCH")
    assert script.startswith("#!/bin/bash\n#SBATCH ")
    cores = re.findall(r"^#SBATCH --cpus-per-task=(\d+)$", script, re.MULTILINE)
    assert len(cores) == len(re.findall(r"^#SBATCH --array=0-\d+$", script, re.MULTILINE)) == 1
    for index in range(TASKS):
        variables = {
            "SLURM_ARRAY_TASK_ID": str(index),
            "SLURM_ARRAY_TASK_COUNT": str(TASKS),
            "SLURM_CPUS_PER_TASK": "1",
        }
        shell(["bash", "-c"], script, "/shared/", **variables)
    assert content(tmp_path / "incline") == undisturbed.content
    assert [len((tmp_path / f"logs/incline-{task}.jsonl").read_text().splitlines()) for task in (0, 1)] == [
        2,
        2,
    ]
    (tmp_path / "incline/manifest.json").unlink()
    submission = block("bash", "sbatch --parsable build.sbatch")
    (finish,) = re.findall(r'^sbatch --dependency=afterok:\$tasks --wrap "(.*)"$', submission, re.MULTILINE)
    shell(["sh", "-c"], finish, "/shared/")
    assert content(tmp_path / "incline") == undisturbed.content


def test_the_kubernetes_job(undisturbed: Undisturbed, tmp_path: Path, shell) -> None:  # type: ignore[no-untyped-def]
    job = yaml.safe_load(block("yaml", "kind: Job"))
    spec = job["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    (mount,), (volume,) = container["volumeMounts"], spec["template"]["spec"]["volumes"]
    assert spec["completionMode"] == "Indexed"
    assert mount["name"] == volume["name"]
    (script,) = container["args"]
    number, workers = f"/{spec['completions']} ", f"--workers {container['resources']['requests']['cpu']}"
    assert script.count(number) == script.count(workers) == 1
    script = script.replace(number, f"/{TASKS} ").replace(workers, "--workers 1")
    for index in reversed(range(TASKS)):
        shell(container["command"], script, f"{mount['mountPath']}/", JOB_COMPLETION_INDEX=str(index))
    assert content(tmp_path / "incline") == undisturbed.content
