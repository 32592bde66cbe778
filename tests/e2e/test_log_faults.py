"""The guard's log when its target is full, gone, renamed, deaf or shared; the real thing each time.

File systems and sockets are set up in a mount namespace of the test's own.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import payloads
import pytest
from conftest import CLI, PRELOAD, Done, clean_environment, guarded, run
from log_loading import LOAD_MANY, PYTHON, settings


def load(path: Path, log: str, times: int = 1, python: str = PYTHON, **more: str) -> Done:
    return run([python, "-c", LOAD_MANY, str(times), path], env=guarded(log=log, **more))


def records(log: Path) -> list[dict[str, Any]]:
    text = log.read_text()
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def left_out(found: list[dict[str, Any]]) -> int:
    return sum(int(record.get("left_out", 0)) for record in found)


def told(found: list[dict[str, Any]]) -> int:
    return sum(record["event"] != "start" for record in found)


# Files.


def test_device_that_is_full(evil: Path) -> None:
    done = load(evil, "/dev/full", 3)
    assert (done.status, done.out) == (0, "3\n")
    assert [line.split(": ")[1] for line in done.guard_lines] == [f"blocked {evil}"] * 3
    assert "left out" not in done.err


# Fills the file system but for `room` bytes, lets the guard write, makes room, lets it write again.
FULL = """
set -e
mount -t tmpfs -o size=64k none "$1"
dd if=/dev/zero of="$1/ballast" bs=1k count="$4" status=none
echo '{"whole":"line"}' > "$1/guard.log"
dd if=/dev/zero of="$1/more" bs=1k count=64 status=none 2>/dev/null || true
SAFEGUARD_LOG="$1/guard.log" LD_PRELOAD="$2" "$5" -c '
import os, pickle, sys
def attempt():
    try:
        pickle.load(open(sys.argv[1], "rb"))
    except PermissionError:
        pass
for _ in range(30):
    attempt()
os.unlink(sys.argv[2] + "/ballast")
os.unlink(sys.argv[2] + "/more") if os.path.exists(sys.argv[2] + "/more") else None
attempt()
attempt()
' "$3" "$1"
cat "$1/guard.log"
"""


def test_file_system_that_is_full(evil: Path, place: Path, apart: list[str]) -> None:
    """A record may be cut by the end of the disk, but the one after it begins a line of its own."""
    disk = place / "disk"
    disk.mkdir()
    words = ["sh", "-c", FULL, "sh", disk, PRELOAD, evil, "40", PYTHON]
    done = run([*apart, *words])
    assert done.status == 0, done
    lines = done.out.splitlines()
    assert lines[0] == '{"whole":"line"}'
    whole, torn = [], []
    for line in lines[1:]:
        try:
            whole.append(json.loads(line))
        except ValueError:
            torn.append(line)
    assert len(torn) <= 1
    last = [record for record in whole if "left_out" in record]
    assert len(last) == 1
    assert last[0]["left_out"] + len(whole) == 32
    assert whole[-2:] == [last[0], whole[-1]]
    # What the disk did not take was said on standard error.
    assert len(done.guard_lines) == last[0]["left_out"]
    log = place / "copy.log"
    log.write_text("".join(f"{line}\n" for line in lines[1:]))
    page = run([CLI, "report", log])
    assert f"; {last[0]['left_out']} more were left out\n" in page.out


def test_log_that_was_cut_in_a_line_goes_on_with_a_new_one(evil: Path, place: Path) -> None:
    log = place / "guard.log"
    log.write_text('{"cut')
    os.utime(log, (0, 0))  # at rest
    assert load(evil, str(log), 2).err == ""
    cut, *rest = log.read_text().splitlines()
    assert cut == '{"cut'
    assert [json.loads(line)["path"] for line in rest] == [str(evil)] * 2


def test_longest_file_that_the_process_may_write(evil: Path, place: Path) -> None:
    """A write beyond RLIMIT_FSIZE would bring SIGXFSZ, which kills where nobody ignores it."""
    log = place / "guard.log"
    program = (
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_DFL)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n" + LOAD_MANY
    )
    done = run([PYTHON, "-c", program, "20", evil], env=guarded(log=str(log)))
    assert (done.status, done.out) == (0, "20\n")
    whole = [line for line in log.read_text().splitlines() if line.endswith("}")]
    assert 1 <= len(whole) < 20
    assert len(done.guard_lines) == 20 - len(whole)


# Is refused `count` times, and after the second does something to the log.
THEN = """
import os, pickle, sys
for i in range({count}):
    try:
        pickle.load(open(sys.argv[1], "rb"))
    except PermissionError:
        pass
    if i == 1:
        {act}
