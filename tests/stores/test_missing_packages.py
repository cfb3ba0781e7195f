"""Without the package of a store, the sentence says which extra of simgen installs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import sys

blocked = sys.argv[2].split(",")

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in blocked:
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocker())
import simgen
from simgen.errors import MissingDependencyError

try:
    simgen.open_dataset(sys.argv[1])
except MissingDependencyError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("location", "packages", "extra"),
    [
        ("s3://bucket/hand", "s3fs", "s3"),
        ("https://host/hand", "aiohttp", "http"),
        ("http://host/hand", "aiohttp", "http"),
        ("hf://datasets/user/hand", "huggingface_hub", "hf"),
        ("gs://bucket/hand", "gcsfs", "gcs"),
        ("abfs://container/hand", "adlfs", "azure"),
    ],
)
def test_the_extra_is_named(location: str, packages: str, extra: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE, location, packages], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"{location} cannot be opened: ")
    assert done.stdout.strip().endswith(f"pip install 'simgen-physics[{extra}]'")
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    (line,) = [line for line in text.splitlines() if line.startswith(f"{extra} = [")]
    assert packages in line


def test_a_store_that_simgen_does_not_know() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE, "sftp://host/hand", "paramiko"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip().endswith("Install the fsspec package for sftp:// beside simgen")


def test_local_datasets_need_none_of_them(plain: Path) -> None:
    packages = "aiohttp,s3fs,huggingface_hub,gcsfs,adlfs,tenacity,requests,pandas"
    code = (
        CODE
        + """
clips = [clip for format in ("parquet", "webdataset") for clip in simgen.open_dataset(sys.argv[1], format=format)]
print(len([clip.sample() for clip in clips if len(clip.state) and clip.contacts is not None]))
"""
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(plain), packages], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "86"
