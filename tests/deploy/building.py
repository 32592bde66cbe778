"""building - images from Dockerfiles, by buildah in a chroot: no engine runs, no registry is asked.

What the Dockerfiles begin with is made here under its name, from the machine's own Debian sources.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conftest import BUILD, ROOT

FOLDER = BUILD / "containers"
BASE = "docker.io/library/debian:bookworm-slim"
DOCKER = ROOT / "scripts" / "deploy" / "docker"
MINUTES = 20


@dataclass(frozen=True)
class Image:
    """A root file system, mounted, and how its program is meant to be started."""

    root: Path
    config: dict[str, Any]

    @property
    def command(self) -> list[str]:
        return [*self.config.get("Entrypoint", []), *self.config.get("Cmd", [])]


def buildah(*words: str | Path) -> str:
    store = ["--root", FOLDER / "store", "--runroot", FOLDER / "run", "--storage-driver", "overlay"]
    done = subprocess.run(
        ["buildah", *map(str, store), *map(str, words)],
        capture_output=True,
        text=True,
        timeout=60 * MINUTES,
        check=False,
    )
    assert done.returncode == 0, f"buildah {words}: {done.stdout[-4000:]} {done.stderr[-4000:]}"
    return done.stdout


def make_base() -> None:
    """Debian as the image of that name has it, but for its size."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if BASE in buildah("images", "--format", "{{.Name}}:{{.Tag}}").split():
        return
    archive = FOLDER / "base.tar"
    words = ["mmdebstrap", "--quiet", "--variant=minbase", "bookworm", archive]
    subprocess.run(words, check=True, timeout=60 * MINUTES)
    recipe = FOLDER / "base.dockerfile"
    recipe.write_text('FROM scratch\nADD base.tar /\nCMD ["bash"]\n')
    buildah("build", "--tag", BASE, "--file", recipe, FOLDER)
    archive.unlink()


def build(recipe: str, tag: str, *, context: Path = ROOT, **settings: str) -> None:
    """`docker build`; target="layer" or base="image" are options and arguments of it."""
    words: list[str | Path] = ["--file", DOCKER / recipe, "--tag", tag]
    ignored = DOCKER / f"{recipe}.dockerignore"
    if ignored.exists():
        words += ["--ignorefile", ignored]
    if target := settings.pop("target", None):
        words += ["--target", target]
    for name, value in settings.items():
        words += ["--build-arg", f"{name.upper()}={value}"]
    # Only Docker's own format can say all that a Dockerfile can.
    buildah(
        "build",
        "--pull-never",
        "--isolation=chroot",
        "--layers",
        "--format=docker",
        *words,
        context,
    )


@contextmanager
def mounted(tag: str) -> Iterator[Image]:
    config = json.loads(buildah("inspect", "--type", "image", tag))["OCIv1"]["config"]
    working = buildah("from", "--pull-never", tag).strip()
    try:
        yield Image(Path(buildah("mount", working).strip()), config)
    finally:
        buildah("umount", working)
        buildah("rm", working)


def missing() -> list[str]:
    tools = ("buildah", "crun", "mmdebstrap", "nsenter", "unshare")
    return [tool for tool in tools if not shutil.which(tool)]
