"""Programs that look as if a CPython were in them, and it cannot be watched: they run, and the log says so."""

import json
import re
from pathlib import Path

import pytest
from conftest import ROOT, compiled, guarded, run

NAMES = re.findall(
    r"ROW\(.*?, (\w+),", (ROOT / "shim/python_api.h").read_text().replace("\\\n", " ")
)
OBJECTS = (
    "PyExc_PermissionError",
    *(f"Py{kind}_Type" for kind in ["Tuple", "List", "Long", "Bytes", "Code", "Unicode"]),
)
BEFORE_3_9 = ("PyFrame_GetBack", "PyFrame_GetCode", "PyInterpreterState_Get")
OLD = "CPython before 3.8 has no audit hooks"
UNFIT = "not a CPython that can be watched"
REFUSED = "the interpreter refused the hook"

# What effects are looked for in goes on as ever.
MAIN = """
int execl(const char *, ...), pthread_sigmask(int, const void *, void *);
int main(void) { return pthread_sigmask(0, 0, 0) || execl("/bin/echo", "echo", "ran", (char *)0); }
"""


def program(place: Path, version: str, lacking: tuple[str, ...] = (), answer: int = 0) -> Path:
    """Exports what CPython does, and does nothing."""
    functions = [name for name in dict.fromkeys(NAMES) if name not in (*lacking, "Py_GetVersion")]
    text = "".join(f"long {name}(void) {{ return {answer}; }}\n" for name in functions)
    text += "".join(f"void *{name};\n" for name in OBJECTS if name not in lacking)
    text += f'const char *Py_GetVersion(void) {{ return "{version}"; }}\n'
    text += "int Py_Initialize(void) { return 0; }\n" + MAIN
    return compiled(text, place / "program", "-rdynamic")


def said(made: Path, log: Path) -> list[str]:
    done = run([made], env=guarded(log=str(log)))
    assert (done.status, done.out, done.err) == (0, "ran\n", ""), done
    records = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    assert all((record["event"], record["action"]) == ("start", "log") for record in records)
    return [record["reasons"][0]["detail"] for record in records]


def test_the_names_are_those_of_the_header() -> None:
    assert len(set(NAMES)) > 40
    assert {"PySys_AddAuditHook", "Py_BuildValue", *BEFORE_3_9} < set(NAMES)


@pytest.mark.parametrize(
    ("version", "lacking", "answer", "why"),
    [
        ("3.13.0 (main, Oct  7 2024)", (), 0, None),
        ("3.13", (), 0, None),
        ("3.8.18 (default)", BEFORE_3_9, 0, None),
        ("3.8.18 (default)", (), 0, UNFIT),  # frames are not laid out as they were in 3.8
        ("3.7.17 (default)", BEFORE_3_9, 0, UNFIT),
        ("2.7.18 (default)", (), 0, UNFIT),
        ("3.13.0 experimental free-threading build (main)", (), 0, UNFIT),
        ("4.0.0 (main)", (), 0, UNFIT),
        ("3.13.0 (main)", ("PyFrame_GetLineNumber",), 0, UNFIT),
        ("3.13.0 (main)", ("PyCode_Type",), 0, UNFIT),
        ("3.13.0 (main)", ("PyThreadState_GetUnchecked", "_PyThreadState_UncheckedGet"), 0, UNFIT),
        ("3.13.0 (main)", ("PyInterpreterState_Get", "_PyInterpreterState_Get"), 0, UNFIT),
        ("3.13.0 (main)", (), -1, REFUSED),
        ("3.7.17 (default)", ("PySys_AddAuditHook",), 0, OLD),
    ],
)
def test_what_cannot_be_watched_is_said(
    place: Path, version: str, lacking: tuple[str, ...], answer: int, why: str | None
) -> None:
    wanted = [f"names and effects are not watched: {why}"] if why else []
    assert said(program(place, version, lacking, answer), place / "log.jsonl") == wanted


def test_on_standard_error_old_interpreters_are_no_news(place: Path) -> None:
    made = program(place, "2.7.18", ("PySys_AddAuditHook",))
    done = run([made], env=guarded())
    assert (done.status, done.out, done.err) == (0, "ran\n", "")
