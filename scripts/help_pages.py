"""help_pages - what `safeguard help` says, as a table: manual page and shell completion are made from it."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OPTION = re.compile(r"  (?:-(\w), |    )--([\w-]+)(?: ([A-Z]+))? +(.*)")


@dataclass(frozen=True)
class Option:
    letter: str | None
    name: str
    value: str | None  # what stands for the value
    help: str


@dataclass(frozen=True)
class Verb:
    name: str
    usage: str  # the first line of its page
    summary: str
    options: list[Option]
    details: list[str]


def said(build: Path, *words: str) -> str:
    """What the command prints, under no policy but its own."""
    environment = {name: value for name, value in os.environ.items() if "SAFEGUARD" not in name}
    environment["SAFEGUARD_POLICY"] = str(ROOT / "policy" / "default.ini")
    done = subprocess.run(
        [build / "safeguard", *words], capture_output=True, text=True, check=True, env=environment
    )
    return done.stdout


def read_page(page: str) -> Verb:
    usage, _, summary, _, *lines = page.splitlines()
    found = [(OPTION.fullmatch(line), line) for line in lines]
    options = [Option(*match.groups()) for match, _ in found if match]
    details = [line for match, line in found if line and not match]
    return Verb(usage.split()[1], usage, summary, options, details)


def verbs(build: Path) -> list[Verb]:
    listed = re.findall(r"^  (\w+) +\S", said(build, "help"), re.M)
    return [read_page(said(build, "help", verb)) for verb in listed]
