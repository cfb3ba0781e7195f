"""The short ways to write a recipe, in their long form; the places of the file stay known for messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from simgen.recipe.wording import number, shown
from simgen.recipe.yaml import Document, Path

__all__ = ["MOST_REPLICATES", "replicate_name", "spelled_out"]

MOST_REPLICATES = 100
_OF_TRAIN = ("clips", "ladder", "replicates")  # short for the split `train`


def spelled_out(document: Document) -> dict[str, Any]:
    """The data with shorthands in their long form; what a shorthand says wrongly is added to the problems.

    `clips: 1000` is `splits: {train: {clips: 1000}}`, and so are `ladder` and `replicates`; a split with
    `replicates: 5` is five splits, one whose `mix` lists several counts is one for each; bodies, joints,
    forces, links and cameras may be a list of mappings with a `name` each. (What `scenarios` is short for,
    the models know; places are remembered here.)
    """
    data = dict(document.data)
    short = [key for key in _OF_TRAIN if key in data]
    if short and "splits" in data:
        for key in short:
            things = {"clips": "the clips", "ladder": "the ladder", "replicates": "the replicates"}[key]
            wrong = f"stands beside `splits:`; give {things} of each split there."
            document.problems.append(document.problem((key,), wrong))
            del data[key]
    elif short:
        data["splits"] = {"train": {key: data.pop(key) for key in short}}
        for key in short:
            document.rename((key,), ("splits", "train", key))
    for section in ("bodies", "joints", "forces", "links", "cameras"):
        if isinstance(data.get(section), list):
            data[section] = _by_name(document, section, data[section])
    _rename_scenarios(document, ("scenarios",), data.get("scenarios"))
    splits = data.get("splits")
    if isinstance(splits, Mapping) and len(splits) <= 1000:
        data["splits"] = dict(_all_splits(document, splits))
    for section in ("splits", "sweeps", "pairs", "twins"):
        entries = data.get(section)
        for name, entry in entries.items() if isinstance(entries, Mapping) else ():
            if isinstance(entry, Mapping):
                _rename_scenarios(document, (section, name, "scenarios"), entry.get("scenarios"))
    return data


def replicate_name(split: str, replicate: int) -> str:
    """What the split of a replicate is called: the first has the name itself, then `train_r1` …"""
    return f"{split}_r{replicate}" if replicate else split


def _all_splits(document: Document, splits: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every split with replicates and lists of mixtures written out, in the order of the recipe."""
    made: set[str] = set(splits)
    for name, entry in splits.items():
        if not isinstance(entry, Mapping):
            yield name, entry
            continue
        entry = _with_clips(entry)
        copies = list(_replicates(document, name, entry)) if "replicates" in entry else [(name, entry)]
        for copy, split in copies:
            for blended, whole in _blends(document, name, copy, split):
                if blended != name and blended in made:
                    wrong = f"makes a split {shown(blended)}, and there is one of that name already."
                    document.problems.append(document.problem(("splits", name), wrong))
                    continue
                made.add(blended)
                if blended != name:
                    document.rename(("splits", name), ("splits", blended))
                yield blended, whole


def _with_clips(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A ladder says how many clips there are where nothing else does."""
    ladder = entry.get("ladder")
    if "clips" not in entry and isinstance(ladder, list) and ladder and _is_number(ladder[-1]):
        return {"clips": ladder[-1], **entry}
    return dict(entry)


def _replicates(
    document: Document, name: str, entry: Mapping[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Independent draws of the same split."""
    count = entry["replicates"]
    split = {key: value for key, value in entry.items() if key != "replicates"}
    whole = _is_number(count) and 1 <= count <= MOST_REPLICATES and count == int(count)
    if not whole:
        wrong = f"must be a whole number between 1 and {MOST_REPLICATES}, not {shown(count)}."
        document.problems.append(document.problem(("splits", name, "replicates"), wrong))
    if whole and "same_as" in entry and count > 1:
        wrong = "cannot be replicated: it repeats the draws of another split."
        document.problems.append(document.problem(("splits", name, "replicates"), wrong))
    for replicate in range(int(count) if whole else 1):
        yield replicate_name(name, replicate), dict(split)


def _blends(
    document: Document, written: str, name: str, entry: dict[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """A split for each number of clips from the other range; but for these, they are the same clips."""
    blend = entry.get("mix")
    counts = blend.get("clips") if isinstance(blend, Mapping) else None
    if not isinstance(counts, list):
        yield name, entry
        return
    if not 1 <= len(counts) <= 100 or len({repr(count) for count in counts}) < len(counts):
        wrong = "must list 1 to 100 different numbers of clips."
        document.problems.append(document.problem(("splits", written, "mix", "clips"), wrong))
        return
    assert isinstance(blend, Mapping)
    for place, count in enumerate(counts):
        label = number(count) if _is_number(count) else str(place)
        document.rename(
            ("splits", written, "mix", "clips", place), ("splits", f"{name}_{label}", "mix", "clips")
        )
        shared = {} if "same_as" in entry else {"draws": name}
        yield f"{name}_{label}", {**shared, **entry, "mix": {**blend, "clips": count}}


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _rename_scenarios(document: Document, path: Path, value: Any) -> None:
    """`[incline, drop]` is short for a mapping of these names: their places are those in the list."""
    for index, name in enumerate(value) if isinstance(value, list) else ():
        if isinstance(name, str):
            document.rename((*path, index), (*path, name))


def _by_name(document: Document, section: str, entries: list[Any]) -> Any:
    named: dict[str, Any] = {}
    for index, entry in enumerate(entries):
        name = entry.get("name") if isinstance(entry, Mapping) else None
        if not isinstance(name, str):
            wrong = "must be a mapping with a `name:`, or write the section as a mapping of names."
            document.problems.append(document.problem((section, index), wrong))
        elif name in named:
            document.problems.append(document.problem((section, index), f"the name {shown(name)} is taken."))
        else:
            named[name] = {key: value for key, value in entry.items() if key != "name"}
            document.rename((section, index), (section, name))
    return named
