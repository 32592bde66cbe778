"""What a scan says, and how far it may go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["benign", "suspicious", "malicious"]
Coverage = Literal["complete", "partial", "none"]


@dataclass(frozen=True)
class Reason:
    """One thing that was found."""

    rule: str
    """A short stable identifier, as "calls-exec"."""
    detail: str
    """One line of plain words."""
    member: str
    """Path inside the archive, nested by "!"; empty for the file itself."""
    offset: int
    """Bytes from the beginning of the member's decoded content."""
    weight: float
    """0 to 1; the largest is the file's score."""


@dataclass(frozen=True)
class Report:
    """What loading the file would do."""

    verdict: Verdict
    score: float
    """0 to 1."""
    coverage: Coverage
    """How much was understood; "none": a model format that is known and not analysed."""
    format: str
    """"pickle", "torch-zip", …; "none" for what carries no pickle."""
    size: int
    """Bytes of the file."""
    micros: int
    """How long the scan took, in microseconds."""
    reasons: tuple[Reason, ...]
    """The most telling ones, at most 16, first the most telling."""

    @property
    def malicious(self) -> bool:
        """Whether loading would run something that no clean model does."""
        return self.verdict == "malicious"


@dataclass(frozen=True)
class Limits:
    """Set where only bombs reach them. What reaches one is not fully analysed: `partial`."""

    max_depth: int = 6
    """Archives and payloads inside one another."""
    max_inflate: int = 16 << 30
    """Decompressed bytes looked at, per file."""
    max_memory: int = 256 << 20
    """Bytes that one scan may use to work in; not those of the file."""

    def __post_init__(self) -> None:
        fits = 0 <= self.max_depth < 1 << 32 and 0 <= self.max_inflate < 1 << 64
        if not fits or not 0 < self.max_memory < 1 << 63:
            raise ValueError(f"out of range: {self}")
