"""safeguard - asks the scanner what loading a file would do, without loading it.

    import safeguard

    report = safeguard.scan("model.pt")  # or bytes, or a binary file object
    if report.malicious:
        raise SystemExit(report.reasons[0].detail)

`enabled()` tells whether the guard is in this process, `library()` what to preload for it.
"""

from ._places import LibraryError, enabled, library, program
from ._report import Coverage, Limits, Reason, Report, Verdict
from ._scan import ScanError, scan

__all__ = [
    "Coverage",
    "LibraryError",
    "Limits",
    "Reason",
    "Report",
    "ScanError",
    "Verdict",
    "enabled",
    "library",
    "program",
    "scan",
]
