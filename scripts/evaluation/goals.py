"""goals.py - the verdicts held against what they are to reach, a line each for scripts/proof."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .answers import Cost, Scanner
from .intervals import Counts, count
from .tables import TIERS, judged

F1_LEAST = 0.98
ALARMS_MOST = 0.005
UNLISTED_LEAST = 0.95
DOUBTED_MOST = 0.03
COMMAND = "scripts/evaluate --cv --peers"


def row(what: str, target: str, measured: str, good: bool, command: str = COMMAND) -> str:
    return "\t".join(("ROW", what, target, measured, "pass" if good else "fail", command))


def table(scanner: Scanner, tier: str) -> Counts:
    return count(judged(scanner, TIERS[tier]))


def held_out(scanner: Scanner) -> Iterator[str]:
    strict, lax = table(scanner, "malicious"), table(scanner, "or suspicious")
    f1, alarms, doubted = strict.f1 or 0.0, strict.alarms.value, lax.alarms.value
    yield row("files of origins never shown: F1", f"≥ {F1_LEAST}", f"{f1:.3f}", f1 >= F1_LEAST)
    if alarms is not None and doubted is not None:
        name = "files of origins never shown: clean ones called malicious"
        yield row(name, f"≤ {ALARMS_MOST:.1%}", f"{alarms:.2%}", alarms <= ALARMS_MOST)
        name = "files of origins never shown: clean ones called suspicious"
        yield row(name, f"≤ {DOUBTED_MOST:.0%}", f"{doubted:.1%}", doubted <= DOUBTED_MOST)


def left_out(scanner: Scanner) -> Iterator[str]:
    recall = table(scanner, "or suspicious").recall.value
    if recall is not None:
        name = "families of attack never shown: malicious or suspicious"
        yield row(name, f"≥ {UNLISTED_LEAST:.0%}", f"{recall:.1%}", recall >= UNLISTED_LEAST)


def peers(ours: Scanner, others: Sequence[Scanner]) -> Iterator[str]:
    """On the files that each of them was asked about."""
    for other in others:
        same = Scanner(ours.name, "", {f: a for f, a in ours.answers.items() if f in other.answers})
        mine, theirs = table(same, "malicious"), table(other, "malicious")
        f1, alarms = (mine.f1 or 0.0, theirs.f1 or 0.0), (mine.alarms.value, theirs.alarms.value)
        if alarms[0] is not None and alarms[1] is not None:
            told = f"{f1[0]:.3f} and {alarms[0]:.1%}"
            target = f"F1 > {f1[1]:.3f}, false alarms < {alarms[1]:.1%}"
            good = f1[0] > f1[1] and alarms[0] <= alarms[1]
            yield row(f"{other.name} {other.version} on the same files", target, told, good)


def speed(costs: dict[str, Cost]) -> Iterator[str]:
    """Ours are the first; the files are the same."""
    ours, *others = costs.items()
    mine = ours[1]
    for name, cost in others:
        theirs, told = cost.files / cost.seconds, mine.files / mine.seconds
        slow = f"{cost.share(0.5) / 1000:,.2f} / {cost.share(0.99) / 1000:,.0f} ms"
        fast = f"{mine.share(0.5) / 1000:,.2f} / {mine.share(0.99) / 1000:,.1f} ms"
        yield row(
            f"{name}, speed on the same {cost.files} files; p50 / p99 of a file",
            f"> {theirs:,.0f} files/s; {slow}",
            f"{told:,.0f} files/s; {fast}",
            told > theirs,
            "scripts/evaluate --speed",
        )
