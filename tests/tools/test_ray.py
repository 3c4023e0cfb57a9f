"""--executor ray on a real cluster: two nodes on this machine, one of which is killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from compressedvideo import encode_frames
from tests.mmcondense_preparation.conftest import tree

pytest.importorskip("ray", reason="Ray is not installed: pip install 'mmcondense[cluster]'")

ROOT = Path(__file__).resolve().parents[2]
COUNT = 16


@pytest.fixture
def cluster() -> Iterator[Any]:
    """Two nodes of a core each; the second can be killed."""
    from ray.cluster_utils import Cluster

    soon = dict(health_check_period_ms=500, health_check_failure_threshold=2)  # for 3 s, 5
    head = dict(num_cpus=1, include_dashboard=False, _system_config=soon)
    handler = signal.getsignal(signal.SIGTERM)  # Ray sets its own, which later tests would inherit
    try:
        for chance in (2, 1, 0):  # Ray gives a node 30 s, which a busy machine may exceed
            cluster = Cluster(initialize_head=False)
            try:
                cluster.add_node(**head)
                cluster.second_node = cluster.add_node(num_cpus=1)
                break
            except Exception:
                cluster.shutdown()
                if not chance:
                    raise
        yield cluster
        cluster.shutdown()
    finally:
        signal.signal(signal.SIGTERM, handler)


def test_a_node_is_killed_and_nothing_is_missing_or_doubled(
    run_tool: Callable, cluster: Any, tmp_path: Path
) -> None:
    videos, out, whole = (tmp_path / name for name in ("videos", "out", "whole"))
    videos.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (40, 144, 176, 3), dtype=np.uint8)
    encode_frames(videos / "00.mp4", noise, codec="mpeg2")
    for number in range(1, COUNT):
        shutil.copy(videos / "00.mp4", videos / f"{number:02}.mp4")
    (videos / "bad.mp4").write_text("no video")
    command = [sys.executable, "tools/data/reencode.py", str(videos), str(out), "--codec", "h264"]
    driver = subprocess.Popen(
        [*command, "--executor", "ray", "--address", cluster.address],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until = time.monotonic() + 120
        while len(list(out.glob("*.mp4"))) < 3 and driver.poll() is None:
            assert time.monotonic() < until
            time.sleep(0.01)
        assert driver.poll() is None, driver.communicate()
        cluster.remove_node(cluster.second_node, allow_graceful=False)
        assert len(list(out.glob("*.mp4"))) < COUNT
        printed, errors = driver.communicate(timeout=120)
    finally:
        driver.kill()
    assert driver.returncode == 1, errors  # for the one that is no video
    assert ", 1 failed" in printed
    command[3] = str(whole)
    run_tool(*command, "--workers", "2", status=1)
    assert tree(out) == tree(whole)
    assert len(list(out.glob("*.mp4"))) == COUNT
