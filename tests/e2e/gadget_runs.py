"""gadget_runs - runs gadgets in an interpreter, each with a canary of its own."""

from __future__ import annotations

import base64
import json
import os
import selectors
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from conftest import BUILD, clean_environment, outside_temporary
from gadget_pickles import Gadget, compile_pickle

UNPICKLING = Path(__file__).with_name("unpickling.py")
HOST = "127.83.71.67"  # where nobody else on this machine would knock
SECONDS = 20
AT_ONCE = 6
HEAVY = ["numpy", "pandas", "torch", "sklearn", "joblib", "dill"]


@dataclass
class Outcome:
    ran: bool  # its canary is there
    raised: str  # the exception's full name, "" if there was none
    message: str
    ended: bool  # False: the process ended or hung in it


class Listener:
    """Waits on loopback; who connects, or sends, makes the canary of the port that it chose."""

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.wait)

    def __enter__(self) -> Listener:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.thread.join()
        for key in list(self.selector.get_map().values()):
            cast(socket.socket, key.fileobj).close()
        self.selector.close()

    def add(self, canary: Path) -> int:
        server = socket.create_server((HOST, 0))
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagrams.bind(server.getsockname())
        for one in (server, datagrams):
            one.setblocking(False)
            self.selector.register(one, selectors.EVENT_READ, canary)
        return int(server.getsockname()[1])

    def wait(self) -> None:
        while not self.done.is_set():
            for key, _ in self.selector.select(0.1):
                self.take(cast(socket.socket, key.fileobj), key.data)

    def take(self, one: socket.socket, canary: Path) -> None:
        try:
            if one.type == socket.SOCK_DGRAM:
                one.recv(10)
            else:
                one.accept()[0].close()
        except OSError:
            return
        with suppress(FileNotFoundError):  # its folder is gone: it came too late
            canary.touch()


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
        "HOST": HOST,
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


def prepare(number: int, gadget: Gadget, way: str, place: Path, port: int) -> dict[str, Any]:
    words = furnish(place) | {"PORT": port, "URL": f"http://{HOST}:{port}/x"}
    data = base64.b64encode(compile_pickle(gadget, words)).decode()
    return {"number": number, "way": way, "data": data, "place": str(place)}


def run_gadgets(
    python: str, gadgets: list[Gadget], env: dict[str, str], way: str = "c", fresh: bool = True
) -> dict[str, Outcome]:
    """Runs each in a process of its own, in a folder outside temporary folders. `fresh`: nothing is
    imported before, so that the load imports all it needs."""
    root = outside_temporary()
    root.mkdir(parents=True, exist_ok=True)
    whole = Path(tempfile.mkdtemp(dir=root))
    places = [whole / str(number) for number in range(len(gadgets))]
    try:
        with Listener() as listener:
            jobs = []
            for number, gadget in enumerate(gadgets):
                places[number].mkdir()
                port = listener.add(places[number] / "canary")
                jobs.append(prepare(number, gadget, way, places[number], port))
            told = run_jobs(python, jobs, env, [] if fresh else HEAVY)
            time.sleep(0.3)  # who has connected is heard
        return {
            gadget.name: outcome_of(place, told.get(number, {}))
            for number, (gadget, place) in enumerate(zip(gadgets, places, strict=True))
        }
    finally:
        shutil.rmtree(whole, ignore_errors=True)


def outcome_of(place: Path, end: dict[str, Any]) -> Outcome:
    ran = any(name.startswith("canary") for name in os.listdir(place))
    return Outcome(ran, end.get("raised", ""), end.get("message", ""), bool(end))


def run_jobs(
    python: str, jobs: list[dict[str, Any]], env: dict[str, str], modules: list[str]
) -> dict[int, dict[str, Any]]:
    """By number, how those ended that came to their end."""
    task = {"jobs": jobs, "modules": modules, "at_once": AT_ONCE, "seconds": SECONDS}
    done = subprocess.run(
        [python, str(UNPICKLING)],
        env=clean_environment() | env,
        input=json.dumps(task),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=60 + len(jobs) * SECONDS / AT_ONCE,
        check=True,
    )
    ends = [json.loads(line) for line in done.stdout.splitlines()]
    return {end["end"]: end for end in ends}
