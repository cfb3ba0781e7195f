"""Prints docs/columns.md, made from the column table: `python -m simgen.dataset.reference > docs/columns.md`.

A test compares the committed page with what this prints and runs the snippets in it.
"""

from __future__ import annotations

from dataclasses import replace

from simgen.dataset.column_rows import column_rows
from simgen.dataset.column_table import FRAMES, PIXELS, Layout, columns
from simgen.dataset.study_columns import STUDY_COLUMNS
from simgen.render.frames import PASSES

__all__ = ["page"]

_LAYOUT = Layout(params=(("angle_deg", "float"), ("shape", "str")), passes=PASSES)

_HEAD = """\
# What is stored of a clip

This page is made from the column table that also makes the files: `python -m simgen.dataset.reference`.

T frames, N bodies, C contacts, H x W pixels. SI units, z up, quaternions x y z w; a unit is a name's suffix
where there is one. {frames}. {pixels}.

Every row has every value: nothing is null (but, in a mix of scenarios, the parameters of the scenarios that
the clip is not of). The same recipe, split and index give the same values whatever the
machine, the number of workers or the size of the shards.

## The files

```
datasets/incline/
  README.md         the dataset card (cards.md)
  card/             its pictures, once `simgen card` has been asked for them
  croissant.json    what is in the dataset, for machines
  recipe.yaml       what it was built from
  study/test.parquet      of a study: how far clips are from the training clips
  manifest.json     format, recipe and hash, versions, these columns, every shard with its bytes and sha256
  data/train-00000-of-00004.parquet       a row per clip
  dense/train-00000-of-00004.parquet      values per pixel where the recipe has `passes`, joined by `key`
  webdataset/train-00000-of-00004.tar     the same clips for WebDataset (`output: {{format: both}}`)
```

`params` has a member for every parameter of the recipe, here `angle_deg` and `shape`. A further camera, say
`side`, has columns of its own: `video_side`, `camera_side`, `boxes_side`, `visible_side`, `centroids_side`,
`depth_side` and so on. With `video: {{codec: ffv1}}` the video is lossless FFV1 in Matroska, `.mkv`, instead
of H.264.

With `scenario: mix` the struct `params` has a member for every parameter of every scenario of the mix, and in
a clip those that its scenario does not have are null: `where params.angle_deg is not null`. A parameter that
is a whole number in one scenario and any number in another is a number of the second kind.

In a WebDataset sample every field is a file `<key>.<field>`. Its `.json` is flat and the types in it never
change, so that readers that guess a type from the first sample guess right: a struct is split into its
members, a list of records is JSON text, and so are the `params` of a mix: those of the clip's own scenario,
`json.loads(sample["json"]["params"])`.

## Columns

{clip}

## Columns of a study

A dataset has those that its recipe needs (`sweeps`, `pairs`, `twins`, `questions`, splits that draw otherwise than the one that is
trained on), in every split.

{study}

How far a clip is from the nearest one that is trained on belongs to the dataset and changes when it grows, so it is no column of
the shards: `study/<split>.parquet` has a row per clip with `key`, `index`, `nearest_train_distance` (in units of the training
ranges; the studied factors where the recipe names some, else every parameter) and `nearest_train_key`. simgen's reader joins
them: `clip.nearest_train_distance`. `clip.study` has the columns above.

## Dense passes

{dense}

How to undo each with plain libraries, for a row of `dense/` (or a sample of the tar, whose fields hold the
same bytes):

```python dense
import gzip, io
import av                       # PyAV
import numpy as np

def pictures(data):             # lossless FFV1: (T, H, W) uint16
    with av.open(io.BytesIO(data)) as file:
        return np.stack([frame.to_ndarray() for frame in file.decode(video=0)])

segmentation = np.load(io.BytesIO(gzip.decompress(row["segmentation"])))

steps = pictures(row["depth"])
depth_m = np.where(steps > 0, row["depth_offset_m"] + row["depth_scale_m"] * steps, 0)

steps = pictures(row["flow"]).astype(float)
half = steps.shape[2] // 2
flow_px = (np.stack([steps[..., :half], steps[..., half:]], -1) - 32768) * row["flow_scale_px"]
occluded = np.load(io.BytesIO(gzip.decompress(row["flow_occluded"]))) > 0

steps = pictures(row["normals"]).astype(float)
p, q = steps[..., :half], steps[..., half:]
x, y = (p - 2048) / 2047, (q - 2048) / 2047
z = 1 - abs(x) - abs(y)
o = np.maximum(-z, 0)
vectors = np.stack([x - np.sign(x) * o, y - np.sign(y) * o, z], -1)
normals = np.where((p > 0)[..., None], vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), 0)
```

## Reading

With simgen, from a folder or any fsspec URL; neither the physics engine nor the renderer need be installed:

```python simgen
import simgen

dataset = simgen.open_dataset("datasets/incline", split="train", passes=["depth"])
clip = dataset[3]
clip.rgb, clip.state, clip.captions["numeric"], clip.params["angle_deg"], clip.depth_m
```

With `datasets`. Decoding videos there needs `torchcodec`; without it, take the bytes and decode with PyAV, 17
or newer: before, it ignored the BT.709 tag and gave colours that are off by up to ten levels.

```python datasets
import io
import av
import datasets

clips = datasets.load_dataset("datasets/incline", split="train", streaming=True).decode(False)
row = next(iter(clips))
with av.open(io.BytesIO(row["video"]["bytes"])) as file:
    frames = [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]
```

With `webdataset`:

```python webdataset
import io
import numpy as np
import webdataset

shard = "datasets/incline/webdataset/train-00000-of-00004.tar"
for sample in webdataset.WebDataset(shard, shardshuffle=False):
    video, state = sample["mp4"], np.load(io.BytesIO(sample["state.npy"]))
    break
```

With DuckDB, as a table of labels:

```python duckdb
import duckdb

slow = duckdb.sql("select key, params.angle_deg, law from 'datasets/incline/data/*.parquet' where index < 10")
```

[other_readers.md](other_readers.md) has more of these, among them Polars, Megatron-Energon and what to do where torchcodec
does not load.
"""


def page() -> str:
    """The text of docs/columns.md."""
    table = columns(replace(_LAYOUT, labels=(*_LAYOUT.labels, "questions")))
    asked = [column for column in table if column.name == "questions"]
    study = [column for entries in STUDY_COLUMNS.values() for column in entries]
    return _HEAD.format(
        frames=FRAMES[:1].upper() + FRAMES[1:],
        pixels=PIXELS[:1].upper() + PIXELS[1:],
        clip="\n".join(column_rows(tuple(c for c in table if not c.dense and c not in asked))),
        study="\n".join(column_rows((*study, *asked))),
        dense="\n".join(column_rows(tuple(column for column in table if column.dense))),
    )


if __name__ == "__main__":
    print(page(), end="")
