"""Values to and from WebDataset: a tar of samples, each the files `<key>.<field>` in the same order.

The bytes depend on the clips alone (USTAR, no times, no owners). Readers that infer types from the first
samples, as `datasets` does, get the same fields in every sample, numbers of one type, and no null and no
empty list; the rules are in column_table.py.
"""

from __future__ import annotations

import functools
import io
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, BinaryIO, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from simgen.dataset.column_table import CONTACTS_TYPE, Column, is_array
from simgen.dataset.storage import HashedFile
from simgen.dataset.values import Values
from simgen.physics.trace import Contacts

__all__ = ["TarWriter", "fields_of", "values_from_fields"]


class TarWriter:
    """Writes clips to an open file, one after the other."""

    def __init__(self, file: HashedFile | BinaryIO, table: Sequence[Column]) -> None:
        # video and text first, so that whoever looks at the head of a sample sees what it is
        self._table = sorted(table, key=lambda column: not (column.is_video or column.name == "caption"))
        self._tar = tarfile.TarFile(fileobj=cast(Any, file), mode="w", format=tarfile.USTAR_FORMAT)

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
    """Field (what follows the key and its dot) -> content; `.json` stands where its first entry belongs."""
    record: dict[str, Any] = {}
    files: dict[str, Any] = {}
    for column in table:
        value = values[column.name]
        if column.text:
            value = _json({name: entry for name, entry in value.items() if entry is not None}).decode()
        _put(column.name, column.tar_file, value, record, files)
    return {field: _json(record) if data is record else data for field, data in files.items()}


def _put(name: str, file: str, value: Any, record: dict[str, Any], files: dict[str, Any]) -> None:
    if file:
        files[file] = (
            value.encode() if isinstance(value, str) else value if isinstance(value, bytes) else _npy(value)
        )
    elif isinstance(value, dict):
        for member, entry in value.items():
            path = f"{name}_{member}"
            _put(path, f"{path}.npy" if isinstance(entry, np.ndarray) else "", entry, record, files)
    else:
        files.setdefault("json", record)
        record[name] = _json(value).decode() if isinstance(value, list) else value


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _npy(value: NDArray[Any] | Contacts) -> bytes:
    array = _contacts_to_array(value) if isinstance(value, Contacts) else np.ascontiguousarray(value)
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def _contacts_to_array(contacts: Contacts) -> NDArray[np.float64]:
    """(C, 11) in the order of `CONTACT_FIELDS`; one row with frame -1 when there is no contact."""
    if not len(contacts):
        return np.array([[-1.0] + [0.0] * 10])
    numbers = np.stack([contacts.frame, contacts.time_s, contacts.a, contacts.b], axis=1)
    return np.concatenate(
        [numbers, contacts.position_m, contacts.normal, contacts.impulse_n_s[:, None]],
        axis=1,
        dtype=np.float64,
    )


def _contacts_from_array(rows: NDArray[np.float64]) -> Contacts:
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


def fields_needed(table: Iterable[Column]) -> set[str]:
    """The files of a sample that hold these columns."""
    needed = set()
    for column in table:
        split = pa.types.is_struct(column.type) and not column.file and not column.text
        members = column.type if split else ()
        arrays = {f"{column.name}_{member.name}.npy" for member in members if is_array(member.type)}
        needed |= arrays | ({column.tar_file} if column.tar_file else {"json"})
    return needed


def values_from_fields(fields: Mapping[str, bytes], table: Iterable[Column]) -> Values:
    """The values of these columns from the files of one sample. KeyError or ValueError if one is not
    there.
    """
    record = json.loads(fields["json"]) if "json" in fields else {}
    return {
        column.name: _from_text(column.type, record[column.name])
        if column.text
        else _take(column.name, column.type, column.tar_file, record, fields)
        for column in table
    }


def _from_text(kind: pa.StructType, text: str) -> dict[str, Any]:
    found = json.loads(text)
    return {member.name: found.get(member.name) for member in kind}


def _take(
    name: str, kind: pa.DataType, file: str, record: Mapping[str, Any], fields: Mapping[str, bytes]
) -> Any:
    if file:
        if kind == CONTACTS_TYPE:
            return _contacts_from_array(_load(fields[file]))
        if is_array(kind):
            return _load(fields[file])
        return fields[file].decode() if pa.types.is_string(kind) else fields[file]
    if pa.types.is_struct(kind):
        members = {}
        for member in kind:
            path = f"{name}_{member.name}"
            member_file = f"{path}.npy" if is_array(member.type) else ""
            members[member.name] = _take(path, member.type, member_file, record, fields)
        return members
    return json.loads(record[name]) if pa.types.is_list(kind) else record[name]


def _load(data: bytes) -> NDArray[Any]:
    """A .npy file as an array over its bytes. ValueError when it is not one."""
    if data[:8] != b"\x93NUMPY\x01\x00":
        raise ValueError("not a .npy file of version 1.0")
    start = 10 + int.from_bytes(data[8:10], "little")
    shape, dtype = _npy_header(data[:start])
    return np.frombuffer(data, dtype, offset=start).reshape(shape)


@functools.lru_cache(maxsize=4096)
def _npy_header(header: bytes) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type. Clips share headers, and parsing one (it is Python source) costs more than the array."""
    shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(io.BytesIO(header[8:]))
    if fortran_order or dtype.hasobject:
        raise ValueError("an array that simgen does not write: of objects, or not in C order")
    return shape, dtype
