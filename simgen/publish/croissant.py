"""croissant.json: what is in the dataset, for machines (mlcommons.org/croissant, version 1.1).

Every Parquet shard is listed with its sha256, every column with its type, shape, unit and meaning. Written
here as plain JSON: the library that reads it, `mlcroissant`, is needed by readers alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from simgen.dataset.column_table import VIDEO_TYPE, Column, columns, is_array
from simgen.dataset.manifest import Manifest

__all__ = ["CROISSANT", "croissant"]

CROISSANT = "croissant.json"
_LICENCES = {
    "cc-by-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "cc-by-sa-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
    "cc0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "apache-2.0": "https://www.apache.org/licenses/LICENSE-2.0",
    "mit": "https://opensource.org/licenses/MIT",
}
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_TYPES = {
    pa.string(): "sc:Text",
    pa.bool_(): "sc:Boolean",
    pa.int8(): "cr:Int8",
    pa.int32(): "cr:Int32",
    pa.int64(): "cr:Int64",
    pa.float32(): "cr:Float32",
    pa.float64(): "cr:Float64",
}
_FOLDERS = {"clips": "data", "dense": "dense"}  # record set -> folder


def croissant(manifest: Manifest, metadata: Mapping[str, Any], repo: str = "") -> str:
    """The JSON text. `metadata` is the card's front matter, which has the licence; `repo` (user/name) the place on
    the Hub from which the files are fetched, "" for a dataset whose folder croissant.json is in.

    A dataset without Parquet has no record sets: Croissant describes columns of tables.
    """
    return "".join(croissant_pieces(manifest, metadata, repo))


def croissant_pieces(manifest: Manifest, metadata: Mapping[str, Any], repo: str = "") -> Iterator[str]:
    """The same file by file, of which a large dataset has many."""
    licence = str(metadata.get("license", ""))
    where = f"https://huggingface.co/datasets/{repo}" if repo else ""
    splits = ", ".join(f"{split} {clips}" for split, clips in manifest.splits.items())
    described: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"],
        "name": manifest.name,
        "description": f"Simulated physics on video: {sum(manifest.splits.values())} clips ({splits}) with captions, "
        "the state of every body at every frame, contacts, events, cameras and the law that each clip obeys.",
        "license": _LICENCES.get(licence, licence),
        **({"url": where} if where else {}),
        "version": f"{manifest.generator_version}.0.0",
        "keywords": list(metadata.get("tags", ())),
        "citeAs": f"{manifest.name}, made with simgen {manifest.versions.get('simgen', '')}, recipe "
        f"{manifest.recipe_hash[:16]}",
        "rai:dataCollection": "Simulated and rendered by simgen; every clip follows from the recipe in recipe.yaml.",
        "rai:dataCollectionType": "Software Collection",
        "rai:personalSensitiveInformation": "None: no person and no place of the real world is in it.",
        "distribution": list(_files(manifest, where)),
        "recordSet": list(_record_sets(manifest)),
    }
    frame = json.dumps(described, indent=1, ensure_ascii=False) + "\n"
    for kind, folder in _FOLDERS.items():
        before, here, after = frame.partition(json.dumps(_place(kind)))
        if here:
            yield before
            for number, entry in enumerate(_shard_files(manifest, folder, where)):
                text = json.dumps(entry, indent=1, ensure_ascii=False).replace("\n", "\n  ")
                yield f",\n  {text}" if number else text
        frame = after if here else frame
    yield frame


def _place(kind: str) -> str:
    """Stands for the shards of a record set, before they are written out one by one."""
    return f"\0{kind}"


def _files(manifest: Manifest, where: str) -> Iterator[dict[str, Any] | str]:
    """The repository, if it is in one; every Parquet shard; a set of them per record set."""
    if where:
        yield {
            "@type": "cr:FileObject",
            "@id": "repository",
            "name": "repository",
            "description": "The repository on the Hub, as git sees it.",
            "contentUrl": where,
            "encodingFormat": "git+https",
            # a repository has no hash; the Hub's own croissant.json says so in these words
            "sha256": "https://github.com/mlcommons/croissant/issues/80",
        }
    for kind, folder in _FOLDERS.items():
        if any(shard.file(folder) for shard in manifest.shards):
            yield _place(kind)
            yield {
                "@type": "cr:FileSet",
                "@id": f"{kind}-files",
                "name": f"{kind}-files",
                "description": f"The Parquet files of {folder}/.",
                **({"containedIn": {"@id": "repository"}} if where else {}),
                "encodingFormat": "application/x-parquet",
                "includes": f"{folder}/*.parquet",
            }


def _shard_files(manifest: Manifest, folder: str, where: str) -> Iterator[dict[str, Any]]:
    for shard in manifest.shards:
        for path, record in sorted(shard.files.items()):
            if path.startswith(f"{folder}/"):
                yield {
                    "@type": "cr:FileObject",
                    "@id": path,
                    "name": path,
                    "contentUrl": f"{where}/resolve/main/{path}" if where else path,
                    "contentSize": f"{record.bytes} B",
                    "encodingFormat": "application/x-parquet",
                    "sha256": record.sha256,
                }


def _record_sets(manifest: Manifest) -> Iterator[dict[str, Any]]:
    yield {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "description": "The splits, by the value of the column split.",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": [{"@type": "cr:Field", "@id": "splits/name", "name": "name", "dataType": "sc:Text"}],
        "data": [{"splits/name": split} for split in manifest.splits],
    }
    if "parquet" not in manifest.formats:
        return
    table = columns(manifest.layout)
    yield _record_set("clips", "A row per clip.", [column for column in table if not column.dense])
    if manifest.layout.passes:
        dense = [column for column in table if column.dense or column.name == "key"]
        yield _record_set("dense", "Labels per pixel, a row per clip, joined by key.", dense)


def _record_set(name: str, description: str, table: list[Column]) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": description,
        "key": {"@id": f"{name}/key"},
        "field": [_column(name, column) for column in table],
    }


def _column(records: str, column: Column) -> dict[str, Any]:
    unit = f" Unit: {column.unit}." if column.unit else ""
    shape = f" Shape: {column.shape}." if column.shape else ""
    undo = f" {column.undo[:1].upper()}{column.undo[1:]}." if column.undo else ""
    source = {"fileSet": {"@id": f"{records}-files"}, "extract": {"column": column.name}}
    field = _field(f"{records}/{column.name}", column.type, source)
    if pa.types.is_binary(column.type):  # a video of numbers, or a packed array
        field["dataType"] = "sc:VideoObject" if column.file.endswith(".mkv") else "sc:Text"
    return field | {"description": f"{column.meaning}.{unit}{shape}{undo}"}


def _field(name: str, kind: pa.DataType, source: dict[str, Any]) -> dict[str, Any]:
    field = {"@type": "cr:Field", "@id": name, "name": name.rsplit("/", 1)[-1]}
    if kind == VIDEO_TYPE:
        return field | {"dataType": "sc:VideoObject", "source": _member(source, "bytes")}
    if is_array(kind):
        shape = []
        while pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
            shape.append(kind.list_size if pa.types.is_fixed_size_list(kind) else -1)
            kind = kind.value_type
        array = {"isArray": True, "arrayShape": ",".join(map(str, shape))}
        return field | {"dataType": _TYPES[kind], **array, "source": source}
    if pa.types.is_list(kind):
        inner = kind.value_type
        records = pa.types.is_struct(inner)
        members = _members(name, inner, source) if records else {"dataType": _TYPES[inner], "source": source}
        return field | {"repeated": True, **members}
    if pa.types.is_struct(kind):
        return field | _members(name, kind, source)
    return field | {"dataType": _TYPES.get(kind, "sc:Text"), "source": source}


def _members(name: str, kind: pa.StructType, source: dict[str, Any]) -> dict[str, Any]:
    return {
        "subField": [
            _field(f"{name}/{member.name}", member.type, _member(source, member.name)) for member in kind
        ]
    }


def _member(source: dict[str, Any], name: str) -> dict[str, Any]:
    return source | {"transform": {"jsonPath": name}}
