"""A stream of clips as PyTorch's `DataLoader` and torchdata's `StatefulDataLoader` take it.

It is a map-style dataset, so that batches come in the same order whatever the number of workers, and the
number of clips is known. The only module of simgen that imports PyTorch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from simgen.errors import DatasetError, MissingDependencyError
from simgen.reading.progress import Share
from simgen.reading.stream import Stream

try:
    import torch
    from torch.utils import data as torch_data
except ImportError as error:
    raise MissingDependencyError(
        f"dataset.torch() needs PyTorch, which cannot be imported ({error}): pip install torch. "
        "dataset.numpy() gives the same as NumPy arrays"
    ) from error

if TYPE_CHECKING:
    from simgen.reading.reader import Dataset

__all__ = ["EpochSampler", "TorchStream", "distributed_share"]

Place = tuple[int, int, int]  # seed, epoch, position in its order: workers that are kept alive know no other


class TorchStream(Stream, torch_data.Dataset[dict[str, Any]]):
    """The examples of one rank as tensors: `DataLoader(stream, batch_size=8, sampler=stream.sampler)`.

    Without the sampler a loader gives the current epoch only (as with any map-style dataset): call
    `set_epoch` before each one, and do not keep workers alive. With it every pass is the next epoch.
    """

    def __init__(self, dataset: Dataset, names: Sequence[str], share: Share) -> None:
        super().__init__(dataset, names, share)
        self.sampler = EpochSampler(self)

    def __getitem__(self, place: int | Place) -> dict[str, Any]:
        if isinstance(place, tuple):
            self.dataset.seed, epoch, position = place
            return self.example(epoch, position)
        turn = place + len(self) if place < 0 else place
        return self.example(self.epoch, self.share.position(turn, len(self.dataset), self.start))

    def example(self, epoch: int, position: int) -> dict[str, Any]:
        found = super().example(epoch, position)
        return {name: _tensors(value) for name, value in found.items()}

    @staticmethod
    def collate(examples: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """A batch of examples, as `DataLoader` makes it by itself, but that contacts, events and other records,
        which differ in number from clip to clip, stay lists of one entry per clip:
        `DataLoader(stream, collate_fn=stream.collate, …)`.
        """
        return {name: _together([example[name] for example in examples]) for name in examples[0]}


class EpochSampler(torch_data.Sampler[Place]):
    """The places of one rank's clips, from where the stream stands to the end of the epoch; then it moves
    the stream on to the next epoch.
    """

    def __init__(self, stream: TorchStream) -> None:
        self._stream = stream

    def __len__(self) -> int:
        return len(self._stream)

    def __iter__(self) -> Iterator[Place]:
        return _Places(self._stream)


class _Places(Iterator[Place]):
    """One pass of the sampler. Its state is what torchdata's loader saves and restores."""

    def __init__(self, stream: TorchStream) -> None:
        self._stream = stream
        self._epoch, self._start, self._turns = stream.epoch, stream.start, 0

    def __next__(self) -> Place:
        stream, clips = self._stream, len(self._stream.dataset)
        if self._turns >= stream.share.count(clips, self._start):
            if stream.epoch == self._epoch:
                stream.set_epoch(self._epoch + 1)
            raise StopIteration
        position = stream.share.position(self._turns, clips, self._start)
        self._turns += 1
        return stream.dataset.seed, self._epoch, position

    def state_dict(self) -> dict[str, int]:
        used = self._stream.share.used(self._turns, len(self._stream.dataset), self._start)
        return asdict(self._stream.progress(self._epoch, used))

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        stream = self._stream
        stream.load_state_dict(state)
        self._epoch, self._start, self._turns = stream.epoch, stream.start, 0


def _together(values: list[Any]) -> Any:
    first = values[0]
    if isinstance(first, Mapping):
        return {name: _together([value[name] for value in values]) for name in first}
    if isinstance(first, torch.Tensor):
        alike = all(value.shape == first.shape for value in values)
        return torch_data.default_collate(values) if alike else values
    return torch_data.default_collate(values) if isinstance(first, (bool, int, float)) else values


def distributed_share(rank: int | None, ranks: int | None, tail: str) -> Share:
    """The share of this process: of torch.distributed where it runs and nothing else is said."""
    if (rank is None) != (ranks is None):
        raise DatasetError(f"rank={rank}, ranks={ranks}: give both, or none of them")
    if rank is None or ranks is None:
        running = torch.distributed.is_available() and torch.distributed.is_initialized()
        rank = torch.distributed.get_rank() if running else 0
        ranks = torch.distributed.get_world_size() if running else 1
    return Share(rank, ranks, tail)


def _tensors(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return torch.from_numpy(np.require(value, requirements=["C", "W"]))
    if isinstance(value, Mapping):
        return {name: _tensors(entry) for name, entry in value.items()}
    return value
