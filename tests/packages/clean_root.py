"""clean_root - a minimal Debian of the machine's own release in a folder, and programs run in there as if it were all."""

import hashlib
import os
import shutil
import subprocess
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("SG_BUILD", ROOT / "build")).resolve()
SECONDS = 600
# What the demonstration loads with, and what shows manual pages.
INCLUDED = "python3,python3-joblib,python3-numpy,man-db"
# In a mount and process namespace of its own: nothing stays mounted, whatever becomes of the test.
ENTER = 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"'
SOURCES = ("sources.list.d/debian.sources", "sources.list.d/ubuntu.sources", "sources.list")


@dataclass(frozen=True)
class Done:
    """How a program ended."""

    status: int
    out: str
    err: str


def run(
    words: Sequence[str | Path],
    *,
    env: dict[str, str] | None = None,
    cwd: Path | None = None,
    seconds: int = SECONDS,
) -> Done:
    done = subprocess.run(
        [str(word) for word in words],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=seconds,
        env=env,
        cwd=cwd,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


class Calls:
    """Unpickled, it touches a canary."""

    def __init__(self, canary: str | Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (f"touch {self.canary}",)


class CleanRoot:
    """`folder` is its /."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *words: str, **env: str) -> Done:
        plain = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8"}
        enter = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", ENTER]
        own = [f"{name}={value}" for name, value in env.items()]
        return run([*enter, self.folder, "env", *own, *words], env=plain)

    def install(self, *packages: Path) -> Done:
        for package in packages:
            shutil.copy(package, self.folder / "root")
        inside = [f"/root/{package.name}" for package in packages]
        return self.run("apt-get", "install", "-y", *inside, DEBIAN_FRONTEND="noninteractive")

    def files(self) -> set[str]:
        """Everything but what apt, dpkg and ldconfig write down for themselves."""
        own = ("var/log/", "var/cache/", "var/lib/apt/", "var/lib/dpkg/", "tmp/", "dev/", "root/")
        found = (str(one.relative_to(self.folder)) for one in self.folder.rglob("*"))
        return {one for one in found if not one.startswith(own)}


def base_tar() -> Path:
    """Made once: it is downloaded from where this machine has its own packages from."""
    for tool in ("mmdebstrap", "unshare", "chroot"):
        if not shutil.which(tool):
            pytest.skip(f"no {tool} here: scripts/install_deps --packages")
    if os.geteuid() != 0:
        pytest.skip("only root may build a root filesystem with apt and enter it")
    release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines())
    code = release.get("VERSION_CODENAME", "")
    listed = [Path("/etc/apt") / one for one in SOURCES if (Path("/etc/apt") / one).is_file()]
    if not code or not listed:
        pytest.skip("no package sources of a Debian release here")
    key = hashlib.sha256(INCLUDED.encode()).hexdigest()[:8]
    tar = BUILD / "packages" / f"{code}-{key}.tar"
    if not tar.exists():
        tar.parent.mkdir(exist_ok=True)
        new = tar.with_suffix(".new.tar")
        make: list[str | Path] = [
            "mmdebstrap",
            "--variant=minbase",
            f"--include={INCLUDED}",
            code,
            new,
            listed[0],
        ]
        done = run(make, seconds=3000)
        if done.status != 0:
            pytest.skip(f"no package index gives a {code}: {done.err.splitlines()[-1:]}")
        new.rename(tar)
    return tar


def unpack(tar: Path, folder: Path) -> CleanRoot:
    with tarfile.open(tar) as archive:
        archive.extractall(folder, numeric_owner=True, filter="fully_trusted")
    return CleanRoot(folder)
