"""Every command and every Python snippet of the README and these pages runs, in order, as a reader would type it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from simgen.recipe import parse_recipe

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```(sh|python|yaml)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run(command: list[str], folder: Path) -> None:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HF_HOME": str(folder / "hf"),
        "HF_HUB_OFFLINE": "1",
    }
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{command[-1]}\n--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}"


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "docs/tutorial.md",
        "docs/building.md",
        "docs/scaling.md",
        "docs/reading.md",
        "docs/cards.md",
    ],
)
def test_the_page_works_as_printed(page: str, tmp_path: Path) -> None:
    """sh and python blocks run, recipes are read; a yaml block that names a file is written to it. Set-up lines are the
    gate's."""
    blocks = BLOCK.findall((ROOT / page).read_text())
    assert blocks, f"{page} shows nothing to run"
    for kind, name, text in blocks:
        if kind == "yaml" and name:
            (tmp_path / name).write_text(text)
        elif kind == "yaml" and text.startswith("name:"):
            parse_recipe(text, page)
        elif kind == "python":
            run([sys.executable, "-W", "error::DeprecationWarning:simgen", "-c", text], tmp_path)
        elif kind == "sh" and "python3 -m venv" not in text:
            run(["bash", "-euo", "pipefail", "-c", text], tmp_path)
