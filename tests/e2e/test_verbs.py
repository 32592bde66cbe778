"""safeguard: verbs, options, and what it says to a slip of the fingers."""

import json
import re
from pathlib import Path

import pytest
from conftest import CLI, policy_file, run

VERBS = [
    "scan",
    "explain",
    "run",
    "policy",
    "report",
    "features",
    "jupyter",
    "doctor",
    "version",
    "help",
]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "what should be done? see: safeguard help"),
        (["scna"], "there is no 'scna'; did you mean 'scan'?"),
        (["polcy", "show"], "there is no 'polcy'; did you mean 'policy'?"),
        (["defenestrate"], "there is no 'defenestrate'; see: safeguard help"),
        (["scan"], "scan what? see: safeguard help scan"),
        (
            ["scan", "--formt", "json", "x"],
            "scan: there is no option --formt; did you mean --format?",
        ),
        (
            ["scan", "--fial-on=malicious"],
            "scan: there is no option --fial-on; did you mean --fail-on?",
        ),
        (
            ["scan", "--quite-another"],
            "scan: there is no option --quite-another; see: safeguard help scan",
        ),
        (["scan", "-y"], "scan: there is no option -y; see: safeguard help scan"),
        (
            ["scan", "--format"],
            "scan: --format needs a value: text (default), json, jsonl, sarif or junit",
        ),
        (
            ["scan", "-j"],
            "scan: --jobs needs a value: threads, 1 to 256 (default: one a processor)",
        ),
        (["scan", "--recursive=yes", "x"], "scan: --recursive takes no value"),
        (
            ["scan", "--format", "xml", "x"],
            "scan: --format cannot be 'xml': text (default), json, jsonl, sarif or junit",
        ),
        (
            ["scan", "-j0", "x"],
            "scan: --jobs cannot be '0': threads, 1 to 256 (default: one a processor)",
        ),
        (
            ["scan", "-j", "4x", "x"],
            "scan: --jobs cannot be '4x': threads, 1 to 256 (default: one a processor)",
        ),
        (
            ["scan", "--fail-on", "benign", "x"],
            "scan: --fail-on cannot be 'benign': malicious (default) or suspicious: status 1",
        ),
        (["run"], "run what? see: safeguard help run"),
        (["run", "--", "--mode"], None),
        (["run", "--mode", "off", "true"], "run: --mode cannot be 'off': block (default) or log"),
        (["run", "--mod"], "run: --mode needs a value: block (default) or log"),
        (["run", "-r", "true"], "run: there is no option -r; see: safeguard help run"),
        (["policy"], "policy takes: show [FILE] | show --seccomp [PROFILE] | check FILE"),
        (["policy", "chekc", "x"], "policy: there is no 'chekc'; did you mean 'check'?"),
        (["policy", "check"], "policy takes: show [FILE] | show --seccomp [PROFILE] | check FILE"),
        (["version", "now"], "version takes no arguments"),
        (["help", "scann"], "there is no 'scann'; did you mean 'scan'?"),
    ],
)
def test_bad_usage(words: list[str], message: str | None) -> None:
    done = run([CLI, *words])
    if message is None:  # after `--` it is a command, which is not there
        assert done.status == 127
        return
    assert (done.status, done.out, done.err) == (2, "", f"safeguard: {message}\n")


def test_version() -> None:
    for words in (["version"], ["--version"], ["-V"]):
        done = run([CLI, *words])
        assert (done.status, done.err) == (0, "")
        assert re.fullmatch(r"safeguard \d+\.\d+\.\d+\n", done.out)


def test_help_lists_what_is_there() -> None:
    for words in (["help"], ["--help"], ["-h"]):
        done = run([CLI, *words])
        assert (done.status, done.err) == (0, "")
        assert re.findall(r"^  (\w+) ", done.out, re.M) == VERBS


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb(verb: str) -> None:
    page = run([CLI, "help", verb])
    assert page.status == 0
    assert page.out.startswith(f"safeguard {verb} ")
    assert run([CLI, verb, "--help"]) == page
    assert max(map(len, page.out.splitlines())) <= 100


