"""What a large build asks beside its clips: planning, taking up, more workers, Ray, bookkeeping, and ten thousand clips.

    python benchmarks/scale.py [--only plan,resume,workers,ray,overhead,long] [--clips 10000000] [--rounds 3]

* plan: cutting `--clips` clips into shards. No clip is made.
* resume: what a build does that finds all of `--clips` clips there: scan the folder, scan it again at the end, write the
  manifest. Generation is stubbed out: the benchmark itself lays out the markers and, in place of the shards, sparse files
  of their size. `--folder` says where (two files per shard; what is laid out is removed at the end).
* workers: two local workers against one, and beside it what the machine gives at best: two processes that make the same
  clips, each for itself, and store nothing, against one.
* ray: a local Ray with two cores against two local workers. Needs the extra `ray`.
* overhead: the part of the core time of driver and worker, everything counted, that is not simulate, render and encode.
* long: 10,000 clips at 64 px; how fast the last 1,000 are beside the first, and what driver and workers hold then.

The first two are also done with a hundredth of the clips, for their memory. Every measurement is a process of its own; what
counts is in ratios, seconds are those of the machine. All but the first two want a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PARTS = ("plan", "resume", "workers", "ray", "overhead", "long")
FEWER = 100  # times; what memory is compared with
WORK = ("simulate", "render", "encode")


def recipe_at(place: Path, clips_per_shard: int, size: int = 256) -> Path:
    """The shipped recipe incline, in other shards and another size."""
    import yaml

    value = yaml.safe_load((HERE.parent / "recipes" / "incline.yaml").read_text())
    value["video"]["size"] = size
    value["output"] = {"format": "parquet", "clips_per_shard": clips_per_shard}
    path = place / f"incline-{clips_per_shard}-{size}.yaml"
    path.write_text(yaml.safe_dump(value))
    return path


def peak_mb() -> float:
    """The most memory that this process has held (not ru_maxrss, which begins with that of the parent)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def held_mb(process: int) -> float:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def core_seconds(process: int) -> float:
    """That a process has used so far; its name, the second field, may hold spaces."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# ── what runs in processes of its own; each gives a JSON object


def planned(recipe: str, clips: int) -> dict[str, Any]:
    from simgen.build import plan_of
    from simgen.build.plan import ShardPlans
    from simgen.recipe import load_recipe

    loaded = load_recipe(recipe)
    start = time.perf_counter()
    plan = plan_of(loaded, clips)
    shards = ShardPlans(plan, plan.shards())
    found = sum(shard.clips for shard in shards)
    seconds = time.perf_counter() - start
    assert found == clips
    return {"seconds": seconds, "shards": len(shards), "peak_mb": peak_mb()}


def laid_out(recipe: str, clips: int, folder: str) -> dict[str, Any]:
    """A dataset that looks finished but has neither a clip nor a manifest. Every tenth clip was drawn again."""
    from simgen import GENERATOR_VERSION
    from simgen.build.driver import formats_of, plan_of
    from simgen.build.resume import prepare
    from simgen.dataset.manifest import Marker, Shard, shard_files
    from simgen.dataset.storage import FileRecord
    from simgen.recipe import load_recipe

    loaded, place = load_recipe(recipe), Path(folder)
    plan, formats = plan_of(loaded, clips), formats_of(loaded, None)
    place.mkdir(parents=True)
    prepare(place, loaded, plan, formats)
    start, size = time.perf_counter(), 0
    for shard in plan.shards():
        files = {}
        for path in shard_files(shard.split, shard.number, shard.count, formats, dense=False).values():
            (place / path).parent.mkdir(exist_ok=True)
            with (place / path).open("wb") as file:
                file.truncate(100_000 * shard.clips)
            files[path] = FileRecord(100_000 * shard.clips, f"{shard.number:064x}")
        again = {index: 1 for index in shard.indices if index % 10 == 0}
        marker = Marker(
            Shard(shard.split, shard.number, shard.start, shard.clips, files, 3),
            shard.count,
            loaded.hash,
            GENERATOR_VERSION,
            formats,
            {"overlap": len(again)},
            again,
        )
        text = json.dumps(marker.to_json(), sort_keys=True, indent=1) + "\n"
        path = place / Marker.path(shard.split, shard.number, shard.count)
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)  # as `Marker.write` does, but not synced: nothing here is worth that
        size += len(text)
    return {"seconds": time.perf_counter() - start, "markers_mb": size / 1e6}


def scanned(recipe: str, clips: int, folder: str) -> dict[str, Any]:
    from simgen.build.driver import formats_of, plan_of
    from simgen.build.resume import Scan
    from simgen.recipe import load_recipe

    loaded = load_recipe(recipe)
    start, core = time.perf_counter(), time.process_time()
    plan = plan_of(loaded, clips)
    pending = sum(1 for _ in Scan(Path(folder), loaded, plan, formats_of(loaded, None)).pending())
    seconds, core_seconds = time.perf_counter() - start, time.process_time() - core
    assert pending == 0
    return {
        "seconds": seconds,
        "core_seconds": core_seconds,
        "shards": plan.shard_count,
        "peak_mb": peak_mb(),
    }


def taken_up(recipe: str, clips: int, folder: str) -> dict[str, Any]:
    """The whole build that finds everything there."""
    from simgen.build import build
    from simgen.recipe import load_recipe

    loaded = load_recipe(recipe)
    start = time.perf_counter()
    report = build(loaded, folder, clips=clips)
    seconds = time.perf_counter() - start
    assert (report.clips, report.made) == (clips, 0)
    manifest = (Path(folder) / "manifest.json").stat().st_size
    return {"seconds": seconds, "manifest_mb": manifest / 1e6, "peak_mb": peak_mb()}


def built(recipe: str, clips: int, workers: int, runner: str, folder: str) -> dict[str, Any]:
    """A build, with the time and the memory at every clip and every shard that the driver hears of."""
    from simgen.build import build
    from simgen.build.runners.local import LocalRunner
    from simgen.recipe import load_recipe

    loaded = load_recipe(recipe)
    inner: Any = LocalRunner(workers)
    if runner == "ray":
        from simgen.build.runners.ray import RayRunner

        inner = RayRunner(workers=workers)
    notes = Notes(inner)
    start = time.perf_counter()
    report = build(loaded, folder, clips=clips, runner=notes)
    seconds = time.perf_counter() - start
    core = sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )
    shutil.rmtree(folder)
    return {
        "seconds": seconds,
        "core_seconds": core,
        "stages": dict(report.core_seconds),
        "clip_s": [moment - start for moment in notes.clip_s],
        "shards": [(moment - start, clips) for moment, clips in notes.shards],
        "memory_mb": notes.memory_mb,
        "busy_s": notes.busy_s,
    }


class Notes:
    """A runner that has another one do the work and notes when the driver hears of what."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.clip_s: list[float] = []
        self.shards: list[tuple[float, int]] = []
        self.memory_mb: list[list[float]] = []  # of the driver and its children, every ten clips
        self.busy_s: list[tuple[float, float]] = []  # then, too: when, and core seconds of the children

    def run(self, job: Any, shards: Any, lock_fd: int, audience: Any) -> Any:
        self._audience = audience
        return self._inner.run(job, shards, lock_fd, self)

    def on_clip(self, count: Any) -> None:
        self.clip_s.append(time.perf_counter())
        if len(self.clip_s) % 10 == 0:
            children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
            self.memory_mb.append([held_mb(process) for process in (os.getpid(), *map(int, children))])
            self.busy_s.append((self.clip_s[-1], sum(core_seconds(int(process)) for process in children)))
        self._audience.on_clip(count)

    def on_shard(self, done: Any) -> None:
        self.shards.append((time.perf_counter(), done.marker.shard.clips))
        self._audience.on_shard(done)

    def say(self, sentence: str) -> None:
        self._audience.say(sentence)


