"""safeguard scan of very much: many files, deep and huge folders, many threads, little memory."""

import json
import os
import pickle
import signal
import subprocess
import time
from pathlib import Path

import payloads
import pytest
from conftest import CLI, SANITIZED, Done, aged, clean_environment, run
from terminal import PLAIN, read_until, read_until_end, started

DENSE = b"\x80\x04" + b"N0" * 1_500_000 + b"N."  # milliseconds of work
MANY = 101_000


MEASURE = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:])
print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def peak(*words: str | Path) -> tuple[int, str, int]:
    """Status, output, and the most memory that was in use, in KB."""
    done = run(["/usr/bin/python3", "-c", MEASURE, *words])
    *lines, last = done.out.splitlines()
    status, most = map(int, last.split())
    return status, "\n".join(lines), most


def bounded(limit: int, *words: str | Path) -> Done:
    """With so many bytes of address space at most."""
    return run(["/usr/bin/prlimit", f"--as={limit}", *words])


def test_many_threads_take_little_memory(place: Path) -> None:
    (place / "dense").write_bytes(DENSE)
    for number in range(64):
        os.link(place / "dense", place / f"{number:02}.pkl")
    status, out, most = peak(CLI, "scan", "-r", "-j32", place)
    assert status == 0
    assert "65 files" in out
    assert most < 300_000  # KB; the policy allows each thread 256 MB


@pytest.mark.skipif(SANITIZED, reason="a sanitizer wants more room for addresses")
def test_threads_without_memory_leave_the_work_to_others(place: Path) -> None:
    for number in range(40):
        (place / f"{number}.pkl").write_bytes(payloads.pickle_of(place / "canary", 4))
    words = [CLI, "scan", "-r", "-j32", "--format", "jsonl", place]
    some = bounded(1 << 30, *words)
    assert (some.status, some.err) == (1, "")
    assert len(some.out.splitlines()) == 40
    none = bounded(200 << 20, *words)
    assert (none.status, none.out) == (2, "")
    assert "no memory for a thread" in none.err


def test_largest_first(place: Path) -> None:
    """The last thread to finish shall have little left."""
    for number in range(30):
        (place / f"{number:02}.pkl").write_bytes(pickle.dumps(list(range(number * 100))))
    words = [CLI, "scan", "-r", "--format", "jsonl", place]
    sizes = [json.loads(line)["size"] for line in run([*words, "-j2"]).out.splitlines()]
    order = sorted(sizes, reverse=True)
    # Of two threads one may be slow: never is more than one file before it still open.
    assert all(order.index(size) <= at + 1 for at, size in enumerate(sizes))
    names = [json.loads(line)["path"] for line in run([*words, "-j1"]).out.splitlines()]
    assert names == sorted(names)


def test_every_file_of_a_huge_folder(place: Path) -> None:
    """Listed on a terminal that shows it is not stuck, scanned, counted; a few bytes for each."""
    folder = place / "huge"
    folder.mkdir()
    for number in range(MANY):
        os.close(os.open(folder / f"{number}", os.O_CREAT | os.O_WRONLY))
    (folder / "60000").write_bytes(payloads.pickle_of(place / "canary", 2))
    status, out, most = peak(CLI, "scan", "-r", "--format=json", folder)
    document = json.loads(out)
    assert status == 1
    assert len(document["files"]) == document["summary"]["files"] == MANY
    assert document["summary"]["malicious"] == 1
    assert most < 120_000  # KB


def test_folders_deeper_than_a_path_is_long(place: Path) -> None:
    """What lies too deep for any path is told, and what lies above it is scanned."""
    begun = os.getcwd()
    name = "d" * 200
    try:
        os.chdir(place)
        for depth in range(25):  # a path may have 4096 bytes
            os.mkdir(name)
            os.chdir(name)
            Path("evil.pkl" if depth in (10, 24) else "clean.pkl").write_bytes(
                payloads.pickle_of(place / "canary", 2) if depth in (10, 24) else b"\x80\x04N."
            )
    finally:
        os.chdir(begun)
    done = run([CLI, "scan", "-r", "--format", "json", place])
    document = json.loads(done.out)
    assert done.status == 1
    assert document["summary"]["malicious"] == 1
    assert document["summary"]["unreadable"] >= 1
    assert "cannot be scanned: File name too long" in done.err
    run(["rm", "-rf", place / name])