def test_help_says_how_paths_are_escaped() -> None:
    assert "os.fsencode()" in run([CLI, "help", "scan"]).out


def test_every_option_of_the_page_is_taken(place: Path) -> None:
    page = run([CLI, "help", "scan"]).out
    values = {"N": "2", "FORMAT": "jsonl", "VERDICT": "malicious", "PATTERN": "*.old"}
    values |= {"WHEN": "2001-02-03", "WHY": "because"}
    (place / "notes").write_text("")
    options = re.findall(r"^ +(?:-\w, )?--([\w-]+)(?: ([A-Z]+))? ", page, re.M)
    assert {name for name, _ in options} >= {"recursive", "jobs", "format", "policy", "fail-on"}
    for name, value in options:
        file = place / name
        file.write_text("")
        file.chmod(0o644)
        words = [f"--{name}", *([values.get(value, file)] if value else [])]
        if name == "accept":
            words += ["--baseline", file]
        assert run([CLI, "scan", *words, place / "notes"]).status == 0, name


def test_policy_show_reads_back(place: Path) -> None:
    shown = run([CLI, "policy", "show"])
    assert shown.status == 0
    path = policy_file(place, shown.out)
    checked = run([CLI, "policy", "check", path])
    assert (checked.status, checked.out) == (0, f"safeguard: {path}: valid\n")
    assert settings(run([CLI, "policy", "show", path]).out) == settings(shown.out)


def settings(page: str) -> list[str]:
    return [line for line in page.splitlines() if line and line[0] not in ";#"]


def test_policy_as_json(place: Path) -> None:
    path = policy_file(place, '[guard]\nlocked = yes\n[allow]\nglobal = a"b\nglobal = c\n')
    done = run([CLI, "policy", "show", "--format", "json", path])
    assert (done.status, done.err) == (0, "")
    shown = json.loads(done.out)
    assert shown["file"] == path
    keys = {(key["section"], key["key"]): key for key in shown["keys"]}
    assert len(keys) == len(shown["keys"])
    assert keys["guard", "locked"]["value"] == "yes"
    assert keys["guard", "locked"]["default"] == "no"
    assert keys["allow", "global"]["value"] == ['a"b', "c"]
    assert (keys["deny", "path"]["value"], keys["deny", "path"]["default"]) == ([], None)
    text = run([CLI, "policy", "show", path]).out
    for (_, name), key in keys.items():
        assert key["help"].splitlines()[0] in text
        values = key["value"] if isinstance(key["value"], list) else [key["value"]]
        for value in values:
            assert f"\n{name} = {value}\n" in text


def test_policy_show_is_what_a_guarded_program_goes_by(place: Path) -> None:
    path = policy_file(place, "[guard]\nblock_at = suspicious\n")
    page = run([CLI, "policy", "show"], env={"SAFEGUARD_POLICY": path, "SAFEGUARD_MODE": "log"})
    assert "block_at = suspicious" in settings(page.out)
    assert "mode = log" in settings(page.out)


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        ("[guard]\nmdoe = block\n", 2, ["mdoe", "mode"]),
        ("[gard]\n", 1, ["gard", "guard"]),
        ("[guard]\nmode = maybe\n", 2, ["maybe"]),
        ("[thresholds]\nmalicious = 7\n", 2, ["7"]),
    ],
)
def test_policy_check_names_file_and_line(
    place: Path, body: str, line: int, words: list[str]
) -> None:
    path = policy_file(place, body)
    done = run([CLI, "policy", "check", path])
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(f"safeguard: {path}:{line}: ")
    assert all(word in done.err for word in words), done.err


def test_policy_check_of_a_missing_file(place: Path) -> None:
    done = run([CLI, "policy", "check", place / "none.ini"])
    assert (done.status, done.out) == (2, "")
    assert str(place / "none.ini") in done.err
