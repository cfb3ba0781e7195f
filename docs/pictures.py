"""Makes the pictures of the documentation: python docs/pictures.py [NAME ...] in a checkout, all of them by default.

They are previews of real clips, so they show what a build gives. Each stays below 200 kB, or 300 kB for a PNG.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from simgen.build import generate
from simgen.dataset.sample import Sample
from simgen.preview import contact_sheet
from simgen.recipe import Recipe, load_recipe, parse_recipe, shipped_recipes
from simgen.recipe.designs import SplitDesign
from simgen.scenarios import all_scenarios
from simgen.scene.look_parameters import PRESETS

FOLDER = Path(__file__).parent / "images"
SCENES = ("incline", "drop", "projectile", "collision")
# the order in which the whole catalogue is shown; what is not named comes last
FAMILIES = (
    *("uniform_motion", "drop", "projectile", "incline", "incline_up", "ramp_jump", "sliding_stop"),
    *("rolling_resistance", "slip_to_roll", "terminal_velocity", "circular_motion"),
    *("bounce", "collision", "billiards", "newtons_cradle", "wrecking_ball", "bouncing_box"),
    *("pendulum", "double_pendulum", "spring", "coupled_springs", "chain"),
    *("seesaw", "tower", "support", "topple", "dominoes", "atwood"),
    *("orbit", "charges"),
    *("containment", "occlusion", "collide_and_hide", "tossed_objects", "drape"),
)
COLUMNS, THUMB = 4, 154  # of the catalogue's picture: scenarios side by side, pixels of a frame
STUDIES = [name.removeprefix("studies/") for name in shipped_recipes() if name.startswith("studies/")]
STUDY_THUMB = 128  # pixels of a frame: what a study is built with
MOST_BYTES = 200_000
TRIED = 4  # clips of a scenario, of which the liveliest is shown
# what happens in the picture of twins, and to what
VIOLATIONS = {
    "vanish": "incline",
    "appear": "drop",
    "teleport": "incline",
    "pass_through": "collision",
    "swap_colour": "occlusion",
    "swap_shape": "occlusion",
    "reverse_gravity": "bounce",
    "gain_energy": "pendulum",
    "time_reversal": "dominoes",
}
ENGINES = ("raycast", "tiny", "opengl", "cycles")


def clip(
    scenario: str, index: int, *, name: str = "", seconds: float = 2.0, size: int = 256, extra: str = ""
) -> Sample:
    text = (
        f"name: {name or scenario}\nscenario: {scenario}\nclips: 8\n"
        f"video: {{size: {size}, fps: 24, seconds: {seconds}}}\n{extra}\n"
    )
    return generate(parse_recipe(text, "picture.yaml"), index)


def hero(path: Path) -> None:
    """What comes out: one clip of each of the first scenarios."""
    samples = [clip(scenario, index) for scenario, index in zip(SCENES, (0, 3, 0, 1), strict=True)]
    sheet(samples, path, "what comes out")


def preset(name: str, path: Path) -> None:
    samples = [
        clip(scenario, 1 + place, extra=f"look: {{preset: {name}}}") for place, scenario in enumerate(SCENES)
    ]
    sheet(samples, path, f"look: {{preset: {name}}}")


def scenario(name: str, path: Path) -> None:
    if all_scenarios()[name].replica:  # made for the look of its own recipe
        sheet([generate(load_recipe(name), index, "test") for index in range(4)], path, name)
    else:
        sheet([clip(name, index) for index in range(4)], path, name)


def cameras(path: Path) -> None:
    """One simulation, four cameras."""
    views = "cameras: {side: {}, top: {}, chase: {motion: follow, follow: subject, distance: 0.5}}"
    sheet([clip("incline", 2, name="cameras", extra=views)], path, "one simulation, four cameras")


def engines(path: Path) -> None:
    """The same frame by every engine."""
    frames = []
    for engine in ENGINES:
        sample = clip("incline", 0, seconds=0.25, extra=f"render: {{engine: {engine}}}")
        frames.append(Image.fromarray(sample.rgb[-1]).resize((320, 320), Image.Resampling.LANCZOS))
    page = Image.new("RGB", (4 * 320 + 3 * 8, 320), "#fbfbf9")
    for place, frame in enumerate(frames):
        page.paste(frame, (place * 328, 0))
    page.save(path, quality=90)


def catalogue(path: Path) -> None:
    """One clip of every scenario but replicas, at its start and after what it is about; the name below."""
    names = [name for name, kind in all_scenarios().items() if kind.parameters and not kind.replica]
    names.sort(key=lambda name: FAMILIES.index(name) if name in FAMILIES else len(FAMILIES))
    cell = (2 * THUMB + 3, THUMB + 27)
    rows = -(-len(names) // COLUMNS)
    gap = 20
    page = Image.new("RGB", (COLUMNS * (cell[0] + gap) - gap, rows * (cell[1] + gap) - gap), "#ffffff")
    draw = ImageDraw.Draw(page)
    for place, name in enumerate(names):
        x, y = (place % COLUMNS) * (cell[0] + gap), (place // COLUMNS) * (cell[1] + gap)
        # its own seed, or all would be of the same colours
        seeded = f"seed: {len(name) + 7 * place}"
        best = max((clip(name, index, size=320, extra=seeded) for index in range(TRIED)), key=liveliness)
        for column, frame in enumerate((0, telling_frame(best))):
            picture = Image.fromarray(best.rgb[frame]).crop(action(best))
            page.paste(
                picture.resize((THUMB, THUMB), Image.Resampling.LANCZOS), (x + column * (THUMB + 3), y)
            )
        draw.text((x, y + THUMB + 5), name.replace("_", " "), fill="#22262b", font=ImageFont.load_default(17))
    save_small(page, path)


def study(name: str, path: Path) -> None:
    """A row per split of a study: six moments of its first clip, of a sweep six levels at one moment, of pairs and
    twins three moments of either clip. Replicates look like what they repeat, and are left out."""
    recipe = load_recipe(f"studies/{name}")
    designs = [design for split, design in recipe.designs.items() if not re.search(r"_r\d+$", split)]
    strips({design.name: row(recipe, design) for design in designs}, path)


def twins(path: Path) -> None:
    """A row per kind of violation: three moments of the possible clip, and of the impossible one."""
    rows = {}
    for kind, scene in VIOLATIONS.items():
        recipe = parse_recipe(
            f"name: twins\nscenario: {scene}\nclips: 1\nvideo: {{size: 256, fps: 24, seconds: 2}}\n"
            f"twins: {{all: {{violations: [{kind}], groups: 4}}}}\n",
            "picture.yaml",
        )
        frames, said = row(recipe, recipe.designs["twins_all"])
        rows[kind] = (frames, f"{scene.replace('_', ' ')}: {said}")
    strips(rows, path)


def strips(rows: Mapping[str, tuple[list[NDArray[np.uint8]], str]], path: Path) -> None:
    """Rows of six pictures, over each its name and what is said of it."""
    cell, gap, words = STUDY_THUMB, 4, 26
    width = 6 * (cell + gap) + gap
    page = Image.new("RGB", (width, len(rows) * (cell + words + gap)), "#ffffff")
    draw = ImageDraw.Draw(page)
    for place, (name, (frames, said)) in enumerate(rows.items()):
        y = place * (cell + words + gap)
        draw.text((gap, y + 4), name, fill="#22262b", font=ImageFont.load_default(16))
        shift = gap + draw.textlength(name, font=ImageFont.load_default(16)) + 12
        draw.text((shift, y + 7), said, fill="#5c646d", font=ImageFont.load_default(13))
        for column, frame in enumerate(frames):
            x = gap + column * (cell + gap) + (gap if said.count(" | ") and column > 2 else 0)
            picture = Image.fromarray(frame).resize((cell, cell), Image.Resampling.LANCZOS)
            page.paste(picture, (x, y + words))
    save_small(page, path)


def row(recipe: Recipe, design: SplitDesign) -> tuple[list[NDArray[np.uint8]], str]:
    """Six pictures of a split, and what they are."""
    split, last = design.name, recipe.video.frame_count - 1
    if design.kind == "sweep":
        levels = np.unique(np.linspace(0, len(design.members) - 1, 6).round().astype(int))
        names = [", ".join(map(str, design.members[level].values.values())) for level in levels]
        samples = [generate(recipe, int(level), split) for level in levels]
        frame = most_apart([sample.rgb for sample in samples])
        said = f"{design.varied}: {' · '.join(names)}, each at {frame / recipe.video.fps:.2f} s"
        return [sample.rgb[frame] for sample in samples], said
    if design.kind == "split":
        sample = generate(recipe, 0, split)
        moments = np.linspace(0, last, 6).round().astype(int)
        times = " · ".join(f"{frame / recipe.video.fps:.1f}" for frame in moments)
        return [sample.rgb[frame] for frame in moments], f"{sample.scenario}, at {times} s"
    first, second = generate(recipe, 0, split), generate(recipe, 1, split)
    if design.kind == "pairs":
        frames = [0, round(0.45 * last), last]
        said = f"factual | {second.study.intervention}, at " + " · ".join(
            f"{frame / recipe.video.fps:.1f}" for frame in frames
        )
    else:
        start = second.study.violation_frame
        frames = [max(0, start - 4), min(start + 4, last), min(start + 10, last)]
        said = f"possible | {second.study.violation}: shortly before it and after it"
    return [sample.rgb[frame] for sample in (first, second) for frame in frames], said


def most_apart(videos: list[NDArray[np.uint8]]) -> int:
    """The frame in which neighbouring levels differ by the most pixels, the least of them counting; without any
    difference, one in the middle."""
    stacked = np.stack(videos).astype(int)
    changed = (np.abs(np.diff(stacked, axis=0)).max(axis=-1) > 40).sum(axis=(2, 3))  # (levels - 1, frames)
    return int(changed.min(axis=0).argmax()) if changed.min(axis=0).any() else round(0.45 * len(videos[0]))


def save_small(picture: Image.Image, path: Path) -> None:
    """As a JPEG of less than MOST_BYTES."""
    for quality in range(86, 40, -4):
        picture.save(path, quality=quality, optimize=True, subsampling=0 if quality > 80 else 2)
        if path.stat().st_size < MOST_BYTES:
            return


def movers(sample: Sample) -> list[int]:
    """The bodies that move, but those that are nothing but part of the surroundings."""
    return [place for place, body in enumerate(sample.scene.bodies) if not body.fixed]


def telling_frame(sample: Sample) -> int:
    """After the decisive event (or a third of the video), the frame that differs most from the first one, with
    the movers still whole and in view if there is such a frame."""
    frames = np.arange(len(sample.rgb))
    start = sample.decision.frame if sample.decision.in_video else len(frames) // 3
    seen = sample.visible[:, movers(sample)].min(axis=1)
    later = (frames > 0) & (frames >= min(start, len(frames) - 2))
    boxes, edge = sample.boxes[:, movers(sample)], sample.rgb.shape[1]
    whole = (boxes[..., :2].min(axis=(1, 2)) > 0) & (boxes[..., 2:].max(axis=(1, 2)) < edge)
    good = later & (seen > 0.6) & whole
    change = np.abs(sample.rgb.astype(float) - sample.rgb[0]).mean(axis=(1, 2, 3))
    return int(np.argmax(np.where(good if good.any() else later, change, -1)))


def liveliness(sample: Sample) -> float:
    """How far the movers that are seen in both pictures come: the change of their boxes, in pixels."""
    boxes = sample.boxes[:, movers(sample)]
    last = telling_frame(sample)
    seen = (boxes[0, :, 2] > boxes[0, :, 0]) & (boxes[last, :, 2] > boxes[last, :, 0])
    return float(np.abs(boxes[last, seen] - boxes[0, seen]).mean()) if seen.any() else 0.0


def action(sample: Sample) -> tuple[int, int, int, int]:
    """A square of the picture, x0 y0 x1 y1, around the movers at both frames; half of the picture at least."""
    height, width = sample.rgb.shape[1:3]
    boxes = sample.boxes[[0, telling_frame(sample)]][:, movers(sample)].reshape(-1, 4)
    boxes = boxes[boxes[:, 2] > boxes[:, 0]]
    x0, y0 = boxes[:, :2].min(axis=0)
    x1, y1 = boxes[:, 2:].max(axis=0)
    side = int(min(max(1.25 * max(x1 - x0, y1 - y0), 0.5 * height), height, width))
    left = int(np.clip((x0 + x1 - side) / 2, 0, width - side))
    top = int(np.clip((y0 + y1 - side) / 2, 0, height - side))
    return left, top, left + side, top + side


def sheet(samples: list[Sample], path: Path, title: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        contact_sheet(samples, Path(folder) / "sheet.png", title=title)
        with Image.open(Path(folder) / "sheet.png") as picture:
            if path.suffix == ".png":
                colours, counts = np.unique(
                    np.asarray(picture).reshape(-1, 3) >> 2, axis=0, return_counts=True
                )
                spread = np.repeat((colours << 2) + 2, np.ceil(np.sqrt(counts)).astype(int), axis=0)
                palette = Image.fromarray(spread[None]).quantize(256, method=Image.Quantize.MEDIANCUT)
                picture.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG).save(
                    path, optimize=True
                )
            else:
                save_small(picture, path)


def pictures() -> dict[str, Callable[[Path], None]]:
    def of_preset(name: str) -> Callable[[Path], None]:
        return lambda path: preset(name, path)

    def of_scenario(name: str) -> Callable[[Path], None]:
        return lambda path: scenario(name, path)

    def of_study(name: str) -> Callable[[Path], None]:
        return lambda path: study(name, path)

    made: dict[str, Callable[[Path], None]] = {"hero.png": hero, "catalogue.jpg": catalogue}
    made |= {f"look-{name}.jpg": of_preset(name) for name in PRESETS}
    made |= {f"scenario-{name}.jpg": of_scenario(name) for name in sorted(all_scenarios()) if name != "scene"}
    made |= {f"study-{name}.jpg": of_study(name) for name in STUDIES}
    return made | {"cameras.jpg": cameras, "engines.jpg": engines, "twins.jpg": twins}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    known = pictures()
    for name in sys.argv[1:] or known:
        path = FOLDER / name
        known[name](path)
        print(f"{path.relative_to(Path.cwd())}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
