"""The card as a page in a real browser: pictures load, tables are tables, nothing sticks out, nothing raw shows."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# what the pages of GitHub and the Hub do with the width of a card
STYLE = """
body {max-width: 860px; margin: 24px auto; padding: 0 16px; font: 16px/1.5 sans-serif}
img {max-width: 100%} table {display: block; overflow-x: auto; border-collapse: collapse; font-size: 14px}
td, th {border: 1px solid #d0d7de; padding: 4px 9px} pre {background: #f6f8fa; padding: 12px; overflow-x: auto}
code {overflow-wrap: anywhere}
"""
LOOK = """
addEventListener('load', () => {
  for (const fold of document.querySelectorAll('details')) fold.open = true;
  const rows = table => [...table.rows].map(row => row.cells.length);
  const report = {
    pictures: [...document.images].map(i => [i.getAttribute('src'), i.naturalWidth, i.naturalHeight, i.alt]),
    tables: [...document.querySelectorAll('table')].map(rows),
    headings: [...document.querySelectorAll('h1, h2')].map(h => h.textContent),
    code: document.querySelectorAll('pre code').length,
    folds: [...document.querySelectorAll('details > summary')].map(s => s.textContent),
    room: document.documentElement.clientWidth, width: document.documentElement.scrollWidth,
    height: document.documentElement.scrollHeight,
    text: document.body.innerText,
  };
  const place = document.createElement('script');
  place.type = 'application/json'; place.id = 'report';
  place.textContent = JSON.stringify(report).replaceAll('<', '\\\\u003c');
  document.head.append(place);
});
"""


def page(folder: Path) -> Path:
    body = (folder / "README.md").read_text().split("\n---\n", 1)[1]
    rendered = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(body)
    path = folder / "page.html"
    path.write_text(
        f"<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'><style>{STYLE}</style>"
        f"<script>{LOOK}</script>{rendered}"
    )
    return path


def browse(path: Path, profile: Path, *flags: str) -> str:
    assert BROWSER is not None
    done = subprocess.run(
        [
            BROWSER,
            *(
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-sync",
            ),
            *("--disable-background-networking", "--disable-component-update", f"--user-data-dir={profile}"),
            *("--virtual-time-budget=10000", "--hide-scrollbars", *flags, path.resolve().as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def looked_at(path: Path, profile: Path, width: int) -> dict[str, Any]:
    dom = browse(path, profile, "--dump-dom", f"--window-size={width},1200")
    (found,) = re.findall(r'<script type="application/json" id="report">(.*?)</script>', dom, re.DOTALL)
    report: dict[str, Any] = json.loads(found)
    return report


@pytest.mark.skipif(BROWSER is None, reason="no browser on this machine (Debian: apt-get install chromium)")
@pytest.mark.parametrize("width", [1000, 500])
def test_the_page_is_whole(own: Path, tmp_path: Path, width: int) -> None:
    report = looked_at(page(own), tmp_path / "profile", width)
    assert {name for name, *_ in report["pictures"]} == {
        f"card/{path.name}" for path in (own / "card").iterdir()
    }
    for name, across, down, alt in report["pictures"]:
        assert across > 0 and down > 0, f"{name} does not load"
        assert alt, f"{name} says nothing to those who cannot see it"
    assert report["room"] == width
    assert report["width"] <= width, "something sticks out of the page"
    assert len(report["tables"]) >= 9
    for rows in report["tables"]:
        assert len(rows) >= 2 and len(set(rows)) == 1, f"a table with rows of {set(rows)} cells"
    assert report["headings"][:4] == ["ramp", "What is in it", "The study", "How to load it"]
    assert report["code"] == 8
    assert [fold.split(":")[0] for fold in report["folds"]] == ["Shortcut audit", "recipe.yaml"]
    text = report["text"]
    for raw in ("|---", "| ---", "**", "<!--", "<details", "```", "yours:", "\\|"):
        assert raw not in text, f"Markdown that is not rendered: {raw}"
    assert "<recipe>-<split>-<index, 8 digits>" in text


@pytest.mark.skipif(BROWSER is None, reason="no browser on this machine (Debian: apt-get install chromium)")
def test_the_browser_notices_a_picture_that_is_missing(own: Path, tmp_path: Path) -> None:
    """The look at the page can fail."""
    (own / "card" / "clip.jpg").unlink()
    report = looked_at(page(own), tmp_path / "profile", 1000)
    assert [across for name, across, *_ in report["pictures"] if name == "card/clip.jpg"] == [0]