def test_files_that_vanish_meanwhile(place: Path) -> None:
    """They were there when the folder was listed: that they could not be read is told."""
    for number in range(400):
        (place / f"{number:03}.pkl").write_bytes(b"\x80\x04N.")
    words = [str(CLI), "scan", "-r", "-j1", "--format", "jsonl", str(place)]
    with subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean_environment(),
        pipesize=4096,
    ) as process:
        assert process.stdout
        assert process.stderr
        first = process.stdout.readline()  # all are listed, and 4 KB hold a few dozen of them
        for number in (390, 399):
            (place / f"{number}.pkl").unlink()
        rest = process.stdout.read()
        said = process.stderr.read().decode()
    reports = [json.loads(line) for line in (first + rest).splitlines()]
    assert process.returncode == 2
    assert len(reports) == 400
    assert [one["path"] for one in reports if one["coverage"] == "partial"] == [
        f"{place}/390.pkl",
        f"{place}/399.pkl",
    ]
    assert said == "".join(
        f"safeguard: {place}/{number}.pkl: cannot be scanned: No such file or directory\n"
        for number in (390, 399)
    )


def test_signal_leaves_a_whole_document_and_the_cache(place: Path) -> None:
    folder = payloads.endless(place)
    (folder / "b.pkl").write_bytes(pickle.dumps([1, 2]))
    aged(folder / "b.pkl")  # what is warm is not remembered
    cache = place / "cache"
    words = [str(CLI), "scan", "-r", "-j1", "--format", "json", "--cache", str(cache), str(folder)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=clean_environment()) as process:
        assert process.stdout
        text = b"".join(process.stdout.readline() for _ in range(2))
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        document = json.loads(text + process.stdout.read())
    assert process.returncode == -signal.SIGTERM
    summary = document["summary"]
    assert summary["stopped"] == "SIGTERM"
    assert len(document["files"]) == summary["files"] < 1000
    assert summary["files"] + summary["not_reached"] == 1002
    assert summary["malicious"] == 1
    kept = len(cache.read_text().splitlines()) - 1
    assert kept == min(summary["benign"], 2)  # of all the long ones there is but one


def test_second_signal_does_not_wait_for_a_reader(place: Path) -> None:
    """Nobody reads the results, so that they cannot be written: one more signal ends it."""
    for number in range(300):
        (place / f"{number}.pkl").write_bytes(b"\x80\x04N.")
    words = [str(CLI), "scan", "-r", "--format", "jsonl", str(place)]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, env=clean_environment(), pipesize=4096
    ) as process:
        assert process.stdout
        process.stdout.read(1)
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
            time.sleep(0.2)
    assert process.returncode == -signal.SIGINT


def test_ignored_signals_stay_ignored(place: Path) -> None:
    """As under nohup, and in the background of a script."""
    (place / "dense.pkl").write_bytes(DENSE)
    for number in range(20):
        os.link(place / "dense.pkl", place / f"{number}.pkl")
    words = [str(CLI), "scan", "-r", "-j1", "--format", "jsonl", str(place)]
    with subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        env=clean_environment(),
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    ) as process:
        assert process.stdout
        first = process.stdout.readline()
        process.send_signal(signal.SIGHUP)
        rest = process.stdout.read()
    assert process.returncode == 0
    assert len((first + rest).splitlines()) == 21


def test_listing_shows_that_it_goes_on(place: Path) -> None:
    """On a terminal, before anything can be scanned: here a list of paths that takes its time."""
    listed = place / "list"
    os.mkfifo(listed)
    (place / "a.pkl").write_bytes(b"\x80\x04N.")
    with started([CLI, "scan", "--files-from", listed], PLAIN, 80) as (_, leader):
        with listed.open("w") as out:
            time.sleep(1.1)  # progress is shown of what takes longer than a second
            out.write(f"{place}/a.pkl\n" * 3)
        shown = read_until(leader, "found")
        shown += read_until_end(leader)
    assert "\r\x1b[K1 files found" in shown
    assert shown.split("\r\x1b[K")[-1].lstrip().startswith("safeguard: 3 files ")
