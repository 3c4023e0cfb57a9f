"""What can be said of Ray without a cluster; tests/tools/test_ray.py has one."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.mmcondense_preparation.conftest import make_items

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'mmcondense[cluster]'")


@pytest.mark.parametrize("says", ["address", "ray://", "RAY_ADDRESS"])
def test_where_nobody_answers_is_told_at_once(
    run: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str
) -> None:
    """Ray itself tries for three minutes."""
    with socket.socket() as taken:  # and not listened at
        taken.bind(("127.0.0.1", 0))
        address: str | None = f"127.0.0.1:{taken.getsockname()[1]}"
        if says == "RAY_ADDRESS":
            monkeypatch.setenv(says, str(address))
            address = None
        elif says == "ray://":
            address = f"ray://{address}"
        begun = time.monotonic()
        with pytest.raises(ValueError, match=rf"no Ray cluster at {address or says}: .*refused"):
            run(make_items(1), tmp_path / "out", executor="ray", address=address)
        assert time.monotonic() - begun < 10
    assert not ray.is_initialized()
