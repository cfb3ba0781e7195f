"""What the command line says to people: numbers with their units, and the reports of its commands."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simgen.build.estimate import Estimate
    from simgen.build.run import BuildReport
    from simgen.dataset.residuals import LawResiduals
    from simgen.publish.card import CardFiles
    from simgen.publish.limits import HubOutlook
    from simgen.publish.upload import PublishReport
    from simgen.verification.overview import Overview

__all__ = [
    "build_words",
    "bytes_word",
    "card_words",
    "duration",
    "estimate_words",
    "name_and_unit",
    "overview_words",
    "per_cent",
    "publish_words",
    "residual_lines",
]


# a name's last words are its unit; the longest that fits is taken
_UNITS = {
    "deg": "°",
    "deg_s": "°/s",
    "rad_s": "rad/s",
    "kg": "kg",
    "m": "m",
    "mm": "mm",
    "s": "s",
    "m_s": "m/s",
    "m_s2": "m/s²",
    "hz": "Hz",
    "n": "N",
    "j": "J",
    "n_m": "N/m",
    "kg_s": "kg/s",
    "kg_m3": "kg/m³",
    "n_s": "N s",
}


def name_and_unit(name: str) -> tuple[str, str]:
    """`angle_deg` -> ("angle", "°"); what has no unit in its name keeps all its words."""
    words = name.split("_")
    for count in range(min(3, len(words) - 1), 0, -1):
        unit = _UNITS.get("_".join(words[-count:]))
        if unit is not None:
            return " ".join(words[:-count]), unit
    return " ".join(words), ""


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


def _amount(value: float) -> str:
    """Two digits that count, and never an exponent: 0.039, 1.2, 1,234."""
    return f"{value:,.0f}" if value >= 9.95 else f"{value:#.2g}" if value >= 1e-4 else f"{value:.2g}"


def per_cent(part: float) -> str:
    """0.00123 -> "0.12 %"; what is below a thousandth of a per cent is said to be."""
    if 0 < part < 1e-5:
        return "< 0.001 %"
    return f"{100 * part:.2g} %" if part < 0.995 else f"{100 * part:.0f} %"


def residual_lines(laws: Mapping[str, LawResiduals]) -> list[str]:
    """A table with a row per law: its scenario, how many residuals, their median and worst, the tolerance."""
    if not laws:
        return []
    rows = [("scenario", "law", "n", "median", "worst", "tolerance")]
    for law, found in laws.items():
        tolerance = "-" if found.tolerance is None else per_cent(found.tolerance)
        count = f"{found.count:,}"
        rows.append((found.scenario, law, count, per_cent(found.median), per_cent(found.worst), tolerance))
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    lines = ["  residuals of the laws, |measured - predicted| / |predicted| unless the name says otherwise:"]
    for row in rows:
        words = [cell.ljust(width) for cell, width in zip(row[:2], widths[:2], strict=True)]
        numbers = [cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True)]
        lines.append(f"    {'  '.join([*words, *numbers])}")
    return lines


def build_words(report: BuildReport, published: PublishReport | None = None) -> str:
    """What a person wants to know after a build, and what to do next; `published` if its shards went to the Hub."""
    folder = report.store or min(os.path.relpath(report.folder), str(report.folder), key=len)
    whose = " of this task" if report.outstanding else ""
    lines = [f"{folder}: {report.clips:,} clips{whose}, {bytes_word(report.bytes)}"]
    if report.made:
        total = sum(report.core_seconds.values())
        stages = ", ".join(
            f"{stage} {_amount(seconds)} ({seconds / total:.0%})"
            for stage, seconds in sorted(report.core_seconds.items(), key=lambda entry: -entry[1])
        )
        lines.append(
            f"  {report.made:,} made now in {duration(report.seconds)}, "
            f"{report.made / report.seconds:.3g} clips/s"
        )
        lines.append(f"  core seconds: {_amount(total)}, {_amount(total / report.made)} per clip: {stages}")
        if len(report.scenario_seconds) > 1:
            slowest = max(report.scenario_seconds, key=lambda name: report.scenario_seconds[name])
            seconds = report.scenario_seconds[slowest]
            lines.append(f"  slowest scenario: {slowest}, {_amount(seconds)} core seconds per clip")
        lines += residual_lines(report.residuals)
    elif report.clips:
        lines.append("  it was complete already: nothing to do")
    else:
        lines.append("  no shard falls to this task: there are more tasks than shards")
    if report.rejections:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in report.rejections.items())
        lines.append(f"  draws rejected and drawn again: {reasons}")
    if report.outstanding:
        return "\n".join([*lines, f"  {report.outstanding}"])
    if published is not None:
        return "\n".join([*lines, publish_words(published)])
    lines += [
        "next:",
        f"  simgen info {folder}",
        f"  simgen verify --deep {folder}",
        *([] if report.store else [f"  simgen card {folder}"]),
    ]
    if "parquet" in report.formats:
        split = max(report.splits, key=lambda name: report.splits[name])
        files = f"{folder}/data/{split}-*.parquet"
        lines.append(f'  python: datasets.load_dataset("parquet", data_files="{files}")')
    lines.append(f'  python: simgen.open_dataset("{folder}")')
    return "\n".join(lines)


def publish_words(report: PublishReport) -> str:
    """What is where now, and what to do with it."""
    sent = (
        f"{bytes_word(report.sent)} sent in {duration(report.seconds)}"
        if report.sent
        else "all shards were there already"
    )
    lines = [f"{report.name} is published: {report.clips:,} clips; {sent}"]
    at = f"@{report.tag}" if report.tag else ""
    for entry in report.repositories:
        lines.append(
            f"  {entry.page}: {entry.files:,} files, {bytes_word(entry.bytes)} as {' and '.join(entry.formats)}, "
            f"commit {entry.commit[:12]}" + (f", tag {report.tag}" if report.tag else "")
        )
    first = report.repositories[0]
    location = f"hf://datasets/{first.repository}{at}"
    revision = f', revision="{report.tag}"' if report.tag else ""
    lines += ["next:", f"  simgen info {location}", f"  simgen verify {location}"]
    lines.append(f'  python: datasets.load_dataset("{first.repository}"{revision}, streaming=True)')
    lines.append(f'  python: simgen.open_dataset("{location}")')
    return "\n".join(lines)


def card_words(folder: str, made: CardFiles) -> str:
    """What was written, what was kept, and what to do next."""
    lines = [f"  {path}, {bytes_word(len(data))}" for path, data in made.files.items()]
    if made.kept:
        lines.append(f"  kept as you wrote it: {', '.join(made.kept)}")
    where = Path(folder)
    return "\n".join([*lines, "next:", f"  look at it: {where / 'README.md'}", f"  simgen verify {where}"])


def estimate_words(name: str, found: Estimate) -> str:
    clips = ", ".join(f"{split} {count:,}" for split, count in found.clips.items())
    stages = ", ".join(f"{stage} {1000 * seconds:.0f} ms" for stage, seconds in found.stages.items())
    folders = ", ".join(
        f"{folder}/ {bytes_word(entry.bytes)} in files of {bytes_word(entry.bytes_per_file)}"
        for folder, entry in found.folders.items()
    )
    core_hours = f" ({found.core_hours:,.3g} core-hours)" if found.core_hours >= 1 else ""
    lines = [
        f"{name}: the recipe is valid",
        f"  clips: {clips}; {found.shards:,} shards, {found.files:,} files",
        f"  time: {duration(3600 * found.core_hours)} of one core{core_hours}, {duration(3600 * found.hours)} on the "
        f"{found.cores} cores here ({1000 * found.core_seconds_per_clip:.0f} ms per clip: {stages})",
        f"  size: {bytes_word(found.bytes)} ({bytes_word(found.bytes_per_clip)} per clip): {folders}",
        *_hub_lines(found.hub),
    ]
    if found.rejected:
        reasons = ", ".join(f"{reason} {count:.2g}" for reason, count in found.rejected.items())
        lines.append(f"  draws rejected and drawn again, per clip: {reasons}")
    lines.append(f"  estimated from {found.sampled} clips")
    return "\n".join(lines)


def _hub_lines(found: HubOutlook) -> list[str]:
    figures = (
        f"{found.files_per_folder:,} of {found.most_files_per_folder:,} files in a folder, "
        f"{found.files_per_repository:,} of {found.most_files_per_repository:,} in a repository, "
        f"{found.files_per_commit} sent per commit, largest file {bytes_word(found.largest_file)} of "
        f"{bytes_word(found.largest_file_advised)}"
    )
    return [
        f"  limits of the Hub: {'met' if found.met else 'not met'} ({figures})",
        *(f"    {sentence}" for sentence in found.advice),
    ]


def overview_words(location: str, found: Overview) -> str:
    sizes = ", ".join(f"{folder} {bytes_word(size)}" for folder, size in found.bytes.items())
    splits = ", ".join(f"{split} {count:,}" for split, count in found.splits.items())
    video = found.video
    seconds = video["frame_count"] / video["fps"]
    shown = dict.fromkeys(name for split in found.scenarios.values() for name in split)
    what = f"{len(shown)} scenarios" if len(shown) > 1 else f"scenario {next(iter(shown), found.scenario)}"
    lines = [
        f"{location}: {found.name}, {found.clips:,} clips of {what}",
        f"  splits: {splits}; {found.shards:,} shards",
        f"  size: {bytes_word(sum(found.bytes.values()))} ({sizes})",
        f"  video: {video['width']} × {video['height']}, {video['frame_count']} frames, "
        f"{video['fps']:g} per second "
        f"({seconds:.3g} s), {found.codec}; cameras: {', '.join(found.cameras)}; "
        f"dense passes: {', '.join(found.passes) or 'none'}",
    ]
    if len(shown) > 1:
        for split, scenarios in found.scenarios.items():
            counts = ", ".join(f"{name} {clips:,}" for name, clips in scenarios.items())
            lines.append(f"  scenarios of {split}: {counts}")
    for split, params in found.params.items():
        lines.append(f"  parameters of {split}:")
        width = max(map(len, params), default=0)
        lines += [f"    {name.ljust(width)}  {_values_words(values)}" for name, values in params.items()]
    lines += residual_lines(found.laws) or ["  laws: none"]
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
