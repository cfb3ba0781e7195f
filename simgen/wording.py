"""What the command line says to people: numbers with their units, and the reports of its commands."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simgen.build.driver import BuildReport
    from simgen.build.estimate import Estimate
    from simgen.dataset.overview import Overview

__all__ = ["build_words", "bytes_word", "duration", "estimate_words", "overview_words", "per_cent"]


def bytes_word(count: float) -> str:
    """1536000 -> "1.5 MB" (powers of 1000, as disks and the Hub count)."""
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if count < 999.5 or unit == "TB":
            return f"{count:.0f} {unit}" if unit == "bytes" or count >= 100 else f"{count:.2g} {unit}"
        count /= 1000
    raise AssertionError


def duration(seconds: float) -> str:
    """3725 -> "1 h 2 min"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h {minutes % 60} min" if hours < 48 else f"{hours / 24:,.1f} days"


def per_cent(part: float) -> str:
    """0.00123 -> "0.12 %"; what is below a thousandth of a per cent is said to be."""
    if 0 < part < 1e-5:
        return "< 0.001 %"
    return f"{100 * part:.2g} %" if part < 0.995 else f"{100 * part:.0f} %"


def build_words(report: BuildReport) -> str:
    """What a person wants to know after a build, and what to do next."""
    folder = min(os.path.relpath(report.folder), str(report.folder), key=len)
    lines = [f"{folder}: {report.clips:,} clips, {bytes_word(report.bytes)}"]
    if report.made:
        total = sum(report.core_seconds.values())
        stages = ", ".join(
            f"{stage} {seconds / total:.0%}"
            for stage, seconds in sorted(report.core_seconds.items(), key=lambda entry: -entry[1])
        )
        lines.append(
            f"  {report.made:,} made now in {duration(report.seconds)}, "
            f"{report.made / report.seconds:.3g} clips/s; "
            f"{total / report.made:.2g} core seconds per clip: {stages}"
        )
        for law, (median, worst) in report.residuals.items():
            lines.append(f"  law {law}: residual {per_cent(median)} median, {per_cent(worst)} worst")
    else:
        lines.append("  it was complete already: nothing to do")
    if report.rejections:
        reasons = ", ".join(f"{reason} {count}" for reason, count in report.rejections.items())
        lines.append(f"  draws rejected and drawn again: {reasons}")
    lines += ["next:", f"  simgen info {folder}", f"  simgen verify --deep {folder}"]
    if (report.folder / "data").is_dir():
        split = max(report.splits, key=lambda name: report.splits[name])
        files = f"{folder}/data/{split}-*.parquet"
        lines.append(f'  python: datasets.load_dataset("parquet", data_files="{files}")')
    lines.append(f'  python: simgen.open_dataset("{folder}")')
    return "\n".join(lines)


def estimate_words(name: str, found: Estimate) -> str:
    clips = ", ".join(f"{split} {count:,}" for split, count in found.clips.items())
    stages = ", ".join(f"{stage} {1000 * seconds:.0f} ms" for stage, seconds in found.stages.items())
    lines = [
        f"{name}: the recipe is valid",
        f"  clips: {clips}; {found.shards:,} shards, {found.files:,} files",
        f"  time: {duration(3600 * found.core_hours)} of one core, {duration(3600 * found.hours)} on the "
        f"{found.cores} cores here ({1000 * found.core_seconds_per_clip:.0f} ms per clip: {stages})",
        f"  size: {bytes_word(found.bytes)} ({bytes_word(found.bytes_per_clip)} per clip)",
    ]
    if found.rejected:
        reasons = ", ".join(f"{reason} {count:.2g}" for reason, count in found.rejected.items())
        lines.append(f"  draws rejected and drawn again, per clip: {reasons}")
    lines.append(f"  estimated from {found.sampled} clips")
    return "\n".join(lines)


def overview_words(location: str, found: Overview) -> str:
    sizes = ", ".join(f"{folder} {bytes_word(size)}" for folder, size in found.bytes.items())
    splits = ", ".join(f"{split} {count:,}" for split, count in found.splits.items())
    video = found.video
    seconds = video["frame_count"] / video["fps"]
    lines = [
        f"{location}: {found.name}, {found.clips:,} clips of scenario {found.scenario}",
        f"  splits: {splits}; {found.shards:,} shards",
        f"  size: {bytes_word(sum(found.bytes.values()))} ({sizes})",
        f"  video: {video['width']} × {video['height']}, {video['frame_count']} frames, "
        f"{video['fps']:g} per second "
        f"({seconds:.3g} s), {found.codec}; cameras: {', '.join(found.cameras)}; "
        f"dense passes: {', '.join(found.passes) or 'none'}",
    ]
    for split, params in found.params.items():
        lines.append(f"  parameters of {split}:")
        width = max(map(len, params), default=0)
        lines += [f"    {name.ljust(width)}  {_values_words(values)}" for name, values in params.items()]
    lines.append("  laws: |measured - predicted| / |predicted|" if found.laws else "  laws: none")
    width = max(map(len, found.laws), default=0)
    for name, law in found.laws.items():
        lines.append(
            f"    {name.ljust(width)}  median {per_cent(law.median)}, worst {per_cent(law.worst)} "
            f"({law.clips:,} clips)"
        )
    if found.rejections:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in found.rejections.items())
        lines.append(f"  draws rejected and drawn again: {reasons}")
    lines.append(
        f"  recipe hash {found.recipe_hash[:16]}…, generator version {found.generator_version}, "
        f"format {found.format}"
    )
    return "\n".join(lines)


def _values_words(values: Any) -> str:
    if isinstance(values, list):
        low, high = values
        return f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
    return ", ".join(f"{word} {count:,}" for word, count in values.items())
