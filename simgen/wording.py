"""Numbers as people read them, for the command line: durations, sizes, counts."""

from __future__ import annotations

__all__ = ["bytes_word", "duration", "per_cent"]


def bytes_word(count: float) -> str:
    """1536000 -> "1.5 MB" (powers of 1000, as disks and the Hub count)."""
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if count < 999.5 or unit == "TB":
            return f"{count:.0f} {unit}" if unit == "bytes" or count >= 100 else f"{count:.2g} {unit}"
        count /= 1000
    raise AssertionError


def duration(seconds: float) -> str:
    """3725 -> "1 h 2 min"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h {minutes % 60} min" if hours < 48 else f"{hours / 24:,.1f} days"


def per_cent(part: float) -> str:
    """0.00123 -> "0.12 %"; what is below a thousandth of a per cent is said to be."""
    if 0 < part < 1e-5:
        return "< 0.001 %"
    return f"{100 * part:.2g} %" if part < 0.995 else f"{100 * part:.0f} %"
