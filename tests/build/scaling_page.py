"""What docs/scaling.md shows to be copied, with what no test can have replaced: the shared folder, the recipe of a million
clips."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "scaling.md").read_text()
MILLION = "simgen build incline -o {folder}incline --clips 1000000"


def block(kind: str, holding: str) -> str:
    """The one block of this kind with these words in it."""
    blocks = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (found,) = [text for text in blocks if holding in text]
    return found


def made_small(script: str, recipe: Path, shared: str, folder: Path) -> str:
    """The same script for this recipe in this folder; `shared` is the one on the page."""
    million = MILLION.format(folder=shared)
    assert script.count(million) == 1
    return script.replace(million, f"simgen build {recipe} -o {folder}/incline").replace(shared, f"{folder}/")
