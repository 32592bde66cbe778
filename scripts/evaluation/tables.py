"""tables.py - what the answers come to, as text for the terminal and as Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from .answers import Answer, Cost, Scanner
from .corpora import SMALL, File
from .intervals import Counts, Judged, Ratio, count, f1_interval

VERDICTS = ("benign", "suspicious", "malicious")
TIERS = {
    "malicious": frozenset({"malicious"}),
    "or suspicious": frozenset({"malicious", "suspicious"}),
}
SEED = 1
Key = Callable[[File], str]


def judged(scanner: Scanner, tiers: frozenset[str]) -> list[Judged]:
    return [Judged(f.bad, a.called(tiers), f.origin) for f, a in scanner.answers.items()]


def part(scanner: Scanner, wanted: Callable[[File], bool]) -> Scanner:
    answers = {f: a for f, a in scanner.answers.items() if wanted(f)}
    return Scanner(scanner.name, scanner.version, answers, scanner.scored)


def number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def with_interval(value: float | None, interval: tuple[float, float]) -> str:
    return number(value) + ("" if value is None else f" [{interval[0]:.3f}–{interval[1]:.3f}]")


def ratio(r: Ratio) -> str:
    return with_interval(r.value, r.interval)


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


# For the terminal


def summary(title: str, table: Counts) -> str:
    return (
        f"{title:<34} precision {number(table.precision.value)}  recall {number(table.recall.value)}"
        f"  F1 {number(table.f1)}  FPR {number(table.alarms.value)}"
        f"  ({table.tp} of {table.tp + table.fn} malicious, {table.fp} of {table.fp + table.tn} benign)"
    )


def confusion(
    title: str, answers: dict[File, Answer], key: Callable[[File, Answer], str]
) -> Iterator[str]:
    rows: dict[str, Counter[str]] = {}
    for file, answer in answers.items():
        rows.setdefault(key(file, answer), Counter())[answer.verdict] += 1
    columns = [*VERDICTS, *sorted({v for row in rows.values() for v in row} - set(VERDICTS))]
    yield f"\n{title:<44}" + "".join(f"{c:>12}" for c in columns)
    for name, row in sorted(rows.items()):
        yield f"  {name:<42}" + "".join(f"{row[c]:>12}" for c in columns)


def listing(title: str, answers: dict[File, Answer], limit: int) -> Iterator[str]:
    yield f"\n{title}: {len(answers)}"
    ordered = sorted(answers.items(), key=lambda x: (x[1].verdict, x[0].family, x[0].name))
    for file, answer in ordered[:limit]:
        why = (
            "; ".join(f"{r['rule']}: {r['detail']}" for r in answer.reasons[:2]) or "nothing found"
        )
        yield f"  {answer.verdict:<10} {answer.score:.3f} {file.name} [{file.family}] {why[:160]}"
    if len(ordered) > limit:
        yield f"  … {len(ordered) - limit} more"


def report(scanner: Scanner, unsure: dict[File, Answer], limit: int) -> Iterator[str]:
    """Our own verdicts in full."""
    known = scanner.answers
    yield from confusion("label", {**known, **unsure}, lambda f, _: f.label)
    yield ""
    for tier, verdicts in TIERS.items():
        title = f"counting malicious {'only' if tier == 'malicious' else tier}:"
        yield summary(title, count(judged(scanner, verdicts)))
    yield from confusion("split", known, lambda f, _: f.split)
    yield from confusion("container (label)", known, lambda f, _: f"{f.container} ({f.label})")
    bad = {f: a for f, a in known.items() if f.bad}
    good = {f: a for f, a in known.items() if not f.bad}
    yield from confusion("family (malicious)", bad, lambda f, _: f.family)
    yield from confusion("library (benign)", good, lambda f, _: f.family)
    yield from confusion("coverage (label)", known, lambda f, a: f"{a.coverage} ({f.label})")
    missed = {f: a for f, a in bad.items() if a.verdict != "malicious"}
    yield from listing("malicious files not called malicious", missed, limit)
    alarms = {f: a for f, a in good.items() if a.verdict != "benign"}
    yield from listing("benign files not called benign", alarms, limit)
    micros = sorted(a.micros for a in known.values())
    yield f"\n{len(known)} files; microseconds: median {micros[len(micros) // 2]}, max {micros[-1]}"


# For README and results.md


def comparison(scanners: Sequence[Scanner]) -> Iterator[str]:
    head = [
        "scanner",
        "counting",
        "precision",
        "recall",
        "F1",
        "false positive rate",
        "not scanned",
    ]
    rows = []
    for scanner in scanners:
        asked = len(scanner.answers)
        blind = sum(not a.scanned for a in scanner.answers.values())
        tiered = any(a.verdict == "suspicious" for a in scanner.answers.values())
        for tier, verdicts in TIERS.items():
            if tier != "malicious" and not tiered:
                continue
            files = judged(scanner, verdicts)
            table = count(files)
            f1 = with_interval(table.f1, f1_interval(files, SEED))
            name = f"{scanner.name} {scanner.version}".strip() if tier == "malicious" else ""
            cells = [
                name,
                tier,
                ratio(table.precision),
                ratio(table.recall),
                f1,
                ratio(table.alarms),
            ]
            rows.append([*cells, f"{blind} of {asked}" if tier == "malicious" else ""])
    return markdown(head, rows)


def cell(scanner: Scanner, wanted: Callable[[File], bool], bad: bool, whole: int) -> str:
    """Files called malicious / malicious or suspicious; of how many, if not asked about the whole."""
    known = [a for f, a in scanner.answers.items() if f.bad == bad and wanted(f)]
    said = Counter(a.verdict for a in known)
    strict = said["malicious"]
    lax = strict + said["suspicious"]
    if not known:
        return "–"
    told = f"{strict}" if strict == lax else f"{strict} / {lax}"
    return told if len(known) == whole else f"{told} of {len(known)}"


def by(title: str, scanners: Sequence[Scanner], bad: bool, key: Key) -> Iterator[str]:
    """A row for each value of key: how many files each scanner flags."""
    files = [f for f in scanners[0].answers if f.bad == bad]
    sizes = Counter(key(f) for f in files)

    def row(name: str) -> list[str]:
        cells = [cell(s, lambda f: key(f) == name, bad, sizes[name]) for s in scanners]
        return [name, str(sizes[name]), *cells]

    order = sorted(sizes, key=lambda name: (-sizes[name], name))
    return markdown([title, "files", *(s.name for s in scanners)], [row(name) for name in order])


def trap(scanners: Sequence[Scanner]) -> Iterator[str]:
    """Where size tells nothing: injections into clean files, and clean files as small as attacks."""
    head = [
        "scanner",
        "recall, injected",
        "recall, alone",
        f"FPR, up to {SMALL} bytes",
        f"FPR, over {SMALL} bytes",
    ]
    tier = TIERS["malicious"]
    rows = []
    for scanner in scanners:
        parts = [
            part(scanner, lambda f: f.bad and f.kind == "injected"),
            part(scanner, lambda f: f.bad and f.kind != "injected"),
            part(scanner, lambda f: not f.bad and f.size <= SMALL),
            part(scanner, lambda f: not f.bad and f.size > SMALL),
        ]
        tables = [count(judged(p, tier)) for p in parts]
        rates = [tables[0].recall, tables[1].recall, tables[2].alarms, tables[3].alarms]
        rows.append([scanner.name, *(ratio(r) for r in rates)])
    return markdown(head, rows)


def speed(costs: dict[str, Cost]) -> Iterator[str]:
    head = [
        "scanner",
        "files/s",
        "MB/s",
        "p50, ms a file",
        "p99, ms a file",
        "start, s",
        "peak memory, MB",
    ]
    rows = []
    for name, cost in costs.items():
        rows.append([
            name,
            f"{cost.files / cost.seconds:,.0f}",
            f"{cost.size / cost.seconds / 1e6:,.1f}",
            f"{cost.share(0.5) / 1000:,.2f}",
            f"{cost.share(0.99) / 1000:,.1f}",
            f"{cost.ready:.3f}",
            f"{cost.peak / 1024:,.0f}",
        ])  # fmt: skip
    return markdown(head, rows)
