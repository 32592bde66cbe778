"""compare.py - holds what interpreters do against the machine's facts."""

from __future__ import annotations

import json
import os
import queue
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

HERE = Path(__file__).resolve().parent
Deed = tuple[str, str, str]  # module and name, each as UTF-8 in hex, and what is done with it

# A name that functions of these made (load.py, REAL) is told as "?" where that is not folded.
COMPUTING = {
    text.encode().hex()
    for text in (
        *("copyreg", "copy_reg", "_codecs", "codecs", "builtins", "__builtin__", "operator"),
        *("_operator", "base64", "binascii", "functools"),
    )
}
# A longer name is told as unknown: no import finds one.
LONGEST_NAME = 4096
# Modules that only an application's own extension registry names.
APPLICATION = {f"x{digit}".encode().hex() for digit in range(10)}


def pack(streams: Iterable[bytes]) -> bytes:
    return b"".join(struct.pack("<I", len(data)) + data for data in streams)


def hexed(text: str) -> str:
    return text.encode("latin1").hex()


@dataclass
class Facts:
    deeds: set[Deed]
    unresolved: int
    partial: int
    differs: str


@dataclass
class Tally:
    """What became of the streams in one interpreter."""

    streams: int = 0
    deeds: int = 0
    unnamed: int = 0  # told as a name that is not known, not by name
    timeouts: int = 0
    crashes: int = 0
    misses: list[tuple[int, Deed, str]] = field(default_factory=list)  # stream, deed, loader

    def add(self, other: Tally) -> None:
        self.streams += other.streams
        self.deeds += other.deeds
        self.unnamed += other.unnamed
        self.timeouts += other.timeouts
        self.crashes += other.crashes
        self.misses += other.misses


def parse_facts(line: str) -> Facts:
    told = json.loads(line)
    deeds = {(hexed(module), hexed(name), what) for module, name, what in told["facts"]}
    return Facts(deeds, told["unresolved"], told["partial"], told["differs"])


class FactsProgram:
    """The harness over libsgscan.a."""

    def __init__(self, program: Path, drop_op: int | None) -> None:
        self.command = [str(program)]
        if drop_op is not None:
            self.command += ["--drop-op", str(drop_op)]

    def of(self, streams: list[bytes]) -> list[Facts]:
        done = subprocess.run(self.command, input=pack(streams), capture_output=True, check=False)
        lines = done.stdout.decode().splitlines()
        if done.returncode or len(lines) != len(streams):
            raise SystemExit(
                f"facts ended with status {done.returncode} at stream {len(lines)} of this batch: "
                f"{done.stderr.decode(errors='replace')[-2000:]}\n{bytes(streams[len(lines)]).hex()}"
            )
        return [parse_facts(line) for line in lines]


class Interpreter:
    """One CPython, loading batches of streams in processes of its own."""

    def __init__(self, python: str, joblib: bool = False) -> None:
        self.python = python
        self.joblib = joblib
        version = subprocess.run(
            [python, "-ISc", "import sys; print('%d.%d.%d' % sys.version_info[:3])"],
            capture_output=True,
            text=True,
            check=True,
        )
        self.version = version.stdout.strip() + ("+joblib" if joblib else "")

    def command(self, path: str, start: int) -> list[str]:
        arguments = ["-B", "-Wignore", str(HERE / "load.py"), path, str(start)]
        if self.joblib:
            return [self.python, "-I", *arguments, "joblib"]
        return [self.python, "-IS", *arguments]

    def resolve(self, path: Path, count: int, tally: Tally) -> Iterator[list[list[str]] | None]:
        """What each stream does, or None where the process did not survive."""
        done = 0
        while done < count:
            child = subprocess.Popen(
                self.command(str(path), done),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=clean_environment(),
            )
            assert child.stdout is not None
            for line in child.stdout:
                yield json.loads(line)
                done += 1
            child.wait()
            if done < count:
                if child.returncode == 0 or child.returncode > 0:
                    raise SystemExit(f"{self.python} load.py ended with {child.returncode}")
                if child.returncode == -signal.SIGALRM:
                    tally.timeouts += 1
                else:
                    tally.crashes += 1
                yield None
                done += 1


