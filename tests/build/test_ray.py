"""`--runner ray`: the same bytes as local processes, whatever dies. A Ray of one or two nodes on this machine."""

from __future__ import annotations

import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.build.aftermath import Undisturbed
from tests.build.command import environment, plugin, recipe_file, sentences, simgen, started
from tests.build.hand import content
from tests.build.scaling_page import block

pytest.importorskip("pybullet")
ray = pytest.importorskip("ray")
pytestmark = pytest.mark.filterwarnings("default")  # Ray's own

RAY = ("--runner", "ray")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """The head has no core for shards; a test adds the nodes it wants."""
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    try:
        yield made
    finally:
        made.shutdown()


def arguments_of(line: str) -> list[str]:
    """Of a line of the page, as the shell would read it."""
    command, *arguments = shlex.split(line)
    assert command == "simgen"
    return arguments


def test_a_ray_of_its_own_gives_the_same_bytes(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """As docs/scaling.md has it."""
    line = block("text", "pip install 'simgen-physics[ray]'").splitlines()[1]
    arguments = arguments_of(line.replace("few.yaml", str(recipe_file(tmp_path))))
    done = simgen(*arguments, "--log-json", "log", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sentences(done.stderr).splitlines()[1].startswith("  23 made now in ")
    assert len((tmp_path / "log").read_text().splitlines()) == 4
    assert content(tmp_path / "datasets/ray") == undisturbed.content


def test_a_node_that_is_lost_mid_shard(cluster: Any, undisturbed: Undisturbed, tmp_path: Path) -> None:
    recipe, out = recipe_file(tmp_path), tmp_path / "out"
    lost, kept = cluster.add_node(num_cpus=1), None
    arguments = ("build", recipe, "-o", "out", *RAY, "--ray-address", cluster.address)
    try:
        with started(*arguments, cwd=tmp_path) as build:
            deadline = time.monotonic() + 200
            while not list(out.glob(".simgen/unfinished/*")):  # a shard is being written
                assert build.poll() is None, build.communicate()[1]
                assert time.monotonic() < deadline
                time.sleep(0.01)
            cluster.remove_node(lost, allow_graceful=False)
            kept = cluster.add_node(num_cpus=1)
            _, errors = build.communicate(timeout=300)
        assert build.returncode == 0, errors
        assert content(out) == undisturbed.content
    finally:
        if kept is not None:
            cluster.remove_node(kept)


def test_a_killed_driver_is_continued_by_any_runner(undisturbed: Undisturbed, tmp_path: Path) -> None:
    recipe, out = recipe_file(tmp_path), tmp_path / "out"
    with started("build", recipe, "-o", "out", *RAY, "--workers", 1, cwd=tmp_path) as build:
        deadline = time.monotonic() + 200
        while not list(out.glob(".simgen/markers/*")):
            assert build.poll() is None, build.communicate()[1]
            assert time.monotonic() < deadline
            time.sleep(0.01)
        processes = psutil.Process(build.pid).children(recursive=True)
        build.kill()
        _, alive = psutil.wait_procs(processes, timeout=10)
        for process in alive:  # two agents of Ray's own take longer to notice
            assert "Agent" in process.name()
            process.kill()
    done = simgen("build", recipe, "-o", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert content(out) == undisturbed.content


def test_a_fault_that_stays_costs_its_shard_alone(tmp_path: Path) -> None:
    """A scenario of a plug-in, which kills its process at clip 11."""
    recipe = recipe_file(tmp_path, scenario="faulty")
    faulty = {"PYTHONPATH": str(plugin(tmp_path)), "FAULTS": "11:segfault"}
    done = simgen("build", recipe, "-o", "out", *RAY, "--workers", 2, cwd=tmp_path, **faulty)
    assert done.returncode == 1
    assert (
        "shard train-00001-of-00003 (seed 4) was given up after three tries: its worker process crashed"
        in done.stderr
    )
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in (tmp_path / "out/data").iterdir()) == [
        "test-00000-of-00001.parquet",
        "train-00000-of-00003.parquet",
        "train-00002-of-00003.parquet",
    ]


# A program that is in the cluster already when it builds.
INSIDE = """
import sys
import tempfile
import ray
import simgen
from simgen.build.runners.ray import RayRunner

ray.init(address=sys.argv[1], log_to_driver=False, logging_level="ERROR")
simgen.build(simgen.load_recipe(sys.argv[2]), "inside", runner=RayRunner())
"""


def test_a_plug_in_travels_to_nodes_that_do_not_have_it(cluster: Any, tmp_path: Path) -> None:
    recipe, node = recipe_file(tmp_path, 4, scenario="faulty"), cluster.add_node(num_cpus=1)
    path = {"PYTHONPATH": str(plugin(tmp_path))}
    arguments = ("build", recipe, "--workers", 1)
    try:
        done = simgen(*arguments, "-o", "ray", *RAY, "--ray-address", cluster.address, cwd=tmp_path, **path)
        assert done.returncode == 0, done.stderr
        inside = subprocess.run(
            [sys.executable, "-c", INSIDE, cluster.address, recipe],
            cwd=tmp_path,
            env=environment(**path),
            capture_output=True,
            text=True,
            timeout=200,
        )
    finally:
        cluster.remove_node(node)
    assert (
        inside.returncode == 1
    )  # nothing can be sent with it, and the node does not have the package otherwise
    assert inside.stderr.splitlines()[-1].endswith(
        f"{socket.gethostname()} does not have simgen-faulty 0.1, which the scenario 'faulty' comes from. "
        "Install it on every node."
    )
    local = simgen(*arguments, "-o", "local", cwd=tmp_path, **path)
    assert local.returncode == 0, local.stderr
    assert content(tmp_path / "ray") == content(tmp_path / "local")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--ray-address", "auto"], "--ray-address without --runner ray: say --runner ray, too."),
        (
            ["--runner", "ray", "--task", "0/2"],
            "--task with --runner ray: each shares the shards out by itself. Leave one of them out.",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    done = simgen("build", recipe_file(tmp_path), "-o", "out", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.rstrip().splitlines()[-1] == f"Error: {sentence}"


def test_a_cluster_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    done = simgen(
        "build", recipe_file(tmp_path), "-o", "out", *RAY, "--ray-address", "127.0.0.1:1", cwd=tmp_path
    )
    assert done.returncode == 1
    said = sentences(done.stderr)
    assert said.splitlines()[-1].startswith("There is no Ray cluster at 127.0.0.1:1 (")
    assert "Traceback" not in said


def test_a_cluster_that_wants_a_token_is_a_sentence(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """Ray 2.52 and newer have tokens, and newer ones still ask for them unless told otherwise. With it, it builds."""
    if tuple(map(int, ray.__version__.split(".")[:2])) < (2, 52):
        pytest.skip("this Ray knows no tokens")
    start = shlex.split(
        next(line for line in block("text", "ray start --head").splitlines() if "--head" in line)
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start = [sys.executable, "-m", "ray.scripts.scripts", *start[1:-1], f"--port={port}", "--num-cpus=1"]
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0123456789abcdef" * 2}
    short = tempfile.mkdtemp(prefix="ray")  # a socket's path may have 107 characters
    head = subprocess.Popen(
        [*start, "--include-dashboard=false", f"--temp-dir={short}", "--block"],
        env=environment(**token),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert head.stdout is not None
    try:
        assert any("Ray runtime started" in line for line in head.stdout), "the head did not start"
        build = ("build", recipe_file(tmp_path), "-o", "out", *RAY, "--ray-address", f"127.0.0.1:{port}")
        refused = simgen(*build, cwd=tmp_path, RAY_AUTH_MODE="disabled")
        assert refused.returncode == 1
        last = sentences(refused.stderr).splitlines()[-1]
        assert last.startswith(f"The Ray cluster at 127.0.0.1:{port} does not let this program in (")
        done = simgen(*build, cwd=tmp_path, **token)
        assert done.returncode == 0, done.stderr
        assert content(tmp_path / "out") == undisturbed.content
    finally:
        head.terminate()
        head.communicate(timeout=60)
        shutil.rmtree(short, ignore_errors=True)
