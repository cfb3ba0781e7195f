"""How a scene is filmed, apart from what is in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["ENGINES", "RenderSettings"]

ENGINES = ("raycast", "tiny", "opengl", "cycles")


@dataclass(frozen=True, slots=True)
class RenderSettings:
    """Part of the recipe and of its hash: nothing is chosen by what the machine happens to have."""

    engine: Literal["raycast", "tiny", "opengl", "cycles"] = "raycast"
    quality: Literal["standard", "high"] = "standard"  # high: soft shadows and ambient occlusion (raycast)
    shutter: float = (
        0.0  # motion blur: the part of a frame's time for which the shutter is open, rgb only (raycast)
    )
