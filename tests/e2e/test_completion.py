"""Shell completion: what real shells make of a line that is typed into them, with the scripts made from the option table."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import BUILD, CLI, ROOT, clean_environment, run
from shell_typing import BASH, ZSH, Shell

MADE = BUILD / "completion"
LIBRARY = Path("/usr/share/bash-completion/bash_completion")
VERBS = re.findall(r"^  (\w+) +\S", run([CLI, "help"]).out, re.M)
PAGES = {verb: run([CLI, "help", verb]).out for verb in VERBS}
OPTIONS = {verb: re.findall(r"^ {2}[ -]..? --([\w-]+)", PAGES[verb], re.M) for verb in VERBS}

# What is typed after the command's name, and what stands there with all completions in place.
TYPED = [
    ("", " ".join(sorted(VERBS))),
    ("sc", "scan"),
    ("scan --verb", "scan --verbose"),
    ("scan --format ", "scan --format json jsonl junit sarif text"),
    ("scan -f js", "scan -f json jsonl"),
    ("scan --format=sa", "scan --format=sarif"),
    ("scan --fail-on m", "scan --fail-on malicious"),
    ("report --format ", "report --format html prometheus text"),
    ("run --mode ", "run --mode block log"),
    ("run --log s", "run --log stderr syslog"),
    ("run --log my", "run --log my\0model.pkl"),
    ("scan my", "scan my\0model.pkl"),
    ("scan -r --policy my", "scan -r --policy my\0model.pkl"),
    ("scan --format json my", "scan --format json my\0model.pkl"),
    ("scan --jobs my", "scan --jobs my"),
    ("jupyter install --prefix m", "jupyter install --prefix models"),
    ("policy ", "policy check show"),
    ("policy show my", "policy show my\0model.pkl"),
    ("policy --format json ch", "policy --format json check"),
    ("jupyter ", "jupyter install list remove"),
    ("help expl", "help explain"),
    ("run sgtrial-", "run sgtrial-one"),
    ("run --mode log -- sgtrial-", "run --mode log -- sgtrial-one"),
    ("run --mode log sgtrial-one my", "run --mode log sgtrial-one my\0model.pkl"),
]

SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], f"{BASH}. '{MADE}/safeguard.bash'\n"),
    "bash-completion": (
        ["bash", "--norc", "--noprofile", "-i"],
        f"{BASH}. {LIBRARY}\n. '{MADE}/safeguard.bash'\n",
    ),
    "zsh": (["zsh", "-f", "-i"], f"fpath=('{MADE}' $fpath)\n{ZSH}"),
}


@pytest.fixture(scope="module", autouse=True)
def made() -> None:
    done = run([ROOT / "scripts/packages/completion/make_completion", BUILD])
    assert (done.status, done.err) == (0, ""), done


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    (folder / "my model.pkl").touch()
    (folder / "models").mkdir()
    (folder / "bin").mkdir()
    (folder / "bin" / "safeguard").symlink_to(CLI)
    (folder / "bin" / "sgtrial-one").write_text("#!/bin/sh\n")
    (folder / "bin" / "sgtrial-one").chmod(0o755)
    return folder


def environment(home: Path) -> dict[str, str]:
    path = f"{home}/bin:/usr/bin:/bin"
    return clean_environment() | {"HOME": str(home), "PATH": path, "LC_ALL": "C.UTF-8"}


@pytest.fixture(scope="module", params=SHELLS)
def shell(request: pytest.FixtureRequest, home: Path) -> Iterator[Shell]:
    words, setup = SHELLS[request.param]
    if not shutil.which(words[0]):
        pytest.skip(f"no {words[0]} here")
    if request.param == "bash-completion" and not LIBRARY.exists():
        pytest.skip("no bash-completion here")
    with Shell(words, setup, home, environment(home)) as running:
        yield running


@pytest.mark.parametrize(
    ("typed", "expected"), TYPED, ids=[typed or "nothing" for typed, _ in TYPED]
)
def test_a_line_is_completed(shell: Shell, typed: str, expected: str) -> None:
    wanted = [word.replace("\0", " ") for word in expected.split(" ")]
    assert shell.completed(f"safeguard {typed}") == wanted


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_is_offered(shell: Shell, verb: str) -> None:
    offered = shell.completed(f"safeguard {verb} --")[1:]
    assert {word for word in offered if word.startswith("--")} == {f"--{o}" for o in OPTIONS[verb]}


def test_every_value_that_is_offered_is_taken(shell: Shell) -> None:
    taken = 0
    listing = re.compile(r"^.{6}--([\w-]+) (?:FORMAT|MODE|VERDICT|LOG)\b", re.M)
    for verb, name in [(one, name) for one in VERBS for name in listing.findall(PAGES[one])]:
        for value in shell.completed(f"safeguard {verb} --{name} ")[2:]:
            done = run([CLI, verb, f"--{name}", value, "--help"])
            assert (done.status, done.err) == (0, ""), (verb, name, value)
            taken += 1
    assert taken > 20


@pytest.mark.skipif(not shutil.which("fish"), reason="no fish here")
@pytest.mark.parametrize(
    ("typed", "expected"), TYPED, ids=[typed or "nothing" for typed, _ in TYPED]
)
def test_fish_offers_the_same(home: Path, typed: str, expected: str) -> None:
    script = f"source {MADE}/safeguard.fish; complete -C 'safeguard {typed}'"
    done = run(["fish", "--no-config", "-c", script], env=environment(home), cwd=home)
    assert done.err == ""
    offered = [line.split("\t")[0].rstrip("/") for line in done.out.splitlines()]
    before, _, begun = typed.rpartition(" ")
    wanted = [word.replace("\0", " ") for word in expected.split(" ")][len(before.split()) :]
    # What cannot be completed stays as it was typed.
    assert sorted(offered) == ([] if wanted == [begun] else sorted(wanted))


@pytest.mark.skipif(not shutil.which("fish"), reason="no fish here")
def test_fish_offers_every_option(home: Path) -> None:
    lines = "; ".join(f"complete -C 'safeguard {verb} --'; echo ." for verb in VERBS)
    script = f"source {MADE}/safeguard.fish; {lines}"
    done = run(["fish", "--no-config", "-c", script], env=environment(home), cwd=home)
    for verb, offered in zip(VERBS, done.out.split("\n.\n")[:-1], strict=True):
        found = {line.split("\t")[0] for line in offered.splitlines()}
        assert found == {f"--{option}" for option in OPTIONS[verb]}, verb


def test_installed_where_the_shells_look(place: Path) -> None:
    done = run(["make", "-C", ROOT, f"BUILD={BUILD}", "install", "PREFIX=/usr", f"DESTDIR={place}"])
    assert done.status == 0, done
    share = place / "usr/share"
    for name, where in {
        "safeguard.bash": "bash-completion/completions/safeguard",
        "_safeguard": "zsh/site-functions/_safeguard",
        "safeguard.fish": "fish/vendor_completions.d/safeguard.fish",
    }.items():
        assert (share / where).read_text() == (MADE / name).read_text()
        assert os.stat(share / where).st_mode & 0o777 == 0o644
