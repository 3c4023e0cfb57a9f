"""Workers end with their parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from compressedvideo.writing.workers import worker_pool

PARENT = """
import sys, time
from pathlib import Path
from compressedvideo.writing.workers import worker_pool

def work(folder, number):
    import os
    Path(folder, f"{number}.part").write_text(str(os.getpid()))
    os.rename(Path(folder, f"{number}.part"), Path(folder, str(number)))
    time.sleep(60)

if __name__ == "__main__":
    pool = worker_pool(2)
    jobs = [pool.submit(work, sys.argv[1], number) for number in range(8)]
    [job.result() for job in jobs]
"""


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{process}/stat")  # what nobody waited for is dead, too
    return not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_workers_of_a_killed_parent_end(number: signal.Signals, tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    folder = tmp_path / "begun"
    folder.mkdir()
    parent = subprocess.Popen([sys.executable, str(script), str(folder)])
    try:
        until = time.monotonic() + 60
        while len(list(folder.glob("[01]"))) < 2 and time.monotonic() < until:
            time.sleep(0.05)
        workers = [int(path.read_text()) for path in folder.glob("[01]")]
        assert len(workers) == 2
        assert all(map(is_alive, workers))
    finally:
        parent.send_signal(number)
        parent.wait()
    until = time.monotonic() + 10
    while any(map(is_alive, workers)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(is_alive, workers))


def test_a_pool_works_as_others_do() -> None:
    with worker_pool(2) as pool:
        assert list(pool.map(abs, range(-3, 3))) == [3, 2, 1, 0, 1, 2]
