"""peers.py - asks other scanners about files, each in its own environment under build/peers.

They run without network (where user namespaces are allowed), in a temporary home, and load nothing.
Answers are kept in build/peers/NAME/answers.jsonl by version and content of the file, as some take
seconds a file; a file whose answer is kept is not asked about again. Costs are always measured anew.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from .answers import Answer, Cost, Scanner
from .corpora import File

NAMES = ("picklescan", "modelscan", "fickling", "modelaudit")
DRIVER = Path(__file__).parent / "peer_driver.py"
QUIET = {"PROMPTFOO_DISABLE_TELEMETRY": "1", "NO_ANALYTICS": "1"}


def no_network() -> list[str]:
    for command in (["unshare", "-rn"], ["unshare", "-n"]):
        try:
            done = subprocess.run([*command, "true"], stderr=subprocess.DEVNULL, check=False)
        except FileNotFoundError:
            break
        if done.returncode == 0:
            return command
    print("peers: no network namespaces here; they run with the network on", file=sys.stderr)
    return []


class Peer:
    """One peer as installed."""

    def __init__(self, home: Path, name: str) -> None:
        self.name, self.folder = name, home / name
        self.kept = self.folder / "answers.jsonl"

    @property
    def version(self) -> str:
        """Empty where it is not installed."""
        stamp = self.folder / "version"
        return stamp.read_text().strip() if stamp.is_file() else ""

    def lines(self, paths: Sequence[str], fence: list[str]) -> Iterator[dict]:
        """What the driver prints, as it comes."""
        command = [
            *fence,
            str(self.folder / "bin" / "python"),
            "-W",
            "ignore",
            str(DRIVER),
            self.name,
        ]
        with tempfile.TemporaryDirectory(prefix="peer-") as home:
            child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"PATH": os.environ["PATH"], "HOME": home, "TMPDIR": home, **QUIET},
                text=True,
            )
            assert child.stdin is not None
            assert child.stdout is not None
            feeder = threading.Thread(target=feed, args=(child, paths))
            feeder.start()
            try:
                for line in child.stdout:
                    yield json.loads(line)
            finally:
                child.kill()
                child.wait()
                feeder.join()

    def remembered(self) -> dict[str, Answer]:
        if not self.kept.is_file():
            return {}
        found = {}
        for line in self.kept.read_text().splitlines():
            said = json.loads(line)
            if said["version"] == self.version:
                found[said["key"]] = answer_of(said)
        return found

    def ask(self, files: Sequence[File], seconds: float, fence: list[str]) -> Scanner:
        """Asks about files in an order of chance until the time is over; what is left out is not in the result."""
        known = self.remembered()
        wanted = [f for f in files if key(f) not in known]
        random.Random(1).shuffle(wanted)
        by_path = {str(f.path): f for f in wanted}
        end = time.monotonic() + seconds
        if wanted:
            with open(self.kept, "a", encoding="utf-8") as out:
                for said in self.lines(list(by_path), fence):
                    if "said" in said:
                        known[key(by_path[said["path"]])] = answer_of(said)
                        kept = {**said, "version": self.version, "key": key(by_path[said["path"]])}
                        print(json.dumps(kept), file=out, flush=True)
                    if time.monotonic() > end:
                        break
        answers = {f: known[key(f)] for f in files if key(f) in known}
        return Scanner(self.name, self.version, answers)

    def cost(self, files: Sequence[File], fence: list[str]) -> Cost:
        ready, last, micros = 0.0, {"seconds": 0.0, "peak_kb": 0}, []
        for said in self.lines([str(f.path) for f in files], fence):
            ready = said.get("ready", ready)
            micros += [said["micros"]] if "said" in said else []
            last = said
        size, seconds = sum(f.size for f in files), last["seconds"] - ready
        return Cost(len(files), size, seconds, ready, int(last["peak_kb"]), tuple(micros))


def feed(child: subprocess.Popen[str], paths: Sequence[str]) -> None:
    assert child.stdin is not None
    try:
        with child.stdin as out:
            out.writelines(f"{path}\n" for path in paths)
    except BrokenPipeError:
        pass


def key(file: File) -> str:
    """Peers go by the ending of the name, too."""
    return file.sha256 + file.path.suffix


def answer_of(said: dict) -> Answer:
    return Answer(said["said"], said["scanned"], micros=said["micros"], note=said["note"])
