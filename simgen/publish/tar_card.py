"""The card of the repository that holds the tars: a README.md whose front matter makes `load_dataset` read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from simgen.dataset.manifest import Manifest

__all__ = ["tar_card", "tar_front_matter"]

_OF_PARQUET = ("configs", "dataset_info")


def tar_card(front: Mapping[str, Any], body: str, manifest: Manifest) -> str:
    """The dataset's own card, edits and all, with the tars in place of the Parquet files in its front matter."""
    text = yaml.safe_dump(tar_front_matter(front, manifest), sort_keys=False, allow_unicode=True, width=110)
    return f"---\n{text}---\n{body}"


def tar_front_matter(front: Mapping[str, Any], manifest: Manifest) -> dict[str, Any]:
    files = [{"split": split, "path": f"webdataset/{split}-*.tar"} for split in manifest.splits]
    kept = {key: value for key, value in front.items() if key not in _OF_PARQUET}
    return {**kept, "configs": [{"config_name": "default", "default": True, "data_files": files}]}
