"""tell_unittest - runs in the interpreter under test (CPython 3.8 and up, standard library only).

    tell_unittest.py OUTCOMES TARGET...

Runs unittest's tests and writes a JSON line about each to OUTCOMES as it ends. The environment
LEAVE_OUT names patterns of tests that are not run.
"""

from __future__ import annotations

import fnmatch
import json
import os
import sys
import time
import unittest
from collections.abc import Iterator
from typing import Any


class Telling(unittest.TestResult):
    def __init__(self, path: str) -> None:
        super().__init__()
        self.out = open(path, "w", encoding="utf-8")
        self.pid = os.getpid()
        self.open = False

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        self.status, self.why, self.began = "passed", "", time.monotonic()
        self.open = True

    def stopTest(self, test: unittest.TestCase) -> None:
        super().stopTest(test)
        if self.open:
            self.tell(test.id(), self.status, self.why, time.monotonic() - self.began)
        self.open = False

    def tell(self, name: str, status: str, why: str, seconds: float) -> None:
        if os.getpid() != self.pid:
            return  # a child that came back from its fork
        line = {"test": name, "status": status, "why": why[-300:], "seconds": round(seconds, 2)}
        self.out.write(json.dumps(line) + "\n")
        self.out.flush()

    def worsen(self, status: str, error: Any) -> None:
        self.status = status
        self.why = "" if error is None else f"{error[0].__name__}: {error[1]}"

    def addError(self, test: Any, error: Any) -> None:
        if self.open:
            self.worsen("error", error)
        else:  # a class's or a module's own
            self.tell(str(test), "error", f"{error[0].__name__}: {error[1]}", 0)

    def addFailure(self, test: Any, error: Any) -> None:
        self.worsen("failed", error)

    def addSubTest(self, test: Any, subtest: Any, error: Any) -> None:
        if error is not None:
            self.worsen("failed", error)

    def addSkip(self, test: Any, reason: str) -> None:
        if self.open:
            self.worsen("skipped", None)
        else:  # whole classes and modules; in 3.12.1 any
            self.tell(str(test), "skipped", reason, 0)

    def addExpectedFailure(self, test: Any, error: Any) -> None:
        self.worsen("xfailed", None)

    def addUnexpectedSuccess(self, test: Any) -> None:
        self.worsen("failed", None)


def flatten(suite: Any, patterns: list[str]) -> Iterator[Any]:
    if isinstance(suite, unittest.TestSuite):
        kept = [inner for one in suite for inner in flatten(one, patterns)]
        if kept:
            yield type(suite)(kept)
    elif not any(fnmatch.fnmatch(suite.id(), pattern) for pattern in patterns):
        yield suite


def main() -> None:
    patterns = [pattern for pattern in os.environ.get("LEAVE_OUT", "").split(":") if pattern]
    result = Telling(sys.argv[1])
    loaded = unittest.defaultTestLoader.loadTestsFromNames(sys.argv[2:])
    for suite in flatten(loaded, patterns):
        suite.run(result)
    result.out.close()


if __name__ == "__main__":
    main()
