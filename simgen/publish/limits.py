"""What the Hub takes, what it advises, and how a dataset stands to both: `simgen publish --dry-run`.

The figures are those of https://huggingface.co/docs/hub/storage-limits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from simgen.publish.publication import Publication
from simgen.publish.staging import FILES_PER_COMMIT
from simgen.wording import bytes_word

__all__ = ["MOST_FILES_PER_FOLDER", "findings", "outlook"]

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
