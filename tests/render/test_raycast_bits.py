"""The same picture to the bit on every x86-64 CPU, and the kernels compiled once per kind of CPU.

numba takes the instruction set of the host; told to compile for less (`NUMBA_CPU_NAME`), it must give the
same bits. Each kind needs its own compilation, so one of them is tried by default and the rest in the
campaign.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import simgen
from simgen.render.raycast.film import film
from tests.render.picture_hash import picture_hash

# Of the pictures and labels of `picture_hash`. A change of it is a change of everybody's data: raise
# `simgen.GENERATOR_VERSION` with it, and only then write the new hash here.
EXPECTED = "2290a0b927b040c3d67bcf4ae3d2cafefbf5d28ff8b8b6afd70961f076acad91"


def run(code: str, cache: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    root = Path(simgen.__file__).parent.parent
    settings = {**os.environ, "NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(root), **environment}
    return subprocess.run(
        [sys.executable, "-c", code], env=settings, capture_output=True, text=True, check=True, cwd=root
    )


def test_the_pictures_are_those_of_every_other_machine() -> None:
    assert picture_hash() == EXPECTED


def test_a_plain_cpu_gives_the_same_bits_and_compiles_once(tmp_path: Path) -> None:
    """Cold, for a CPU without AVX: the wait is announced; again: it is not, and nothing is compiled."""
    code = (
        "from simgen.render.raycast import warm_up\n"
        "warm_up(print)\n"
        "from tests.render.picture_hash import picture_hash\n"
        "print(picture_hash())\n"
    )
    first = run(code, tmp_path, NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="")
    assert first.stdout.split("\n")[:2] == ["compiling the renderer, once", EXPECTED]
    files = sorted(path.name for path in tmp_path.rglob("*.nbc"))
    assert len(files) == 1  # one kernel, one signature
    again = run(code, tmp_path, NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="")
    assert again.stdout.split("\n")[0] == EXPECTED
    assert sorted(path.name for path in tmp_path.rglob("*.nbc")) == files


@pytest.mark.campaign
@pytest.mark.parametrize("kind", ["x86-64-v2", "haswell", "skylake-avx512"])
def test_every_kind_of_cpu_gives_the_same_bits(kind: str, tmp_path: Path) -> None:
    code = "from tests.render.picture_hash import picture_hash\nprint(picture_hash())"
    try:
        assert run(code, tmp_path, NUMBA_CPU_NAME=kind, NUMBA_CPU_FEATURES="").stdout.strip() == EXPECTED
    except subprocess.CalledProcessError as error:
        if error.returncode == -4:
            pytest.skip(f"this machine cannot run code for {kind}")
        raise


def test_all_calls_share_one_signature() -> None:
    """A second signature would be a second compilation, after the workers have started."""
    picture_hash()
    assert len(film.signatures) == 1  # type: ignore[attr-defined]


def test_asking_for_the_renderer_does_not_import_the_compiler(tmp_path: Path) -> None:
    code = "import sys, simgen.render, simgen.render.raycast\nprint('numba' in sys.modules, 'llvmlite' in sys.modules)"
    assert run(code, tmp_path).stdout.strip() == "False False"
