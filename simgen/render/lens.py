"""A camera as OpenGL writes it: view matrix, projection matrix, and its depth buffer in metres."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simgen.scene.spec import Camera

__all__ = ["GlLens", "TinyLens"]


class GlLens:
    """`camera` for a picture of width × height, for OpenGL. Matrices are lists of 16, column by column."""

    def __init__(self, camera: Camera, width: int, height: int) -> None:
        self.camera, self.width, self.height = camera, width, height
        self.projection = _columns(self._projection())

    def view(self, pose: NDArray[np.float64]) -> list[float]:
        """The view matrix of a world-to-camera pose (4, 4): y up, looking along −z."""
        return _columns(np.diag([1.0, -1.0, -1.0, 1.0]) @ pose)

    def metres(self, buffer: NDArray[np.float32]) -> NDArray[np.float32]:
        """Distance along the camera axis from a depth buffer in [0, 1]."""
        near, far = self.camera.near_m, self.camera.far_m
        if self.camera.projection == "orthographic":
            return near + (far - near) * buffer
        return _perspective_metres(buffer, near, far)

    def _projection(self) -> NDArray[np.float64]:
        near, far = self.camera.near_m, self.camera.far_m
        matrix = np.zeros((4, 4))
        if self.camera.projection == "perspective":
            scale = 1 / math.tan(math.radians(self.camera.vertical_fov_deg) / 2)
            matrix[2, 2:] = _perspective_row(near, far)
            matrix[3, 2] = -1.0
        else:
            scale = 2 / self.camera.height_m
            matrix[2, 2], matrix[2, 3] = 2 / (near - far), (far + near) / (near - far)
            matrix[3, 3] = 1.0
        matrix[0, 0], matrix[1, 1] = scale * self.height / self.width, scale
        return matrix


class TinyLens(GlLens):
    """The same for TinyRenderer, which departs from OpenGL in three ways.

    It samples a pixel at its lower left corner: everything is moved by half a pixel. It decides by the way to
    the camera's position which faces turn away, where an orthographic camera has but one direction: that
    camera stands far back. And it reads the third row as if every camera were in perspective, which would
    throw away all that an orthographic one sees: it gets the row that perspective would have.
    """

    def __init__(self, camera: Camera, width: int, height: int) -> None:
        self._back_m = 200 * camera.height_m if camera.projection == "orthographic" else 0.0
        self._near_m, self._far_m = camera.near_m + self._back_m, camera.far_m + self._back_m
        super().__init__(camera, width, height)

    def view(self, pose: NDArray[np.float64]) -> list[float]:
        moved = pose.copy()
        moved[2, 3] += self._back_m
        return super().view(moved)

    def metres(self, buffer: NDArray[np.float32]) -> NDArray[np.float32]:
        return _perspective_metres(buffer, self._near_m, self._far_m, self._back_m)

    def _projection(self) -> NDArray[np.float64]:
        matrix = super()._projection()
        if self.camera.projection == "perspective":
            matrix[:2, 2] += (1 / self.width, 1 / self.height)
        else:
            matrix[:2, 3] -= (1 / self.width, 1 / self.height)
            matrix[2, 2:] = _perspective_row(self._near_m, self._far_m)
        return matrix


def _perspective_row(near: float, far: float) -> tuple[float, float]:
    return (far + near) / (near - far), 2 * far * near / (near - far)


def _perspective_metres(
    buffer: NDArray[np.float32], near: float, far: float, back: float = 0.0
) -> NDArray[np.float32]:
    # float32 would lose millimetres here, where buffer is next to 1
    metres: NDArray[np.float64] = far * near / (far - (far - near) * buffer.astype(np.float64)) - back
    return metres.astype(np.float32)


def _columns(matrix: NDArray[np.float64]) -> list[float]:
    return [float(value) for value in matrix.T.ravel()]