"""


@pytest.mark.parametrize(
    ("act", "old", "new"),
    [
        ("os.unlink(sys.argv[2])", 0, 3),
        ("os.rename(sys.argv[2], sys.argv[2] + '.1')", 2, 3),
        ("os.truncate(sys.argv[2], 0)", 0, 3),
    ],
)
def test_log_that_was_removed_or_rotated_is_made_anew(
    evil: Path, place: Path, act: str, old: int, new: int
) -> None:
    log, aside = place / "guard.log", place / "guard.log.1"
    program = THEN.format(count=5, act=act)
    done = run([PYTHON, "-c", program, evil, log], env=guarded(log=str(log)))
    assert (done.status, done.err) == (0, "")
    assert len(records(log)) == new
    assert (len(records(aside)) if aside.exists() else 0) == old


def test_folder_that_is_read_only(evil: Path, place: Path, apart: list[str]) -> None:
    folder = place / "logs"
    folder.mkdir()
    script = 'mount -t tmpfs none "$1" && mount -o remount,ro "$1" && shift && exec "$@"'
    words = ["sh", "-c", script, "sh", folder, "env", *settings(log=f"{folder}/guard.log")]
    done = run([*apart, *words, PYTHON, "-c", LOAD_MANY, "2", evil])
    assert (done.status, done.out) == (0, "2\n")
    assert len(done.guard_lines) == 2


def test_log_of_another_user(evil: Path, place: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    log = place / "guard.log"
    log.touch(0o600)
    done = run([PYTHON, "-c", LOAD_MANY, "1", evil], env=guarded(log=str(log)), user=65534)
    assert (done.status, done.out) == (0, "1\n")
    assert done.guard_lines[0].startswith(f"safeguard: blocked {evil}: ")
    assert log.read_text() == ""


def test_fifo_that_nobody_reads_or_that_is_full(evil: Path, place: Path) -> None:
    fifo = place / "fifo"
    os.mkfifo(fifo)
    assert len(load(evil, str(fifo)).guard_lines) == 1
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        paths = [evil, *(shutil.copy(evil, place / f"{i}.pkl") for i in range(3))]
        program = [PYTHON, "-c", LOAD_MANY, "50", *paths]
        done = run(program, env=guarded(log=str(fifo)))  # more than a pipe holds
        assert (done.status, done.out) == (0, "200\n")
        got = os.read(reader, 1 << 20).decode()
    finally:
        os.close(reader)
    taken = [json.loads(line) for line in got.splitlines() if line.endswith("}")]
    assert 5 < len(taken) < 200
    assert len(done.guard_lines) == 200 - len(taken)


MANY = """
import os, pickle, sys
sys.stdin.buffer.read(1)
for _ in range(int(sys.argv[1])):
    try:
        pickle.load(open(sys.argv[2], "rb"))
    except PermissionError:
        pass
