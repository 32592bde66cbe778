"""nesting_families - attacks whose payload is inside something: a pickle, code, encoded text, a file, a repository."""

from __future__ import annotations

import marshal
import random
from typing import Any

import invented
from arguments import Arguments
from assembler import (
    Call,
    Style,
    any_style,
    assemble,
    attribute,
)
from callables import Payload, gadget_words
from calling import call, made
from expressions import nodes_of
from gadget_table import LINES
from opcode_families import Maker


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


def o25(rng: random.Random, one: Payload) -> bytes:
    loads = [(s, line) for s, line in LINES if s == "load"]
    line = rng.choice(loads)[1]
    inner = assemble(one.node, any_style(rng))
    for _ in range(rng.choice([0, 0, 0, 1, 3])):
        inner = assemble(call("pickle", "loads", inner), any_style(rng))
    return made(rng, nodes_of(line, {**gadget_words(rng), "INNER": inner}))


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


FAMILIES: dict[str, Maker] = {
    n.upper(): make for n, make in list(globals().items()) if n[:1] == "o" and n[1:].isdigit()
}