def clean_environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key != "LD_PRELOAD"}
    return {**kept, "OPENBLAS_NUM_THREADS": "1"}  # their stacks would count as address space


def bytes_as_text(loader: str, *texts: str) -> bool:
    """str() of a Python 2 string that encoding="bytes" left as bytes: "b'm1'" names nothing."""
    return "encoding=bytes" in loader and any(text.startswith(b"b'".hex()) for text in texts)


def missing(found: list[list[str]], facts: Facts) -> tuple[list[tuple[Deed, str]], int]:
    """What the facts lack, with the loader; and how much is told, but not by name."""
    computed = any(module in COMPUTING for module, *_ in found)
    misses, unnamed = [], 0
    for module, name, what, loader in found:
        if (module, name, what) in facts.deeds or bytes_as_text(loader, module, name):
            continue
        unknown = computed or module in APPLICATION or "errors=" in loader
        if facts.unresolved and (unknown or len(module + name) > 2 * LONGEST_NAME):
            unnamed += 1
        elif loader == "Python joblib" and facts.partial:
            unnamed += 1  # told: array bytes of unknown length
        elif "encoding=" in loader and (module, name, "name") in facts.deeds:
            unnamed += 1  # the name that this encoding makes is told; calls are told of one
        else:
            misses.append(((module, name, what), loader))
    return misses, unnamed


def compare(interpreter: Interpreter, path: Path, facts: list[Facts]) -> Tally:
    tally = Tally()
    for number, found in enumerate(interpreter.resolve(path, len(facts), tally)):
        tally.streams += 1
        if found is None:
            continue
        tally.deeds += len(found)
        misses, unnamed = missing(found, facts[number])
        tally.unnamed += unnamed
        tally.misses += [(number, deed, loader) for deed, loader in misses]
    return tally


class Session:
    """A loader and a facts process kept open, for one stream at a time."""

    def __init__(self, command: list[str]) -> None:
        self.command = command
        self.child: subprocess.Popen[bytes] | None = None
        self.lines: queue.Queue[bytes] = queue.Queue()

    def start(self) -> None:
        self.child = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=clean_environment(),
        )
        assert self.child.stdout is not None
        self.lines = queue.Queue()
        threading.Thread(target=drain, args=(self.child.stdout, self.lines), daemon=True).start()

    def ask(self, data: bytes) -> str | None:
        if self.child is None or self.child.poll() is not None:
            self.start()
        assert self.child is not None
        assert self.child.stdin is not None
        try:
            self.child.stdin.write(pack([data]))
            self.child.stdin.flush()
            line = self.lines.get(timeout=20)
        except (OSError, queue.Empty):
            line = b""
        if not line:
            self.close()
        return line.decode() or None

    def close(self) -> None:
        if self.child is not None:
            self.child.kill()
            self.child.wait()
            self.child = None


def drain(pipe: IO[bytes], lines: queue.Queue[bytes]) -> None:
    for line in pipe:
        lines.put(line)
    lines.put(b"")


def minimise(data: bytes, what: str, interpreter: Interpreter, program: FactsProgram) -> bytes:
    """The shortest stream found by leaving bytes out whose facts still lack a deed of this kind."""
    loader, teller = Session(interpreter.command("-", 0)), Session(program.command)

    def misses(candidate: bytes) -> bool:
        found, told = loader.ask(candidate), teller.ask(candidate)
        if not found or not told:
            return False
        misses, _ = missing(json.loads(found), parse_facts(told))
        return any(deed[2] == what for deed, _ in misses)

    try:
        size = max(len(data) // 2, 1)
        while size:
            at, shorter = 0, False
            while at < len(data):
                candidate = data[:at] + data[at + size :]
                if misses(candidate):
                    data, shorter = candidate, True
                else:
                    at += size
            if not (shorter and size == 1):
                size //= 2
    finally:
        loader.close()
        teller.close()
    return data


def eprint(*words: object) -> None:
    print(*words, file=sys.stderr, flush=True)
