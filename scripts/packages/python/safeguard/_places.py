"""Where the libraries and the program lie: in the package, else where SAFEGUARD_LIBRARY_DIR says,
else, for a package that lies in a checkout, in its build/."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

GUARD = "libsafeguard.so"
SCANNER = "libsgscan.so"
PACKAGED = Path(__file__).resolve().parent / "native"


class LibraryError(Exception):
    """The libraries or the program cannot be found or loaded."""


def _of_checkout() -> Path | None:
    """PACKAGED of a checkout would be scripts/packages/python/safeguard/native."""
    if len(PACKAGED.parents) < 5:
        return None
    root = PACKAGED.parents[4]
    return root / "build" if (root / "scanner" / "sgscan.h").is_file() else None


@lru_cache(maxsize=None)
def folder() -> Path:
    """The folder with the libraries."""
    named = os.environ.get("SAFEGUARD_LIBRARY_DIR")
    tried = [PACKAGED, Path(named).absolute() if named else None, _of_checkout()]
    for place in tried:
        if place and (place / SCANNER).is_file():
            return place
    where = ", ".join(str(place) for place in tried if place)
    raise LibraryError(f"{SCANNER} is not in {where}; SAFEGUARD_LIBRARY_DIR can name its folder")


def library() -> Path:
    """libsafeguard.so, the guard: what LD_PRELOAD is to name."""
    path = folder() / GUARD
    if not path.is_file():
        raise LibraryError(f"there is no {path}")
    return path


def program() -> Path:
    """The command-line program, beside the libraries or in bin/ beside their folder."""
    for path in (folder() / "safeguard", folder().parent / "bin" / "safeguard"):
        if path.is_file():
            return path
    raise LibraryError(f"the program is neither in {folder()} nor in {folder().parent}/bin")


def enabled() -> bool:
    """Whether the guard is mapped into this process."""
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
        for line in maps:
            fields = line.split(maxsplit=5)
            if len(fields) < 6 or "x" not in fields[1]:
                continue
            # A library that was replaced since shows as deleted; it works on.
            name = fields[5].strip().rpartition("/")[2]
            if name in (GUARD, f"{GUARD} (deleted)"):
                return True
    return False
