"""An S3 server of its own behind a proxy that fails on demand, and a bucket of it as a build's destination."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.stores.proxy import Proxy, proxy
from tests.stores.test_s3 import moto_server, s3fs, set_up

__all__ = ["Bucket", "new_bucket", "s3_server"]


class Bucket:
    """A bucket of the server, behind the proxy, and a dataset in it."""

    def __init__(self, store: Any, front: Proxy, name: str) -> None:
        self.store, self.front, self.name = store, front, name
        self.place = f"{name}/in/hand"
        self.url = f"s3://{self.place}"

    def content(self) -> dict[str, bytes]:
        """Every file of the dataset, by another way than the build's."""
        self.store.invalidate_cache()
        found = self.store.find(self.place)
        return {path.removeprefix(f"{self.place}/"): self.store.cat_file(path) for path in found}

    def names(self) -> set[str]:
        """What is directly in the dataset's folder."""
        self.store.invalidate_cache()
        return {path.rsplit("/", 1)[-1] for path in self.store.ls(self.place, detail=False)}

    def put(self, path: str, data: bytes) -> None:
        self.store.pipe_file(f"{self.place}/{path}", data)

    def remove(self, path: str) -> None:
        self.store.rm(f"{self.place}/{path}", recursive=True)

    def date(self, path: str) -> Any:
        self.store.invalidate_cache()
        return self.store.info(f"{self.place}/{path}")["LastModified"]

    def wrote(self, path: str) -> list[str]:
        """PUT requests for what begins so."""
        return [asked for asked in self.front.requests if asked.startswith(f"PUT /{self.place}/{path}")]


@contextmanager
def s3_server() -> Iterator[tuple[Any, Proxy]]:
    """A client that goes straight to the server, and the proxy that everybody else is told of."""
    with moto_server():
        straight = os.environ["AWS_ENDPOINT_URL"]
        with proxy(straight) as front, pytest.MonkeyPatch.context() as patch:
            store = s3fs.S3FileSystem(endpoint_url=straight)
            set_up(patch, front.url)
            yield store, front


def new_bucket(server: tuple[Any, Proxy], name: str) -> Bucket:
    """Nothing fails in it until a test says so."""
    store, front = server
    bucket = Bucket(store, front, re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60])
    store.mkdir(bucket.name)
    front.faults.clear()
    front.requests.clear()
    return bucket
