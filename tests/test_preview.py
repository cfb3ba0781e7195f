"""Previews are files that other programs open: as many pictures, as large, as long as they should be."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from simgen.build import generate
from simgen.dataset.sample import Sample
from simgen.errors import SimgenError
from simgen.lettering import length, quantity, wrapped
from simgen.preview import preview
from simgen.recipe import parse_recipe

pytest.importorskip("pybullet")
RECIPE = """
name: small
scenario: incline
clips: 3
params: {angle_deg: 20}
video: {size: [96, 64], fps: 24, seconds: 0.5}
cameras: {side: {}}
"""
PAPER = (251, 251, 249)


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    recipe = parse_recipe(RECIPE, "small.yaml")
    return [generate(recipe, index) for index in range(3)]


def test_a_sheet_shows_every_clip_and_camera_at_the_chosen_moments(
    samples: list[Sample], tmp_path: Path
) -> None:
    preview(samples, tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as picture:
        sheet = np.asarray(picture.convert("RGB"))
    assert sheet.shape[1] == 2 * 28 + 6 * 208 + 5 * 6
    # each of the moments of each camera, enlarged as a viewer would, is found in the sheet
    tall = round(208 * 64 / 96)
    moments = np.linspace(0, 11, 6).round().astype(int)
    rows = []
    for sample in samples:
        for frames in sample.frames.values():
            places = []
            for column, moment in enumerate(moments):
                thumb = Image.fromarray(frames.rgb[moment]).resize((208, tall), Image.Resampling.LANCZOS)
                x = 28 + column * 214
                # the sheet's pictures in this column begin at rows where a picture's first pixel row is found
                strip = sheet[:, x : x + 208]
                wanted = np.asarray(thumb)
                hits = [
                    y
                    for y in range(len(sheet) - tall)
                    if np.array_equal(strip[y + 30 : y + tall], wanted[30:])
                ]
                places.append(hits)
            common = set(places[0]).intersection(*places[1:])
            assert len(common) >= 1
            rows.append(min(common))
    assert rows == sorted(rows)
    assert len(set(rows)) == 6
    for top in rows[1::2]:  # under a clip stand dark letters on paper
        note = sheet[top + tall : top + tall + 50]
        assert (note.max(axis=-1) < 80).sum() > 100
        assert (note == PAPER).all(axis=-1).mean() > 0.5


def test_a_gif_plays_for_as_long_as_the_clip(samples: list[Sample], tmp_path: Path) -> None:
    preview(samples, tmp_path / "clips.gif")
    with Image.open(tmp_path / "clips.gif") as gif:
        assert gif.n_frames == 12  # type: ignore[attr-defined]
        assert gif.info["loop"] == 0
        length = 0
        for frame in range(12):
            gif.seek(frame)
            length += gif.info["duration"]
    assert length == 500


def test_a_video_has_the_clips_frames_and_rate(samples: list[Sample], tmp_path: Path) -> None:
    preview(samples, tmp_path / "clips.mp4")
    preview(samples[:1], tmp_path / "one.mp4")
    for name in ("clips.mp4", "one.mp4"):
        with av.open(str(tmp_path / name)) as film:
            stream = film.streams.video[0]
            assert stream.average_rate == 24
            assert len(list(film.decode(stream))) == 12


def test_a_small_red_ball_keeps_its_colour_in_a_gif(samples: list[Sample], tmp_path: Path) -> None:
    """256 colours for all: the few pixels of the subject must not lose theirs to shades of the ground."""
    preview(samples, tmp_path / "clips.gif")
    preview(samples, tmp_path / "clips.mp4")
    with Image.open(tmp_path / "clips.gif") as gif:
        first_of_gif = np.asarray(gif.convert("RGB"), dtype=int)
    with av.open(str(tmp_path / "clips.mp4")) as film:
        first = next(film.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    shown = first_of_gif[: first.shape[0], : first.shape[1]]
    vivid = np.ptp(first, axis=-1) > 90
    assert vivid.sum() > 100
    assert np.abs(np.ptp(first, axis=-1)[vivid].mean() - np.ptp(shown, axis=-1)[vivid].mean()) < 15


@pytest.mark.parametrize("name", ["sheet.jpg", "sheet", "sheet.webm"])
def test_another_kind_of_file_is_refused(samples: list[Sample], tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with pytest.raises(SimgenError) as caught:
        preview(samples, path)
    assert str(caught.value) == (
        f"{path}: a preview is a .png (contact sheet), a .gif or an .mp4; name the file so."
    )


def test_a_place_that_cannot_be_written_is_named(samples: list[Sample], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "sheet.png"
    with pytest.raises(SimgenError, match=r"the preview cannot be written \(.*\)\.$"):
        preview(samples[:1], path)
    with pytest.raises(SimgenError, match=r"There is no clip to preview"):
        preview([], path)


def test_parameters_read_as_a_person_writes_them() -> None:
    assert quantity("angle_deg", 23.41) == "angle 23.4°"
    assert quantity("mass_kg", 0.125) == "mass 0.125 kg"
    assert quantity("gravity_m_s2", 9.81) == "gravity 9.81 m/s²"
    assert quantity("start_height_m", 1.25) == "start height 1.25 m"
    assert quantity("elasticity", 0.5) == "elasticity 0.5"
    assert quantity("shape", "hoop") == "shape hoop"
    assert quantity("spinning", True) == "spinning yes"
    assert quantity("count", 3) == "count 3"


def test_lines_are_no_wider_than_the_page() -> None:
    text = (
        "A blue ball rolls down a slope of 23 degrees and after 0.8 s it hits a red box on the ground. " * 3
    )
    for size, width in ((18, 400), (12, 256)):
        lines = wrapped(text.strip(), size, width)
        assert len(lines) > 2
        assert all(length(line, size) <= width for line in lines)
        assert " ".join(lines) == text.strip()
