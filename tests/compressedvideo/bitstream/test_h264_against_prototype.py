"""The H.264 parser against the scratch parser of ../shared/prototypes/h264, on every field.

Skipped where that is missing. The whole matrix and all files:

    MMCONDENSE_H264_ENCODES=240 python -m pytest tests/.../test_h264_against_prototype.py -n 0 -s
"""

from __future__ import annotations

import importlib.util
import os
import random
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from types import ModuleType

import av
import numpy as np
import pytest

from compressedvideo.bitstream import h264
from compressedvideo.bitstream.h264 import H264Parser, ParsedPicture
from compressedvideo.bitstream.parsed import NO_SLOT
from tests.compressedvideo.bitstream.x264 import encode, tools

pytestmark = pytest.mark.skipif(not h264.is_available(), reason="no compiled H.264 parser")

NUM_ENCODES = int(os.environ.get("MMCONDENSE_H264_ENCODES", "40"))


@pytest.fixture(scope="module")
def prototype(shared_data, tmp_path_factory) -> ModuleType:
    source = shared_data.parent / "prototypes" / "h264"
    if not source.is_dir() or shutil.which("g++") is None:
        pytest.skip("no prototype, or no g++ to build it")
    folder = tmp_path_factory.mktemp("prototype")
    for path in source.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    subprocess.run(["bash", "mk.sh"], cwd=folder, check=False)  # fails without warnings
    assert (folder / "libh264m.so").is_file()
    spec = importlib.util.spec_from_file_location("h264py", folder / "h264py.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def compare_picture(picture: ParsedPicture, theirs, counts: Counter) -> None:
    """theirs: the prototype's arrays, vectors as coded."""
    height, width = picture.size
    rows, columns = -(-height // 4), -(-width // 4)
    step = picture.cell // 4
    table = np.array([*picture.pictures, *[-2] * (256 - len(picture.pictures))])
    for number in range(2):
        index, identity = (
            theirs[name][number].repeat(2, 0).repeat(2, 1)[:rows, :columns]
            for name in ("ref", "uid")
        )
        slots, vectors = (
            array[number].repeat(step, 0).repeat(step, 1)[:rows, :columns]
            for array in (picture.slots, picture.vectors)
        )
        used = index >= 0
        expected = np.where(used[..., None], -theirs["mv"][number][:rows, :columns], 0)
        assert np.array_equal(slots != NO_SLOT, used)
        assert np.array_equal(vectors, expected)
        assert np.array_equal(table[slots[used]], identity[used].clip(-1))
        counts["4x4 blocks"] += int(used.sum())
    for name, ours in (
        ("type", picture.costs.types),
        ("bits", picture.costs.bits),
        ("ncoef", picture.costs.coefficients),
        ("qp", picture.costs.qp),
    ):
        assert np.array_equal(ours, theirs[name][: ours.shape[0], : ours.shape[1]]), name


def compare_file(path: Path, prototype: ModuleType) -> Counter:
    with av.open(str(path), options={"ignore_editlist": "1"}) as container:
        extradata = container.streams.video[0].codec_context.extradata
        data = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    every = b"\1" * len(data)
    pictures = H264Parser(extradata).parse(data, needed=every, wanted=every, costs=True)
    by_number = {picture.picture: picture for picture in pictures}
    reader = prototype.Parser(bytes(extradata) if extradata else None)
    counts: Counter = Counter()
    for packet in data:
        reader.packet(packet)
        for theirs in reader.pics():
            picture = by_number[theirs.uid]
            counts["slices that end exactly"] += theirs.endOk
            if picture.error is None:
                assert theirs.err == theirs.endBad == 0
                compare_picture(picture, prototype.views(theirs), counts)
                counts["pictures"] += 1
            else:
                counts[picture.error] += 1
    return counts


def test_encoded_streams(prototype, tmp_path):
    total: Counter = Counter()
    for seed in range(NUM_ENCODES):
        options, pixel_format, (width, height) = tools(random.Random(seed))
        path = encode(
            tmp_path / f"{seed}.mkv",
            options,
            num_frames=20,
            width=width,
            height=height,
            pixel_format=pixel_format,
        )
        counts = compare_file(path, prototype)
        assert set(counts) <= {"pictures", "4x4 blocks", "slices that end exactly"}, counts
        assert counts["pictures"] == 20
        total += counts
        path.unlink()
    print(NUM_ENCODES, "encodes:", dict(total))
    assert total["slices that end exactly"] >= total["pictures"]


def test_all_real_files(prototype, shared_data):
    total: Counter = Counter()
    damaged = {
        "clips/corrupted.mp4",
        "wild/06_lost_ts_packets.ts",
        "hostile/lost_P_h264.mp4",
    }
    for path in sorted(shared_data.glob("*/*.*")):
        try:
            with av.open(str(path)) as container:
                if container.streams.video[0].codec_context.name != "h264":
                    continue
        except (av.error.FFmpegError, IndexError, UnicodeDecodeError):
            continue
        counts = compare_file(path, prototype)
        errors = set(counts) - {"pictures", "4x4 blocks", "slices that end exactly"}
        name = f"{path.parent.name}/{path.name}"
        assert bool(errors) == (name in damaged), (name, counts)
        total += counts
    print(dict(total))
    assert total["pictures"] > 1500
