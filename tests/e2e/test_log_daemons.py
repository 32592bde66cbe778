"""The guard's log in syslog and the journal: what a daemon gets, and one that is deaf or not there.

/dev/log and /run/systemd lie where the guard looks for them: in a mount namespace they are the test's own.
"""

import json
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import Done, clean_environment, namespace, run
from log_loading import LOAD_MANY, PYTHON, settings

# Serves the socket at $1 of the kind $2 for what `python` does, and prints what arrived, as JSON.
DAEMON = """
import json, os, socket, subprocess, sys
path, kind, deaf, *words = sys.argv[1:]
server = socket.socket(socket.AF_UNIX, getattr(socket, kind))
server.bind(path)
if kind == "SOCK_STREAM":
    server.listen()
if deaf == "full":
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
done = subprocess.run(words, capture_output=True, text=True)
got = []
server.setblocking(False)
try:
    while deaf == "hears":
        if kind == "SOCK_STREAM":
            connection, _ = server.accept()
            got.append(connection.recv(1 << 20).decode())
        else:
            got.append(server.recv(1 << 20).decode())
except BlockingIOError:
    pass
print(json.dumps([done.returncode, done.stdout, done.stderr, got]))
"""


def served(
    apart: list[str], log: str, evil: Path, kind: str = "SOCK_DGRAM", deaf: str = "hears"
) -> tuple[Done, list[str]]:
    """What a program under the guard did, and what its log's daemon got."""
    folder, name = ("/run", "systemd/journal/socket") if log == "journald" else ("/dev", "log")
    script = (
        'folder="$1"; name="$2"; own="$3"; shift 3\n'
        'if [ "$folder" = /dev ]; then\n'
        # The devices that a Python wants, under a /dev of its own.
        '  mkdir "$own" && mount -t tmpfs none "$own" && for d in null zero urandom random; do\n'
        '    touch "$own/$d" && mount --bind "/dev/$d" "$own/$d" || exit 9; done\n'
        '  mount --rbind "$own" /dev\n'
        "else\n  mount -t tmpfs none /run || exit 9\nfi\n"
        'mkdir -p "$(dirname "$folder/$name")"\n'
        'exec "$@"\n'
    )
    inner = ["env", *settings(log=log), PYTHON, "-c", LOAD_MANY, "3", str(evil)]
    daemon = [PYTHON, "-c", DAEMON, f"{folder}/{name}", kind, deaf, *inner]
    done = run([*apart, "sh", "-c", script, "sh", folder, name, evil.parent / "dev", *daemon])
    assert done.status == 0, done
    status, out, err, got = json.loads(done.out)
    return Done(status, out, err), got


SYSLOG = re.compile(
    r"<(?P<pri>\d+)>1 (?P<time>\S+) (?P<host>\S+) (?P<app>\S+) (?P<pid>\d+) (?P<id>\S+) "
    r"(?P<data>-) (?P<text>.*)",
    re.DOTALL,
)


@pytest.mark.parametrize("kind", ["SOCK_DGRAM", "SOCK_STREAM"])
def test_syslog_gets_messages_of_rfc_5424(apart: list[str], evil: Path, kind: str) -> None:
    done, got = served(apart, "syslog", evil, kind)
    assert (done.status, done.out, done.err) == (0, "3\n", "")
    assert len(got) == 3
    for text in got:
        if kind == "SOCK_STREAM":
            assert text.endswith("\0")
            text = text[:-1]
        match = SYSLOG.fullmatch(text)
        assert match, text
        assert int(match["pri"]) == 10 * 8 + 4
        when = datetime.fromisoformat(match["time"])
        assert abs((datetime.now(UTC) - when).total_seconds()) < 120
        assert match["host"] == socket.gethostname()
        assert (match["app"], match["id"]) == ("safeguard", "open")
        assert match["text"].startswith(f"safeguard: blocked {evil}: malicious ")
        assert "\n" not in text


