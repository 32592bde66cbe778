"""unpickling - runs in the interpreter under test (CPython 3.8 and up, standard library only).

Takes JSON on standard input: for each gadget its number, the pickle, how to load it and the folder
to do it in. Each is loaded from memory, in a process forked for it; a line tells how it ended.
"""

from __future__ import annotations

import base64
import contextlib
import importlib
import io
import json
import os
import pickle
import signal
import sys
import threading
import time
from typing import Any


class Sealed(pickle.Unpickler):
    """Never asks its base class, so that no name is seen."""

    def find_class(self, module: str, name: str) -> Any:
        __import__(module)
        value = sys.modules[module]
        for part in name.split("."):
            value = getattr(value, part)
        return value


class SealedPython(pickle._Unpickler):
    find_class = Sealed.find_class


WAYS = {
    "c": pickle.loads,
    "python": pickle._loads,  # type: ignore[attr-defined]
    "sealed": lambda data: Sealed(io.BytesIO(data)).load(),
    "sealed-python": lambda data: SealedPython(io.BytesIO(data)).load(),
}


def load(job: dict[str, Any], out: int) -> None:
    """In a process of its own; ends it."""
    os.setpgid(0, 0)
    os.chdir(job["place"])
    os.environ["GADGET_CANARY"] = job["place"] + "/canary"
    raised, message = "", ""
    try:
        WAYS[job["way"]](base64.b64decode(job["data"]))
    except BaseException as error:  # noqa: BLE001 - an answer like any other
        raised = type(error).__module__ + "." + type(error).__name__
        message = str(error)[:300]
    told = {"end": job["number"], "raised": raised, "message": message}
    os.write(out, json.dumps(told).encode() + b"\n")
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(1)
    time.sleep(0.2)  # for those that are no Thread
    os._exit(0)


def finish(running: dict[int, float]) -> None:
    """Waits until one has ended or its time is up."""
    while True:
        pid, _ = os.waitpid(-1, os.WNOHANG)
        late = [one for one, deadline in running.items() if time.monotonic() > deadline]
        for one in [pid] if pid in running else late:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(one, signal.SIGKILL)
        if pid in running:
            del running[pid]
            return
        time.sleep(0.005)


def main() -> None:
    task = json.load(sys.stdin)
    out = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(0, 1)
    running: dict[int, float] = {}
    for module in task["modules"]:
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    for job in task["jobs"]:
        if len(running) == task["at_once"]:
            finish(running)
        pid = os.fork()
        if pid == 0:
            load(job, out)
        running[pid] = time.monotonic() + task["seconds"]
    while running:
        finish(running)


if __name__ == "__main__":
    main()