"""


def test_two_hundred_processes_write_one_file(evil: Path, place: Path) -> None:
    """None is torn, none is lost: all wait, then write at once."""
    log, each, count = place / "guard.log", 20, 200
    env = clean_environment() | guarded(log=str(log))
    gate, opener = os.pipe()
    words = [PYTHON, "-S", "-E", "-c", MANY, str(each), str(evil)]
    crowd = [
        subprocess.Popen(words, stdin=gate, env=env, pass_fds=(), stderr=subprocess.DEVNULL)
        for _ in range(count)
    ]
    os.close(gate)
    os.write(opener, b"x" * count)
    os.close(opener)
    assert [process.wait(timeout=100) for process in crowd] == [0] * count
    found = records(log)
    assert len(found) == count * each
    assert {record["path"] for record in found} == {str(evil)}
    by_pid = {process.pid: 0 for process in crowd}
    for record in found:
        by_pid[record["pid"]] += 1
    assert set(by_pid.values()) == {each}
    assert left_out(found) == 0


# Rate.


def test_flood_of_one_record_is_held_back_and_counted(evil: Path, place: Path) -> None:
    log = place / "guard.log"
    done = load(evil, str(log), 3000)
    assert (done.status, done.out, done.err) == (0, "3000\n", "")
    found = records(log)
    assert 100 <= told(found) < 200
    assert told(found) + left_out(found) == 3000
    assert (found[-1]["event"], found[-1]["reasons"][0]["rule"]) == ("start", "left-out")
    page = run([CLI, "report", log]).out
    assert page.splitlines()[2].endswith(f"; {left_out(found)} more were left out")
    assert f"safeguard_left_out_total {left_out(found)}\n" in metrics(log)
    assert f"{left_out(found)} more records were left out" in html(log)


def metrics(log: Path) -> str:
    return run([CLI, "report", "--format", "prometheus", log]).out


def html(log: Path) -> str:
    return run([CLI, "report", "--format", "html", log]).out


def test_different_files_are_no_flood(place: Path) -> None:
    paths = [place / f"model{i}.pkl" for i in range(1500)]
    for path in paths:
        path.write_bytes(payloads.pickle_of(place / "canary", 2))
    log = place / "guard.log"
    done = run([PYTHON, "-c", LOAD_MANY, "1", *paths], env=guarded(log=str(log)))
    assert (done.out, done.err) == ("1500\n", "")
    found = records(log)
    assert [record["path"] for record in found] == [str(path) for path in paths]
    assert left_out(found) == 0


def test_flood_on_standard_error_ends_with_a_count(evil: Path) -> None:
    done = load(evil, "stderr", 500)
    lines = done.guard_lines
    held = [int(n) for line in lines for n in re.findall(r" \((\d+) records? before it", line)]
    assert sum(held) + len([line for line in lines if ": blocked " in line]) == 500
    assert re.fullmatch(
        r"safeguard: logged \S+: benign 0\.000: the program has ended "
        r"\(\d+ records before it left out\)",
        lines[-1],
    )


def test_child_counts_for_itself(evil: Path, place: Path) -> None:
    log = place / "guard.log"
    program = LOAD_MANY + "import os\nif os.fork():\n    os.wait()\nelse:\n    sys.exit(0)\n"
    done = run([PYTHON, "-c", program, "300", evil], env=guarded(log=str(log)))
    assert done.status == 0
    found = records(log)
    assert told(found) + left_out(found) == 300
    assert len({record["pid"] for record in found}) == 1


# Standard error.


def test_standard_error_that_is_closed(evil: Path) -> None:
    words = ["sh", "-c", 'exec "$@" 2>&-', "sh", PYTHON, "-c", LOAD_MANY, "3", evil]
    done = run(words, env=guarded())
    assert (done.status, done.out, done.err) == (0, "3\n", "")


def test_data_file_with_the_number_of_standard_error_stays_clean(evil: Path, place: Path) -> None:
    data = place / "results.bin"
    program = (
        "import os, sys\n"
        "os.close(2)\n"
        f"fd = os.open({str(data)!r}, os.O_WRONLY | os.O_CREAT)\n"
        "assert fd == 2\n" + LOAD_MANY + "os.write(2, b'numbers')\n"
    )
    done = run([PYTHON, "-c", program, "3", evil], env=guarded())
    assert (done.status, done.out, done.err) == (0, "3\n", "")
    assert data.read_bytes() == b"numbers"


@pytest.mark.parametrize("way", ["dup2", "append"])
def test_standard_error_that_was_redirected_is_used(evil: Path, place: Path, way: str) -> None:
    text = place / "errors.txt"
    program = "import os, sys\nos.close(2)\n"
    if way == "append":
        program += f"fd = os.open({str(text)!r}, os.O_WRONLY | os.O_CREAT | os.O_APPEND)\n"
    else:
        program += f"os.dup2(os.open({str(text)!r}, os.O_WRONLY | os.O_CREAT), 2)\n"
    done = run([PYTHON, "-c", program + LOAD_MANY, "1", evil], env=guarded())
    assert (done.status, done.out) == (0, "1\n")
    assert text.read_text().startswith(f"safeguard: blocked {evil}: ")


def test_standard_error_that_nobody_reads(evil: Path) -> None:
    """A full pipe: the program goes on at once."""
    reader, writer = os.pipe()
    try:
        with subprocess.Popen(
            [PYTHON, "-c", LOAD_MANY, "95", str(evil)] + [str(evil)] * 10,
            env=clean_environment() | guarded(),
            stdout=subprocess.PIPE,
            stderr=writer,
        ) as process:
            fill(writer)
            out, _ = process.communicate(timeout=30)
        assert (process.returncode, out) == (0, b"1045\n")
    finally:
        os.close(reader)
        os.close(writer)


def fill(pipe: int) -> None:
    os.set_blocking(pipe, False)
    try:
        while True:
            os.write(pipe, b"." * 4096)
    except BlockingIOError:
        os.set_blocking(pipe, True)


def test_standard_error_whose_reader_is_gone(evil: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    program = "import signal\nsignal.signal(signal.SIGPIPE, signal.SIG_DFL)\n" + LOAD_MANY
    done = subprocess.run(
        [PYTHON, "-c", program, "3", str(evil)],
        env=clean_environment() | guarded(),
        stdout=subprocess.PIPE,
        stderr=writer,
        check=False,
        timeout=60,
    )
    os.close(writer)
    assert (done.returncode, done.stdout) == (0, b"3\n")
