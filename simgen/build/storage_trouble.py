"""The sentence for a disk that is full, a folder that cannot be written or is no longer there."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

__all__ = ["storage_trouble"]

_KEPT = "What is finished is kept: run the same command again"


def storage_trouble(error: OSError, folder: Path) -> str | None:
    """What happened to the dataset's folder and what to do; None when the error is about something else."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        try:
            free = f"{shutil.disk_usage(folder).free / 1e6:,.0f} MB left"
        except OSError:
            free = "nothing left"
        what = "The disk is full" if error.errno == errno.ENOSPC else "The disk quota is used up"
        return f"{what} ({free} at {folder}). {_KEPT} when there is space."
    if error.errno == errno.EFBIG:
        limit = "file size limit, see `ulimit -f`"
        return f"A file in {folder} may not grow further ({limit}). {_KEPT} with a higher limit."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        place = error.filename or folder
        reason = "the file system is read-only" if error.errno == errno.EROFS else "permission denied"
        return (
            f"{place} cannot be written ({reason}). Give another folder with -o, or change its permissions."
        )
    if error.errno in (errno.ENOENT, errno.ENOTDIR) and _inside(error.filename, folder):
        if not folder.is_dir():
            what = "was removed or its disk unmounted while the build was running"
            return f"{folder} {what}. {_KEPT} when it is back."
        return f"Something removed files of {folder} while the build was running. Run the same command again."
    if error.errno == errno.EIO:
        return f"The disk that holds {folder} failed (input/output error). {_KEPT} when it works."
    return None


def _inside(name: object, folder: Path) -> bool:
    return isinstance(name, (str, Path)) and Path(name).is_relative_to(folder)
