"""The clips of a dataset as a training loop eats them: dicts of NumPy arrays, a rank's share of each epoch,
resumable to the clip.

`Dataset.numpy` makes one for NumPy and JAX; `Dataset.torch` makes the same with tensors for `DataLoader`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simgen.errors import DatasetError
from simgen.reading.progress import Progress, Share, whole

if TYPE_CHECKING:
    from simgen.reading.reader import Dataset

__all__ = ["EXAMPLE_COLUMNS", "Stream"]

EXAMPLE_COLUMNS = ("video", "state", "caption")


class Stream:
    """One rank's share of a dataset: `for example in stream` gives what is left of the current epoch.

    An example is a dict: the columns asked for, and always `key`, `epoch`, `position` (in the epoch's
    order). When an epoch is over the next one begins, in another order if the dataset is shuffled.
    """

    def __init__(self, dataset: Dataset, names: Sequence[str], share: Share) -> None:
        self.dataset = dataset
        self.names = tuple(names)
        self.share = share
        self.epoch = dataset.epoch
        self.start = dataset.position  # clips of the epoch that all ranks together have had before
        self._turns = 0  # clips that this iterator has given since
        self._resumed = self.epoch, self.start  # of the one epoch that was not begun at its first clip
        self._moves = 0  # counts who sets the place in the epoch: only the latest iteration keeps it

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.dataset!r}, {', '.join(self.names)}, {self.share})"

    def __len__(self) -> int:
        """Clips of this rank in what is left of the epoch."""
        return self.share.count(len(self.dataset), self.start)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self._turns = 0
        self._moves += 1
        clips, epoch, start, moves = len(self.dataset), self.epoch, self.start, self._moves
        for turn in range(self.share.count(clips, start)):
            example = self.example(epoch, self.share.position(turn, clips, start))
            if moves == self._moves:  # else somebody has gone elsewhere: the next iteration begins there
                self._turns = turn + 1
            yield example
        if moves == self._moves:
            self.set_epoch(epoch + 1)

    def example(self, epoch: int, position: int) -> dict[str, Any]:
        """The clip at a position of an epoch's order.

        With `on_error="skip"` the place of a clip that cannot be read is taken by the next one in the order
        that can (so that batches keep their size on every rank); `skipped` then says how many were passed
        over.
        """
        dataset = self.dataset
        for passed in range(len(dataset)):
            place = (position + passed) % len(dataset)
            try:
                clip = dataset.clip_at(epoch, place)
                found = clip.example(self.names, bodies=dataset.body_count)
            except DatasetError as error:
                dataset.failed(error, epoch, place)
                continue
            extra = {"skipped": passed} if dataset.on_error == "skip" else {}
            return {"key": clip.key, **found, "epoch": epoch, "position": position, **extra}
        raise DatasetError(f"Not one of the {len(dataset)} clips of {dataset.folder.location} can be read")

    def set_epoch(self, epoch: int) -> None:
        """Goes to the start of an epoch; what is being iterated goes on to its own end."""
        self.epoch, self.start, self._turns = whole("epoch", epoch), 0, 0
        self._moves += 1
        if self._resumed[0] == self.epoch:
            self._resumed = self.epoch, 0

    def state_dict(self, batch: Mapping[str, Any] | None = None) -> dict[str, int]:
        """Where to go on, as a few integers. The same on every rank, once each has had equally many clips.

        batch: the last batch (or example) that was used; the state is then the one after it. A loader with
        workers reads ahead, so only the batch knows how far the training is. Without it, the state is the
        one after the last example that iterating this very object gave.
        """
        clips = len(self.dataset)
        epoch, turns, start = self.epoch, self._turns, self.start
        if batch is not None:
            try:
                epoch, last = int(_last(batch["epoch"])), int(_last(batch["position"]))
            except (KeyError, IndexError, TypeError, ValueError):
                raise DatasetError(
                    "state_dict(batch) needs the entries 'epoch' and 'position' of the batch: keep them in the "
                    "collate function"
                ) from None
            # a loader that reads ahead has moved on to the next epoch before the last batches of this one are used
            start = self._resumed[1] if epoch == self._resumed[0] else 0
            turns = ((last - start - self.share.rank) % clips) // self.share.ranks + 1
        used = self.share.used(turns, clips, start)
        return self.progress(epoch, used).to_state()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on where `state` was taken, whatever the number of ranks and workers was there."""
        progress = Progress.from_state(state, len(self.dataset), self.dataset.shuffle)
        self.dataset.seed = progress.seed
        self.epoch, self.start, self._turns = progress.epoch, progress.position, 0
        self._resumed = self.epoch, self.start
        self._moves += 1

    def progress(self, epoch: int, position: int) -> Progress:
        """The state after the first `position` clips of an epoch."""
        dataset = self.dataset
        return Progress(dataset.seed, epoch, position, len(dataset), int(dataset.shuffle))


def _last(values: Any) -> Any:
    """The last entry of a batch; a single example has only one."""
    shape = getattr(values, "shape", None)
    if shape is None:
        return values[-1] if isinstance(values, Sequence) else values
    return values.reshape(-1)[-1]
