"""unpickling - runs in the interpreter under test (CPython 3.8 and up, standard library only).

Takes JSON on standard input: for each gadget its number, the pickle, and how to load it. Loads one
after the other from memory and writes a line about each before and after it.
"""

from __future__ import annotations

import base64
import io
import json
import os
import pickle
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


def main() -> None:
    out = os.fdopen(os.dup(1), "w")
    for gadget in json.load(sys.stdin):
        out.write(json.dumps({"begin": gadget["number"]}) + "\n")
        out.flush()
        raised, message = "", ""
        try:
            WAYS[gadget["way"]](base64.b64decode(gadget["data"]))
        except BaseException as error:  # noqa: BLE001 - an answer like any other
            raised = type(error).__module__ + "." + type(error).__name__
            message = str(error)[:300]
        end = {"end": gadget["number"], "raised": raised, "message": message}
        out.write(json.dumps(end) + "\n")
        out.flush()
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(1)
    time.sleep(0.2)  # for those that are no Thread
    os._exit(0)


if __name__ == "__main__":
    main()
