"""Every command and snippet of docs/stores.md runs, against servers on localhost under the page's own names."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from simgen.dataset import Manifest
from tests.hub.server import serve_hub
from tests.stores.test_s3 import moto_server

for package in ("aiohttp", "s3fs", "moto", "huggingface_hub"):
    pytest.importorskip(package)

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "stores.md").read_text()
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_page_works_as_printed(tmp_path: Path) -> None:
    """The build comes from the page too: what it makes is put into the bucket and the repository."""
    commands = tmp_path / "bin"
    commands.mkdir()
    (commands / "simgen").write_text(f'#!/bin/sh\nexec {sys.executable} -W error:::simgen -m simgen "$@"\n')
    (commands / "simgen").chmod(0o755)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    blocks = [(kind, text.replace("8765", port)) for kind, text in BLOCK.findall(PAGE)]
    assert [kind for kind, _ in blocks] == ["sh", "python", "python", "python"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    environment |= {
        "PATH": f"{commands}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HF_HOME": str(tmp_path / "hf"),
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }

    def run(command: list[str]) -> str:
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    said = run(["bash", "-euo", "pipefail", "-c", blocks[0][1]])
    assert "All is as it should be." in said
    dataset = tmp_path / "datasets" / "incline"
    clips = Manifest.from_text((dataset / "manifest.json").read_bytes()).splits["train"]
    with moto_server() as store, serve_hub(tmp_path / "hub") as hub:
        store.mkdir("my-bucket")
        store.put(str(dataset), "my-bucket/incline", recursive=True)
        environment |= {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        hub.put("user/incline", dataset)
        environment |= {"HF_ENDPOINT": hub.url}
        outputs = [run([sys.executable, "-W", "error:::simgen", "-c", text]) for kind, text in blocks[1:]]
    assert len(outputs[0].splitlines()) == clips
    assert outputs[1].startswith("(48, 256, 256, 3) ")
    assert outputs[2] == f"{clips}\n"
    assert len(list((tmp_path / "shards" / "files").iterdir())) == len(list(dataset.glob("data/train-*")))


def test_every_extra_of_the_page_exists() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    extras = set(re.findall(r"simgen-physics\[(\w+)\]", PAGE))
    assert extras == {"http", "s3", "hf", "gcs", "azure"}
    assert all(re.search(rf"^{extra} = \[", project, re.MULTILINE) for extra in extras)
