"""Runs a build on a Ray cluster: a shard per Ray task, at most so many of them in flight; see docs/scaling.md.

The recipe goes to the nodes as text and its plug-in packages as files, the shards come back as files: every node writes
into the dataset's folder, which all of them must see under the same path (a shared file system), or sends to the store
that the dataset goes to. Each node has the same simgen installed. A task whose worker or node is lost is started again
by Ray, on whatever node there is.
"""

from __future__ import annotations

import os
import socket
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from simgen import GENERATOR_VERSION
from simgen.build.plan import ShardPlan
from simgen.build.resume import Target
from simgen.build.runners import Audience, GivenUp, describe
from simgen.build.runners.local import ONE_THREAD, TRIES, cores
from simgen.build.runners.plugin_packages import PluginPackage, missing_package, pack, plugin_packages
from simgen.build.worker import Failure, Job, ShardDone, begin, write_shard
from simgen.errors import BuildError, MissingDependencyError

if TYPE_CHECKING:
    from simgen.recipe import Recipe

__all__ = ["RayRunner"]

_ENOUGH = 10  # shards given up before the build is held to be hopeless
_AHEAD = 2  # shards in flight per core of the cluster, so that no core waits and a cluster that can grow does


@dataclass(frozen=True, slots=True)
class RayRunner:
    """`address`: of a running cluster; None: RAY_ADDRESS if that is set, else a Ray of its own on this machine.
    `workers`: shards in flight; None: twice the cores of the cluster.
    """

    address: str | None = None
    workers: int | None = None

    def run(
        self, job: Job, shards: Sequence[ShardPlan], lock_fd: int, audience: Audience
    ) -> Sequence[GivenUp]:
        with _connected(self.address, self.workers, job.recipe) as ray:
            flight = _Flight(ray, job)
            try:
                return self._fly(flight, shards, audience)
            finally:
                flight.cancel()

    def _fly(self, flight: _Flight, shards: Sequence[ShardPlan], audience: Audience) -> Sequence[GivenUp]:
        waiting, tries, given_up = deque(shards), Counter[ShardPlan](), list[GivenUp]()
        while waiting or flight.shards:
            limit = self.workers or _AHEAD * flight.cores()
            while waiting and len(flight.shards) < limit:
                flight.start(waiting.popleft())
            for shard, answer in flight.landed():
                if isinstance(answer, ShardDone):
                    audience.on_shard(answer)
                    continue
                if answer.final:
                    raise BuildError(answer.sentence)
                tries[shard] += 1
                if tries[shard] < TRIES:
                    audience.say(f"{describe(shard)}: {answer.sentence}; it is tried again")
                    waiting.append(shard)
                    continue
                given_up.append(GivenUp(shard, answer.sentence, answer.trace))
                if len(given_up) >= _ENOUGH:
                    return given_up
        return given_up


class _Flight:
    """The shards that Ray has been asked for."""

    def __init__(self, ray: Any, job: Job) -> None:
        self._ray = ray
        recipe = job.recipe
        parcel = _Parcel(
            recipe.source,
            recipe.name,
            recipe.hash,
            GENERATOR_VERSION,
            plugin_packages(recipe),
            str(job.folder),
            job.formats,
            job.store,
        )
        self._parcel = ray.put(parcel)
        environment = {"env_vars": ONE_THREAD}
        self._make = ray.remote(num_cpus=1, max_retries=TRIES - 1, runtime_env=environment)(_make_shard)
        self.shards: dict[Any, ShardPlan] = {}  # by the reference to what will be their answer

    def cores(self) -> int:
        """Of the cluster, as it is now."""
        return max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def start(self, shard: ShardPlan) -> None:
        self.shards[self._make.remote(self._parcel, shard)] = shard

    def landed(self) -> Iterator[tuple[ShardPlan, ShardDone | Failure]]:
        """What is there; waits a second for it, since the cluster may grow meanwhile."""
        ready, _ = self._ray.wait(list(self.shards), num_returns=1, timeout=1.0)
        for reference in ready:
            shard = self.shards.pop(reference)
            try:
                yield shard, self._ray.get(reference)
            except self._ray.exceptions.RayError as error:
                yield shard, Failure(_loss(error), False, str(error))

    def cancel(self) -> None:
        for reference in self.shards:
            self._ray.cancel(reference, force=True)
        self.shards.clear()


