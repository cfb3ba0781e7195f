"""How far a clip is from the nearest one that is trained on: the tables of the folder `study/`, joined by place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.dataset.manifest import Manifest, study_file
from simgen.reading.folder import Folder

__all__ = ["NEIGHBOUR_COLUMNS", "Neighbours"]

NEIGHBOUR_COLUMNS = ("nearest_train_distance", "nearest_train_key")


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Of every clip of a split: the distance, and the place of the nearest clip in the table's column of keys."""

    distance: NDArray[np.float64]  # (n,)
    key: Any  # pyarrow strings (n,)

    @classmethod
    def read(cls, folder: Folder, manifest: Manifest, split: str) -> Neighbours | None:
        """None for the split that is trained on, whose clips are their own nearest."""
        path = study_file(split)
        if path not in manifest.study_files:
            return None
        import pyarrow as pa
        import pyarrow.parquet as pq

        # Arrow's buffer and this thread alone: threads that still hold a Python file when the interpreter ends kill it
        with pq.ParquetFile(pa.BufferReader(folder.read(path)), pre_buffer=False) as file:
            table = file.read(columns=list(NEIGHBOUR_COLUMNS), use_threads=False)
        return cls(table[NEIGHBOUR_COLUMNS[0]].to_numpy(), table[NEIGHBOUR_COLUMNS[1]])

    def of(self, index: int) -> dict[str, Any]:
        """The values of both columns of clip `index`."""
        values = float(self.distance[index]), self.key[index].as_py()
        return dict(zip(NEIGHBOUR_COLUMNS, values, strict=True))
