"""Builds for other machines: 64-bit ARM under qemu, musl as it is; they say what the build for this machine says."""

import functools
import json
import os
import pickle
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from clean_root import BUILD, ROOT, Calls, Done, run

ZIG = ROOT / "scripts" / "packages" / "zig"
ARM, MUSL = "aarch64-linux-gnu.2.28", "x86_64-linux-musl"
ARM_ROOT = Path("/usr/aarch64-linux-gnu")
MUSL_LOADER = Path("/lib/ld-musl-x86_64.so.1")
SAMPLES = ROOT / "tests" / "fuzz" / "corpus"

pytestmark = pytest.mark.timeout(3600)


@functools.cache
def built(target: str) -> Path:
    done = run([ROOT / "scripts/packages/target_build", target], seconds=3000)
    for missing in ("No matching distribution", "no Debian source package index"):
        if missing in done.err:
            pytest.skip(f"an index does not answer: {done.err[-300:]}")
    assert done.status == 0, done
    return ROOT / "build" / "zig" / target


def qemu() -> list[str | Path]:
    if not shutil.which("qemu-aarch64-static") or not ARM_ROOT.is_dir():
        pytest.skip("no qemu-user-static and libc6-arm64-cross: scripts/install_deps --packages")
    return ["qemu-aarch64-static", "-L", ARM_ROOT]


@pytest.fixture(params=[ARM, MUSL])
def program(request: pytest.FixtureRequest) -> list[str | Path]:
    """The command line of another target, and what runs it."""
    runner = qemu() if request.param == ARM else []
    return [*runner, built(request.param) / "safeguard"]


def verdicts(program: Sequence[str | Path], *paths: Path) -> dict[str, dict[str, Any]]:
    done = run([*program, "scan", "-r", "--format", "jsonl", "--", *paths])
    assert done.status in (0, 1, 2), done
    reports = map(json.loads, done.out.splitlines())
    return {report["path"]: report | {"micros": 0} for report in reports}


@pytest.fixture
def evil(tmp_path: Path) -> Path:
    path = tmp_path / "evil.pkl"
    path.write_bytes(pickle.dumps(Calls("canary"), 4))
    return path


def test_the_same_is_said_of_the_same_files(program: list[str | Path], evil: Path) -> None:
    expected = verdicts([BUILD / "safeguard"], SAMPLES, evil)
    assert len(expected) > 200
    assert {one["verdict"] for one in expected.values()} == {"benign", "suspicious", "malicious"}
    assert verdicts(program, SAMPLES, evil) == expected


def test_what_the_guard_for_arm_needs_and_shows() -> None:
    library = built(ARM) / "libsafeguard.so"
    dynamic = run(["readelf", "-dW", library]).out
    needed = {line.split("[")[1].rstrip("]") for line in dynamic.splitlines() if "(NEEDED)" in line}
    assert needed == {"libc.so.6", "libdl.so.2", "ld-linux-aarch64.so.1"}
    names = ["nm", "-D", "--defined-only", "--without-symbol-versions"]
    shown = {line.split()[2] for line in run([*names, library]).out.splitlines()}
    here = {line.split()[2] for line in run([*names, BUILD / "libsafeguard.so"]).out.splitlines()}
    assert shown == here


READER = """
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv)
{
    FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
    if (!file) {
        perror("reader");
        return 1;
    }
    printf("read %d\\n", fgetc(file));
    return 0;
}
"""


def compiled(target: str, folder: Path, source: str, *options: str | Path) -> Path:
    program = folder / "python-alike"  # the guard wakes up in what is named like this
    (folder / "program.c").write_text(source)
    words = [ZIG, "cc", "-target", target, "-O1", "-o", program, folder / "program.c", *options]
    done = run(words)
    assert done.status == 0, done
    return program


def test_the_guard_for_arm_refuses_under_qemu(tmp_path: Path, evil: Path) -> None:
    runner = qemu()
    clean = tmp_path / "clean.pkl"
    clean.write_bytes(pickle.dumps([1, 2]))
    program = compiled(ARM, tmp_path, READER)
    preload = ["-E", f"LD_PRELOAD={built(ARM) / 'libsafeguard.so'}"]

    def read(path: Path, *options: str | Path) -> Done:
        return run([*runner, *options, program, path])

    assert read(evil) == Done(0, "read 128\n", "")
    assert read(clean, *preload) == Done(0, "read 128\n", "")
    done = read(evil, *preload)
    assert done.status == 1
    assert f"safeguard: blocked {evil}: malicious" in done.err
    assert done.err.endswith("reader: Permission denied\n")


def test_the_library_for_musl_under_its_own_loader(tmp_path: Path, evil: Path) -> None:
    if not MUSL_LOADER.exists():
        pytest.skip("no musl: scripts/install_deps --packages")
    library = built(MUSL) / "libsgscan.so"
    shutil.copy2(library, tmp_path / "libsgscan.so.0")
    source = (ROOT / "scripts/packages/example/scan_file.c").read_text()
    program = compiled(MUSL, tmp_path, source, "-dynamic", f"-I{ROOT / 'scanner'}", library)
    environment = os.environ | {"LD_LIBRARY_PATH": str(tmp_path)}
    done = run([MUSL_LOADER, program, evil], env=environment)
    assert done.status == 1, done
    assert f"{evil}: malicious" in done.out
