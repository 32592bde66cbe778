"""fault_runs - loads a file again and again, another system call of the load failing each time.

fault_runs.py INJECTOR PATH WAY FAULT..., under the guard. Each load is a child's, forked before anything
of it was done; what became of it is a line of JSON.
"""

import ctypes
import errno
import gc
import itertools
import json
import mmap
import os
import pickle
import sys
import zipfile
from collections.abc import Callable
from typing import Any

CLEAN = {"weights": list(range(50))}
KINDS = {"half": 1, "nothing": 2}  # as in injector.c
EVER_AFTER = 3  # "EIO+": that call, and all calls of its kind after it
MOST = 1000  # calls of a load
ALL_DONE = 9  # exit status of a load that came to its end before the call that was to fail


def by_open(path: str) -> Any:
    with open(path, "rb") as file:
        return pickle.load(file)


def by_read(path: str) -> Any:
    fd = os.open(path, os.O_RDONLY)
    try:
        return pickle.loads(b"".join(iter(lambda: os.read(fd, 64), b"")))
    finally:
        os.close(fd)


def by_map(path: str) -> Any:
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        return pickle.loads(view)


def by_inherited(_path: str) -> Any:
    """Standard input was opened before there was a guard: its first read is looked at."""
    return pickle.loads(os.pread(0, 1 << 16, 0))


def by_zip(path: str) -> Any:
    with zipfile.ZipFile(path) as archive:
        return pickle.loads(archive.read("m/data.pkl"))


WAYS: dict[str, Callable[[str], Any]] = {
    "open": by_open,
    "read": by_read,
    "map": by_map,
    "inherited": by_inherited,
    "zip": by_zip,
}


def outcome(load: Callable[[str], Any], path: str) -> tuple[str, str]:
    try:
        value = load(path)
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, "?"), str(error)
    except BaseException as error:  # noqa: BLE001 - whatever a fault brings about is told
        return type(error).__name__, str(error)
    return ("loaded" if value == CLEAN else "other"), repr(value)[:80]


def one(injector: ctypes.CDLL, load: Callable[[str], Any], path: str, at: int, fault: str) -> None:
    kind = KINDS.get(fault, EVER_AFTER if fault.endswith("+") else 0)
    if injector.begin(at, kind, getattr(errno, fault.rstrip("+"), 0)):
        print("no seccomp filter is to be had", file=sys.stderr)
        os._exit(3)
    what, text = outcome(load, path)
    calls, failed = injector.end(), injector.failed()
    if failed >= 0:
        report = {"at": at, "fault": fault, "failed": failed, "is": what, "text": text}
        os.write(1, (json.dumps(report) + "\n").encode())
    os._exit(ALL_DONE if at > calls else 0)


def main() -> None:
    library, path, way, *faults = sys.argv[1:]
    injector = ctypes.CDLL(library)
    gc.disable()
    for fault in faults:
        for at in itertools.count(1):
            child = os.fork()
            if child == 0:
                one(injector, WAYS[way], path, at, fault)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            if status == ALL_DONE:
                break
            if status:
                print(json.dumps({"at": at, "fault": fault, "died": status}), flush=True)
                if status > 0 or at > MOST:
                    return


if __name__ == "__main__":
    main()
