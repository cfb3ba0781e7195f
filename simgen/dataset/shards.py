"""The shards of a dataset: what each holds and which files hold it, and a list of any number of them in little memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

from simgen.dataset.storage import FileRecord

__all__ = ["Shard", "ShardList", "shard_files"]


def shard_files(
    split: str, shard: int, shard_count: int, formats: Iterable[str], dense: bool
) -> dict[str, str]:
    """What a shard's files are called: role (parquet, dense, webdataset) -> path in the dataset."""
    stem = f"{split}-{shard:05d}-of-{shard_count:05d}"
    files = {}
    if "parquet" in formats:
        files["parquet"] = f"data/{stem}.parquet"
        if dense:
            files["dense"] = f"dense/{stem}.parquet"
    if "webdataset" in formats:
        files["webdataset"] = f"webdataset/{stem}.tar"
    return files


@dataclass(frozen=True, slots=True)
class Shard:
    """Clips `start` … `start + clips - 1` of a split, and the files that hold them."""

    split: str
    shard: int
    start: int
    clips: int
    files: Mapping[str, FileRecord]
    bodies: int = 0  # the most that a clip of it has; 0 in datasets of the first days: not counted

    def to_json(self) -> dict[str, Any]:
        return {
            "split": self.split,
            "shard": self.shard,
            "start": self.start,
            "clips": self.clips,
            "bodies": self.bodies,
            "files": {path: record.to_json() for path, record in sorted(self.files.items())},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Shard:
        return cls(
            split=str(value["split"]),
            shard=int(value["shard"]),
            start=int(value["start"]),
            clips=int(value["clips"]),
            files={path: FileRecord.from_json(record) for path, record in value["files"].items()},
            bodies=int(value.get("bodies", 0)),
        )

    def file(self, kind: str) -> str | None:
        """Path of the file in folder `kind` (data, dense, webdataset), None if there is none."""
        return next((path for path in self.files if path.startswith(f"{kind}/")), None)


_NUMBER = "\0"  # stands for the shard's number in the path of a file


class ShardList(Sequence[Shard]):
    """Shards in 48 bytes each and 40 for every file, where a `Shard` itself takes more than a kilobyte.

    Numbers are kept in arrays, hashes as bytes, and paths as what they have in common; a `Shard` is made when it is
    asked for. One that does not fit (a hash that is none, say, in a damaged manifest) is kept as it is.
    """

    def __init__(self, shards: Iterable[Shard] = ()) -> None:
        self._forms: list[tuple[str, tuple[str, ...]]] = []  # a split and the paths of a shard's files
        self._form, self._numbers = array("L"), array("Q")  # `_numbers`: shard, start, clips, bodies of each
        self._ends, self._sizes, self._digests = array("Q", [0]), array("Q"), b""  # of the files
        self._strange: dict[int, Shard] = {}
        known: dict[tuple[str, tuple[str, ...]], int] = {}
        hashes = bytearray()
        for shard in shards:
            self._add(shard, known, hashes)
        self._digests = bytes(hashes)
        for name in ("_form", "_numbers", "_ends", "_sizes"):  # without the room that was left for more
            setattr(self, name, getattr(self, name)[:])

    def _add(self, shard: Shard, known: dict[tuple[str, tuple[str, ...]], int], hashes: bytearray) -> None:
        numbers = (shard.shard, shard.start, shard.clips, shard.bodies)
        digests = [record.sha256 for record in shard.files.values()]
        sizes = [record.bytes for record in shard.files.values()]
        strange = (
            not all(0 <= number < 2**63 for number in (*numbers, *sizes))
            or any(map(_is_odd, digests))
            or any(_NUMBER in path for path in shard.files)
        )
        if strange:
            self._strange[len(self)] = shard
            numbers, sizes, digests = (0, 0, shard.clips, 0), [], []
        form = shard.split, () if strange else tuple(_form(path, shard.shard) for path in shard.files)
        if form not in known:
            known[form] = len(self._forms)
            self._forms.append(form)
        self._form.append(known[form])
        self._numbers.extend(numbers)
        self._sizes.extend(sizes)
        hashes += bytes.fromhex("".join(digests))
        self._ends.append(len(self._sizes))

    def __len__(self) -> int:
        return len(self._form)

    @overload
    def __getitem__(self, place: int) -> Shard: ...
    @overload
    def __getitem__(self, place: slice) -> ShardList: ...
    def __getitem__(self, place: int | slice) -> Shard | ShardList:
        if isinstance(place, slice):
            return self._part(range(len(self))[place])
        place = range(len(self))[place]
        if place in self._strange:
            return self._strange[place]
        split, paths = self._forms[self._form[place]]
        number, start, clips, bodies = self._numbers[4 * place : 4 * place + 4]
        files = {}
        for path, at in zip(paths, range(self._ends[place], self._ends[place + 1]), strict=True):
            digest = self._digests[32 * at : 32 * at + 32].hex()
            files[path.replace(_NUMBER, f"{number:05d}")] = FileRecord(self._sizes[at], digest)
        return Shard(split, number, start, clips, files, bodies)

    def _part(self, places: range) -> ShardList:
        if places.step != 1:
            return ShardList(self[place] for place in places)
        start, stop = places.start, max(places.start, places.stop)
        first, end = self._ends[start], self._ends[stop]
        part = ShardList()
        part._forms, part._form = self._forms, self._form[start:stop]
        part._numbers = self._numbers[4 * start : 4 * stop]
        part._ends = array("Q", (entry - first for entry in self._ends[start : stop + 1]))
        part._sizes, part._digests = self._sizes[first:end], self._digests[32 * first : 32 * end]
        part._strange = {at - start: shard for at, shard in self._strange.items() if start <= at < stop}
        return part

    def __iter__(self) -> Iterator[Shard]:
        return map(self.__getitem__, range(len(self)))

    def __eq__(self, other: object) -> bool:
        """As a tuple of the shards would be."""
        if not isinstance(other, (ShardList, tuple)):
            return NotImplemented
        return len(self) == len(other) and all(map(Shard.__eq__, self, other))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"ShardList of {len(self):,} shards"

    @property
    def clips(self) -> dict[str, int]:
        """Clips per split, in the order in which the splits come."""
        counts: dict[str, int] = {}
        for form, clips in zip(self._form, self._numbers[2::4], strict=True):
            split = self._forms[form][0]
            counts[split] = counts.get(split, 0) + clips
        return counts

    @property
    def byte_count(self) -> int:
        """Of all their files."""
        odd = (record.bytes for shard in self._strange.values() for record in shard.files.values())
        return sum(self._sizes) + sum(odd)

    @property
    def addresses(self) -> Iterator[tuple[str, int]]:
        """Split and number of each."""
        for place, (form, number) in enumerate(zip(self._form, self._numbers[::4], strict=True)):
            odd = self._strange.get(place)
            yield self._forms[form][0], number if odd is None else odd.shard

    def of_split(self, split: str) -> ShardList:
        """Those of one split, in their order."""
        wanted = [name == split for name, _ in self._forms]
        places = [place for place, form in enumerate(self._form) if wanted[form]]
        if places and places[-1] - places[0] == len(places) - 1:  # as they come out of a build
            return self[places[0] : places[-1] + 1]
        return ShardList(self[place] for place in places)


def _form(path: str, number: int) -> str:
    """The path with a sign in place of the shard's number."""
    return path.replace(f"-{number:05d}-of-", f"-{_NUMBER}-of-", 1)


def _is_odd(digest: str) -> bool:
    """Whether this is not the sha256 of anything, in lower-case hexadecimal."""
    try:
        return len(digest) != 64 or bytes.fromhex(digest).hex() != digest
    except ValueError:
        return True
