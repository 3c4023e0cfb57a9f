"""Packets by the tables of MP4 and AVI."""

from __future__ import annotations

import io
from array import array
from pathlib import Path

import av
import pytest

from compressedvideo import encode_frames
from compressedvideo.container import packet_table
from compressedvideo.container.opening import open_container
from compressedvideo.container.packet_table import PacketTable, read_table
from tests.compressedvideo.slow_reference import translating_frames


class Counting(io.BytesIO):
    """Counts what is read of it."""

    num_bytes = num_reads = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.num_bytes += len(data)
        self.num_reads += 1
        return data


@pytest.mark.parametrize(
    ("gap", "window", "num_reads", "num_bytes"), [(10, 99, 1, 36), (9, 99, 2, 26), (99, 20, 2, 26)]
)
def test_neighbours_are_read_together(gap, window, num_reads, num_bytes, monkeypatch) -> None:
    monkeypatch.setattr(packet_table, "_GAP", gap)
    monkeypatch.setattr(packet_table, "_WINDOW", window)
    positions, sizes = array("q", [4, 14, 34]), array("q", [10, 10, 6])
    table = PacketTable(positions, sizes, positions, None, num_complete=3)
    data = bytes(range(64))
    file = Counting(data)
    packets = [bytes(packet) for batch in table.read(file, 0, 3) for packet in batch]
    assert packets == [data[4:14], data[14:24], data[34:40]]
    assert (file.num_reads, file.num_bytes) == (num_reads, num_bytes)


@pytest.mark.parametrize("suffix", [".avi", ".mov"])
def test_what_the_demuxer_would_say(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"clip{suffix}"
    frames = translating_frames(9, step=(2, 1), height=48, width=64)
    encode_frames(path, frames, codec="mpeg4", gop_size=4)
    with av.open(str(path)) as file:
        demuxed = [(p.pos, p.dts, bytes(p)) for p in file.demux(video=0) if p.size]
    with open_container(path, str(path)) as container, open(path, "rb") as file:
        stream = container.streams.video[0]
        table = read_table(file, stream, format=container.format.name, track=None)
        assert table is not None
        assert table.num_complete == 9
        found = [bytes(packet) for batch in table.read(file, 0, 9) for packet in batch]
    assert found == [data for _, _, data in demuxed]
    assert list(table.decoding_times) == [time for _, time, _ in demuxed]


def test_other_containers_have_none(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    encode_frames(path, translating_frames(3, step=(2, 1), height=48, width=64), codec="mpeg4")
    with open_container(path, str(path)) as container, open(path, "rb") as file:
        stream = container.streams.video[0]
        assert read_table(file, stream, format=container.format.name, track=None) is None
