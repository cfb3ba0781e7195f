"""What a card says: a section is a function from the facts to lines of Markdown, and a row of `SECTIONS`.

A function that returns no lines leaves its section out. Places that are a person's stand in sections that
every card has, or what is written there would be lost with the section.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from simgen.dataset.column_rows import column_rows
from simgen.dataset.column_table import FRAMES, PIXELS, columns
from simgen.dataset.residuals import tolerance_of
from simgen.publish.card_clip import one_clip
from simgen.publish.card_edits import place
from simgen.publish.card_facts import Facts
from simgen.publish.card_loading import snippets
from simgen.publish.card_study import study
from simgen.publish.markdown import code, escaped, fenced, folded, table
from simgen.publish.rebuilding import rebuild_command
from simgen.verification.overview import value_range
from simgen.verification.survey import Value
from simgen.wording import bytes_word, name_and_unit, per_cent

__all__ = [
    "CLIP",
    "PLAYING",
    "SECTIONS",
    "SHEET",
    "Section",
    "histograms_of",
    "is_picture",
    "remove_pictures",
]

PICTURES = "card"  # the folder that they are in
PLAYING = f"{PICTURES}/clips.webp"
SHEET = f"{PICTURES}/contact_sheet.jpg"
CLIP = f"{PICTURES}/clip.jpg"
ABOUT = "about"  # the place below the title
_FOLDED_FROM = 2  # scenarios: each one's parameters are folded away


@dataclass(frozen=True, slots=True)
class Section:
    """`name` is its mark in the card, `title` its heading ("" where `lines` brings its own)."""

    name: str
    title: str
    lines: Callable[[Facts], Sequence[str]]


def histograms_of(facts: Facts, scenario: str) -> str:
    """The path of the picture with the histograms of a scenario's parameters."""
    return f"{PICTURES}/parameters{f'_{scenario}' if len(facts.scenarios) > 1 else ''}.png"


def is_picture(path: str) -> bool:
    """Whether a path in a dataset is that of a picture which a card may have."""
    return path in (PLAYING, SHEET, CLIP) or bool(re.fullmatch(rf"{PICTURES}/parameters(_\w+)?\.png", path))


def remove_pictures(folder: Path) -> None:
    """Removes the pictures of a card from a dataset, and nothing else that is in their folder."""
    place = folder / PICTURES
    if place.is_dir():
        for path in place.iterdir():
            if is_picture(f"{PICTURES}/{path.name}"):
                path.unlink()
        if not any(place.iterdir()):
            place.rmdir()


def _head(facts: Facts) -> list[str]:
    manifest, video = facts.manifest, facts.manifest.video
    splits = ", ".join(f"{split} {clips:,}" for split, clips in manifest.splits.items())
    noun = "scenarios" if len(facts.scenarios) > 1 else "scenario"
    passes = f" Dense passes: {', '.join(manifest.layout.passes)}." if manifest.layout.passes else ""
    seconds = video["frame_count"] / video["fps"]
    lines = [
        f"# {manifest.name}",
        "",
        f"Simulated physics on video: {sum(manifest.splits.values()):,} clips of the {noun} "
        f"{', '.join(map(code, facts.scenarios))} ({splits}), {video['width']} × {video['height']} pixels, "
        f"{video['frame_count']} frames at {video['fps']:g} per second ({seconds:.3g} s), with captions, the state "
        "of every body at every frame, contacts, events, cameras and the law that each clip obeys, with the "
        f"residual that was measured.{passes}",
        "",
    ]
    if PLAYING in facts.pictures:
        lines += [f"![{len(facts.shown)} clips of {manifest.name}, playing]({PLAYING})", ""]
    return [*lines, *place(ABOUT)]


