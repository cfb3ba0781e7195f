"""What is behind everything: the gradient from horizon to zenith, pixel by pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simgen.scene.spec import Environment

__all__ = ["HAZE_M", "distances", "linear", "sky", "srgb", "swallowed"]

HAZE_M = 40.0  # where surfaces begin to take on the horizon's colour, as in the ray caster


def sky(
    environment: Environment,
    intrinsics: NDArray[np.float64],
    world_to_camera: NDArray[np.float64],
    projection: str,
    width: int,
    height: int,
) -> NDArray[np.uint8]:
    """The empty sky (H, W, 3), sRGB, from the pose `world_to_camera` (4, 4).

    Perspective: the colour follows the height of the line of sight, s = max(0, its vertical part), eased as
    s(2 − s). An orthographic camera has one line of sight for all pixels: there the picture's own height
    takes its place."""
    x = (np.arange(width) + 0.5 - intrinsics[0, 2]) / intrinsics[0, 0]
    y = (np.arange(height) + 0.5 - intrinsics[1, 2]) / intrinsics[1, 1]
    if projection == "perspective":
        across, down = np.meshgrid(x, y)
        vertical = world_to_camera[:3, 2]  # the camera-frame components of the world's z axis
        up = (across * vertical[0] + down * vertical[1] + vertical[2]) / np.sqrt(across**2 + down**2 + 1)
    else:
        up = np.broadcast_to(1 - (np.arange(height)[:, None] + 0.5) / height, (height, width))
    up = np.clip(up, 0.0, 1.0)
    share = (up * (2 - up))[..., None]
    low, high = linear(np.asarray(environment.horizon)), linear(np.asarray(environment.zenith))
    return np.round(srgb(low + (high - low) * share) * 255).astype(np.uint8)


def distances(
    intrinsics: NDArray[np.float64], projection: str, width: int, height: int
) -> NDArray[np.float32]:
    """Distance from the camera over depth along its axis, (H, W)."""
    x = (np.arange(width) + 0.5 - intrinsics[0, 2]) / intrinsics[0, 0]
    y = (np.arange(height) + 0.5 - intrinsics[1, 2]) / intrinsics[1, 1]
    if projection != "perspective":
        return np.ones((height, width), dtype=np.float32)
    return np.asarray(np.sqrt(1 + x[None] ** 2 + y[:, None] ** 2), dtype=np.float32)


def swallowed(distance_m: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much of the horizon's colour has come between the camera and a surface, 0..1."""
    clear = 1 / (1 + (distance_m / HAZE_M) ** 2)
    return np.asarray(1 - clear * clear, dtype=np.float32)


def linear(colour: NDArray[np.float64]) -> NDArray[np.float64]:
    """sRGB in [0, 1] to linear light (IEC 61966-2-1)."""
    return np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)


def srgb(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear light to sRGB in [0, 1] (IEC 61966-2-1); what is brighter than white is white."""
    light = np.clip(light, 0.0, 1.0)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
