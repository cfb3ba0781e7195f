"""What PhyWorld's measure of velocity says of true videos: its floor, for clips of simgen and for the same scenes painted
as PhyWorld's released code paints them.

    python benchmarks/phyworld_floor.py --clips 100

The measure (arXiv:2411.02385, section 3.1, and the released evaluate.py): the centre of a ball is the mean of its coloured
pixels, red where R > 127, G < 127 and B < 127, blue likewise, times 10 m over the width; frames in which a ball is partly
out of the picture are left out, of a collision also those before the impact, and the first three, which a model is given;
velocities are forward differences over 0.1 s, of the label's positions as of those from pixels. Three ways to make a number
of the difference, each the mean over balls, frames and clips:

* per frame: |vₓ − v̂ₓ| in every frame, which is the paper's formula
* speed: | |v| − |v̂| | in every frame
* mean first: |mean of vₓ over the frames − mean of v̂ₓ|, which is what evaluate.py does for two of the three motions
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from simgen.build import generate
from simgen.dataset.sample import Sample
from simgen.dataset.video import decode_video, encode_video
from simgen.recipe import load_recipe

RECIPES = ("phyworld_uniform", "phyworld_parabola", "phyworld_collision")
WORLD_M, FRAME_S, GIVEN_FRAMES = 10.0, 0.1, 3
COLOURS = {"red": (255, 0, 0), "blue": (0, 0, 255)}
SOFT_EDGE = 0.03  # of the squared radius, over which their discs fade


@dataclass(frozen=True)
class Errors:
    """Of one clip, m/s; see the head of this file."""

    per_frame: float
    speed: float
    mean_first: float


class Row(NamedTuple):
    recipe: str
    pictures: str
    clips: int
    errors: Errors


def centres(frames: NDArray[np.uint8], colours: tuple[str, ...]) -> NDArray[np.float64]:
    """Where the coloured pixels are, (T, N, 2) in metres from the lower left corner; NaN where there are none."""
    height, width = frames.shape[1:3]
    red, green, blue = (frames[..., channel] for channel in range(3))
    masks = {
        "red": (red > 127) & (green < 127) & (blue < 127),
        "blue": (red < 127) & (green < 127) & (blue > 127),
    }
    found = np.full((len(frames), len(colours), 2), np.nan)
    for ball, colour in enumerate(colours):
        for frame, mask in enumerate(masks[colour]):
            rows, columns = np.nonzero(mask)
            if len(rows):
                found[frame, ball] = columns.mean() + 0.5, height - rows.mean() - 0.5
    return found * WORLD_M / width


def painted(position_m: NDArray[np.float64], radii_m: NDArray[np.float64], size: int) -> NDArray[np.uint8]:
    """The discs as the released code paints them, (T, size, size, 3), the first row on top.

    Its pixel i lies at i / (size - 1) of the world, and is read at i / size: it sees 255/256 of every speed.
    """
    line = np.linspace(0, WORLD_M, size)
    pictures = np.full((len(position_m), size, size, 3), 255.0)
    for ball, (radius, colour) in enumerate(zip(radii_m, COLOURS.values(), strict=False)):
        x, y = (position_m[:, ball, axis, None, None] for axis in (0, 1))
        inside = radius**2 - (line[None, None, :] - x) ** 2 - (line[None, :, None] - y) ** 2
        cover = np.clip(inside / (SOFT_EDGE * radius**2), 0, 1)[..., None]
        pictures = (1 - cover) * pictures + cover * np.array(colour)
    return pictures[:, ::-1].astype(np.uint8)


def compared_frames(sample: Sample) -> NDArray[np.bool_]:
    """(T,) frames after the given ones in which every ball is whole, and which are after the impact if there is one."""
    position_m, radii_m = tracks(sample)
    margin = np.minimum(position_m, WORLD_M - position_m).min(axis=2) - radii_m
    taken = (margin >= 0).all(axis=1) & (np.arange(len(position_m)) >= GIVEN_FRAMES)
    impact = next((event.frame for event in sample.events if event.kind == "collision"), 0)
    return taken & (np.arange(len(position_m)) >= impact)


def tracks(sample: Sample) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The label's positions in the picture's plane (T, N, 2) and the radii (N,), metres."""
    radii_m = np.array([body.shape.size_m[0] for body in sample.scene.bodies])
    return sample.state[:, :, (0, 2)].astype(np.float64), radii_m


def errors(sample: Sample, seen_m: NDArray[np.float64]) -> Errors | None:
    """Of positions from pixels (T, N, 2) against the label; None where no two frames can be compared."""
    taken = compared_frames(sample)
    if taken.sum() < 2:
        return None
    true, seen = (np.diff(track[taken], axis=0) / FRAME_S for track in (tracks(sample)[0], seen_m))
    return Errors(
        per_frame=float(np.abs(seen - true)[..., 0].mean()),
        speed=float(np.abs(np.linalg.norm(seen, axis=-1) - np.linalg.norm(true, axis=-1)).mean()),
        mean_first=float(np.abs(seen.mean(axis=0) - true.mean(axis=0))[:, 0].mean()),
    )


def colours(sample: Sample) -> tuple[str, ...]:
    return tuple(body.look.colour_name for body in sample.scene.bodies if body.look is not None)


def through_h264(frames: NDArray[np.uint8], fps: float) -> NDArray[np.uint8]:
    return decode_video(encode_video(np.ascontiguousarray(frames), fps))


def pictures(sample: Sample) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """What a clip is shown as: name, (T, H, W, 3)."""
    theirs = painted(*tracks(sample), size=sample.rgb.shape[1])
    yield "simgen, as rendered", sample.rgb
    yield "simgen, from the h264 video", through_h264(sample.rgb, sample.fps)
    yield "their painter", theirs
    yield "their painter, through h264", through_h264(theirs, sample.fps)


def measure(recipe: str, clips: int, split: str = "test") -> list[Row]:
    """The floors of one recipe, a row for each kind of picture."""
    made = load_recipe(recipe)
    found: dict[str, list[Errors]] = {}
    for index in tqdm(range(clips), desc=recipe, leave=False):
        sample = generate(made, index, split)
        for name, frames in pictures(sample):
            of_clip = errors(sample, centres(frames, colours(sample)))
            if of_clip is not None:
                found.setdefault(name, []).append(of_clip)
    return [
        Row(recipe, name, len(many), Errors(*np.mean([astuple(one) for one in many], axis=0).tolist()))
        for name, many in found.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=100)
    parser.add_argument("--split", default="test")
    arguments = parser.parse_args()
    print("| recipe | pictures | clips | per frame | speed | mean first |\n|---|---|---|---|---|---|")
    for recipe in RECIPES:
        for row in measure(recipe, arguments.clips, arguments.split):
            numbers = " | ".join(f"{number:.4f}" for number in astuple(row.errors))
            print(f"| `{row.recipe}` | {row.pictures} | {row.clips} | {numbers} |", flush=True)


if __name__ == "__main__":
    main()
