"""Opens a dataset and gives its clips back: by number, or epoch after epoch in an order that can be resumed.

Reading needs neither the physics engine nor the renderer. `dataset[i]` is clip i of what was opened, in the
order of splits and indices, whatever the shuffling; iterating follows the epoch's order (order.py).
"""

from __future__ import annotations

import bisect
import copy
import os
import sys
import warnings
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simgen.dataset.column_table import Column
from simgen.dataset.manifest import FORMATS, Manifest, Shard
from simgen.dataset.parquet import ROWS_PER_GROUP
from simgen.errors import DatasetError
from simgen.reading.cache import DEFAULT_BYTES, ShardCache
from simgen.reading.clip import Clip
from simgen.reading.folder import Folder, read_manifest
from simgen.reading.neighbours import NEIGHBOUR_COLUMNS, Neighbours
from simgen.reading.order import LANES, Order, blocks_of
from simgen.reading.progress import Progress, Share, whole
from simgen.reading.retries import StoreError
from simgen.reading.selection import PASS_COLUMNS, check_names, selected_columns
from simgen.reading.shard_readers import ShardReader, open_shard
from simgen.reading.stream import EXAMPLE_COLUMNS, Stream
from simgen.reading.view import View
from simgen.recipe.wording import did_you_mean, listed

if TYPE_CHECKING:
    from simgen.reading.torch import TorchStream

__all__ = ["Dataset", "open_dataset"]

_VIEW = tuple(field.name for field in fields(View))


def open_dataset(
    location: str | Path,
    split: str | None = None,
    *,
    take: int | None = None,
    columns: Sequence[str] | None = None,
    passes: Sequence[str] = (),
    shuffle: bool = False,
    seed: int = 0,
    epoch: int = 0,
    on_error: str = "raise",
    format: str | None = None,
    cache: str | Path | None = None,
    cache_bytes: int | str = DEFAULT_BYTES,
    **view: Any,
) -> Dataset:
    """The clips of a split (of every split, when it is None) of the dataset at `location`, a folder or fsspec
    URL.

    take: the first so many clips. columns: only these (and the key); None is all but dense passes. passes:
    dense passes to read as well. shuffle: iterate in an order that follows from (seed, epoch). on_error:
    "raise", or "skip" clips that cannot be read and count them in `Dataset.skipped`. format: parquet or
    webdataset; None takes the one that is there, Parquet first. cache: a local folder that keeps shards of a
    remote dataset, at most `cache_bytes` of them (a number, or "200GB"); processes share it. view: how clips are cut and shown, the fields
    of `View`: frames, stride, fps, start, size, caption, dtype, layout, patches, decoder.

    Raises DatasetError for what is not a finished dataset, has no such split, column or pass, or cannot be
    shown so.
    """
    folder = Folder(location, None if cache is None else ShardCache(cache, cache_bytes))
    manifest = read_manifest(folder)
    if split is not None and (not isinstance(split, str) or split not in manifest.splits):
        there = listed(manifest.splits, "and")
        raise DatasetError(
            f"{location} has no split '{split}', but {there}.{did_you_mean(split, manifest.splits)}"
        )
    if format is None:
        format = manifest.formats[0]
    elif format not in FORMATS or format not in manifest.formats:
        raise DatasetError(f"{location} is not stored as '{format}' but as {' and '.join(manifest.formats)}")
    take = None if take is None else whole("take", take)
    if not isinstance(shuffle, bool):
        raise DatasetError(f"shuffle={shuffle!r}: it is True or False")
    if on_error not in ("raise", "skip"):
        raise DatasetError(f"on_error={on_error!r}: it is 'raise' or 'skip'")
    chosen = _changed(View(), view, manifest, location)
    table = selected_columns(manifest, location, columns, passes, chosen)
    shards = manifest.shards if split is None else manifest.of_split(split)
    dataset = Dataset(folder, manifest, shards, table, format, take, chosen)
    dataset.neighbours = bool(manifest.study_files) and (
        columns is None or any(name in NEIGHBOUR_COLUMNS for name in columns)
    )
    dataset.shuffle, dataset.on_error = shuffle, on_error
    dataset.seed, dataset.epoch = whole("seed", seed), whole("epoch", epoch)
    return dataset


def _changed(view: View, changes: Mapping[str, Any], manifest: Manifest, location: str | Path) -> View:
    for name in changes:
        if name not in _VIEW:
            raise TypeError(f"unexpected argument '{name}'.{did_you_mean(name, _VIEW)}")
    view = replace(view, **changes)
    view.check(manifest, location)
    return view


