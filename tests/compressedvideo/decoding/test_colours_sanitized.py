"""Random calls of the compiled conversion of colours under AddressSanitizer and UBSan."""

from __future__ import annotations

from pathlib import Path

from tests.compressedvideo import sanitized

HARNESS = Path(__file__).with_name("fuzz") / "colours_fuzz.py"


def test_random_calls_stay_inside_their_arrays(tmp_path: Path) -> None:
    extension = sanitized.build("decoding", "_colours", defines=(), target=tmp_path)
    counts = sanitized.run(HARNESS, extension, 0, 3000)
    assert counts["refused"] > 1000
    assert counts.get("converted", 0) + counts.get("not converted", 0) > 1500
