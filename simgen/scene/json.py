"""A scene as JSON and back, to the bit: floats are written as Python's shortest exact decimal."""

from __future__ import annotations

import dataclasses
import functools
import json
import types
import typing
from typing import Any

from simgen.scene.spec import SceneSpec

__all__ = ["scene_from_json", "scene_to_json"]


def scene_to_json(scene: SceneSpec) -> str:
    """Canonical JSON: sorted keys, no spaces. Raises ValueError for a number that is not finite."""
    fields = _record(scene)
    for name in ("forces", "links", "passing"):
        if not fields[name]:
            del fields[name]  # younger than the format: a scene without any is written as it always was
    return json.dumps(fields, default=_record, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _record(record: Any) -> dict[str, Any]:
    """A record's fields by name, as they are: JSON's writer asks again for those that are records too."""
    fields = {name: getattr(record, name) for name in _names(record.__class__)}
    if fields.get("present") is True:
        del fields["present"]  # of a body; younger than the format, as above
    return fields


@functools.cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


def scene_from_json(text: str) -> SceneSpec:
    """The scene that `scene_to_json` wrote. Raises ValueError or KeyError when it is not one."""
    scene: SceneSpec = _read(SceneSpec, json.loads(text))
    return scene


@functools.cache
def _fields(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _read(kind: Any, value: Any) -> Any:
    """`value` as parsed from JSON, as the declared type: lists back to tuples, objects back to records."""
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = _fields(kind)
        return kind(**{name: _read(hints[name], entry) for name, entry in value.items()})
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return tuple(_read(arguments[0], entry) for entry in value)
        return tuple(_read(entry_kind, entry) for entry_kind, entry in zip(arguments, value, strict=True))
    if origin in (typing.Union, types.UnionType):
        return None if value is None else _read(next(a for a in arguments if a is not type(None)), value)
    return float(value) if kind is float else value
