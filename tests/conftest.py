"""Fixtures shared by all tests."""

from __future__ import annotations

import gc
import os
import random
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

cv2.setNumThreads(0)  # tests fork processes, which OpenCV's threads do not survive
# Nor do other threads, which garbage of the tests before would be waiting for as it is collected.
os.register_at_fork(after_in_child=gc.freeze)

_SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """A test draws the same numbers whichever tests ran before it."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 - transforms draw from it
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real development clips; tests that need it skip where it is missing."""
    if not _SHARED_DATA.is_dir():
        pytest.skip(f"no development clips at {_SHARED_DATA}")
    return _SHARED_DATA
