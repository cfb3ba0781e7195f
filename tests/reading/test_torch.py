"""Batches out of PyTorch's own loaders: the same ones whatever the workers, each clip once, resumable anywhere."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simgen.errors import DatasetError
from simgen.reading import open_dataset
from tests.dataset.samples import HandRecipe, build, make_sample

torch = pytest.importorskip("torch")
from torch.utils.data import DataLoader  # noqa: E402


@pytest.fixture(autouse=True)
def _their_warnings() -> Iterator[None]:
    """PyTorch warns that there is no accelerator to pin memory for, and that there are few cores."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="torch")
        yield


def keys(batches: Any) -> list[str]:
    return [key for batch in batches for key in batch["key"]]


def expected(folder: Path, epoch: int, **options: Any) -> list[str]:
    return [clip.key for clip in open_dataset(folder, "train", shuffle=True, seed=3, epoch=epoch, **options)]


def stream(folder: Path, **options: Any) -> Any:
    return open_dataset(folder, "train", shuffle=True, seed=3).torch(frames=3, start="random", **options)


@pytest.mark.parametrize(
    ("workers", "context", "persistent"),
    [(0, None, False), (1, "fork", False), (3, "fork", True), (5, "fork", False), (2, "spawn", True)],
)
def test_batches_do_not_depend_on_the_workers(
    plain: Path, workers: int, context: str | None, persistent: bool
) -> None:
    """Three shards, up to five workers."""
    data = stream(plain)
    loader = DataLoader(
        data,
        batch_size=4,
        sampler=data.sampler,
        num_workers=workers,
        multiprocessing_context=context,
        persistent_workers=persistent,
        pin_memory=True,
    )
    assert len(loader) == 10
    alone = open_dataset(plain, "train", shuffle=True, seed=3).numpy(frames=3)
    for epoch in range(2):
        batches = list(loader)
        assert keys(batches) == expected(plain, epoch)
        assert {batch["video"].shape for batch in batches} == {(4, 3, *batches[0]["video"].shape[2:])}
        assert batches[0]["video"].dtype == torch.uint8
        for batch in batches:
            assert batch["epoch"].tolist() == [epoch] * 4
        windows = np.concatenate([batch["video"].numpy() for batch in batches])
        assert np.array_equal(windows, np.stack([example["video"] for example in alone]))


def test_the_loader_of_the_interface_without_a_sampler(plain: Path) -> None:
    dataset = open_dataset(plain, "train", shuffle=True, seed=3)
    data = dataset.torch(frames=3)
    loader = DataLoader(data, batch_size=8, num_workers=4)
    assert keys(loader) == expected(plain, 0)
    assert keys(loader) == expected(plain, 0), "as with any map-style dataset, set_epoch moves it on"
    data.set_epoch(1)
    assert keys(loader) == expected(plain, 1)
    assert data[-1]["key"] == expected(plain, 1)[-1]
    with pytest.raises(IndexError):
        data[40]


@pytest.mark.parametrize("tail", ["pad", "drop"])
def test_ranks_and_workers_split_an_epoch(plain: Path, tail: str) -> None:
    shares = []
    for rank in range(3):
        data = stream(plain, rank=rank, ranks=3, tail=tail)
        loader = DataLoader(data, batch_size=2, sampler=data.sampler, num_workers=2)
        shares.append(keys(loader))
    order = expected(plain, 0)
    assert [len(share) for share in shares] == ([14] * 3 if tail == "pad" else [13] * 3)
    together = [key for turn in zip(*shares, strict=True) for key in turn]
    assert together == (order + order[:2] if tail == "pad" else order[:39])


