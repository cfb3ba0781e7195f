"""Values to and from WebDataset: a tar of samples, each the files `<key>.<field>` in the same order.

The bytes depend on the clips alone (USTAR, no times, no owners). Readers that infer types from the first samples
(`datasets` does) get the same fields in every sample, numbers of one type, and no null and no empty list: see the rules in columns.py.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from simgen.dataset.column_table import CONTACTS_TYPE, Column
from simgen.dataset.values import Values
from simgen.physics.trace import Contacts

__all__ = ["TarFile", "fields_of", "values_from_fields"]


class TarFile:
    """Writes clips to an open file, one after the other."""

    def __init__(self, file: BinaryIO, table: Sequence[Column]) -> None:
        self._table = tuple(table)
        self._tar = tarfile.open(
            fileobj=file, mode="w|", format=tarfile.USTAR_FORMAT, bufsize=tarfile.RECORDSIZE
        )

    def add(self, values: Values) -> None:
        for field, data in fields_of(values, self._table).items():
            member = tarfile.TarInfo(f"{values['key']}.{field}")
            member.size = len(data)
            member.mode = 0o644
            self._tar.addfile(member, io.BytesIO(data))

    def close(self) -> None:
        """Writes the end of the archive; the file itself stays open."""
        self._tar.close()


def fields_of(values: Values, table: Iterable[Column]) -> dict[str, bytes]:
    """Field (what follows the key and its dot) -> content, in the order of the file."""
    record: dict[str, Any] = {}
    files: dict[str, bytes] = {}
    for column in table:
        _put(column.name, column.type, values[column.name], column.tar, record, files)
    text = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    media = {
        field: data
        for field, data in files.items()
        if field.rsplit(".", 1)[-1] in ("mp4", "mkv") and "." not in field or field.startswith("video_")
    }
    rest = {field: data for field, data in files.items() if field not in media and field != "txt"}
    return {**media, "txt": files["txt"], "json": text, **rest}


def _put(
    name: str, kind: pa.DataType, value: Any, tar: str, record: dict[str, Any], files: dict[str, bytes]
) -> None:
    if isinstance(value, bytes):
        files[tar] = value
    elif tar == "txt":
        files[tar] = value.encode()
    elif isinstance(value, Contacts):
        files[f"{name}.npy"] = npy(contacts_to_array(value))
    elif isinstance(value, np.ndarray):
        files[f"{name}.npy"] = npy(value)
    elif isinstance(value, dict):
        for member, entry in value.items():
            _put(f"{name}_{member}", kind.field(member).type, entry, "json", record, files)
    elif isinstance(value, list):
        record[name] = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    else:
        record[name] = value


def npy(array: NDArray[Any]) -> bytes:
    """The bytes of a .npy file (version 1.0), little-endian, C order."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def contacts_to_array(contacts: Contacts) -> NDArray[np.float64]:
    """(C, 11) in the order of `CONTACT_FIELDS`; one row with frame -1 when there is no contact."""
    if not len(contacts):
        return np.array([[-1.0] + [0.0] * 10])
    columns = [
        contacts.frame,
        contacts.time_s,
        contacts.a,
        contacts.b,
        contacts.position_m,
        contacts.normal,
        contacts.impulse_n_s,
    ]
    return np.column_stack(columns).astype(np.float64)


def contacts_from_array(rows: NDArray[np.float64]) -> Contacts:
    """What `contacts_to_array` was given."""
    rows = rows[rows[:, 0] >= 0]
    return Contacts(
        frame=rows[:, 0].astype(np.int32),
        time_s=rows[:, 1],
        a=rows[:, 2].astype(np.int32),
        b=rows[:, 3].astype(np.int32),
        position_m=rows[:, 4:7],
        normal=rows[:, 7:10],
        impulse_n_s=rows[:, 10],
    )


def values_from_fields(fields: Mapping[str, bytes], table: Iterable[Column]) -> Values:
    """The values of these columns from the files of one sample. Raises KeyError or ValueError if one is not there."""
    record = json.loads(fields["json"])
    return {column.name: _take(column.name, column.type, column.tar, record, fields) for column in table}


def _take(
    name: str, kind: pa.DataType, tar: str, record: Mapping[str, Any], fields: Mapping[str, bytes]
) -> Any:
    if tar == "txt":
        return fields["txt"].decode()
    if kind == CONTACTS_TYPE:
        return contacts_from_array(_load(fields[f"{name}.npy"]))
    if tar in fields and tar != "json":
        return _load(fields[tar]) if tar.endswith(".npy") else fields[tar]
    if pa.types.is_struct(kind):
        return {
            field.name: _take(
                f"{name}_{field.name}",
                field.type,
                _member_tar(field.type, f"{name}_{field.name}"),
                record,
                fields,
            )
            for field in kind
        }
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        return json.loads(record[name])
    return record[name]


def _member_tar(kind: pa.DataType, name: str) -> str:
    return f"{name}.npy" if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind) else "json"


def _load(data: bytes) -> NDArray[Any]:
    array: NDArray[Any] = np.load(io.BytesIO(data), allow_pickle=False)
    return array
