"""differences - what the guard changed in a suite, and the rows of expected.tsv that explain it."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from suite_runs import Outcomes

SHOWN_MOST = 30


@dataclass(frozen=True)
class Expected:
    suite: str  # patterns, all of them
    mode: str
    kind: str  # "test": one that ends otherwise; "record": what the guard reports
    what: str
    reason: str


def literal(pattern: str) -> str:
    """Names of tests and calls hold brackets, which are no patterns here."""
    return pattern.replace("[", "[[]")


def read_expected(path: Path) -> list[Expected]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [Expected(*row) for row in rows if row and not row[0].startswith("#")]


@dataclass
class Differences:
    suite: str
    mode: str
    tests: dict[str, str] = field(default_factory=dict)  # "passed > failed: why"
    unsteady: list[str] = field(default_factory=list)
    records: Counter[str] = field(default_factory=Counter)

    @classmethod
    def between(cls, suite: str, mode: str, bare: Outcomes, guarded: Outcomes) -> Differences:
        found = cls(suite, mode, records=guarded.records)
        for name in sorted(set(bare.status) | set(guarded.status)):
            before, after = bare.status.get(name, "absent"), guarded.status.get(name, "absent")
            if before != after:
                found.tests[name] = f"{before} > {after}: {guarded.why.get(name, '')}"
        return found

    def settle(self, bare: Outcomes, guarded: Outcomes) -> None:
        """Tests that end alike when they are run once more were chance."""
        for name in list(self.tests):
            again = bare.status.get(name, "absent"), guarded.status.get(name, "absent")
            if again[0] == again[1]:
                self.unsteady.append(name)
                del self.tests[name]

    def summary(self) -> str:
        told = f"{len(self.tests)} differ, {sum(self.records.values())} records"
        return told + (f", {len(self.unsteady)} unsteady" if self.unsteady else "")


def explained(apart: Differences, kind: str, what: str, expected: list[Expected]) -> bool:
    return any(
        row.kind == kind
        and fnmatchcase(apart.suite, row.suite)
        and fnmatchcase(apart.mode, row.mode)
        and fnmatchcase(what, literal(row.what))
        for row in expected
    )


def explain(apart: Differences, expected: list[Expected]) -> int:
    """Prints what no row explains; how many these are."""
    missing = [
        f"{name}: {change}"
        for name, change in apart.tests.items()
        if not explained(apart, "test", name, expected)
    ]
    missing += [
        f"{count} x {record}"
        for record, count in apart.records.items()
        if not explained(apart, "record", record, expected)
    ]
    for line in missing[:SHOWN_MOST]:
        print(f"    {apart.mode}: {line}")
    if len(missing) > SHOWN_MOST:
        print(f"    {apart.mode}: and {len(missing) - SHOWN_MOST} more")
    for name in apart.unsteady:
        print(f"    {apart.mode}: by chance: {name}")
    return len(missing)