def test_restored_after_every_batch_with_other_ranks_and_workers(plain: Path) -> None:
    """2 ranks of 2 workers stop after k batches; 3 ranks without workers go on: nothing lost, nothing repeated."""
    order = expected(plain, 0)
    streams = [stream(plain, rank=rank, ranks=2) for rank in range(2)]
    loaders = [
        DataLoader(data, batch_size=3, sampler=data.sampler, num_workers=2, prefetch_factor=4)
        for data in streams
    ]
    seen: list[str] = []
    for pair in zip(*loaders, strict=True):
        seen += [key for turn in zip(*(batch["key"] for batch in pair), strict=True) for key in turn]
        states = [data.state_dict(batch) for data, batch in zip(streams, pair, strict=True)]
        assert states[0] == states[1], "one checkpoint serves all ranks"
        state = json.loads(json.dumps(states[0]))
        assert all(isinstance(value, int) for value in state.values()) and len(state) <= 5
        rest = [stream(plain, rank=rank, ranks=3, tail="drop") for rank in range(3)]
        for data in rest:
            data.load_state_dict(state)
        left = [[example["key"] for example in data] for data in rest]
        together = [key for turn in zip(*left, strict=True) for key in turn]
        if len(seen) < len(order):
            whole = seen + together
            assert whole == order[: len(whole)] and len(order) - len(whole) < 3
        else:
            assert state["epoch"] == 1 and together == expected(plain, 1)[:39]
    assert seen == [*order, *order[: len(seen) - len(order)]]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("tail", ["pad", "drop"])
def test_a_state_after_an_epoch_that_was_resumed(plain: Path, workers: int, tail: str) -> None:
    """Epochs that 3 ranks begin at clip 2, which is no multiple of 3; the loader is through with the sampler, and the
    stream in the next epoch, long before the last batches are used.
    """
    for rank in range(3):
        data = stream(plain, columns=["params"], rank=rank, ranks=3, tail=tail)
        data.load_state_dict({**data.state_dict(), "position": 2})
        loader = DataLoader(data, batch_size=4, sampler=data.sampler, num_workers=workers)
        states = [data.state_dict(batch) for batch in loader]
        places = [(state["epoch"], state["position"]) for state in states]
        count = 13 if tail == "pad" else 12
        ends = [min(4 * turn, count) for turn in range(1, -(-count // 4) + 1)]
        assert places == [(1, 0) if end == count else (0, 2 + 3 * end) for end in ends]
        following = [data.state_dict(batch)["position"] for batch in loader]
        assert following[0] == 12, "the next epoch begins at its beginning"


@pytest.mark.parametrize(("workers", "stop"), [(0, 3), (2, 3), (2, 9)])
def test_a_pass_that_is_broken_off_goes_on_after_the_batch(plain: Path, workers: int, stop: int) -> None:
    """In the same process, with the same loader: evaluation in the middle of an epoch, say. After nine of ten batches
    a loader with workers has long been through with the epoch's places.
    """
    data = stream(plain, columns=["params"])
    loader = DataLoader(
        data, batch_size=4, sampler=data.sampler, num_workers=workers, persistent_workers=workers > 0
    )
    seen = []
    for number, batch in enumerate(loader, 1):
        seen += batch["key"]
        if number == stop:
            data.load_state_dict(data.state_dict(batch))
            break
    assert seen + keys(loader) == expected(plain, 0)
    assert keys(loader) == expected(plain, 1)


def test_workers_that_live_on_hear_of_another_seed(plain: Path) -> None:
    data = stream(plain, columns=["params"])
    loader = DataLoader(data, batch_size=8, sampler=data.sampler, num_workers=2, persistent_workers=True)
    assert keys(loader) == expected(plain, 0)
    other = open_dataset(plain, "train", shuffle=True, seed=8)
    state = {**other.state_dict(), "position": 5}
    data.load_state_dict(state)
    assert keys(loader) == [clip.key for clip in other][5:]


def test_ranks_are_given_both_or_not_at_all(plain: Path) -> None:
    for ranks in ({"rank": 0}, {"ranks": 2}):
        with pytest.raises(DatasetError, match="give both, or none of them"):
            stream(plain, **ranks)


def test_a_state_crosses_processes(plain: Path) -> None:
    data = stream(plain)
    batches = iter(DataLoader(data, batch_size=8, sampler=data.sampler, num_workers=2))
    next(batches)
    state = data.state_dict(next(batches))
    code = f"""
import json
import simgen
data = simgen.open_dataset({str(plain)!r}, "train", shuffle=True).numpy(frames=3)
data.load_state_dict({state!r})
print(json.dumps([(example["key"], int(example["video"].sum())) for example in data]))
"""
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    rest = [
        (key, int(video.sum()))
        for batch in batches
        for key, video in zip(batch["key"], batch["video"], strict=True)
    ]
    assert [tuple(entry) for entry in json.loads(printed)] == rest
    assert len(rest) == 24


@pytest.mark.parametrize("workers", [0, 2])
def test_the_stateful_loader_resumes_exactly(plain: Path, workers: int) -> None:
    stateful = pytest.importorskip("torchdata.stateful_dataloader").StatefulDataLoader

    def loader() -> Any:
        data = stream(plain)
        return stateful(data, batch_size=4, sampler=data.sampler, num_workers=workers)

    unbroken = loader()
    epochs = [keys(unbroken) for _ in range(3)]
    assert epochs == [expected(plain, epoch) for epoch in range(3)]
    broken = loader()
    seen: list[str] = []
    for epoch in range(3):
        seen = []
        turn = 0
        done = False
        while not done:
            done = True
            for batch in broken:
                seen += batch["key"]
                turn += 1
                if turn % 3 == 0 and turn < 10:
                    state = pickle.loads(pickle.dumps(broken.state_dict()))
                    broken = loader()
                    broken.load_state_dict(state)
                    done = False
                    break
        assert seen == epochs[epoch]


def test_torch_distributed_gives_the_rank(plain: Path, tmp_path: Path) -> None:
    code = f"""
import sys, torch.distributed, simgen
rank = int(sys.argv[1])
torch.distributed.init_process_group("gloo", init_method="file://{tmp_path}/meet", rank=rank, world_size=2)
data = simgen.open_dataset({str(plain)!r}, "train", shuffle=True, seed=3).torch(["params"])
print(" ".join(example["key"] for example in data))
torch.distributed.destroy_process_group()
"""
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(rank)], stdout=subprocess.PIPE, text=True)
        for rank in range(2)
    ]
    shares = [process.communicate(timeout=120)[0].split() for process in processes]
    assert [key for turn in zip(*shares, strict=True) for key in turn] == expected(plain, 0)


