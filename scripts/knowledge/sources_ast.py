"""What a Python module defines, imports and calls, read from its source and never run.

Names are dotted paths. A path may hold `()`, the result of a call: `subprocess.Popen().wait` is the
method of an instance. Paths are absolute as far as the module alone can tell.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

UNKNOWN = ""


@dataclass
class Call:
    """A call inside a function: the path of what is called, and what the arguments are."""

    path: str
    constant: bool = False  # the first argument is a literal
    parameter: bool = False  # the first argument is a parameter, or made of one
    mode: str | None = None  # a literal second argument or `mode=`: how open() opens; "?": computed


@dataclass
class Function:
    """A function or method; a nested one is named outer.<locals>.inner."""

    name: str
    calls: list[Call] = field(default_factory=list)
    returns: list[str] = field(default_factory=list)  # paths of what is returned
    relays: bool = False  # calls one of its parameters


@dataclass
class Class:
    """A class: the paths of its bases, its methods by name, types of attributes of its instances."""

    name: str
    bases: list[str] = field(default_factory=list)
    methods: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass
class Module:
    """A module: what its names stand for."""

    name: str
    package: str
    symbols: dict[str, str] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    functions: dict[str, Function] = field(default_factory=dict)
    classes: dict[str, Class] = field(default_factory=dict)
    rebuilders: set[str] = field(default_factory=set)  # paths that __reduce__ gives


def statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """All statements of a scope, also those inside if, try, with and loops."""
    for node in body:
        yield node
        for name in ("body", "orelse", "finalbody"):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield from statements(getattr(node, name, []))
        for handler in getattr(node, "handlers", []):
            yield from statements(handler.body)


def expressions(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes of a scope, without those of nested functions and classes."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        yield child
        yield from expressions(child)


class Scope:
    """What names stand for inside a function, on top of its module."""

    def __init__(self, reader: Reader, holder: str, outer: Scope | None = None) -> None:
        self.reader = reader
        self.holder = holder  # path of the class, or ""
        self.names: dict[str, str] = dict(outer.names) if outer else {}
        self.parameters: set[str] = set(outer.parameters) if outer else set()
        self.own: str | None = outer.own if outer else None  # the parameter that is the instance

    def path(self, node: ast.expr | None) -> str:
        """The path that an expression stands for, or UNKNOWN."""
        if isinstance(node, ast.Name):
            if node.id == self.own:
                return f"{self.holder}()"
            if node.id in self.names:
                return self.names[node.id]
            return UNKNOWN if node.id in self.parameters else f"{self.reader.module.name}:{node.id}"
        if isinstance(node, ast.Attribute):
            base = self.path(node.value)
            return f"{base}.{node.attr}" if base else f"?.{node.attr}"
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id == "super" and self.holder:
                return f"super:{self.holder}"
            base = self.path(node.func)
            return f"{base}()" if base else UNKNOWN
        if isinstance(node, ast.Await):
            return self.path(node.value)
        return UNKNOWN


class Reader:
    """Reads one module."""

    def __init__(self, name: str, is_package: bool) -> None:
        package = name if is_package else name.rpartition(".")[0]
        self.module = Module(name, package)

    def read(self, source: str) -> Module:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
        scope = Scope(self, "")
        for node in statements(tree.body):
            self.define(node, scope)
        body = Function("<module>")
        self.calls(tree, scope, body)
        return self.module

    def define(self, node: ast.stmt, scope: Scope) -> None:
        symbols = self.module.symbols
        if isinstance(node, ast.Import | ast.ImportFrom):
            self.take_import(node, symbols)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self.take_function(node, node.name, Scope(self, ""))
        elif isinstance(node, ast.ClassDef):
            self.take_class(node, node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            path = scope.path(node.value)
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name) and path and path != f":{target.id}":
                    symbols.setdefault(target.id, path)

    def take_import(self, node: ast.Import | ast.ImportFrom, names: dict[str, str]) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.split(".")[0]
                names[alias.asname or top] = alias.name if alias.asname else top
            return
        base = node.module or ""
        if node.level:
            parts = self.module.package.split(".")
            parts = parts[: len(parts) - node.level + 1]
            base = ".".join([*parts, base] if base else parts)
        for alias in node.names:
            if alias.name == "*":
                self.module.stars.append(base)
            else:
                names[alias.asname or alias.name] = f"{base}.{alias.name}"

    def take_class(self, node: ast.ClassDef, qualname: str) -> None:
        full = f"{self.module.name}.{qualname}"
        scope = Scope(self, full)
        found = Class(full, [scope.path(base) for base in node.bases])
        self.module.classes.setdefault(qualname, found)
        self.module.symbols.setdefault(qualname, full)
        for item in statements(node.body):
            if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
                inner = Scope(self, full)
                self.own_parameter(item, inner)
                found.methods[item.name] = f"{full}.{item.name}"
                self.take_function(item, f"{qualname}.{item.name}", inner, found)
            elif isinstance(item, ast.ClassDef):
                self.take_class(item, f"{qualname}.{item.name}")
            elif isinstance(item, ast.Assign):
                for target in item.targets:
                    path = scope.path(item.value)
                    if isinstance(target, ast.Name) and path:
                        found.attributes.setdefault(target.id, path)

    @staticmethod
    def own_parameter(node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> None:
        marks = {d.id for d in node.decorator_list if isinstance(d, ast.Name)}
        if node.args.args and "staticmethod" not in marks:
            scope.own = node.args.args[0].arg

    def take_function(
        self,
        node: ast.FunctionDef | ast.AsyncFunctionDef,
        qualname: str,
        scope: Scope,
        holder: Class | None = None,
    ) -> None:
        found = Function(f"{self.module.name}.{qualname}")
        self.module.functions.setdefault(qualname, found)
        if holder is None and "." not in qualname:
            self.module.symbols.setdefault(qualname, found.name)
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        scope.parameters |= {a.arg for a in arguments}
        for argument in arguments:
            path = scope.path(argument.annotation)
            if path and argument.arg != scope.own and "?" not in path:
                scope.names[argument.arg] = f"{path}()"
        for item in statements(node.body):
            self.local(item, qualname, scope, holder)
        self.calls(node, scope, found)
        for item in statements(node.body):
            if isinstance(item, ast.Return) and item.value is not None:
                self.take_return(item.value, node.name, scope, found)

    def local(self, node: ast.stmt, qualname: str, scope: Scope, holder: Class | None) -> None:
        if isinstance(node, ast.Import | ast.ImportFrom):
            self.take_import(node, scope.names)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inner = f"{qualname}.<locals>.{node.name}"
            scope.names[node.name] = f"{self.module.name}.{inner}"
            self.take_function(node, inner, Scope(self, scope.holder, scope), holder)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                self.assign(target, scope.path(node.value), scope, holder)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            self.assign(node.target, scope.path(node.value), scope, holder)
        elif isinstance(node, ast.With | ast.AsyncWith):
            for item in node.items:
                if item.optional_vars is not None:
                    self.assign(item.optional_vars, scope.path(item.context_expr), scope, holder)

    @staticmethod
    def assign(target: ast.expr, path: str, scope: Scope, holder: Class | None) -> None:
        if not path or "?" in path:
            return
        if isinstance(target, ast.Name):
            scope.names[target.id] = path
        elif (
            isinstance(target, ast.Attribute)
            and isinstance(target.value, ast.Name)
            and target.value.id == scope.own
            and holder is not None
        ):
            holder.attributes.setdefault(target.attr, path)

    def take_return(self, value: ast.expr, name: str, scope: Scope, found: Function) -> None:
        path = scope.path(value)
        if path:
            found.returns.append(path)
        if name in ("__reduce__", "__reduce_ex__") and isinstance(value, ast.Tuple) and value.elts:
            rebuilder = scope.path(value.elts[0])
            if rebuilder and "(" not in rebuilder and "?" not in rebuilder:
                self.module.rebuilders.add(rebuilder)

    def calls(self, node: ast.AST, scope: Scope, found: Function) -> None:
        decorators = {id(d) for d in getattr(node, "decorator_list", [])}
        for item in expressions(node):
            if not isinstance(item, ast.Call) or id(item) in decorators:
                continue
            path = scope.path(item.func)
            if isinstance(item.func, ast.Name) and item.func.id in scope.parameters:
                found.relays = True
            if path:
                found.calls.append(self.call(item, path, scope))
            for argument in [*item.args, *(k.value for k in item.keywords)]:
                if isinstance(argument, ast.Name | ast.Attribute):
                    handed = scope.path(argument)
                    if handed and "?" not in handed:
                        found.calls.append(Call(f"&{handed}"))  # handed on, perhaps called there

    @staticmethod
    def call(node: ast.Call, path: str, scope: Scope) -> Call:
        first = node.args[0] if node.args else None
        used = {n.id for n in ast.walk(first) if isinstance(n, ast.Name)} if first else set()
        mode: ast.expr | None = node.args[1] if len(node.args) > 1 else None
        for keyword in node.keywords:
            mode = keyword.value if keyword.arg == "mode" else mode
        text = None
        if mode is not None:
            literal = isinstance(mode, ast.Constant) and isinstance(mode.value, str)
            text = str(mode.value) if literal and isinstance(mode, ast.Constant) else "?"
        return Call(
            path,
            constant=isinstance(first, ast.Constant),
            parameter=bool(used & scope.parameters),
            mode=text,
        )


def read_module(path: Path, name: str) -> Module | None:
    """The module in a file, or None when it is no source that this Python can parse."""
    try:
        source = path.read_text(encoding="utf-8")
        return Reader(name, path.name == "__init__.py").read(source)
    except (SyntaxError, ValueError, UnicodeDecodeError, RecursionError):
        return None
