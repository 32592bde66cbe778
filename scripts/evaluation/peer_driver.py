"""peer_driver.py - one peer over many files: paths come in on standard input, JSON lines go out.

Runs with the interpreter of the peer's own environment (build/peers/NAME). Each peer is asked
through the functions behind its command line, once per file; no peer loads what it looks at. The
first line says what the peer is and how long it took to get ready; sums of time are processor
time, so that a busy machine does not matter. `said` has two tiers as our own
verdict has; what the peer could not read or passed over is `not scanned`:

    picklescan   dangerous | suspicious globals
    modelscan    issues of HIGH or CRITICAL | any issue
    fickling     LIKELY_UNSAFE or worse | POSSIBLY_UNSAFE, SUSPICIOUS
    modelaudit   critical | warning
"""

from __future__ import annotations

import json
import logging
import signal
import sys
import time
import zipfile
from collections.abc import Callable
from importlib.metadata import version

SECONDS_A_FILE = 20
Scan = Callable[[str], "tuple[bool, bool, bool]"]  # malicious, suspicious, scanned


class TooSlow(BaseException):
    """Not an Exception: peers catch those."""


def picklescan() -> Scan:
    from picklescan.scanner import scan_file_path

    def scan(path: str) -> tuple[bool, bool, bool]:
        result = scan_file_path(path)
        scanned = result.scanned_files > 0 and not result.scan_err
        return result.issues_count > 0, result.suspicious_count > 0, scanned

    return scan


def modelscan() -> Scan:
    from modelscan.issues import IssueSeverity
    from modelscan.modelscan import ModelScan

    scanner = ModelScan()
    bad = {IssueSeverity.HIGH.name, IssueSeverity.CRITICAL.name}

    def scan(path: str) -> tuple[bool, bool, bool]:
        result = scanner.scan(path)
        found = {k for k, n in result["summary"]["total_issues_by_severity"].items() if n}
        scanned = result["summary"]["scanned"]["total_scanned"] > 0 and not result["errors"]
        return bool(found & bad), bool(found), scanned

    return scan


def fickling() -> Scan:
    from fickling.analysis import Severity
    from fickling.loader import scan_file, scan_zip_archive

    def scan(path: str) -> tuple[bool, bool, bool]:
        if zipfile.is_zipfile(path):
            results = list(scan_zip_archive(path, graceful=True).values())
        else:
            results = [scan_file(path, graceful=True)]
        found = [analysis.severity for result in results for analysis in result.results]
        return (
            any(severity >= Severity.LIKELY_UNSAFE for severity in found),
            any(severity > Severity.LIKELY_SAFE for severity in found),
            bool(found) and not any(result.errors for result in results),
        )

    return scan


def modelaudit() -> Scan:
    from modelaudit.core import scan_file
    from modelaudit.scanner_results import IssueSeverity

    def scan(path: str) -> tuple[bool, bool, bool]:
        result = scan_file(path, {"cache_enabled": False})
        found = {issue.severity for issue in result.issues}
        bad = IssueSeverity.CRITICAL in found
        return bad, bad or IssueSeverity.WARNING in found, result.scanner_name != "unknown"

    return scan


PEERS: dict[str, Callable[[], Scan]] = {
    "picklescan": picklescan,
    "modelscan": modelscan,
    "fickling": fickling,
    "modelaudit": modelaudit,
}


def too_slow(_signal: int, _frame: object) -> None:
    raise TooSlow


def look(scan: Scan, path: str) -> dict[str, object]:
    begin = time.perf_counter_ns()
    note = ""
    malicious = suspicious = scanned = False
    signal.setitimer(signal.ITIMER_PROF, SECONDS_A_FILE)
    try:
        malicious, suspicious, scanned = scan(path)
    except TooSlow:
        note = f"more than {SECONDS_A_FILE} s"
    except Exception as error:  # noqa: BLE001 - a peer that fails on a file has not scanned it
        note = f"{type(error).__name__}: {error}"[:200]
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    said = "malicious" if malicious else "suspicious" if suspicious else "benign"
    micros = (time.perf_counter_ns() - begin) // 1000
    return {"path": path, "said": said, "scanned": scanned, "micros": micros, "note": note}


def peak() -> int:
    """Kilobytes; getrusage would count what the parent had when it forked."""
    with open("/proc/self/status", encoding="ascii", errors="replace") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def main() -> None:
    name = sys.argv[1]
    logging.disable(logging.CRITICAL)
    out, sys.stdout = sys.stdout, sys.stderr
    signal.signal(signal.SIGPROF, too_slow)
    scan = PEERS[name]()
    ready = {"peer": name, "version": version(name), "ready": time.process_time()}
    print(json.dumps(ready), file=out, flush=True)
    for line in sys.stdin:
        print(json.dumps(look(scan, line.rstrip("\n"))), file=out, flush=True)
    print(json.dumps({"peak_kb": peak(), "seconds": time.process_time()}), file=out)


if __name__ == "__main__":
    main()
