"""Space-time patches and the way back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simgen.reading import patchify, unpatch

small = st.integers(1, 3)
triples = st.tuples(small, small, small)


def numbered(*shape: int) -> np.ndarray[Any, Any]:
    return np.arange(np.prod(shape), dtype=np.int32).reshape(shape)


@settings(deadline=None)
@given(triples, triples, st.integers(1, 4))
def test_a_token_is_the_block_at_its_position(
    patch: tuple[int, int, int], grid: tuple[int, int, int], channels: int
) -> None:
    """Block after block, by loops."""
    video = numbered(*(count * extent for count, extent in zip(grid, patch, strict=True)), channels)
    tokens, positions = patchify(video, patch)
    t, y, x = patch
    expected = [
        (video[i * t : (i + 1) * t, j * y : (j + 1) * y, k * x : (k + 1) * x].ravel().tolist(), [i, j, k])
        for i in range(grid[0])
        for j in range(grid[1])
        for k in range(grid[2])
    ]
    assert tokens.tolist() == [token for token, _ in expected]
    assert positions.tolist() == [position for _, position in expected]
    assert positions.dtype == np.int64


@settings(deadline=None)
@given(triples, triples, st.lists(st.integers(1, 3), max_size=2), st.sampled_from(["u1", "f4"]), st.randoms())
def test_the_way_back_is_exact_in_any_order(
    patch: tuple[int, int, int], grid: tuple[int, int, int], batch: list[int], kind: str, random: Any
) -> None:
    shape = [count * extent for count, extent in zip(grid, patch, strict=True)]
    video = np.random.default_rng(random.randrange(1000)).integers(0, 256, (*batch, *shape, 3)).astype(kind)
    tokens, positions = patchify(video, patch)
    assert tokens.shape == (*batch, np.prod(grid), np.prod(patch) * 3)
    back = unpatch(tokens, positions, patch)
    assert back.dtype == video.dtype and np.array_equal(back, video)
    order = random.sample(range(len(positions)), len(positions))
    assert np.array_equal(unpatch(tokens[..., order, :], positions[order], patch), video)
    # as a batch has them: positions with every clip, in another order in each
    clips = tokens.reshape(-1, *tokens.shape[-2:])
    orders = [random.sample(range(len(positions)), len(positions)) for _ in clips]
    mixed = np.stack([clip[order] for clip, order in zip(clips, orders, strict=True)]).reshape(tokens.shape)
    places = np.stack([positions[order] for order in orders]).reshape(*batch, *positions.shape)
    assert np.array_equal(unpatch(mixed, places, patch), video)


def test_torch_tensors_stay_torch_tensors() -> None:
    torch = pytest.importorskip("torch")
    video = numbered(2, 4, 6, 8, 3)
    tokens, positions = patchify(torch.from_numpy(video), (2, 3, 4))
    assert isinstance(tokens, torch.Tensor)
    assert np.array_equal(tokens.numpy(), patchify(video, (2, 3, 4))[0])
    places = torch.from_numpy(positions)
    back = unpatch(tokens, places, (2, 3, 4))
    assert isinstance(back, torch.Tensor) and torch.equal(back, torch.from_numpy(video))
    order = torch.randperm(len(positions), generator=torch.Generator().manual_seed(0))
    assert torch.equal(unpatch(tokens[:, order], places[order], (2, 3, 4)), torch.from_numpy(video))
    both = places[order].expand(2, -1, -1)
    assert torch.equal(unpatch(tokens[:, order], both, (2, 3, 4)), torch.from_numpy(video))


def test_what_is_no_whole_number_of_patches_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"3 frames of 4 x 6 pixels are no whole number of patches \(2, 2, 2\)"
    ):
        patchify(numbered(3, 4, 6, 1), (2, 2, 2))
    with pytest.raises(ValueError, match=r"a video is \(…, T, H, W, C\), not \(4, 6, 1\)"):
        patchify(numbered(4, 6, 1), (2, 2, 2))
    tokens, positions = patchify(numbered(2, 4, 6, 3), (2, 2, 2))
    for wrong_tokens, wrong_positions, text in (
        (tokens[:-1], positions[:-1], "5 tokens are not the 1×2×3 blocks of a video"),
        (tokens, positions[[0, 1, 2, 3, 5, 5]], "two tokens have the same position"),
        (tokens, positions - 1, "are not the"),
        (tokens[:, :-1], positions, "are no patches"),
        (tokens, positions[:-1], "are no patches"),
    ):
        with pytest.raises(ValueError, match=text):
            unpatch(wrong_tokens, wrong_positions, (2, 2, 2))