def test_journal_gets_fields(apart: list[str], evil: Path) -> None:
    done, got = served(apart, "journald", evil)
    assert (done.status, done.out, done.err) == (0, "3\n", "")
    assert len(got) == 3
    for text in got:
        assert text.endswith("\n")
        fields = dict(line.split("=", 1) for line in text[:-1].split("\n"))
        assert all(re.fullmatch("[A-Z][A-Z0-9_]*", name) for name in fields)
        assert fields["MESSAGE"].startswith(f"safeguard: blocked {evil}: malicious ")
        assert fields["SYSLOG_IDENTIFIER"] == "safeguard"
        assert (fields["PRIORITY"], fields["SYSLOG_FACILITY"]) == ("4", "10")
        assert fields["SAFEGUARD_ACTION"] == "block"
        assert fields["SAFEGUARD_VERDICT"] == "malicious"
        record = json.loads(fields["SAFEGUARD_RECORD"])
        assert (record["path"], record["event"]) == (str(evil), fields["SAFEGUARD_EVENT"])


@pytest.mark.parametrize("log", ["syslog", "journald"])
def test_daemon_that_does_not_read_is_not_waited_for(
    apart: list[str], evil: Path, log: str
) -> None:
    done, _ = served(apart, log, evil, deaf="full")
    assert (done.status, done.out) == (0, "3\n")


@pytest.mark.parametrize("log", ["syslog", "journald"])
def test_daemon_that_is_not_there(apart: list[str], evil: Path, log: str) -> None:
    script = 'mount -t tmpfs none /run; exec "$@"'
    words = ["sh", "-c", script, "sh", "env", *settings(log=log)]
    if log == "syslog" and Path("/dev/log").exists():
        pytest.skip("this system has a syslog daemon")
    done = run([*apart, *words, PYTHON, "-c", LOAD_MANY, "3", evil])
    assert (done.status, done.out) == (0, "3\n")
    assert [line.split(": ")[1] for line in done.guard_lines] == [f"blocked {evil}"] * 3


JOURNALD = Path("/lib/systemd/systemd-journald")


@pytest.fixture
def journal(place: Path) -> Iterator[Path]:
    """A journald of our own, in a mount namespace that other programs can enter."""
    if not JOURNALD.exists() or not shutil.which("journalctl") or namespace() != ["unshare", "-m"]:
        pytest.skip("no systemd-journald here, or no rights to run one")
    script = (
        "mount -t tmpfs none /run && mkdir -p /run/systemd/journal /run/log/journal && "
        "mount -t tmpfs none /var/log && exec " + str(JOURNALD)
    )
    process = subprocess.Popen(
        ["unshare", "-m", "sh", "-c", script],
        env=clean_environment(),
        stderr=subprocess.PIPE,
    )
    yield Path(f"/proc/{process.pid}/ns/mnt")
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=20)


def test_real_journald_has_the_records(journal: Path, evil: Path) -> None:
    inside = ["nsenter", f"--mount={journal}"]
    ready = time.monotonic() + 10
    while run([*inside, "test", "-S", "/run/systemd/journal/socket"]).status:
        if time.monotonic() > ready:
            pytest.skip("journald does not start here")
        time.sleep(0.05)
    program = [PYTHON, "-c", LOAD_MANY, "3", evil]
    done = run([*inside, "env", *settings(log="journald"), *program])
    assert (done.status, done.out, done.err) == (0, "3\n", "")
    run([*inside, "journalctl", "--sync"])
    shown = run([*inside, "journalctl", "-o", "json", "-t", "safeguard", "--no-pager"])
    found = [json.loads(line) for line in shown.out.splitlines()]
    assert [entry["SAFEGUARD_ACTION"] for entry in found] == ["block"] * 3, (shown, done)
    assert json.loads(found[0]["SAFEGUARD_RECORD"])["path"] == str(evil)
    # What journald reads of a sender in /proc is not there once the sender has ended.
    assert {entry["_TRANSPORT"] for entry in found} == {"journal"}
