"""`simgen build … --log-json FILE`: a line of JSON for every shard, when it is finished; see docs/scaling.md."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from simgen.errors import BuildError

if TYPE_CHECKING:
    from simgen.build.shard import ClipCount
    from simgen.build.worker import ShardDone

__all__ = ["ShardLog"]


class ShardLog:
    """Appends to `path`. Raises BuildError when it cannot be written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._clips: dict[tuple[str, int], ClipCount] = {}  # of shards that are not finished
        self._append("")

    def clip(self, count: ClipCount) -> None:
        self._clips[count.split, count.index] = count

    def shard(self, done: ShardDone) -> None:
        shard = done.marker.shard
        addresses = ((shard.split, index) for index in range(shard.start, shard.start + shard.clips))
        made = [self._clips.pop(address) for address in addresses if address in self._clips]
        core_seconds: defaultdict[str, float] = defaultdict(float)
        for count in made:
            for stage, seconds in count.seconds.items():
                core_seconds[stage] += seconds
        core_seconds["write"] += done.seconds
        line = {
            "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
            "split": shard.split,
            "shard": shard.shard,
            "clips": shard.clips,
            "made": len(made),  # the others waited there from an earlier run
            "seconds": round(done.done_s - min([done.began_s, *(count.began_s for count in made)]), 3),
            "core_seconds": {stage: round(seconds, 4) for stage, seconds in core_seconds.items()},
            "rejections": dict(sorted(done.marker.rejections.items())),
            "bytes": sum(record.bytes for record in shard.files.values()),
            "host": done.host,
        }
        self._append(json.dumps(line) + "\n")

    def _append(self, text: str) -> None:
        """Opened anew for each line, so that it may be moved away meanwhile; one write, so that lines of several
        tasks do not mix."""
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            raise BuildError(
                f"The log {self._path} cannot be written ({reason}). Give another file with --log-json; "
                "what is finished is kept."
            ) from error
