"""callables - what payloads call: tables of gadgets, names of libraries that reach a sink, invented ones.

A Payload is a node of the assembler. Where it comes from is its `source`: a fold that leaves out
"invented" or "walked" has never seen such names.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import invented
from arguments import Arguments
from assembler import Call, Name, any_style, assemble
from expressions import first_name, keyword_call, nodes_of
from gadget_table import LINES
from sinks_walk import walk

ROOT = Path(__file__).resolve().parents[2]
WALKED: list[tuple[str, str, str]] = []  # (module, name, sink), by prepare()
SHARES = {"expression": 9, "known": 5, "walked": 4, "invented": 7, "opaque": 2}


@dataclass(frozen=True)
class Payload:
    node: Any
    callee: str
    sink: str  # spawn, exec, connect, file, delete, native, load, unknown
    source: str


def simple(rng: random.Random) -> Any:
    """The call most often seen in the wild."""
    made = Arguments(rng)
    owner = rng.choice(["os", "posix", "os", "nt", "posix"])
    return rng.choice(
        [
            Call(Name(owner, "system"), (made.shell(),)),
            Call(Name("builtins", "eval"), (made.expr(),)),
            Call(Name("builtins", "exec"), (made.code(),)),
            Call(Name("subprocess", "Popen"), (made.argv(),)),
            Call(Name(owner, "popen"), (made.shell(),)),
        ]
    )


def inner_pickle(rng: random.Random) -> bytes:
    return assemble(simple(rng), any_style(rng))


def gadget_words(rng: random.Random) -> dict[str, Any]:
    """What stands for the words in capitals of the table."""
    made = Arguments(rng)
    library = made.path()
    return {
        "SHELL": made.shell(),
        "ARGV": made.argv(),
        "CODE": made.code(),
        "EXPR": made.expr(),
        "FILE": f"{made.folder()}/{made.word()}.py",
        "MODULE": made.word(),
        "HOST": made.host(),
        "PORT": made.port(),
        "URL": made.url(),
        "LIBRARY": library if library.endswith(".so") else library + ".so",
        "INNER": inner_pickle(rng),
        "OLD": made.secret(),
        "PATH": made.path(),
        "FOLDER": made.folder(),
        "TEXT": rng.choice([made.code(), made.shell(), made.word()]),
    }


def from_expression(rng: random.Random) -> Payload:
    sink, line = rng.choice(LINES)
    return Payload(nodes_of(line, gadget_words(rng)), first_name(line), sink, "expression")


def sink_arguments(rng: random.Random, sink: str) -> tuple[Any, ...]:
    """Arguments that suit a function of this kind."""
    made = Arguments(rng)
    if sink in ("spawn", "unknown"):
        return (rng.choice([made.shell, made.shell, made.argv])(),)
    if sink == "exec":
        return (rng.choice([made.code, made.expr, made.code])(),)
    if sink == "connect":
        return rng.choice(
            [(made.url(),), (made.host(), made.port()), ((made.host(), made.port()),)]
        )
    if sink == "file":
        return rng.choice(
            [
                (made.path(), made.code()),
                (made.path(), "w"),
                (made.path(),),
                (made.secret(), made.path()),
            ]
        )
    if sink == "native":
        return (f"{made.folder()}/{made.word()}.so",)
    if sink == "delete":
        return (rng.choice([made.folder, made.secret])(),)
    return (rng.choice([inner_pickle(rng), made.path(), made.url()]),)


def more_arguments(rng: random.Random, first: tuple[Any, ...]) -> tuple[Any, ...]:
    """Real calls have other arguments too."""
    extras = [None, True, 0, 30, {}, [], "utf-8", {"timeout": 5}, rng.choice(invented.KIND)]
    roll = rng.random()
    if roll < 0.65:
        return first
    if roll < 0.85:
        return (*first, *rng.sample(extras, rng.randrange(1, 3)))
    return (rng.choice(extras), *first)


def split(name: str) -> Name:
    """A dotted name as module and path: the path begins with the first class, or is the last word."""
    parts = name.split(".")
    for place, part in enumerate(parts[1:-1], 1):
        if part.strip("_")[:1].isupper():
            return Name(".".join(parts[:place]), ".".join(parts[place:]))
    return Name(".".join(parts[:-1]), parts[-1])


@cache
def known_names() -> tuple[tuple[str, str], ...]:
    """(name, sink) of the judge's own knowledge, one call away from the sink at most."""
    found = []
    for line in (ROOT / "scripts/knowledge/reached.tsv").read_text(encoding="utf-8").splitlines():
        fields = line.split("\t")
        near = len(fields) > 2 and fields[2] in ("0", "1")
        if near and fields[1] in ("spawn", "exec", "connect", "file", "native", "load", "delete"):
            found += [(name, fields[1]) for name in fields[0].split() if not name.endswith("*")]
    return tuple(found)


