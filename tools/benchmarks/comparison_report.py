"""What came of comparing one file: how often each check was made, and what was wrong first."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

CHECKS = (
    "open",
    "number",
    "size",
    "types",
    "keyframes",
    "pixels",
    "iframes",
    "times",
    "vectors",
    "invariant",
    "history",
    "colours",
)
REFUSALS = ("", "vectors", "pixels")
"""What a reader may refuse, each with those before it."""


@dataclass
class Check:
    """How often something was looked at, and what was wrong the first time."""

    passed: int = 0
    failed: int = 0
    refused: int = 0
    first: str = ""

    def __str__(self) -> str:
        return f"{self.failed} of {self.failed + self.passed} wrong: {self.first}"


@dataclass
class Report:
    """What came of one file."""

    file: str
    codec: str = ""
    container: str = ""
    frames: int = 0
    """That a plain decode shows."""

    keyframes: int = 0
    has_b_frames: bool = False
    read_alone: int = 0
    """Frames; fewer than ``frames`` where time ran out."""

    checks: dict[str, Check] = field(default_factory=dict)
    refusals: dict[str, int] = field(default_factory=dict)
    """Messages of the reader's CodecErrors, and how often."""

    refused_pictures: int = 0
    """Frames whose pixels the reader refuses alone."""

    may_refuse: str = "pixels"
    """What is no fault if it is a CodecError: one of ``REFUSALS``."""

    doubts: list[str] = field(default_factory=list)
    """Why a difference might be no fault of the reader's."""

    warnings: list[str] = field(default_factory=list)
    seconds: float = 0.0
    broke: str = ""
    """How it ended, if it did not: killed by a signal, too slow, a fault of this tool."""

    def say(self, check: str, fault: str | None, at: int | None = None) -> None:
        """Count a check of a frame, or of the file; None is well."""
        counted = self.checks.setdefault(check, Check())
        if fault is None:
            counted.passed += 1
            return
        counted.failed += 1
        counted.first = counted.first or (fault if at is None else f"frame {at}: {fault}")

    def refuse(self, check: str, message: str) -> None:
        """Count a CodecError."""
        self.checks.setdefault(check, Check()).refused += 1
        self.refusals[message] = self.refusals.get(message, 0) + 1

    @property
    def refuses(self) -> str:
        """``''``, ``'vectors'`` or ``'pixels'``, which is anything else."""
        if not self.frames:
            return ""  # rightly: there are none
        refused = {name for name, check in self.checks.items() if check.refused}
        return "pixels" if refused - {"vectors"} else "vectors" if refused else ""

    @property
    def faults(self) -> list[str]:
        """Names of checks, and what may not be refused."""
        faults = [name for name, check in self.checks.items() if check.failed]
        if REFUSALS.index(self.refuses) > REFUSALS.index(self.may_refuse):
            faults.append(f"refuses {self.refuses}")
        return ["broke", *faults] if self.broke else faults

    @property
    def is_wrong(self) -> bool:
        return bool(self.faults)

    @property
    def verdict(self) -> str:
        """``'right'``, ``'refused'`` (in part or whole, by CodecErrors), or what is wrong."""
        if self.broke:
            return self.broke
        if self.faults:
            return "wrong: " + ", ".join(self.faults)
        return "refused" if self.refusals else "right"

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "verdict": self.verdict}
