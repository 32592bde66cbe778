"""The Python package as programs meet it: in every interpreter, as a command, and where it looks for what was built."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from conftest import BUILD, CLI, LIBRARY, ROOT, guarded, run

PACKAGES = ROOT / "scripts" / "packages" / "python"
ENVIRONMENT = {"PYTHONPATH": str(PACKAGES), "SAFEGUARD_LIBRARY_DIR": str(BUILD)}

IN_EVERY_PYTHON = """
import dataclasses, io, json, sys, safeguard
path = sys.argv[1]
content = open(path, "rb").read() if not safeguard.enabled() else bytes.fromhex(sys.argv[2])
sources = [content, bytearray(content), io.BytesIO(content)]
reports = [dataclasses.asdict(safeguard.scan(source)) for source in sources]
try:
    reports.append(dataclasses.asdict(safeguard.scan(path)))
except PermissionError as error:
    assert safeguard.enabled(), error
    print(error, file=sys.stderr)
print(json.dumps([safeguard.enabled(), [report["verdict"] for report in reports]]))
"""


@pytest.mark.parametrize("guard", [False, True])
def test_every_interpreter(interpreter: str, evil: Path, guard: bool) -> None:
    environment = ENVIRONMENT | (guarded() if guard else {})
    done = run(
        [interpreter, "-B", "-c", IN_EVERY_PYTHON, evil, evil.read_bytes().hex()], env=environment
    )
    assert done.status == 0, done
    # Under the guard the file itself cannot be opened, here as anywhere.
    assert json.loads(done.out) == [guard, ["malicious"] * (3 if guard else 4)]
    assert ("[safeguard: calls posix.system" in done.err) == guard


@pytest.mark.parametrize("command", [["scan", "--format", "jsonl"], ["scan", "-r"], ["explain"]])
def test_the_command_becomes_the_program(evil: Path, command: list[str]) -> None:
    mine = run([sys.executable, "-B", "-m", "safeguard", *command, evil], env=ENVIRONMENT)
    other = run([CLI, *command, evil])
    assert mine.status == other.status
    assert str(evil) in mine.out
    assert (
        mine.out.split("micros")[0].split(" ms")[0] == other.out.split("micros")[0].split(" ms")[0]
    )


def places(folder: Path, **environment: str) -> tuple[int, str]:
    code = "import safeguard; print(safeguard.library(), safeguard.program())"
    done = run([sys.executable, "-B", "-c", code], env={"PYTHONPATH": str(folder)} | environment)
    return done.status, (done.out or done.err).splitlines()[-1]


def test_where_the_libraries_are_looked_for(place: Path) -> None:
    assert places(PACKAGES, SAFEGUARD_LIBRARY_DIR=str(BUILD)) == (0, f"{LIBRARY} {CLI}")
    shutil.copytree(PACKAGES / "safeguard", place / "safeguard")
    status, told = places(place)
    assert status == 1
    assert f"libsgscan.so is not in {place}/safeguard/native; SAFEGUARD_LIBRARY_DIR can" in told
    assert places(place, SAFEGUARD_LIBRARY_DIR=str(BUILD)) == (0, f"{LIBRARY} {CLI}")
    native = place / "safeguard" / "native"
    native.mkdir()
    for file in (LIBRARY, CLI, BUILD / "libsgscan.so"):
        (native / file.name).symlink_to(file)
    # What was packaged together stays together.
    told = f"{native}/libsafeguard.so {native}/safeguard"
    assert places(place, SAFEGUARD_LIBRARY_DIR="/nonexistent") == (0, told)


def test_no_program_is_a_message_and_status_2(place: Path) -> None:
    (place / "libsgscan.so").touch()
    command = [sys.executable, "-B", "-m", "safeguard", "version"]
    done = run(command, env=ENVIRONMENT | {"SAFEGUARD_LIBRARY_DIR": str(place)})
    assert done.status == 2
    assert done.err == f"safeguard: the program is neither in {place} nor in {place.parent}/bin\n"


def test_a_library_that_is_none_is_an_error(place: Path) -> None:
    (place / "libsgscan.so").write_text("no library")
    done = run(
        [sys.executable, "-B", "-c", "import safeguard; safeguard.scan(b'')"],
        env=ENVIRONMENT | {"SAFEGUARD_LIBRARY_DIR": str(place)},
    )
    assert done.status == 1
    assert f"LibraryError: {place}/libsgscan.so: " in done.err
