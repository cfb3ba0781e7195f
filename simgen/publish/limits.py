"""What the Hub takes, what it advises, and how a dataset stands to both: one that is there (`simgen publish --dry-run`)
and one that is still to be built (`simgen check`).

The figures are those of https://huggingface.co/docs/hub/storage-limits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from simgen.wording import bytes_word

if TYPE_CHECKING:
    from simgen.build.plan import Plan
    from simgen.publish.publication import Publication

__all__ = ["FILES_PER_COMMIT", "MOST_FILES_PER_FOLDER", "HubOutlook", "findings", "hub_outlook", "outlook"]

FILES_PER_COMMIT = 50  # that are sent at once; the Hub advises 50 to 100

MOST_FILES_PER_FOLDER = 10_000
MOST_FILES = 100_000  # of a repository; advised
LARGEST_FILE = 200_000_000_000  # bytes, advised; 500 GB is the end
_LARGEST_POSSIBLE = 500_000_000_000


def findings(part: Publication) -> list[str]:
    """What the Hub would not take, in sentences that say what to change; none if all is well."""
    found = []
    per_folder = Counter(str(PurePosixPath(path).parent) for path in part.files)
    for folder, files in per_folder.items():
        if files > MOST_FILES_PER_FOLDER:
            found.append(
                f"{folder}/ has {files:,} files, the Hub takes {MOST_FILES_PER_FOLDER:,} per folder: raise "
                "output.clips_per_shard in the recipe and build it again"
            )
    for path, record in part.files.items():
        if record.bytes > _LARGEST_POSSIBLE:
            found.append(
                f"{path} has {bytes_word(record.bytes)}, the Hub takes files up to {bytes_word(_LARGEST_POSSIBLE)}: "
                "lower output.clips_per_shard in the recipe and build it again"
            )
    return found


def outlook(parts: Sequence[Publication]) -> str:
    """What would be sent where: files, sizes, and the Hub's limits. Talks to nobody."""
    lines: list[str] = []
    for part in parts:
        shards = part.files
        lines.append(
            f"{part.repository}: {len(shards):,} files, {bytes_word(part.bytes)} as "
            f"{' and '.join(part.manifest.formats)}, and the card"
        )
        sizes = {path: record.bytes for path, record in shards.items()}
        width = max(map(len, sizes))
        lines += [f"  {path.ljust(width)}  {size:>15,} bytes" for path, size in sizes.items()]
        per_folder = Counter(str(PurePosixPath(path).parent) for path in shards)
        fullest, most = max(per_folder.items(), key=lambda entry: entry[1])
        largest = max(shards.values(), key=lambda record: record.bytes)
        lines += [
            "  limits of the Hub:",
            f"    files in a folder: {most:,} in {fullest}/ of {MOST_FILES_PER_FOLDER:,}",
            f"    files in a repository: {len(sizes):,} of {MOST_FILES:,}",
            f"    largest file: {bytes_word(largest.bytes)} of {bytes_word(LARGEST_FILE)}",
            f"    files sent per commit: {min(FILES_PER_COMMIT, len(shards)):,} of {FILES_PER_COMMIT}, the fewest that "
            "the Hub advises",
        ]
        lines += [f"  {finding}" for finding in findings(part)]
    lines.append("Nothing was sent, and no file was read but the manifest.")
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class HubOutlook:
    """How a dataset that is not yet built will stand to the Hub's limits; sizes in bytes."""

    files_per_folder: int
    most_files_per_folder: int
    files_per_repository: int  # shards; the card and the like are a handful
    most_files_per_repository: int  # advised
    files_per_commit: int  # as `simgen publish` and `simgen build --publish` send them
    largest_file: int
    largest_file_advised: int
    met: bool
    advice: tuple[str, ...]  # what to change, in sentences


def hub_outlook(
    plan: Plan, bytes_per_clip: Mapping[str, float], bytes_in_any_case: Mapping[str, float]
) -> HubOutlook:
    """Of a dataset whose clips take `bytes_per_clip` in each of its folders (data, dense, webdataset), and whose files
    there `bytes_in_any_case`, without a clip. Tars go to a repository of their own.
    """
    shards = plan.shard_count
    folders = max(sum(name != "webdataset" for name in bytes_per_clip), "webdataset" in bytes_per_clip)
    largest, of_a_clip = max(
        bytes_per_clip.items(),
        key=lambda entry: plan.largest_shard * entry[1] + bytes_in_any_case.get(entry[0], 0.0),
    )
    largest_file = round(plan.largest_shard * of_a_clip + bytes_in_any_case.get(largest, 0.0))
    advice = []
    if shards > MOST_FILES_PER_FOLDER or shards * folders > MOST_FILES:
        allowed = min(MOST_FILES_PER_FOLDER, MOST_FILES // folders)
        advice.append(
            f"a folder would have {shards:,} files, the Hub takes {MOST_FILES_PER_FOLDER:,} per folder: "
            f"{_for_fewer_files(plan, allowed, of_a_clip)}"
        )
    if largest_file > LARGEST_FILE:
        fitting = _round_down(int(LARGEST_FILE / of_a_clip))
        advice.append(
            f"a file in {largest}/ would have {bytes_word(largest_file)}, the Hub advises at most "
            f"{bytes_word(LARGEST_FILE)} and takes {bytes_word(_LARGEST_POSSIBLE)}: set "
            f"output.clips_per_shard: {fitting}"
        )
    return HubOutlook(
        files_per_folder=shards,
        most_files_per_folder=MOST_FILES_PER_FOLDER,
        files_per_repository=shards * folders,
        most_files_per_repository=MOST_FILES,
        files_per_commit=min(FILES_PER_COMMIT, shards * folders),
        largest_file=largest_file,
        largest_file_advised=LARGEST_FILE,
        met=not advice,
        advice=tuple(advice),
    )


_MOST_PER_SHARD = 100_000  # that a recipe may ask for


def _for_fewer_files(plan: Plan, allowed: int, of_a_clip: float) -> str:
    """The least round number of clips per shard with which there are no more shards than `allowed`."""
    size = _round_up(max(plan.clips_per_shard, -(-plan.clips // allowed)))
    while size <= _MOST_PER_SHARD and replace(plan, clips_per_shard=size).shard_count > allowed:
        size = _round_up(size + 1)
    if size > _MOST_PER_SHARD or size * of_a_clip > _LARGEST_POSSIBLE:
        return "it is too large for one repository, make it as several datasets"
    return f"set output.clips_per_shard: {size}"


def _round_up(number: int) -> int:
    """To two digits and zeros: 1301 -> 1400."""
    step: int = 10 ** max(0, len(str(number)) - 2)
    return -(-number // step) * step


def _round_down(number: int) -> int:
    step: int = 10 ** max(0, len(str(number)) - 2)
    return max(1, number // step * step)
