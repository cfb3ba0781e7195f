"""Makes the pictures of the documentation: python docs/pictures.py [NAME ...] in a checkout, all of them by default.

They are previews of real clips, so they show what a build gives. Each stays below 300 kB.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from simgen.build import generate
from simgen.dataset.sample import Sample
from simgen.preview import contact_sheet
from simgen.recipe import parse_recipe
from simgen.scenarios import all_scenarios
from simgen.scene.look_parameters import PRESETS

FOLDER = Path(__file__).parent / "images"
SCENES = ("incline", "drop", "projectile", "collision")
ENGINES = ("raycast", "tiny", "opengl", "cycles")


def clip(scenario: str, index: int, *, name: str = "", seconds: float = 2.0, extra: str = "") -> Sample:
    text = (
        f"name: {name or scenario}\nscenario: {scenario}\nclips: 8\n"
        f"video: {{size: 256, fps: 24, seconds: {seconds}}}\n{extra}\n"
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
                picture.save(path, quality=82, optimize=True)


def pictures() -> dict[str, Callable[[Path], None]]:
    def of_preset(name: str) -> Callable[[Path], None]:
        return lambda path: preset(name, path)

    def of_scenario(name: str) -> Callable[[Path], None]:
        return lambda path: scenario(name, path)

    made: dict[str, Callable[[Path], None]] = {"hero.png": hero}
    made |= {f"look-{name}.jpg": of_preset(name) for name in PRESETS}
    made |= {f"scenario-{name}.jpg": of_scenario(name) for name in sorted(all_scenarios()) if name != "scene"}
    return made | {"cameras.jpg": cameras, "engines.jpg": engines}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    known = pictures()
    for name in sys.argv[1:] or known:
        path = FOLDER / name
        known[name](path)
        print(f"{path.relative_to(Path.cwd())}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
