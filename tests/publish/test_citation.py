"""CITATION.cff says what pyproject and the package say, in the fields of version 1.2.0."""

from __future__ import annotations

from pathlib import Path

import yaml

import simgen

ROOT = Path(__file__).parents[2]
# https://github.com/citation-file-format/citation-file-format/blob/1.2.0/schema-guide.md
FIELDS = {
    *(
        "abstract",
        "authors",
        "cff-version",
        "commit",
        "contact",
        "date-released",
        "doi",
        "identifiers",
        "keywords",
    ),
    *(
        "license",
        "license-url",
        "message",
        "preferred-citation",
        "references",
        "repository",
        "repository-artifact",
    ),
    *("repository-code", "title", "type", "url", "version"),
}


def test_it_is_a_citation_of_this_version() -> None:
    found = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert set(found) <= FIELDS
    assert {"authors", "cff-version", "message", "title"} <= set(found), "the fields that there must be"
    assert found["cff-version"] == "1.2.0"
    assert found["type"] == "software"
    assert str(found["version"]) == simgen.__version__
    project = (ROOT / "pyproject.toml").read_text()
    assert f'license = "{found["license"]}"' in project
    for author in found["authors"]:
        assert f'name = "{author["name"]}"' in project
