"""How far a training run has read, as a few integers, and which part of an epoch belongs to which rank."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from numbers import Integral
from typing import Any

from simgen.errors import DatasetError
from simgen.recipe.wording import did_you_mean

__all__ = ["TAILS", "Progress", "Share", "whole"]

TAILS = ("pad", "drop")


def whole(name: str, value: object) -> int:
    """`value` as an int. Raises DatasetError, calling it `name`, for what is not a whole number from 0 on."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 0:
        raise DatasetError(f"{name}={value!r}: it is a whole number from 0 on")
    return int(value)


@dataclass(frozen=True, slots=True)
class Progress:
    """The first `position` clips of epoch `epoch` were used, by all ranks together.

    It does not say how many ranks or workers there were: the rest of the epoch is dealt out anew to those
    that go on.
    """

    seed: int
    epoch: int
    position: int
    clips: int  # of the dataset as it was opened: the order depends on it
    shuffled: int  # 1 or 0, for the same reason

    def to_state(self) -> dict[str, int]:
        """A finished epoch is the start of the next one."""
        epoch, position = self.epoch, self.position
        if position >= self.clips:
            epoch, position = epoch + 1, 0
        return {**asdict(self), "epoch": epoch, "position": position}

    @classmethod
    def from_state(cls, state: Mapping[str, Any], clips: int, shuffled: bool) -> Progress:
        """Raises DatasetError when the state is of another dataset, split, `take` or `shuffle`."""
        try:
            found = cls(**{name: int(state[name]) for name in cls.__slots__})
        except (KeyError, TypeError, ValueError) as error:
            raise DatasetError(
                f"This is no state of a reader ({error!r}): it needs the whole numbers {', '.join(cls.__slots__)}, "
                "as state_dict() gives them"
            ) from None
        if found.clips != clips:
            raise DatasetError(
                f"The state was saved while reading {found.clips} clips, here are {clips}: open the same "
                "dataset with the same split and take"
            )
        if found.shuffled != int(shuffled):
            was, now = ("with", "without") if found.shuffled else ("without", "with")
            raise DatasetError(
                f"The state was saved while reading {was} shuffle, this dataset was opened {now} it: "
                f"open it with shuffle={bool(found.shuffled)}"
            )
        if not (0 <= found.position <= clips and found.epoch >= 0 and found.seed >= 0):
            raise DatasetError(
                f"The state is damaged: position {found.position} of {clips}, epoch {found.epoch}, seed {found.seed}"
            )
        return found


@dataclass(frozen=True, slots=True)
class Share:
    """Every `ranks`-th clip, from `rank` on. All ranks get equally many clips of what is left of an epoch.

    tail "pad": where the clips do not come out even, the last ones are followed by the first ones of the
    epoch; "drop": the last few are left out of this epoch.
    """

    rank: int = 0
    ranks: int = 1
    tail: str = "pad"

    def __post_init__(self) -> None:
        if whole("rank", self.rank) >= whole("ranks", self.ranks):
            raise DatasetError(f"rank={self.rank} of ranks={self.ranks}: ranks count from 0 to ranks - 1")
        if self.tail not in TAILS:
            raise DatasetError(
                f"tail='{self.tail}' is not known: it is 'pad' or 'drop'.{did_you_mean(self.tail, TAILS)}"
            )

    def count(self, clips: int, start: int) -> int:
        """How many clips of positions start … clips - 1 are this rank's."""
        left = clips - start
        return -(-left // self.ranks) if self.tail == "pad" else left // self.ranks

    def position(self, turn: int, clips: int, start: int) -> int:
        """The position in the epoch of this rank's clip number `turn`."""
        if not 0 <= turn < self.count(clips, start):
            raise IndexError(f"clip {turn} of {self.count(clips, start)}")
        return (start + turn * self.ranks + self.rank) % clips

    def used(self, turns: int, clips: int, start: int) -> int:
        """How many clips of the epoch are used when every rank has had `turns` of its own."""
        done = start + turns * self.ranks
        return clips if turns >= self.count(clips, start) else min(done, clips)
