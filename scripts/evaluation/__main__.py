"""Scan labelled files with `safeguard scan` and say how the verdicts fit the labels.

With --peers other scanners are asked about the same files, with --cv what is learned is learned anew
without the files that it is tried on (and so is the SafePickle paper's method), with --speed all are
timed on the same files. What is missing here is said to be `skipped`.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

# Sums of floats depend on how they are split over threads.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

from . import goals, peers, plots, tables
from .answers import Answer, Cost, Failed, Scanner, safeguard, safeguard_cost
from .corpora import LABELS, File, opened

ROOT = Path(__file__).resolve().parent.parent.parent
LEFT_OUT = "safeguard, family left out"
TIMED = 60  # files that every scanner is timed on


def say(lines: Iterator[str]) -> None:
    for line in lines:
        print(line)


def skipped(what: str) -> None:
    print(f"skipped: {what}", flush=True)


def installed_peers() -> list[peers.Peer]:
    known = [peers.Peer(ROOT / "build" / "peers", name) for name in peers.NAMES]
    for peer in known:
        if not peer.version:
            skipped(f"{peer.name} is not installed (scripts/evaluation/install_peers)")
    return [peer for peer in known if peer.version]


def ask_peers(
    known: Sequence[peers.Peer], files: Sequence[File], seconds: float
) -> Iterator[Scanner]:
    fence = peers.no_network()
    for peer in known:
        answered = peer.ask(files, seconds, fence)
        print(f"asked {peer.name} {peer.version}: {len(answered.answers)} files", flush=True)
        yield answered


def measure(program: Path, files: Sequence[File], known: Sequence[peers.Peer]) -> dict[str, Cost]:
    timed = random.Random(1).sample(list(files), min(TIMED, len(files)))
    fence = peers.no_network()
    costs = {"safeguard": safeguard_cost(program, timed, [])}
    for peer in known:
        costs[f"{peer.name} {peer.version}"] = peer.cost(timed, fence)
    return costs


def drawn(files: list[File], most: int) -> list[File]:
    """At most this many of each corpus, by chance; 0: all."""
    by_corpus: dict[str, list[File]] = {}
    for file in files:
        by_corpus.setdefault(file.corpus, []).append(file)
    found: list[File] = []
    for some in by_corpus.values():
        found += random.Random(tables.SEED).sample(some, most) if 0 < most < len(some) else some
    return found


class Evaluation:
    """What is known so far, and how it is told."""

    def __init__(self, arguments: argparse.Namespace, files: list[File]) -> None:
        self.arguments = arguments
        self.program: Path = arguments.program.resolve()
        self.files = drawn([f for f in files if f.label in LABELS], arguments.most)
        self.unsure = [f for f in files if f.label not in LABELS]
        self.peers: list[Scanner] = []
        self.tried: list[Scanner] = []  # learned without what they are tried on
        self.costs: dict[str, Cost] = {}

    def scan(self) -> list[str]:
        """Our own verdicts; names of files without one."""
        answers = safeguard(self.program, [*self.files, *self.unsure], self.scan_options)
        self.ours = Scanner("safeguard", "", {f: answers[f] for f in self.files}, scored=True)
        unsure: dict[File, Answer] = {f: answers[f] for f in self.unsure}
        say(tables.report(self.ours, unsure, self.arguments.list))
        return [f.name for f, a in answers.items() if a.verdict == "missing"]

    @property
    def scan_options(self) -> list[str]:
        return ["-j", str(self.arguments.jobs)]

    def cross_validate(self) -> None:
        from . import folds, learned, opcodes, safepickle

        kept = ROOT / "build" / "evaluation" / "opcodes.jsonl"
        seen = opcodes.read_all(self.files, kept, self.arguments.jobs)
        structures = {f: o.structure for f, o in seen.items()}
        parts = list(folds.by_origin(self.files, structures, self.arguments.folds, tables.SEED))
        families = list(
            folds.by_family(self.files, structures, self.arguments.families, tables.SEED)
        )
        short = self.arguments.short
        held_out = learned.cross_validated(self.program, parts, short, "safeguard, held out")
        left_out = learned.cross_validated(self.program, families, short, LEFT_OUT)
        # The clean files are those of the other folds: no family is theirs.
        clean = {f: a for f, a in held_out.answers.items() if not f.bad}
        left_out.answers |= clean
        self.tried = [held_out, left_out]
        self.tried += safepickle.cross_validated(parts, seen, tables.SEED)

    def compare(self) -> None:
        if self.arguments.cv:
            self.cross_validate()
        if not self.arguments.peers and not self.arguments.speed:
            return
        known = installed_peers()
        if self.arguments.peers:
            self.peers = list(ask_peers(known, self.files, self.arguments.peer_seconds))
        if self.arguments.speed:
            self.costs = measure(self.program, self.files, known)

    @property
    def scanners(self) -> list[Scanner]:
        return [self.ours, *self.tried, *self.peers]

    def goals(self) -> Iterator[str]:
        if self.tried:
            held_out, left_out, *_ = self.tried
            yield from goals.held_out(held_out)
            yield from goals.left_out(left_out)
            yield from goals.peers(held_out, self.peers)
        if self.costs:
            yield from goals.speed(self.costs)

    def markdown(self) -> Iterator[str]:
        bad = sum(f.bad for f in self.files)
        origins = len({f.origin for f in self.files})
        yield "# How the verdicts fit the labels\n"
        yield f"{len(self.files)} files of {origins} origins, {bad} of them malicious; written by `make evaluate`.\n"
        yield from tables.comparison(self.scanners)
        yield NOTE
        yield "## Where size tells nothing\n"
        yield from tables.trap(self.scanners)
        yield "\n## Recall by family of attack\n\nFiles called malicious / malicious or suspicious.\n"
        yield from tables.by("family", self.scanners, True, lambda f: f.attack)
        yield "\n## False alarms by library\n"
        yield from tables.by("library", self.scanners, False, lambda f: f.family)
        for bad_ones, title in ((True, "malicious"), (False, "clean")):
            yield f"\n## By split and container: {title} files\n"
            yield from tables.by("split", self.scanners, bad_ones, lambda f: f.split)
            yield ""
            yield from tables.by("container", self.scanners, bad_ones, lambda f: f.container)
        if self.costs:
            yield f"\n## Speed\n\nThe same {next(iter(self.costs.values())).files} files, one process and one thread each.\n"
            yield from tables.speed(self.costs)

    def write(self) -> None:
        if self.arguments.markdown:
            text = "\n".join(self.markdown()) + "\n"
            self.arguments.markdown.write_text(text, encoding="utf-8")
        if self.arguments.plot:
            lines = [s for s in self.tried or [self.ours] if s.name != LEFT_OUT]
            python = ROOT / "build" / "peers" / "matplotlib" / "bin" / "python"
            if not plots.draw(lines, [lines[0], *self.peers], python, self.arguments.plot):
                skipped("no matplotlib for the plot (scripts/evaluation/install_peers)")


NOTE = """
In brackets: 95 % intervals (Wilson; for F1 a bootstrap over origins). What a scanner could not read or
passed over is *not scanned* and counts as a negative. Two tiers: what the scanner is sure of, and what it
warns of. For the peers these are: picklescan dangerous | suspicious globals; modelscan HIGH and CRITICAL |
any issue; fickling LIKELY_UNSAFE and worse | POSSIBLY_UNSAFE and SUSPICIOUS; modelaudit critical | warning.
"""


def evaluate(arguments: argparse.Namespace, files: list[File]) -> int:
    evaluation = Evaluation(arguments, files)
    missing = evaluation.scan()
    if missing:
        print(f"\nno verdict for {len(missing)} files: {' '.join(missing[:3])}")
        return 1
    evaluation.compare()
    evaluation.write()
    if evaluation.peers or evaluation.tried:
        print()
        say(tables.comparison(evaluation.scanners))
    if evaluation.costs:
        print()
        say(tables.speed(evaluation.costs))
    say(evaluation.goals())
    return 0


def parsed() -> argparse.Namespace:
    shared = ROOT.parent / "shared" / "corpus"
    parser = argparse.ArgumentParser(prog="evaluate", description=__doc__)
    parser.add_argument("--corpus", nargs="+", type=Path, default=[shared], metavar="DIR")
    parser.add_argument("--program", type=Path, default=ROOT / "build" / "safeguard")
    parser.add_argument("--most", type=int, default=0, help="files drawn from each corpus")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--list", type=int, default=400, help="how many misses and alarms to list")
    parser.add_argument("--peers", action="store_true", help="ask other scanners, too")
    parser.add_argument("--peer-seconds", type=float, default=7200, help="for each at most")
    parser.add_argument("--cv", action="store_true", help="learn anew without what is tried")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--families", type=int, default=12, help="lots of families left out")
    parser.add_argument("--short", action="store_true", help="small models, quickly made")
    parser.add_argument("--speed", action="store_true", help="time all scanners on the same files")
    parser.add_argument("--markdown", type=Path, metavar="FILE")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg")
    return parser.parse_args()


def main() -> int:
    arguments = parsed()
    there = [corpus for corpus in arguments.corpus if (corpus / "manifest.tsv").is_file()]
    for corpus in set(arguments.corpus) - set(there):
        skipped(f"no corpus at {corpus}")
    if not there:
        return 0
    try:
        with opened(there) as files:
            return evaluate(arguments, files)
    except Failed as error:
        print(f"\n{error}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