def library_folders() -> tuple[str, ...]:
    """The standard library and the site-packages of the interpreter that runs this."""
    import sysconfig

    return tuple(sorted({sysconfig.get_path("stdlib"), sysconfig.get_path("purelib")}))


def prepare(share: int) -> None:
    """Walks every `share`th source file of the libraries; a second time nothing happens."""
    if not WALKED:
        WALKED.extend(sorted({found for f in library_folders() for found in walk(Path(f), share)}))


def from_known(rng: random.Random) -> Payload:
    name, sink = rng.choice(known_names())
    node = Call(split(name), more_arguments(rng, sink_arguments(rng, sink)))
    return Payload(node, name, sink, "known")


def from_walk(rng: random.Random) -> Payload:
    module, path, sink = rng.choice(WALKED)
    arguments = sink_arguments(rng, sink)
    if "." in path:  # a method as a function: something stands for self
        arguments = (rng.choice([None, {}, "x"]), *arguments)
    node = Call(Name(module, path), more_arguments(rng, arguments))
    return Payload(node, f"{module}.{path}", sink, "walked")


def invented_name(rng: random.Random) -> tuple[Name, str]:
    kinds = [
        ("spawn", invented.RUN_VERBS, invented.RUN_NOUNS),
        ("exec", invented.RUN_VERBS, invented.RUN_NOUNS),
    ]
    kinds += [("connect", invented.FETCH_VERBS, invented.FETCH_NOUNS)]
    kinds += [
        ("file", invented.WRITE_VERBS, invented.WRITE_NOUNS),
        ("load", invented.LOAD_VERBS, [""]),
    ]
    sink, verbs, nouns = rng.choices(kinds, [4, 3, 3, 2, 1])[0]
    return Name(
        invented.module(rng), invented.styled(rng, rng.choice(verbs), rng.choice(nouns))
    ), sink


def from_invented(rng: random.Random) -> Payload:
    name, sink = invented_name(rng)
    arguments = more_arguments(rng, sink_arguments(rng, sink))
    node: Any = Call(name, arguments)
    if rng.random() < 0.08:
        node = keyword_call(
            name, (), {rng.choice(["cmd", "command", "source", "target"]): arguments[0]}
        )
    return Payload(node, f"{name.module}.{name.path}", sink, "invented")


def from_opaque(rng: random.Random) -> Payload:
    """A function whose name says nothing, with arguments that say all."""
    name = Name(invented.module(rng), invented.opaque(rng))
    sink = rng.choice(["spawn", "exec"])
    node = Call(name, more_arguments(rng, sink_arguments(rng, sink)))
    return Payload(node, f"{name.module}.{name.path}", sink, "opaque")


def payload(rng: random.Random) -> Payload:
    source = rng.choices(list(SHARES), list(SHARES.values()))[0]
    make = {
        "expression": from_expression,
        "known": from_known,
        "walked": from_walk if WALKED else from_known,
        "invented": from_invented,
        "opaque": from_opaque,
    }[source]
    return make(rng)
