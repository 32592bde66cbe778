"""running - containers of crun, as a container platform would describe them to it.

Each has namespaces of its own, with nothing but a loopback interface on the network.
"""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from building import Image
from conftest import Done

SECONDS = 120
NAMESPACES = ("pid", "network", "ipc", "uts", "mount")
# crun knows cgroups v2 alone, and looks even when it is to leave them alone: it is shown such.
ENTER = 'umount -R /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec "$@"'


@dataclass
class Plan:
    """What a platform would say besides the image. Mounts: path inside -> folder, "ro" or "rw"."""

    command: list[str] | None = None
    env: dict[str, str] = field(default_factory=dict)
    mounts: dict[str, tuple[Path, str]] = field(default_factory=dict)
    read_only: bool = True
    no_new_privileges: bool = True
    seccomp: dict[str, Any] | None = None


def system_mounts() -> list[dict[str, Any]]:
    quiet = ["nosuid", "noexec", "nodev"]
    return [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {
            "destination": "/dev",
            "type": "tmpfs",
            "source": "tmpfs",
            "options": ["nosuid", "mode=755"],
        },
        {
            "destination": "/dev/shm",
            "type": "tmpfs",
            "source": "shm",
            "options": [*quiet, "mode=1777"],
        },
        {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": [*quiet, "ro"]},
    ]


def configuration(image: Image, plan: Plan) -> dict[str, Any]:
    uid, gid = map(int, image.config.get("User", "0:0").split(":"))
    env = image.config["Env"] + [f"{name}={value}" for name, value in plan.env.items()]
    binds = [
        {
            "destination": inside,
            "type": "bind",
            "source": str(folder),
            "options": ["bind", "nosuid", "nodev", how],
        }
        for inside, (folder, how) in plan.mounts.items()
    ]
    return {
        "ociVersion": "1.0.0",
        "process": {
            "user": {"uid": uid, "gid": gid},
            "args": plan.command or image.command,
            "env": env,
            "cwd": image.config.get("WorkingDir") or "/",
            "capabilities": {},
            "noNewPrivileges": plan.no_new_privileges,
        },
        "root": {"path": str(image.root), "readonly": plan.read_only},
        "hostname": "pod",
        "mounts": system_mounts() + binds,
        "linux": {
            "namespaces": [{"type": kind} for kind in NAMESPACES],
            "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"],
            "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys"],
        }
        | ({"seccomp": plan.seccomp} if plan.seccomp else {}),
    }


def crun(folder: Path, image: Image, plan: Plan) -> list[str]:
    """The words that run it, from a bundle in `folder`."""
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(configuration(image, plan)))
    state = ["--root", str(folder / "state"), "--cgroup-manager=disabled"]
    start = ["run", "--pid-file", str(folder / "pid"), "--bundle", str(folder), folder.name]
    return ["unshare", "--mount", "sh", "-c", ENTER, "sh", "crun", *state, *start]


def run_once(folder: Path, image: Image, plan: Plan) -> Done:
    """Until it ends."""
    words = crun(folder, image, plan)
    done = subprocess.run(
        words, input="", capture_output=True, text=True, timeout=SECONDS, check=False
    )
    return Done(done.returncode, done.stdout, done.stderr)


@dataclass
class Service:
    """A container that goes on; `pid` is that of its first process, out here."""

    pid: int
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    heard: threading.Condition = field(default_factory=threading.Condition)

    def listen(self) -> None:
        for line in self.process.stdout or ():
            with self.heard:
                self.lines.append(line.rstrip("\n"))
                self.heard.notify_all()

    def wait_for(self, text: str) -> None:
        with self.heard:
            found = self.heard.wait_for(lambda: any(text in line for line in self.lines), SECONDS)
        assert found, self.lines

    def inside(self, *words: str | Path) -> Done:
        """Runs a program of this machine on the container's network."""
        enter = ["nsenter", f"--net=/proc/{self.pid}/ns/net", "--", *map(str, words)]
        done = subprocess.run(enter, capture_output=True, text=True, timeout=300, check=False)
        return Done(done.returncode, done.stdout, done.stderr)

    @property
    def guard_lines(self) -> list[str]:
        return [line for line in self.lines if line.startswith("safeguard:")]


@contextmanager
def served(folder: Path, image: Image, plan: Plan) -> Iterator[Service]:
    """A server that has said where it serves; ended by SIGTERM, as platforms do."""
    words = crun(folder, image, plan)
    # Pipes of its own: crun gives what it is started with to the user inside, /dev/null as well.
    pipe, same = subprocess.PIPE, subprocess.STDOUT
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=same, text=True) as process:
        service = Service(0, process)
        listener = threading.Thread(target=service.listen)
        listener.start()
        try:
            service.wait_for(" at 0.0.0.0:8080")
            service.pid = int((folder / "pid").read_text())
            yield service
            os.kill(service.pid, signal.SIGTERM)
            assert process.wait(SECONDS) == 0, service.lines
        finally:
            if process.poll() is None:
                with suppress(OSError, ValueError):  # its first process takes all others along
                    os.kill(int((folder / "pid").read_text()), signal.SIGKILL)
                process.kill()
            listener.join()
