"""scripts/knowledge: the search for sinks on a small made-up library, and the state of the shipped table."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest
from conftest import ROOT

KNOWLEDGE = ROOT / "scripts" / "knowledge"

LIBRARY = {
    "lib/__init__.py": "from .shell import launch as start\nfrom .deep import *\n",
    "lib/shell.py": """
import os as system_module
from subprocess import check_output

def launch(line):
    system_module.system(line)

def by_alias(line):
    return check_output(line)

def plain(x):
    return x + 1

def handed(line):
    return list(map(launch, [line]))
""",
    "lib/deep.py": """
from . import shell
import lib.shell

class Base:
    def __init__(self, line):
        self.line = line

    def go(self):
        shell.launch(self.line)

class Runner(Base):
    def now(self):
        self.go()

class Holder:
    def __init__(self):
        self.runner = Runner("x")

    def use(self):
        self.runner.now()

class Eager(Base):
    def __init__(self, line):
        super().__init__(line)
        Base.go(self)

def typed(runner: Runner):
    runner.go()

def local():
    r = Runner("x")
    r.go()

def far(line):
    use(line)

def use(line):
    nearer(line)

def nearer(line):
    lib.shell.launch(line)
""",
    "lib/text.py": """
def reads(path):
    return open(path).read()

def writes(path):
    open(path, "w")

def any_mode(path, mode):
    open(path, mode)

def constant():
    return eval("1 + 1")

def evaluates(text):
    return eval(text)

def imports(name):
    return __import__(name)

def imports_one():
    return __import__("json")
""",
}


def load(name: str) -> ModuleType:
    sys.path.insert(0, str(KNOWLEDGE))
    loader = SourceFileLoader(f"knowledge_{name}", str(KNOWLEDGE / name))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[loader.name] = module
    loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def reached(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, int, bool]]:
    reach = load("reach")
    top = tmp_path_factory.mktemp("library")
    for name, source in LIBRARY.items():
        (top / name).parent.mkdir(exist_ok=True)
        (top / name).write_text(source)
    sinks = reach.seeds_by_sink()
    walls = reach.Walls(KNOWLEDGE)
    world = reach.World(frozenset(sinks) | reach.OPENERS)
    world.add(top)
    found = reach.search(world, reach.draw(world, sinks, walls), walls)
    found |= reach.aliases(world, found, sinks)
    return {name: (r.sink, r.distance, r.init) for name, r in found.items()}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lib.shell.launch", ("spawn", 1, False)),
        ("lib.shell.by_alias", ("spawn", 1, False)),
        ("lib.shell.check_output", ("spawn", 0, False)),
        ("lib.shell.handed", ("spawn", 2, False)),
        ("lib.start", ("spawn", 1, False)),
        ("lib.deep.Base.go", ("spawn", 2, False)),
        ("lib.deep.Runner.now", ("spawn", 3, False)),
        ("lib.deep.Eager", ("spawn", 3, True)),
        ("lib.deep.typed", ("spawn", 3, False)),
        ("lib.deep.local", ("spawn", 3, False)),
        ("lib.deep.nearer", ("spawn", 2, False)),
        ("lib.deep.use", ("spawn", 3, False)),
        ("lib.text.writes", ("file", 1, False)),
        ("lib.text.any_mode", ("file", 1, False)),
        ("lib.text.evaluates", ("exec", 1, False)),
        ("lib.text.imports", ("resolve", 1, False)),
    ],
)
def test_finds_what_reaches_a_sink(
    reached: dict[str, tuple[str, int, bool]], name: str, expected: tuple[str, int, bool]
) -> None:
    assert reached.get(name) == expected


@pytest.mark.parametrize(
    "name",
    [
        "lib.shell.plain",
        "lib.deep.Base",
        "lib.deep.Runner",
        "lib.deep.Holder.use",
        "lib.deep.far",
        "lib.text.reads",
        "lib.text.constant",
        "lib.text.imports_one",
    ],
)
def test_leaves_alone_what_does_not(reached: dict[str, tuple[str, int, bool]], name: str) -> None:
    assert name not in reached


def test_the_shipped_table_is_made_of_the_lists(tmp_path: Path) -> None:
    build = [sys.executable, str(KNOWLEDGE / "build")]
    assert subprocess.run([*build, "--check"], check=False).returncode == 0
    once, again = tmp_path / "once.c", tmp_path / "again.c"
    for out in (once, again):
        subprocess.run([*build, "--out", str(out)], check=True, stderr=subprocess.DEVNULL)
    assert once.read_bytes() == again.read_bytes()
    once.write_bytes(once.read_bytes() + b"\n")
    assert subprocess.run([*build, "--check", "--out", str(once)], check=False).returncode == 1
