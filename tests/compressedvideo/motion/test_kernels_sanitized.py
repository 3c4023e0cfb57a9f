"""Random calls of the compiled kernels under AddressSanitizer and UBSan.

MMCONDENSE_FUZZ_CALLS=100000 python -m pytest tests/compressedvideo/motion/test_kernels_sanitized.py
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.compressedvideo import sanitized

HARNESS = Path(__file__).with_name("fuzz") / "kernels_fuzz.py"
NUM_CALLS = int(os.environ.get("MMCONDENSE_FUZZ_CALLS", "6000"))


@pytest.mark.parametrize("defines", [(), ("-DPORTABLE_ONLY",)], ids=["all", "portable"])
def test_random_calls_stay_inside_their_arrays(tmp_path: Path, defines: tuple[str, ...]) -> None:
    extension = sanitized.build("motion", "_kernels", defines=defines, target=tmp_path)
    counts = sanitized.run(HARNESS, extension, 0, NUM_CALLS // 2)
    assert counts["done"] >= NUM_CALLS // 4
    assert counts["refused"] > counts["done"] * 0.7
