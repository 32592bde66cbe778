"""gadgets - callables of installed libraries that reach a process, a connection, program text or
a file, each as a pickle in memory. Found by reading the libraries; no payload does more than
touch its canary.

A gadget's expression is written as it would be in Python; `compile_pickle` turns it into opcodes:
names become GLOBAL, calls become REDUCE, attributes become calls of getattr.
"""

from __future__ import annotations

import ast
import pickle
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# What stands for this gadget's own canary, in an expression.
#   CANARY   path of the file whose being there shows that the gadget ran
#   TOUCH    a shell command that makes it;  ARGV  the same as a list of words
#   CODE     Python text that makes it;      FILE  a Python file that does
#   HOST, PORT  where a connection is waited for (which then makes the canary)
WORDS = ("CANARY", "TOUCH", "ARGV", "CODE", "FILE", "HOST", "PORT", "URL", "PLACE")


class Writer:
    """Opcodes for one expression; protocol 2 is what every loader reads."""

    def __init__(self, words: dict[str, Any], modules: dict[str, str]) -> None:
        self.out = bytearray(b"\x80\x04")
        self.words = words
        self.modules = modules

    def constant(self, value: Any) -> None:
        self.out += pickle.dumps(value, 4)[2:-1].replace(b"\x94", b"") if _flat(value) else b""
        if not _flat(value):
            raise TypeError(f"no constant: {value!r}")

    def text(self, value: str) -> None:
        data = value.encode("utf-8", "surrogatepass")
        self.out += b"X" + struct.pack("<I", len(data)) + data

    def name(self, module: str, qualname: str) -> None:
        self.text(module)
        self.text(qualname)
        self.out += b"\x93"

    def tuple(self, items: list[ast.expr]) -> None:
        self.out += b"("
        for item in items:
            self.visit(item)
        self.out += b"t"

    def visit(self, node: ast.expr) -> None:
        handler: Callable[[Any], None] = getattr(self, f"on_{type(node).__name__.lower()}")
        handler(node)

    def on_constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.text(node.value)
        else:
            self.constant(node.value)

    def on_name(self, node: ast.Name) -> None:
        if node.id in self.words:
            self.visit(ast.parse(repr(self.words[node.id]), mode="eval").body)
        else:
            self.name("builtins", node.id)

    def on_unaryop(self, node: ast.UnaryOp) -> None:
        self.constant(ast.literal_eval(node))

    def on_attribute(self, node: ast.Attribute) -> None:
        dotted = ast.unparse(node)
        for module in sorted(self.modules, key=len, reverse=True):
            if dotted.startswith(module + "."):
                self.name(module, dotted[len(module) + 1 :])
                return
        self.name("builtins", "getattr")
        self.out += b"("
        self.visit(node.value)
        self.text(node.attr)
        self.out += b"tR"

    def on_tuple(self, node: ast.Tuple) -> None:
        self.tuple(node.elts)

    def on_list(self, node: ast.List) -> None:
        self.out += b"]("
        for item in node.elts:
            self.visit(item)
        self.out += b"e"

    def on_dict(self, node: ast.Dict) -> None:
        self.out += b"}("
        for key, value in zip(node.keys, node.values, strict=True):
            assert key is not None
            self.visit(key)
            self.visit(value)
        self.out += b"u"

    def on_call(self, node: ast.Call) -> None:
        if not node.keywords:
            self.visit(node.func)
            self.tuple(node.args)
            self.out += b"R"
            return
        # partial(f) with a state (f, args, keywords, attributes), then called
        self.name("functools", "partial")
        self.out += b"("
        self.visit(node.func)
        self.out += b"tR("
        self.visit(node.func)
        self.tuple(node.args)
        self.out += b"}("
        for keyword in node.keywords:
            assert keyword.arg is not None
            self.text(keyword.arg)
            self.visit(keyword.value)
        self.out += b"u}tb)R"


def _flat(value: Any) -> bool:
    return value is None or isinstance(value, (int, float, bytes))


@dataclass(frozen=True)
class Gadget:
    """One way from a pickle to an effect."""

    name: str
    expression: str
    effect: str  # spawn, connect, code, native, file: what would happen first
    needs: str  # a module without which it is skipped


def modules_of(expression: str) -> dict[str, str]:
    """The modules that names of an expression begin with: the longest known prefix counts."""
    found = {}
    for node in ast.walk(ast.parse(expression, mode="eval")):
        if isinstance(node, ast.Attribute):
            dotted = ast.unparse(node)
            for module in MODULES:
                if dotted.startswith(module + "."):
                    found[module] = module
    return found


def compile_pickle(gadget: Gadget, words: dict[str, Any]) -> bytes:
    writer = Writer(words, modules_of(gadget.expression))
    writer.visit(ast.parse(gadget.expression, mode="eval").body)
    return bytes(writer.out) + b"."


def _read(table: str) -> list[Gadget]:
    gadgets = []
    for line in table.strip().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        effect, expression = line.split(None, 1)
        dotted = [module for module in MODULES if module + "." in expression]
        needs = max(dotted, key=len).split(".")[0] if dotted else "builtins"
        name = expression.split("(")[0]
        same = sum(gadget.name.split("#")[0] == name for gadget in gadgets)
        gadgets.append(Gadget(f"{name}#{same + 1}" if same else name, expression, effect, needs))
    return gadgets
