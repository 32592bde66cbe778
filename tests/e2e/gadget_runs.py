"""gadget_runs - runs gadgets in an interpreter, each with a canary of its own."""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from conftest import BUILD, ROOT, clean_environment
from gadgets import Gadget, compile_pickle

UNPICKLING = Path(__file__).with_name("unpickling.py")
SECONDS = 20
CONSTRUCTOR = """
#include <fcntl.h>
#include <unistd.h>
__attribute__((constructor)) static void run(void) { close(open(CANARY, O_CREAT | O_WRONLY, 0600)); }
"""


@dataclass
class Outcome:
    ran: bool  # its canary is there
    raised: str  # the exception's full name, "" if there was none
    message: str
    ended: bool  # False: the process ended or hung in it


@contextmanager
def listener(canary: Path) -> Iterator[int]:
    """Waits for connections on loopback; the first makes the canary."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
    ):
        datagrams.bind(server.getsockname())
        server.settimeout(0.1)
        datagrams.settimeout(0.1)
        done = threading.Event()

        def wait(take: Any) -> None:
            while not done.is_set():
                try:
                    got = take()
                except OSError:
                    continue
                canary.touch()
                if isinstance(got[0], socket.socket):
                    got[0].close()

        threads = [
            threading.Thread(target=wait, args=(take,))
            for take in (server.accept, lambda: datagrams.recvfrom(10))
        ]
        for thread in threads:
            thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            done.set()
            for thread in threads:
                thread.join()


@cache
def constructor_library() -> Path:
    """A library whose constructor makes the file that GADGET_CANARY names."""
    path = BUILD / "tests" / "gadget_constructor.so"
    path.parent.mkdir(parents=True, exist_ok=True)
    source = (
        "#include <fcntl.h>\n#include <stdlib.h>\n#include <unistd.h>\n"
        "__attribute__((constructor)) static void run(void)\n"
        '{ close(open(getenv("GADGET_CANARY"), O_CREAT | O_WRONLY, 0600)); }\n'
    )
    command = ["cc", "-shared", "-fPIC", "-o", str(path), "-x", "c", "-"]
    subprocess.run(command, input=source, text=True, check=True)
    return path


def furnish(place: Path) -> dict[str, Any]:
    """A gadget's folder with what it may want, and what its words stand for."""
    canary = place / "canary"
    code = f"open({str(canary)!r}, 'w').close()"
    words = {
        "CANARY": str(canary),
        "PLACE": str(place),
        "TOUCH": f"touch {canary}",
        "ARGV": ["touch", str(canary)],
        "CODE": code,
        "EXPR": f"__import__('os').system('touch {canary}')",
        "FILE": str(place / "run.py"),
        "MODULE": "run",
        "HOST": "127.0.0.1",
        "OLD": str(place / "old"),
        "LIBRARY": str(place / "run.so"),
    }
    (place / "run.py").write_text(code + "\n")
    (place / "hubconf.py").write_text(code + "\n\n\ndef entry() -> int:\n    return 1\n")
    (place / "run.pth").write_text(f"import os; {code}\n")
    (place / "old").write_text("old\n")
    (place / "app").mkdir()
    (place / "app" / "a.py").write_text("b = print\n")
    shutil.copy(constructor_library(), place / "run.so")
    with zipfile.ZipFile(place / "run.zip", "w") as archive:
        archive.writestr("inzip.py", code + "\n")
    inner = Gadget("inner", "os.system(TOUCH)", "spawn")
    words["INNER"] = compile_pickle(inner, words)
    return words


def outside_temporary() -> Path:
    """A folder that no program takes for temporary, also where this checkout lies in one."""
    temporary = [Path(name) for name in (tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm")]
    inside = any(ROOT.is_relative_to(folder) for folder in temporary)
    return Path.home() / ".safeguard-gadgets" if inside else ROOT / "build" / "gadgets"


def run_one(
    python: str, gadget: Gadget, env: dict[str, str], way: str = "c", seconds: int = SECONDS
) -> Outcome:
    """Runs a gadget in a process of its own. Its folder lies outside temporary folders."""
    root = outside_temporary()
    root.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(dir=root))
    canary = place / "canary"
    try:
        words = furnish(place)
        with listener(canary) as port:
            words |= {"PORT": port, "URL": f"http://127.0.0.1:{port}/x"}
            job = {
                "number": 0,
                "way": way,
                "data": base64.b64encode(compile_pickle(gadget, words)).decode(),
            }
            told = run_jobs(python, [job], env | {"GADGET_CANARY": str(canary)}, place, seconds)
        ran = any(name.startswith("canary") for name in os.listdir(place))
        end: dict[str, Any] = next((one for one in told if "end" in one), {})
        return Outcome(ran, end.get("raised", ""), end.get("message", ""), bool(end))
    finally:
        shutil.rmtree(place, ignore_errors=True)


def run_jobs(
    python: str, jobs: list[dict[str, Any]], env: dict[str, str], cwd: Path, seconds: int
) -> list[dict[str, Any]]:
    process = subprocess.Popen(
        [python, str(UNPICKLING)],
        env=clean_environment() | env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=cwd,
        start_new_session=True,
        text=True,
    )
    try:
        out, _ = process.communicate(json.dumps(jobs), timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        out, _ = process.communicate()
    found = []
    for line in out.splitlines():
        if line.startswith('{"begin"') or line.startswith('{"end"'):
            found.append(json.loads(line))
    return found