def _contents(facts: Facts) -> list[str]:
    manifest = facts.manifest
    kinds = {
        "data": "Parquet, a row per clip",
        "dense": "Parquet, labels per pixel",
        "webdataset": "tars of samples",
    }
    folders = [kind for kind in kinds if any(shard.file(kind) for shard in manifest.shards)]
    sizes = {
        (split, kind): sum(
            record.bytes
            for shard in manifest.of_split(split)
            for path, record in shard.files.items()
            if path.startswith(f"{kind}/")
        )
        for split in manifest.splits
        for kind in folders
    }
    rows = [
        (
            code(split),
            f"{clips:,}",
            f"{len(manifest.of_split(split)):,}",
            *(bytes_word(sizes[split, kind]) for kind in folders),
        )
        for split, clips in manifest.splits.items()
    ]
    head = ("split", "clips", "shards", *(f"`{kind}/`: {kinds[kind]}" for kind in folders))
    lines = table(head, rows, right=tuple(range(1, len(head))))
    if facts.survey is not None and len(facts.scenarios) > 1:
        counts = facts.survey.scenarios
        names = sorted({name for found in counts.values() for name in found})
        rows = [(code(name), *(f"{counts[split].get(name, 0):,}" for split in counts)) for name in names]
        lines += ["", "Clips per scenario:", ""]
        lines += table(("scenario", *map(code, counts)), rows, right=tuple(range(1, 1 + len(counts))))
    if SHEET in facts.pictures:
        lines += [
            "",
            f"![Clips of {manifest.name} at four moments, with caption, parameters and law]({SHEET})",
        ]
    return lines


def _loading(facts: Facts) -> list[str]:
    where = f"`{facts.repo}` on the Hub" if facts.repo else f"the folder `{facts.manifest.name}`"
    lines = [f"Each of these runs as it stands and reads {where}. Install what it imports with pip; "]
    lines[0] += "simgen's reader is `pip install simgen-physics`, and needs neither an engine nor a renderer."
    for title, text in snippets(facts).items():
        lines += ["", f"**{title}**", "", *fenced(text, "python")]
    return lines


def _clip(facts: Facts) -> list[str]:
    return one_clip(facts, CLIP)


def _parameters(facts: Facts) -> list[str]:
    if facts.survey is None:
        return []
    lines = [
        "What was drawn, over all clips; every clip has its own values in `params`. In the pictures each split is "
        "drawn on the same axis, as the share of its clips in each bin.",
    ]
    for scenario, params in facts.survey.params.items():
        part = _ranges(facts, scenario, params)
        picture = histograms_of(facts, scenario)
        if picture in facts.pictures:
            part += ["", f"![Histograms of the parameters of {scenario}, per split]({picture})"]
        if len(facts.scenarios) >= _FOLDED_FROM:
            lines += ["", *folded(f"{scenario}, {len(params)} parameters", part)]
        else:
            lines += ["", *part]
    return lines


def _ranges(facts: Facts, scenario: str, params: Mapping[str, Mapping[str, Sequence[Value]]]) -> list[str]:
    splits = [split for split in facts.manifest.splits if any(split in values for values in params.values())]
    roles = facts.manifest.factors.get(scenario, {})
    rows = [
        (
            code(name),
            name_and_unit(name)[1],
            roles.get(name, {}).get("role", ""),
            *(_range(values[split]) if split in values else "" for split in splits),
        )
        for name, values in params.items()
    ]
    return table(("parameter", "unit", "role", *map(code, splits)), rows)


def _range(values: Sequence[Value]) -> str:
    found = value_range(values)
    if isinstance(found, list):
        low, high = found
        return f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
    return ", ".join(f"{escaped(word)} {count:,}" for word, count in found.items())


def _laws(facts: Facts) -> list[str]:
    formulas = _formulas(facts.scenarios)
    if facts.survey is None:
        rows: list[tuple[str, ...]]
        head: tuple[str, ...] = ("law", "formula", "tolerance")
        rows = [
            (code(law), formula, _tolerance(scenario, law)) for (scenario, law), formula in formulas.items()
        ]
    else:
        head = ("law", "formula", "residuals", "median", "worst", "tolerance")
        rows = [
            (
                code(law),
                formulas.get((scenario, law), ""),
                f"{len(residuals):,}",
                per_cent(statistics.median(residuals)),
                per_cent(max(residuals)),
                _tolerance(scenario, law),
            )
            for (scenario, law), residuals in facts.survey.residuals.items()
        ]
    if not rows:
        return ["None: what these clips show is qualitative."]
    return [
        "Each clip is measured against the laws that apply to it, in its recorded states, and carries the result in "
        "`law`: residual = \\|measured − predicted\\| / \\|predicted\\| unless the law's name says otherwise. A clip "
        "above the tolerance was not kept but drawn again.",
        "",
        *table(head, rows, right=range(2, len(head))),
    ]


def _tolerance(scenario: str, law: str) -> str:
    tolerance = tolerance_of(scenario, law)
    return "" if tolerance is None else per_cent(tolerance)


def _formulas(scenarios: Sequence[str]) -> dict[tuple[str, str], str]:
    """(scenario, law) -> formula, of the scenarios that are installed."""
    from simgen.scenarios import all_scenarios

    installed = all_scenarios()
    return {
        (name, law.name): escaped(law.formula)
        for name in scenarios
        if name in installed
        for law in installed[name].laws
    }


