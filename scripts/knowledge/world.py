"""A set of modules that import one another: what a path in one of them stands for in the others."""

from __future__ import annotations

import builtins
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sources_ast import Class, Function, Module, read_module

DEPTH = 12
ASIDE = frozenset({"__pycache__", "test", "tests", "lib2to3", "idlelib", "turtledemo"})
BUILTINS = frozenset(dir(builtins)) | {"execfile", "reload"}


@dataclass(frozen=True)
class Meaning:
    """What a path stands for: a `module`, `function`, `class`, `instance` of a class, `seed`, an
    outside `name`, or an `attribute` of something unknown."""

    kind: str
    name: str


NOTHING = Meaning("attribute", "")


def steps(path: str) -> list[str]:
    """`a.b().c` as ["a", "b", "()", "c"]."""
    return [s for s in path.replace("()", ".()").split(".") if s]


def source_files(top: Path, skip: frozenset[str]) -> Iterator[tuple[Path, str]]:
    """Python files under a folder that modules are imported from, with their module names."""
    for folder, folders, names in os.walk(top):
        here = Path(folder)
        parts = here.relative_to(top).parts
        folders[:] = sorted(f for f in folders if f.isidentifier() and f not in ASIDE)
        if here == top:
            folders[:] = [f for f in folders if f not in skip]
        for name in sorted(names):
            stem, suffix = os.path.splitext(name)
            if suffix != ".py" or not (stem.isidentifier() or stem == "__init__"):
                continue
            dotted = parts if stem == "__init__" else (*parts, stem)
            if dotted:
                yield here / name, ".".join(dotted)


class World:
    """Modules by name, and how their names resolve."""

    def __init__(self, seeds: frozenset[str]) -> None:
        self.seeds = seeds
        self.modules: dict[str, Module] = {}
        self.functions: dict[str, Function] = {}
        self.classes: dict[str, Class] = {}
        self.known: dict[str, Meaning] = {}

    def add(self, top: Path, skip: frozenset[str] = frozenset()) -> None:
        """The modules under a folder that modules are imported from."""
        self.known.clear()
        for file, name in source_files(top, skip):
            module = read_module(file, name)
            if module is None or name in self.modules:
                continue
            self.modules[name] = module
            self.functions |= {f.name: f for f in module.functions.values()}
            self.classes |= {c.name: c for c in module.classes.values()}

    def meaning(self, path: str, depth: int = DEPTH) -> Meaning:
        if path in self.known:
            return self.known[path]
        if depth == 0:
            return NOTHING
        self.known[path] = NOTHING  # for paths that lead back to themselves
        self.known[path] = found = self.walk(path, depth)
        return found

    def walk(self, path: str, depth: int) -> Meaning:
        if path.startswith("super:"):
            return self.super_method(path[len("super:") :], depth)
        module, colon, rest = path.partition(":")
        parts = steps(rest if colon else path)
        if not parts or (colon and module not in self.modules):
            return NOTHING
        if colon:
            found = self.member(module, parts[0], depth)
            if found is NOTHING and parts[0] in BUILTINS:
                found = self.named(f"builtins.{parts[0]}")
        elif parts[0] == "?":
            return Meaning("attribute", parts[-1]) if len(parts) == 2 else NOTHING
        else:
            found = Meaning("module" if parts[0] in self.modules else "name", parts[0])
        for step in parts[1:]:
            found = self.step(found, step, depth)
        return found

    def super_method(self, body: str, depth: int) -> Meaning:
        """pkg.Class.method: the method of the nearest base that has one."""
        holder = next(
            (c for c in (body.rsplit(".", n)[0] for n in range(1, 4)) if c in self.classes), ""
        )
        if not holder:
            return NOTHING
        names = steps(body[len(holder) :])
        for base in self.ancestry(holder, depth)[1:]:
            if names and names[0] in self.classes[base].methods:
                return Meaning("function", self.classes[base].methods[names[0]])
        return NOTHING

    def named(self, name: str) -> Meaning:
        return Meaning("seed" if name in self.seeds else "name", name)

    def member(self, module: str, name: str, depth: int) -> Meaning:
        """A name of a module of this world."""
        full = f"{module}.{name}"
        if full in self.seeds:
            return Meaning("seed", full)
        if full in self.functions:
            return Meaning("function", full)
        if full in self.classes:
            return Meaning("class", full)
        found = self.modules[module]
        target = found.symbols.get(name)
        if target is not None and target not in (full, f"{module}:{name}"):
            return self.meaning(target, depth - 1)
        if full in self.modules:
            return Meaning("module", full)
        for star in found.stars:
            if star in self.modules and depth > 1 and star != module:
                got = self.member(star, name, depth - 1)
                if got is not NOTHING:
                    return got
        return NOTHING

    def step(self, found: Meaning, step: str, depth: int) -> Meaning:
        if step == "()":
            return self.result(found, depth)
        full = f"{found.name}.{step}"
        if full in self.seeds and found.kind != "attribute":
            return Meaning("seed", full)
        if found.kind == "module":
            got = self.member(found.name, step, depth)
            return got if got is not NOTHING else self.named(full)
        if found.kind in ("class", "instance"):
            return self.attribute(found, step, depth)
        if found.kind == "name":
            return Meaning("module" if full in self.modules else "name", full)
        return Meaning("attribute", step)

    def result(self, found: Meaning, depth: int) -> Meaning:
        if found.kind == "class":
            return Meaning("instance", found.name)
        if found.kind == "function" and found.name in self.functions and depth > 0:
            for path in self.functions[found.name].returns:
                got = self.meaning(path, depth - 1)
                if got.kind == "instance":
                    return got
        return NOTHING

    def ancestry(self, name: str, depth: int = DEPTH) -> list[str]:
        """A class and its bases, nearest first."""
        order = [name]
        for holder in order:
            for base in self.classes[holder].bases:
                got = self.meaning(base, depth - 1) if depth > 1 else NOTHING
                if got.kind == "class" and got.name not in order and len(order) < 64:
                    order.append(got.name)
        return order

    def attribute(self, found: Meaning, name: str, depth: int) -> Meaning:
        for holder in self.ancestry(found.name, depth):
            if f"{holder}.{name}" in self.seeds:
                return Meaning("seed", f"{holder}.{name}")
            there = self.classes[holder]
            if name in there.methods:
                return Meaning("function", there.methods[name])
            if f"{holder}.{name}" in self.classes:
                return Meaning("class", f"{holder}.{name}")
            if name in there.attributes and depth > 1:
                return self.meaning(there.attributes[name], depth - 1)
        return Meaning("attribute", name)
