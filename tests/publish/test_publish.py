"""`simgen publish`: what is there afterwards, what is seen meanwhile, and what is sent."""

from __future__ import annotations

from pathlib import Path

from tests.hub.server import HubServer
from tests.publish.command import simgen


def test_every_byte_arrives(hub: HubServer, plain: Path, tmp_path: Path) -> None:
    done = simgen(hub, "publish", plain, "user/hand", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    print(done.stderr)
    for name in ("user/hand", "user/hand-wds"):
        repo = hub.repositories[name]
        print(name, [c.title for c in repo.history("main")], repo.branches, sorted(repo.head("main").files))
    assert 0