def _columns(facts: Facts) -> list[str]:
    table_of_columns = columns(facts.manifest.layout)
    lines = [
        "T frames, N bodies, C contacts, H × W pixels. SI units, z up, quaternions x y z w. "
        f"{_capital(FRAMES)}. {_capital(PIXELS)}. The last column says where a WebDataset sample has it.",
        "",
        *column_rows(tuple(column for column in table_of_columns if not column.dense)),
    ]
    if facts.manifest.layout.passes:
        dense = tuple(column for column in table_of_columns if column.dense)
        lines += ["", "In `dense/`, one row per clip, joined by `key`:", "", *column_rows(dense)]
    return lines


def _rebuild(facts: Facts) -> list[str]:
    manifest = facts.manifest
    version = manifest.versions.get("simgen", "")
    command = rebuild_command(manifest)
    return [
        "The clips follow from this recipe alone: no machine, no number of workers and no interruption changes them. "
        "Save it as `recipe.yaml` (the dataset has it under that name), then, with Python 3.10 or 3.11 on Linux:",
        "",
        *fenced(f'pip install "simgen-physics=={version}"\n{command}', "sh"),
        "",
        *folded("recipe.yaml", fenced(manifest.recipe, "yaml")),
    ]


def _versions(facts: Facts) -> list[str]:
    manifest = facts.manifest
    rows = [(name, version) for name, version in manifest.versions.items() if version]
    rows += [
        (
            "generator version",
            f"{manifest.generator_version} (raised when the same recipe would give other clips)",
        ),
        ("format", f"{manifest.format} (raised when an older simgen could not read it)"),
        ("recipe hash", code(manifest.recipe_hash)),
    ]
    return table(("what", "version"), rows)


def _limits(facts: Facts) -> list[str]:
    manifest = facts.manifest
    rejected = sum(manifest.rejections.values())
    clips = sum(manifest.splits.values())
    lines = [
        "* Everything is simulated. Bodies are rigid unless a scenario says otherwise, surfaces follow Coulomb friction and "
        "a coefficient of restitution, and pictures are ray-cast without motion blur, lens faults or sensor noise. How "
        "well a model trained here does on real videos is not known from this dataset.",
        "* Captions are made from templates, in English. They are true of the labels, and less varied than what people "
        "write.",
        "* The laws are checked by closed forms on what is recorded; what no law covers (a tumbling box after its third "
        "bounce) is the engine's word.",
    ]
    if manifest.layout.codec == "h264":
        lines.append(
            "* Videos are H.264, 4:2:0: single pixels differ from what was rendered, and the labels per pixel belong to "
            "the picture before it was compressed."
        )
    if rejected:
        reasons = ", ".join(f"{code(reason)} {count:,}" for reason, count in manifest.rejections.items())
        lines.append(
            f"* {rejected:,} draws were rejected and drawn again on the way to {clips:,} clips ({reasons}), so "
            "parameters are distributed as the recipe says only given that a clip is fit to be kept."
        )
    return [*lines, "", *place("notes")]


def _citation(facts: Facts) -> list[str]:
    manifest = facts.manifest
    version = manifest.versions.get("simgen", "")
    where = f",\n  url = {{https://huggingface.co/datasets/{facts.repo}}}" if facts.repo else ""
    text = (
        f"@misc{{{manifest.name}_{manifest.recipe_hash[:8]},\n"
        f"  title = {{{manifest.name}: physics videos with exact labels}},\n"
        f"  note = {{Made with simgen {version}, generator version {manifest.generator_version}, recipe "
        f"{manifest.recipe_hash[:16]}}}{where}\n}}"
    )
    return [
        "Cite the dataset by its recipe, which decides every clip, and simgen by the `CITATION.cff` of its repository.",
        "",
        *fenced(text, "bibtex"),
        "",
        *place("citation"),
    ]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


SECTIONS = (
    Section("head", "", _head),
    Section("contents", "What is in it", _contents),
    Section("study", "The study", study),
    Section("loading", "How to load it", _loading),
    Section("clip", "One clip", _clip),
    Section("parameters", "Parameters", _parameters),
    Section("laws", "Laws", _laws),
    Section("columns", "Columns", _columns),
    Section("rebuild", "How to build it again", _rebuild),
    Section("versions", "Versions", _versions),
    Section("limits", "Known limits", _limits),
    Section("citation", "Citation", _citation),
)
