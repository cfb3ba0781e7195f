"""Makes the pictures of the README and the docs from the shipped recipes.

    python docs/make_images.py
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageOps

from simgen.build import generate
from simgen.preview import contact_sheet
from simgen.recipe import load_recipe

IMAGES = Path(__file__).parent / "images"
HERO = (("incline", 0), ("drop", 3), ("projectile", 0), ("collision", 1))  # recipe and clip


def hero() -> None:
    """One clip of each first scenario, six moments each."""
    tiles = []
    for name, index in HERO:
        rgb = generate(load_recipe(name), index).rgb
        moments = [round(step * (len(rgb) - 1) / 5) for step in range(6)]
        tiles.append([ImageOps.fit(Image.fromarray(rgb[moment]), (192, 192)) for moment in moments])
    gap = 4
    sheet = Image.new("RGB", (6 * 192 + 5 * gap, len(tiles) * 192 + (len(tiles) - 1) * gap), "white")
    for row, pictures in enumerate(tiles):
        for column, picture in enumerate(pictures):
            sheet.paste(picture, (column * (192 + gap), row * (192 + gap)))
    sheet.save(IMAGES / "hero.jpg", quality=88, optimize=True)


def sheets() -> None:
    """A contact sheet per shipped recipe of a first scenario."""
    for name, _ in HERO:
        recipe = load_recipe(name)
        path = IMAGES / f"{name}.png"
        contact_sheet([generate(recipe, index) for index in range(4)], path)
        Image.open(path).convert("RGB").save(path.with_suffix(".jpg"), quality=85, optimize=True)
        path.unlink()


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    hero()
    sheets()