def _loss(error: Exception) -> str:
    """What Ray says of a task that never answered, in a line."""
    kind = type(error).__name__
    known = {
        "WorkerCrashedError": "its worker process crashed",
        "NodeDiedError": "its node was lost",
        "OutOfMemoryError": "its worker process was killed (memory ran out: try fewer --workers)",
    }
    if kind in known:
        return known[kind]
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{kind}: {lines[-1]}" if lines else kind


@contextmanager
def _connected(address: str | None, workers: int | None, recipe: Recipe) -> Iterator[Any]:
    """Ray, connected: to the cluster that this process is in already, to the one at `address`, to one of its own.

    A cluster that it connects to is given the plug-in packages of the recipe for as long.
    """
    try:
        import ray
    except ImportError as error:
        raise MissingDependencyError(
            "--runner ray needs Ray, which is not installed: pip install 'simgen-physics[ray]'"
        ) from error
    if ray.is_initialized():
        yield ray
        return
    address = address or os.environ.get("RAY_ADDRESS")
    listens = False
    try:
        if address:
            listens = _knock(address)
            with TemporaryDirectory(prefix="simgen-") as place:
                packed = [str(path) for path in pack(recipe, Path(place))]
                ray.init(
                    address=address,
                    runtime_env={"py_modules": packed} if packed else None,
                    log_to_driver=False,
                    logging_level="ERROR",
                )
        else:
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a Ray of our own reports to nobody
            ray.init(
                address="local",
                num_cpus=workers or cores(),
                include_dashboard=False,
                log_to_driver=False,
                logging_level="ERROR",
            )
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise BuildError(_refusal(address, listens, error)) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _refusal(address: str | None, listens: bool, error: Exception) -> str:
    """What to do when Ray cannot be used."""
    reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    if not address:
        return f"Ray does not start on this machine ({reason})."
    if not listens:
        return (
            f"There is no Ray cluster at {address} ({reason}). Start one with `ray start --head`, or leave --ray-address out "
            "to use this machine."
        )
    return (
        f"The Ray cluster at {address} does not let this program in ({reason}). If it asks for a token, as clusters may since "
        "Ray 2.59: set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN here and on every node, see docs/scaling.md. Ray and Python "
        "must be of the same version everywhere."
    )


def _knock(address: str) -> bool:
    """Whether somebody is known to listen there. Raises OSError when nobody does: Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if not (host and port.isdigit() and "/" not in host):
        return False
    socket.create_connection((host, int(port)), timeout=10).close()
    return True


@dataclass(frozen=True, slots=True)
class _Parcel:
    """A job as it goes to the nodes."""

    source: str  # of the recipe
    name: str
    recipe_hash: str
    generator_version: int
    packages: tuple[PluginPackage, ...]
    folder: str
    formats: tuple[str, ...]
    store: str  # where the shards go; "": into the folder


def _make_shard(parcel: _Parcel, shard: ShardPlan) -> ShardDone | Failure:
    """On a node. Only what kills the process reaches Ray; everything else is an answer."""
    folder = Path(parcel.folder)
    try:
        job = _unpacked(parcel)
        if job.store:
            from simgen.build.store_destination import make_and_send

            begin()
            return make_and_send(job, shard)
        if Target.read(folder) is None:
            raise BuildError(
                f"{folder} of this build is not there on {socket.gethostname()}: every node of the cluster must see "
                "it under this path (a shared file system)."
            )
        begin()
        return write_shard(job, shard)
    except Exception as error:
        return Failure.of(error, folder)


@cache
def _unpacked(parcel: _Parcel) -> Job:
    """Checked: another simgen there, or another plug-in, would make other clips."""
    from simgen.recipe import parse_recipe

    if (missing := missing_package(parcel.packages, socket.gethostname())) is not None:
        raise BuildError(missing)
    recipe = parse_recipe(parcel.source, parcel.name)
    if recipe.hash != parcel.recipe_hash or parcel.generator_version != GENERATOR_VERSION:
        raise BuildError(
            f"{socket.gethostname()} has another version of simgen than this machine and would make other clips. "
            "Install the same one on every node."
        )
    return Job(recipe, Path(parcel.folder), parcel.formats, parcel.store)
