"""Ways round the hooks of libc, and what stops each: a table in build/bypass.txt.

Each way tries to get at the bytes of a malicious model, and to load them. "stopped": it got no bytes.
"not loaded": it got the bytes, but unpickling them was refused. "through": nothing was in its way.
"""

import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import payloads
import pytest
from conftest import BUILD, CLI, FILES_ONLY, compiled, guarded, policy_file, run

pytestmark = pytest.mark.skipif(
    platform.machine() not in {"x86_64", "aarch64"}, reason="profiles are for x86-64 and arm64"
)

PYTHON = "/usr/bin/python3"
SOURCE = Path(__file__).with_name("bypass_reader.c")

# What a program does with the bytes that it got: the programs below set `data`, or end.
LOAD = """
import pickle
print("bytes")
sys.stdout.flush()
try:
    pickle.loads(data)
except PermissionError:
    pass
"""
START = "import ctypes, os, subprocess, sys\nway, path, library, static = sys.argv[1:]\n"
BY_LIBRARY = """
into = ctypes.create_string_buffer(1 << 16)
code = ctypes.CDLL(library).sg_bypass
code.restype = ctypes.c_long
got = code(way.encode(), path.encode(), into, ctypes.c_size_t(1 << 16))
if got <= 0:
    sys.exit()
data = into.raw[:got]
"""
OPEN = "try:\n    data = open(path, 'rb').read()\nexcept PermissionError:\n    sys.exit()\n"
HANDLE = """
libc = ctypes.CDLL("libc.so.6")
fd = libc.open(path.encode(), os.O_RDONLY)
into = ctypes.create_string_buffer(1 << 16)
{read}
if got <= 0:
    sys.exit()
data = into.raw[:got]
"""
BY_HOOK = (
    "try:\n    into.raw = os.read(fd, 1 << 16); got = 1 << 16\nexcept OSError:\n    got = -1\n"
)
PROGRAM = """
try:
    data = subprocess.run([static, "openat", path], capture_output=True).stdout
except OSError:
    sys.exit()
if not data:
    sys.exit()
"""
MEMFD = """
fd = os.memfd_create("program", 0)
os.write(fd, open(static, "rb").read())
reader, writer = os.pipe()
pid = os.fork()
if pid == 0:
    os.dup2(writer, 1)
    libc, number = ctypes.CDLL(None), {"x86_64": 322, "aarch64": 281}[os.uname().machine]
    words = (ctypes.c_char_p * 4)(b"static", b"openat", path.encode(), None)
    libc.syscall(number, fd, b"", words, (ctypes.c_char_p * 1)(None), 0x1000)
    os._exit(1)
os.close(writer)
data = b"".join(iter(lambda: os.read(reader, 1 << 16), b""))
os.waitpid(pid, 0)
if not data:
    sys.exit()
"""


@dataclass(frozen=True)
class Way:
    """A program, and what stops it under each level."""

    name: str
    program: str
    expected: tuple[str, str, str]
    needs: str = ""  # a call that this kernel may lack


LEVELS = ("off", "no-bypass", "inference")
COLUMNS = (*LEVELS, "supervise")
WAYS = [
    Way("open of Python", OPEN, ("stopped", "stopped", "stopped")),
    Way(
        "open by libc's own handle, read by Python",
        HANDLE.format(read=BY_HOOK),
        ("stopped", "stopped", "stopped"),
    ),
    Way(
        "open and read by libc's own handle",
        HANDLE.format(read="got = libc.read(fd, into, ctypes.c_size_t(1 << 16))"),
        ("not loaded", "not loaded", "not loaded"),
    ),
    Way("syscall(SYS_openat) and raw read", BY_LIBRARY, ("not loaded",) * 3, "openat"),
    Way("openat2 and raw read", BY_LIBRARY, ("not loaded", "stopped", "stopped"), "openat2"),
    Way(
        "open_by_handle_at and raw read",
        BY_LIBRARY,
        ("not loaded", "stopped", "stopped"),
        "open_by_handle_at",
    ),
    Way("io_uring", BY_LIBRARY, ("not loaded", "stopped", "stopped"), "io_uring"),
    Way("a static program", PROGRAM, ("not loaded", "not loaded", "stopped")),
    Way("a static program in a memfd, by execveat", MEMFD, ("not loaded", "not loaded", "stopped")),
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bypass")
    compiled(SOURCE, folder / "static", "-O1", "-static")
    compiled(SOURCE, folder / "reader.so", "-O1", "-shared", "-fPIC")
    return folder


@pytest.fixture(scope="module")
def table() -> Iterator[dict[str, dict[str, str]]]:
    """What was found, written down at the end."""
    rows: dict[str, dict[str, str]] = {}
    yield rows
    width = max(len(name) for name in rows) + 2
    lines = [" " * width + "".join(f"{level:<14}" for level in COLUMNS)]
    lines += [
        f"{name:<{width}}" + "".join(f"{row.get(level, '?'):<14}" for level in COLUMNS)
        for name, row in rows.items()
    ]
    (BUILD / "bypass.txt").write_text("".join(f"{line.rstrip()}\n" for line in lines))


def outcome(
    way: Way, place: Path, built: Path, env: dict[str, str], before: Sequence[str | Path] = ()
) -> str:
    canary, model = place / "canary", place / "model.pkl"
    model.write_bytes(payloads.pickle_of(canary, 4))
    canary.unlink(missing_ok=True)
    words = [way.needs or "none", model, built / "reader.so", built / "static"]
    done = run([*before, PYTHON, "-c", START + way.program + LOAD, *words], env=env, cwd=place)
    assert (done.status, "Traceback" in done.err) == (0, False), done
    if canary.exists():
        return "through"
    return "not loaded" if done.out == "bytes\n" else "stopped"


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_way_round_the_hooks(
    way: Way, place: Path, built: Path, table: dict[str, dict[str, str]]
) -> None:
    if outcome(way, place, built, {}) != "through":
        pytest.skip(f"this kernel (or user) is refused {way.needs or way.name} anyway")
    for level, expected in zip(LEVELS, way.expected, strict=True):
        policy = policy_file(place, f"[seccomp]\nprofile = {level}\n")
        found = outcome(way, place, built, guarded(policy=policy))
        table.setdefault(way.name, {})[level] = found
        assert found == expected, level
    supervise: list[str | Path] = [CLI, "run", "--supervise", "--"]
    if run([*supervise, "true"]).status == 0:  # else this kernel does not let it, and it said so
        found = outcome(way, place, built, {}, supervise)
        table[way.name]["supervise"] = found
        assert found == "stopped"


def test_without_the_python_layer_raw_bytes_go_through(place: Path, built: Path) -> None:
    """What the table's "not loaded" rests on."""
    (raw,) = [way for way in WAYS if way.needs == "openat"]
    env = guarded(policy=policy_file(place, FILES_ONLY))
    assert outcome(raw, place, built, env) == "through"


def test_static_program_is_no_command_of_run(built: Path, place: Path) -> None:
    done = run([CLI, "run", "--", built / "static", "openat", "/etc/hostname"], cwd=place)
    assert done.status == 125
    assert os.path.basename(done.err.split(": ")[2]) == "static"