def test_ranks_read_few_blocks_in_common(tmp_path: Path) -> None:
    from simgen.reading.order import Order, blocks_of
    from simgen.reading.progress import Share

    order = Order(blocks_of([256] * 40, 16, 256 * 40), True, 0, 0)
    touched = []
    for rank in range(4):
        share = Share(rank, 4)
        places = (share.position(turn, len(order), 0) for turn in range(share.count(len(order), 0)))
        touched.append({order[place] // 16 for place in places})
    assert sum(map(len, touched)) <= 640 + 16, "a block is read by two ranks only where two lanes meet"


def test_records_and_bodies_of_different_numbers_make_batches(tmp_path: Path) -> None:
    """One clip has a body more than the others; contacts and events differ from clip to clip."""

    def one_more(values: dict[str, Any]) -> None:
        values["bodies"] = [*values["bodies"], values["bodies"][-1]]
        for name in ("state", "boxes", "visible", "centroids", "projected_px"):
            values[name] = np.concatenate([values[name], values[name][:, -1:]], axis=1)

    samples = [make_sample(HandRecipe(), index) for index in range(4)]
    count = len(samples[1].scene.bodies) + 1
    build(tmp_path, HandRecipe(), {"train": [4]}, change=one_more)
    data = open_dataset(tmp_path, "train").torch(
        ["state", "contacts", "events", "params", "caption"], frames=2
    )
    batch = next(iter(DataLoader(data, batch_size=4, collate_fn=data.collate)))
    assert batch["state"].shape == (4, 2, count, 13)
    assert batch["body_count"].tolist() == [count - 1, count, count - 1, count - 1]
    assert not batch["state"][[0, 2, 3], :, -1].any() and batch["state"][1, :, -1].any()
    assert [len(contacts) for contacts in batch["contacts"]] == [
        len(clip.contacts) for clip in open_dataset(tmp_path, "train", frames=2)
    ]
    assert batch["params"]["angle_deg"].tolist() == [sample.params["angle_deg"] for sample in samples]
    default = next(iter(DataLoader(open_dataset(tmp_path, "train").torch(), batch_size=4)))
    assert default["state"].shape[2] == count and len(default["caption"]) == 4


def test_a_state_needs_its_entries(plain: Path) -> None:
    data = stream(plain)
    with pytest.raises(DatasetError, match="needs the entries 'epoch' and 'position'"):
        data.state_dict({"video": None})
    with pytest.raises(DatasetError, match="needs the entries 'epoch' and 'position'"):
        data.state_dict({"epoch": [], "position": []})