def generated(recipe: str, first: int, clips: int) -> dict[str, Any]:
    """Clips made and encoded in this very process, and dropped."""
    from simgen.build.runners.local import ONE_THREAD
    from simgen.build.shard import encode_clip
    from simgen.recipe import load_recipe

    os.environ.update(ONE_THREAD)
    loaded = load_recipe(recipe)
    encode_clip(loaded, "train", 0)
    start = time.perf_counter()
    for index in range(first, first + clips):
        encode_clip(loaded, "train", index)
    return {"rate": clips / (time.perf_counter() - start)}


INNER = {work.__name__: work for work in (planned, laid_out, scanned, taken_up, built, generated)}


def begin(work: Callable[..., dict[str, Any]], *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, "--inner", work.__name__, json.dumps(arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def apart(work: Callable[..., dict[str, Any]], *arguments: object) -> dict[str, Any]:
    """What `work` finds in a process of its own."""
    return end(begin(work, *arguments))


def end(process: subprocess.Popen[str]) -> dict[str, Any]:
    text, _ = process.communicate()
    if process.returncode:
        sys.exit(process.returncode)
    found: dict[str, Any] = json.loads(text.splitlines()[-1])
    return found


# ── the parts


class Bench:
    def __init__(self, arguments: argparse.Namespace, scratch: Path) -> None:
        self.clips, self.rounds, self.pair = arguments.clips, arguments.rounds, arguments.pair
        self.long_clips = arguments.long_clips
        self.clips_per_shard: int = arguments.clips_per_shard
        self.folder = scratch / "laid-out" if arguments.folder is None else arguments.folder / "laid-out"
        self.scratch = scratch

    def plan(self) -> None:
        recipe = str(recipe_at(self.scratch, self.clips_per_shard))
        few, many = (apart(planned, recipe, clips) for clips in (self.clips // FEWER, self.clips))
        print(f"plan: {self.clips:,} clips in {many['shards']:,} shards of {self.clips_per_shard}")
        print(f"  {many['seconds']:.2f} s (asked: at most 10)")
        print(memory("  peak memory", few, many))

    def resume(self) -> None:
        recipe = str(recipe_at(self.scratch, self.clips_per_shard))
        found = []
        for clips in (self.clips // FEWER, self.clips):
            try:
                there = apart(laid_out, recipe, clips, str(self.folder))
                scan = apart(scanned, recipe, clips, str(self.folder))
                found.append((there, scan, apart(taken_up, recipe, clips, str(self.folder))))
            finally:
                shutil.rmtree(self.folder, ignore_errors=True)
        (_, few_scan, few_build), (there, scan, whole) = found
        print(
            f"resume: {self.clips:,} clips in {scan['shards']:,} shards of {self.clips_per_shard}, all there"
        )
        print(
            f"  (generation stubbed out: markers of {there['markers_mb']:.0f} MB and sparse files laid out by the benchmark)"
        )
        print(f"  scan: {scan['seconds']:.1f} s, {scan['core_seconds']:.1f} core s (asked: at most 60)")
        print(memory("  peak memory of the scan", few_scan, scan))
        print(f"  the whole build: {whole['seconds']:.1f} s; manifest of {whole['manifest_mb']:.1f} MB")
        print(memory("  peak memory of the build", few_build, whole))

    def workers(self) -> None:
        recipe = str(recipe_at(self.scratch, 64))
        steady, wall, best, busy = [], [], [], []
        for _ in range(self.rounds):
            one, two = (self.build(recipe, self.pair, workers) for workers in (1, 2))
            steady.append(rate(two["clip_s"]) / rate(one["clip_s"]))
            wall.append(one["seconds"] / two["seconds"])
            (first, before), (last, after) = (two["busy_s"][at] for at in (1, -2))
            busy.append((after - before) / (last - first))
            alone = apart(generated, recipe, 0, self.pair // 4)["rate"]
            both = [begin(generated, recipe, first, self.pair // 4) for first in (0, self.pair // 4)]
            best.append(sum(end(process)["rate"] for process in both) / alone)
        print(f"workers: two against one, {self.pair} clips at 256 px, {self.rounds} rounds")
        print(f"  once all are at work: {spread(steady)} times the clips per second (asked: at least 1.9)")
        print(f"  start and end included: {spread(wall)}")
        print(f"  cores that the two keep busy: {spread(busy)}")
        print(f"  two processes that only make clips, against one: {spread(best)}")
        of_best = [ours / limit for ours, limit in zip(steady, best, strict=True)]
        print(f"  of that: {spread(of_best)}")

    def ray(self) -> None:
        try:
            import ray  # noqa: F401
        except ImportError:
            print("ray: not installed, nothing measured (pip install 'simgen-physics[ray]')")
            return
        recipe = str(recipe_at(self.scratch, 16))
        steady, wall = [], []
        for _ in range(self.rounds):
            ours, theirs = (self.build(recipe, self.pair, 2, runner) for runner in ("local", "ray"))
            steady.append(shard_rate(theirs["shards"]) / shard_rate(ours["shards"]))
            wall.append(ours["seconds"] / theirs["seconds"])
        print(
            f"ray: a local Ray with two cores against two local workers, {self.pair} clips, {self.rounds} rounds"
        )
        print(f"  once all are at work: {spread(steady)} times the clips per second (asked: 0.9 to 1.1)")
        print(f"  start and end included: {spread(wall)}")

    def overhead(self) -> None:
        recipe = str(recipe_at(self.scratch, 64))
        shares: list[float] = []
        parts: dict[str, list[float]] = {}
        few, many = self.pair // 5, self.pair
        for _ in range(self.rounds):
            less, more = self.build(recipe, few, 1), self.build(recipe, many, 1)
            total = more["core_seconds"] - less["core_seconds"]
            stages = {name: more["stages"][name] - less["stages"][name] for name in more["stages"]}
            stages["driver and rest"] = total - sum(stages.values())
            shares.append(1 - sum(stages[name] for name in WORK) / total)
            for name, seconds in stages.items():
                parts.setdefault(name, []).append(seconds / total)
        print(
            f"overhead: core time of driver and worker from {few} to {many} clips at 256 px, {self.rounds} rounds"
        )
        print(f"  all but {', '.join(WORK)}: {spread(shares)} of it (asked: at most 0.10)")
        medians = {name: statistics.median(values) for name, values in parts.items()}
        print("  " + ", ".join(f"{name} {share:.3f}" for name, share in medians.items()))

    def long(self) -> None:
        clips = self.long_clips
        tenth = clips // 10
        found = self.build(str(recipe_at(self.scratch, 256, 64)), clips, 2)
        moments, memory_mb = found["clip_s"], found["memory_mb"]
        start = 50  # by then both workers are at work
        first = (tenth - start) / (moments[tenth - 1] - moments[start - 1])
        end = clips - 50  # the last ones are made by one worker while the other is out of work
        last = tenth / (moments[end - 1] - moments[end - tenth - 1])
        print(f"long: {clips:,} clips at 64 px, two workers")
        print(
            f"  rate of the last {tenth:,} over that of the first: {last / first:.3f} (asked: 0.95 to 1.05)"
        )
        print(f"  ({first:.1f} and {last:.1f} clips/s)")
        at = [
            statistics.median(column)
            for column in zip(*memory_mb[tenth // 10 - 8 : tenth // 10], strict=True)
        ]
        then = [statistics.median(column) for column in zip(*memory_mb[-8:], strict=True)]
        for name, before, after in zip(("driver", "worker", "worker"), at, then, strict=False):
            print(
                f"  memory of the {name} at the end over that after {tenth:,}: {after / before:.3f} ({before:.0f} and {after:.0f} MB)"
            )

    def build(self, recipe: str, clips: int, workers: int, runner: str = "local") -> dict[str, Any]:
        return apart(
            built, recipe, clips, workers, runner, str(self.scratch / f"dataset-{os.urandom(4).hex()}")
        )


def rate(clip_s: Sequence[float]) -> float:
    """Clips per second once everybody is at work and while everybody still is."""
    edge = len(clip_s) // 6
    return (len(clip_s) - 2 * edge) / (clip_s[-edge - 1] - clip_s[edge - 1])


def shard_rate(shards: Sequence[tuple[float, int]]) -> float:
    """Clips per second once a quarter is done: by then a Ray has started all that it starts. From the end of an even
    shard, since of two workers that make one each two end at about the same time.
    """
    ends = sorted(shards)
    skipped = max(2, len(ends) // 8 * 2)
    return sum(clips for _, clips in ends[skipped:]) / (ends[-1][0] - ends[skipped - 1][0])


def memory(what: str, few: dict[str, Any], many: dict[str, Any]) -> str:
    ratio = many["peak_mb"] / few["peak_mb"]
    return f"{what}: {ratio:.2f} times that with a {FEWER}th of the clips ({few['peak_mb']:.0f} and {many['peak_mb']:.0f} MB)"


def spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.3f} ({min(values):.3f} .. {max(values):.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas between them")
    parser.add_argument("--clips", type=int, default=10_000_000, help="of plan and resume")
    parser.add_argument("--clips-per-shard", type=int, default=256, help="of plan and resume")
    parser.add_argument(
        "--folder", type=Path, help="where resume lays out its files; a temporary folder if left out"
    )
    parser.add_argument("--pair", type=int, default=480, help="clips of workers, ray, overhead")
    parser.add_argument("--rounds", type=int, default=3, help="of workers, ray, overhead")
    parser.add_argument("--long-clips", type=int, default=10_000, help="of long")
    parser.add_argument("--inner", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inner:
        with contextlib.redirect_stdout(sys.stderr):
            found = INNER[arguments.inner[0]](*json.loads(arguments.inner[1]))
        print(json.dumps(found))
        return
    chosen = arguments.only.split(",")
    unknown = [name for name in chosen if name not in PARTS]
    if unknown:
        parser.error(f"there is no part {unknown[0]!r}, only {', '.join(PARTS)}")
    with tempfile.TemporaryDirectory(prefix="simgen-scale-") as scratch:
        bench = Bench(arguments, Path(scratch))
        for name in PARTS:
            if name in chosen:
                getattr(bench, name)()
                sys.stdout.flush()


if __name__ == "__main__":
    main()
