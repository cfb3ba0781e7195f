"""Trains a small network to predict the next frame of a simgen dataset, on a CPU, and survives being killed.

    simgen build incline --clips 200 -o datasets/incline
    python examples/train_next_frame.py datasets/incline --checkpoint /tmp/next_frame.pt

Kill it (kill -9 does) and run the same line again: it goes on from its last checkpoint, on the clip where it
stopped, and its losses are those of a run that was never killed. Needs `pip install torch simgen-physics`.

The network sees three frames and says how the fourth differs from the third. What to look at is the reader:
`stream.sampler` gives every rank its share of a shuffled epoch, `stream.state_dict(batch)` is where to go on
after a batch, five whole numbers to keep beside the weights.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader
from tqdm import tqdm

import simgen

CONTEXT = 3  # frames that the network sees


class NextFrame(nn.Module):
    """(B, T, C, H, W) in 0 … 1 -> the prediction of frames CONTEXT … T - 1, (B, T - CONTEXT, C, H, W)."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.change = nn.Sequential(
            nn.Conv2d(3 * CONTEXT, width, 5, padding=2),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=2, dilation=2),
            nn.ReLU(),
            nn.Conv2d(width, 3, 3, padding=1),
        )

    def forward(self, video: torch.Tensor) -> torch.Tensor:
        seen = video.unfold(1, CONTEXT, 1)[:, :-1]  # (B, T - CONTEXT, C, H, W, CONTEXT)
        batch, turns, channels, height, width, _ = seen.shape
        stacked = seen.movedim(-1, 2).reshape(batch * turns, CONTEXT * channels, height, width)
        change = self.change(stacked).reshape(batch, turns, channels, height, width)
        return video[:, CONTEXT - 1 : -1] + change


def save(path: Path, content: dict[str, object]) -> None:
    """A checkpoint that is whole or the one before."""
    temporary = path.with_suffix(".writing")
    torch.save(content, temporary)
    temporary.replace(path)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset", help="folder or URL")
    parser.add_argument("--split", default="train")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--take", type=int, help="train on the first so many clips only")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--checkpoint", type=Path, default=Path("next_frame.pt"))
    parser.add_argument("--every", type=int, default=20, help="steps between two checkpoints")
    arguments = parser.parse_args()

    torch.manual_seed(arguments.seed)
    torch.use_deterministic_algorithms(True)
    network = NextFrame()
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    dataset = simgen.open_dataset(
        arguments.dataset, arguments.split, take=arguments.take, shuffle=True, seed=arguments.seed
    )
    stream = dataset.torch(
        ["video"], frames=arguments.frames, size=arguments.size, dtype="float32", layout="TCHW"
    )
    if not len(stream):
        parser.error(f"{dataset!r} has nothing to train on")
    losses: list[float] = []
    if arguments.checkpoint.exists():
        checkpoint = torch.load(arguments.checkpoint)
        network.load_state_dict(checkpoint["network"])
        optimiser.load_state_dict(checkpoint["optimiser"])
        stream.load_state_dict(checkpoint["reader"])
        losses = checkpoint["losses"]
        if len(losses) >= arguments.steps:
            print(f"{arguments.checkpoint} has had its {arguments.steps} steps: loss {losses[-1]:.5f}")
            return
        print(f"going on after step {len(losses)}: epoch {stream.epoch}, clip {stream.start}")

    loader = DataLoader(
        stream,
        batch_size=arguments.batch_size,
        sampler=stream.sampler,
        num_workers=arguments.workers,
        persistent_workers=arguments.workers > 0,
    )
    with tqdm(total=arguments.steps, initial=len(losses), unit="step") as bar:
        while len(losses) < arguments.steps:
            for batch in loader:  # one pass is one epoch; the next pass is the next one
                loss = nn.functional.mse_loss(network(batch["video"]), batch["video"][:, CONTEXT:])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                losses.append(loss.item())
                bar.update()
                bar.set_postfix(epoch=int(batch["epoch"][0]), loss=f"{losses[-1]:.5f}")
                if len(losses) % arguments.every == 0 or len(losses) == arguments.steps:
                    state = {
                        "network": network.state_dict(),
                        "optimiser": optimiser.state_dict(),
                        "reader": stream.state_dict(batch),
                        "losses": losses,
                    }
                    save(arguments.checkpoint, state)
                if len(losses) == arguments.steps:
                    break
    still = torch.stack(
        [nn.functional.mse_loss(batch["video"][:, CONTEXT - 1 : -1], batch["video"][:, CONTEXT:])]
    )
    print(
        f"loss {losses[0]:.5f} at first, {losses[-1]:.5f} now; repeating the last frame: {still.mean():.5f}"
    )


if __name__ == "__main__":
    main()
