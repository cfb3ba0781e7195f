"""The same picture to the bit on every x86-64 CPU, and the kernels compiled once per kind of CPU.

numba takes the instruction set of the host; told to compile for less (`NUMBA_CPU_NAME`), it must give the
same bits. Each kind needs its own compilation, so one of them is tried by default and the rest in the
campaign.
"""

from __future__ import annotations

import ast
import os
import shutil
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


ROOT = Path(simgen.__file__).parent.parent


def run(code: str, cache: Path, root: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """With the simgen in folder `root`."""
    path = os.pathsep.join(map(str, (root, ROOT)))
    settings = {**os.environ, "NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": path, **environment}
    return subprocess.run(
        [sys.executable, "-c", code], env=settings, capture_output=True, text=True, check=True, cwd=root
    )


def test_the_pictures_are_those_of_every_other_machine() -> None:
    assert picture_hash() == EXPECTED


PLAIN = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}  # a CPU without AVX


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with the kernels for a plain CPU: half of them compiled by one process, then the rest by another, and
    what that one found and compiled of each half.
    """
    cache = tmp_path_factory.mktemp("compiled")
    run(
        "from simgen.render.raycast.warming import compile_second_half; compile_second_half()", cache, **PLAIN
    )
    code = (
        "from simgen.render.raycast.warming import compile_all, parts_to_compile\n"
        "compile_all()\n"
        "for half in parts_to_compile():\n"
        "    stats = [kernel.stats for kernel, _ in half]\n"
        "    print([(sum(s.cache_hits.values()), sum(s.cache_misses.values())) for s in stats])\n"
    )
    return cache, run(code, cache, **PLAIN).stdout


def test_what_the_second_process_compiles_is_what_the_first_one_needs(compiled: tuple[Path, str]) -> None:
    """Its kernels have the types that `film` calls them with, and are linked from the disk."""
    # found on the disk, compiled: each kernel of the first half is compiled once, each of the second found
    first, second = (set(ast.literal_eval(line)) for line in compiled[1].splitlines())
    assert first == {(0, 1)}
    assert second == {(1, 0)}


def test_a_plain_cpu_gives_the_same_bits_and_compiles_once(
    compiled: tuple[Path, str], tmp_path: Path
) -> None:
    """Once for the machine: this is another copy of simgen, as a second environment has one."""
    cache, _ = compiled
    shutil.copytree(ROOT / "simgen", tmp_path / "simgen", ignore=shutil.ignore_patterns("__pycache__"))
    files = sorted(path.name for path in cache.rglob("*.nbc"))
    assert len(files) == len({name.split("-")[0] for name in files})  # of each kernel one signature
    code = (
        "from simgen.render.raycast import warm_up\n"
        "warm_up(print)\n"
        "from tests.render.picture_hash import picture_hash\n"
        "print(picture_hash())\n"
    )
    again = run(code, cache, tmp_path, **PLAIN)
    assert again.stdout.split("\n")[0] == EXPECTED  # and no wait was announced
    assert sorted(path.name for path in cache.rglob("*.nbc")) == files


def test_the_wait_is_announced(tmp_path: Path) -> None:
    code = (
        "from simgen.render.raycast import warm_up\n"
        "def say(text):\n"
        "    print(text)\n"
        "    raise SystemExit\n"
        "warm_up(say)\n"
    )
    assert run(code, tmp_path).stdout == "compiling the renderer, once\n"


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs sched_setaffinity")
@pytest.mark.parametrize(
    "lack", ["os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})", "sys.executable = '/nowhere'"]
)
def test_without_a_core_or_an_interpreter_there_is_no_second_process(lack: str, tmp_path: Path) -> None:
    code = (
        "import os, sys\n"
        "from simgen.render.raycast.parts import second_process\n"
        f"{lack}\n"
        "with second_process() as started:\n"
        "    print(started)\n"
    )
    assert run(code, tmp_path).stdout.split() == ["False"]


def test_a_compilation_that_is_stopped_stops_the_second_process(tmp_path: Path) -> None:
    code = (
        "import os\n"
        "from simgen.render.raycast import parts\n"
        "parts._cores = lambda: 2\n"
        "try:\n"
        "    with parts.second_process() as started:\n"
        "        print(started)\n"
        "        raise KeyboardInterrupt\n"
        "except KeyboardInterrupt:\n"
        "    try:\n"
        "        print(os.waitpid(-1, os.WNOHANG))\n"
        "    except ChildProcessError:\n"
        "        print('gone')\n"
    )
    assert run(code, tmp_path).stdout.split() == ["True", "gone"]
    assert not list(tmp_path.rglob("*.nbc"))


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