class Dataset(Sequence[Clip]):
    """Clips of a dataset. Holds a few shards open; can be pickled or forked, and then opens them again."""

    def __init__(
        self,
        folder: Folder,
        manifest: Manifest,
        shards: Sequence[Shard],
        table: Sequence[Column],
        format: str,
        take: int | None = None,
        view: View | None = None,
    ) -> None:
        self.folder = folder
        self.manifest = manifest
        self.shards = tuple(shards)
        self.table = tuple(table)
        self.format = format
        self.view = view or View()
        self.neighbours = False  # whether clips say how far the nearest training clip is
        self.shuffle = False
        self.seed = 0
        self.epoch = 0
        self.position = 0  # clips of the epoch that were given already
        self.on_error = "raise"
        self.skipped: dict[str, str] = {}  # key -> why, of clips passed over with on_error="skip"
        self._ends: list[int] = []
        for shard in self.shards:
            self._ends.append((self._ends[-1] if self._ends else 0) + shard.clips)
        total = self._ends[-1] if self._ends else 0
        self._length = total if take is None else max(0, min(take, total))
        self._resumed = False
        self._moves = 0  # counts who sets the place in the epoch: only the latest iteration keeps it
        self._forget()

    def _forget(self) -> None:
        """What belongs to this process and this epoch, and is made again when it is needed."""
        self._process = os.getpid()
        self._readers: OrderedDict[int, ShardReader] = OrderedDict()
        self._rows: OrderedDict[tuple[int, int], Sequence[Mapping[str, Any]]] = OrderedDict()
        self._orders: OrderedDict[tuple[int, int], Order] = OrderedDict()
        self._near: dict[str, Neighbours | None] = {}  # by split

    def __repr__(self) -> str:
        splits = ", ".join(dict.fromkeys(shard.split for shard in self.shards))
        return f"Dataset({self.folder.location!r}, {splits}: {len(self)} clips, {self.format})"

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.table)

    @property
    def body_count(self) -> int | None:
        """The most bodies that a clip has; None where the dataset does not say."""
        return max((shard.bodies for shard in self.shards), default=0) or None

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(len(self)))]
        number = place + len(self) if place < 0 else place
        if not 0 <= number < len(self):
            raise IndexError(f"clip {place} of {len(self)}")
        return self._clip(number, self.epoch)

    def __iter__(self) -> Iterator[Clip]:
        """The clips of the epoch, in its order: all, or what is left after `load_state_dict`. At the end the
        next epoch begins.
        """
        if not self._resumed:
            self.position = 0
        self._resumed = False
        self._moves += 1
        epoch, moves = self.epoch, self._moves
        for position in range(self.position, len(self)):
            if moves == self._moves:  # else somebody has gone elsewhere: the next iteration begins there
                self.position = position + 1
            try:
                clip = self.clip_at(epoch, position)
                if self.on_error == "skip":
                    clip.decode()
            except DatasetError as error:
                self.failed(error, epoch, position)
                continue
            yield clip
        if moves == self._moves:
            self.set_epoch(epoch + 1)

    def set_epoch(self, epoch: int) -> None:
        """Goes to the start of an epoch: another order (if shuffled), other random windows."""
        self.epoch, self.position, self._resumed = whole("epoch", epoch), 0, False
        self._moves += 1

    def state_dict(self) -> dict[str, int]:
        """Where iterating stands, as a few integers: the clip that was given last counts as used."""
        return Progress(self.seed, self.epoch, self.position, len(self), int(self.shuffle)).to_state()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """The next iteration goes on where `state` was taken. Raises DatasetError if it is of other clips."""
        progress = Progress.from_state(state, len(self), self.shuffle)
        self.seed, self.epoch, self.position = progress.seed, progress.epoch, progress.position
        self._resumed = True
        self._moves += 1

    def numpy(
        self,
        columns: Sequence[str] = EXAMPLE_COLUMNS,
        *,
        rank: int = 0,
        ranks: int = 1,
        tail: str = "pad",
        **view: Any,
    ) -> Stream:
        """Examples as dicts of NumPy arrays: `columns` are names of columns, of dense passes, of videos.

        rank, ranks: the part of each epoch that belongs to this process; tail: "pad" or "drop" so that all
        ranks get equally many. view: changes to how this dataset was opened (frames=16, patches=(2, 16, 16)).
        """
        return Stream(self._seen(columns, view), columns, Share(rank, ranks, tail))

    def torch(
        self,
        columns: Sequence[str] = EXAMPLE_COLUMNS,
        *,
        rank: int | None = None,
        ranks: int | None = None,
        tail: str = "pad",
        **view: Any,
    ) -> TorchStream:
        """Examples as tensors, for `torch.utils.data.DataLoader`; the arguments are those of `numpy`.

        rank and ranks are those of torch.distributed where it runs. Raises MissingDependencyError without
        PyTorch.
        """
        from simgen.reading.torch import TorchStream, distributed_share

        return TorchStream(self._seen(columns, view), columns, distributed_share(rank, ranks, tail))

    def _seen(self, names: Sequence[str], changes: Mapping[str, Any]) -> Dataset:
        """This dataset with another view, reading only the columns `names`; its own files, its own place."""
        other = copy.copy(self)
        other._forget()
        location = self.folder.location
        other.view = _changed(self.view, changes, self.manifest, location)
        check_names("columns", names)
        passes = [name for name in PASS_COLUMNS if any(name == given.partition("_")[0] for given in names)]
        other.table = selected_columns(self.manifest, location, names, passes, other.view)
        if "flow" in passes and not other.view.shows_every_frame(self.manifest):
            raise DatasetError(
                f"{location} cannot be read so: flow leads from each recorded frame to the next one, and this view "
                "leaves frames out. Read flow without stride and fps"
            )
        if not self._resumed:
            other.position = 0
        return other

    def order(self, epoch: int) -> Order:
        """The numbers of the clips in the order of an epoch."""
        key = (self.seed, epoch)
        if key not in self._orders:
            blocks = blocks_of([shard.clips for shard in self.shards], ROWS_PER_GROUP, len(self))
            self._orders[key] = Order(blocks, self.shuffle, self.seed, epoch)
            if len(self._orders) > 2:
                self._orders.popitem(last=False)
        return self._orders[key]

    def clip_at(self, epoch: int, position: int) -> Clip:
        """The clip at a position of an epoch's order."""
        return self._clip(self.order(epoch)[position], epoch)

    def failed(self, error: DatasetError, epoch: int, position: int) -> None:
        """Raises the error of a clip that cannot be read, with the names of its shard and key; with
        `on_error="skip"` counts the clip instead, and says so once. A store that does not answer or refuses access
        is no damage: to skip would be to train on what is left of a dataset, or on nothing.
        """
        number = self.order(epoch)[position]
        at = bisect.bisect_right(self._ends, number)
        index = self.shards[at].start + number - (self._ends[at - 1] if at else 0)
        key = f"{self.manifest.name}-{self.shards[at].split}-{index:08d}"
        text = str(error)
        places = {self._name(at): self._name(at), key: f"clip {key}"}
        missing = [words for name, words in places.items() if name not in text]
        located = DatasetError(f"{', '.join(missing)}: {text}") if missing else error
        if self.on_error != "skip" or isinstance(error, StoreError):
            raise located from error
        if key not in self.skipped:
            self.skipped[key] = str(located)
            warnings.warn(f"clip {key} is skipped: {located}", RuntimeWarning, stacklevel=3)

    def _clip(self, number: int, epoch: int) -> Clip:
        at = bisect.bisect_right(self._ends, number)
        row = number - (self._ends[at - 1] if at else 0)
        values = self._block(at, row // ROWS_PER_GROUP)[row % ROWS_PER_GROUP]
        if self.neighbours:
            values = {**values, **self._nearest(self.shards[at].split, self.shards[at].start + row)}
        return Clip(values, self.manifest.layout, self.view, (self.seed, epoch, number))

    def _nearest(self, split: str, index: int) -> dict[str, Any]:
        """How far the nearest training clip is from clip `index` of a split, and which it is."""
        if split not in self._near:
            self._near[split] = Neighbours.read(self.folder, self.manifest, split)
        near = self._near[split]
        if near is None:
            own = f"{self.manifest.name}-{split}-{index:08d}"
            return dict(zip(NEIGHBOUR_COLUMNS, (0.0, own), strict=True))
        return near.of(index)

    def _block(self, at: int, block: int) -> Sequence[Mapping[str, Any]]:
        """The values of a block of neighbouring clips; the latest few are kept."""
        if self._process != os.getpid():  # forked: files that are shared with the parent share their place
            self._forget()
        rows = self._rows.get((at, block))
        if rows is None:
            start = block * ROWS_PER_GROUP
            stop = min(start + ROWS_PER_GROUP, self.shards[at].clips)
            rows = self._reader(at).rows(start, stop, ahead=not self.shuffle)
            self._rows[at, block] = rows
            if len(self._rows) > LANES + 1:
                self._rows.popitem(last=False)
        else:
            self._rows.move_to_end((at, block))
            self._readers.move_to_end(at)  # rows of a tar are read from its file one by one
        return rows

    def _reader(self, at: int) -> ShardReader:
        reader = self._readers.get(at)
        if reader is None:
            reader = open_shard(self.folder, self.shards[at], self.table, self.format)
            if len(reader) != self.shards[at].clips:
                reader.close()
                raise DatasetError(
                    f"{self._name(at)} holds {len(reader)} clips, the manifest says {self.shards[at].clips}. "
                    "`simgen verify` checks every file, `simgen build` makes damaged shards again"
                )
            self._readers[at] = reader
            if len(self._readers) > LANES + 1:
                self._readers.popitem(last=False)[1].close()
        else:
            self._readers.move_to_end(at)
        return reader

    def _name(self, at: int) -> str:
        kind = "data" if self.format == "parquet" else "webdataset"
        return self.folder.path(self.shards[at].file(kind) or "")

    def close(self) -> None:
        """Closes what is open; reading on opens it again."""
        if self._process == os.getpid():
            for reader in self._readers.values():
                reader.close()
        self._forget()

    def __getstate__(self) -> dict[str, Any]:
        here = ("_process", "_readers", "_rows", "_orders", "_near")
        return {name: value for name, value in self.__dict__.items() if name not in here}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()

    def __copy__(self) -> Dataset:
        other = object.__new__(type(self))
        other.__setstate__({**self.__getstate__(), "skipped": {}})
        return other

    def __del__(self) -> None:
        if getattr(self, "_readers", None) and not sys.is_finalizing():
            self.close()
