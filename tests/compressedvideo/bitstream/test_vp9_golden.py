"""The VP9 parser's reading of random streams against what the study's prototype read.

The prototype was held against libvpx, block by block, on conformance vectors, encodes and such
streams. That a stream of the generator is the same as then is part of the test: the generator is
the parser, with symbols drawn instead of read.
"""

from __future__ import annotations

import hashlib
import subprocess

import pytest

from compressedvideo.bitstream import vp9
from tests.compressedvideo.bitstream.sanitized import VP9_SOURCES, build, generate_vp9

DIGESTS = {
    0: "0dbefc14051a0bb9",
    1: "caa045e18c236707",
    2: "7f6aa0e0cf28d0fd",
    3: "0e2f6715541c3e6f",
    4: "2999269d1d86db99",
    5: "719365023c051c80",
    6: "19bf12984d9d6ab8",
    7: "1b9c9695aefe9e49",
    8: "c2b200ac7064b9e5",
    9: "3cf8d87feb0d8168",
    10: "b6938af7c277f0a5",
    11: "ff10c4635dedf84d",
    12: "7a3a816d1e637ac1",
    13: "494ad59daf54373d",
    14: "7d4e9034def13fed",
    15: "fce7d0e7b9b34bba",
    16: "aa078ab46676f6b6",
    17: "642df8ff0f50f53e",
    18: "e9d783d43409e31b",
    19: "8679726d9ab518a2",
    20: "9bbc07a573c22929",
    21: "c47a7c4efe4e19f2",
    22: "f24a59eda18e1036",
    23: "293e780aeb3f1031",
    24: "7851fc8414bbd777",
    25: "07495217575e2564",
    26: "e6b9a4a2597a1277",
    27: "db93ee42b7a6229d",
    28: "79c36b1bb244ddb0",
    29: "db9359e7daa32782",
    30: "f2a3b3c2a59c0ccf",
    31: "f2b17cf6b8eb741c",
    32: "99fac292be0f8050",
    33: "579e617a3469eaf6",
    34: "365b49b8d35b4cac",
    35: "910f6f09ce8669f0",
    36: "751b31d75b1f4a7b",
    37: "dbb4fb466f1221fb",
    38: "084b16d7fd908465",
    39: "7d75e00c958c6f10",
    40: "78f3d977e0248b6d",
    41: "c69a150eef1873bd",
    42: "352cf610344d62db",
    43: "1403fb280e852dd3",
    44: "93b4066c3a711571",
    45: "277eced1537887c7",
    46: "316d98e7645e4fbf",
    47: "157bbc7dca871651",
    48: "524f80b1041ba9c6",
    49: "ec40f3b337030af6",
    50: "d6e46724b70b9d13",
    51: "7194566eb47f0ee7",
    52: "35d894c57228d83a",
    53: "83bafd1aed52df6f",
    54: "db438ac86d51b05f",
    55: "e055724eaca358d2",
    56: "dac995cf72950b52",
    57: "572f9e163e3c5a85",
    58: "399f2936f1679d2a",
    59: "3f846ff2860eece7",
}
"""By seed: of 12 frames, printed by the prototype for the files that the generator wrote."""


def test_random_streams_are_read_as_the_prototype_read_them(tmp_path):
    driver = build("vp9_digest", VP9_SOURCES, tmp_path, sanitize=False)
    files = generate_vp9(tmp_path, range(len(DIGESTS)))
    command = [str(driver), *map(str, files)]
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    read = {int(line.split()[0].split("/")[-1][:-4]): line.split()[1:] for line in lines}
    assert read == {seed: [digest, "exact"] for seed, digest in DIGESTS.items()}


@pytest.mark.skipif(not vp9.is_available(), reason="no compiled parsers")
def test_tables_are_the_specification_s():
    tables = vp9.tables()
    digests = {name: hashlib.sha256(table).hexdigest()[:16] for name, table in tables.items()}
    assert digests == {
        "default_probs": "ba46e126bd426ab9",
        "kf_y_mode_probs": "457dcfcd68646861",
        "kf_uv_mode_probs": "184522c68aeeac86",
        "kf_partition_probs": "4e9aa78b9de6bfc0",
        "pareto": "668693844c546e8b",
        "category6_probs": "cf52d275ece9041a",
        "candidates": "1f50cdc954ff30eb",
        "scans_4x4": "9bcaceeda38ea356",
        "scans_8x8": "7824ff900bfd9f8a",
        "scans_16x16": "b82e2c72df6b85be",
        "scan_32x32": "d27f4fcf3faf1a36",
    }


@pytest.mark.skipif(not vp9.is_available(), reason="no compiled parsers")
@pytest.mark.parametrize(
    ("name", "count", "size"),
    [
        ("scans_4x4", 3, 16),
        ("scans_8x8", 3, 64),
        ("scans_16x16", 3, 256),
        ("scan_32x32", 1, 1024),
    ],
)
def test_scans_visit_each_coefficient_once(name, count, size):
    positions = memoryview(vp9.tables()[name]).cast("H").tolist()
    for i in range(count):
        scan = positions[i * size : (i + 1) * size]
        assert sorted(scan) == list(range(size))
        width = {16: 4, 64: 8, 256: 16, 1024: 32}[size]
        place = {position: number for number, position in enumerate(scan)}
        for position in range(size):  # contexts come before what needs them
            assert position < width or place[position - width] < place[position]
            assert position % width == 0 or place[position - 1] < place[position]
