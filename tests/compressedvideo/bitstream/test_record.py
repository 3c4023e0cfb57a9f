"""The layout of records: numpy's view against the C header's text."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import compressedvideo
from compressedvideo.bitstream.record import RECORD, Flags, as_arrays

HEADER = Path(compressedvideo.__file__).parent / "bitstream" / "csrc" / "record.h"
TYPES = {
    "int64_t": np.int64,
    "int32_t": np.int32,
    "uint16_t": np.uint16,
    "int16_t": np.int16,
    "uint8_t": np.uint8,
}


@pytest.fixture(scope="module")
def header() -> str:
    if not HEADER.exists():
        pytest.skip(f"no {HEADER}")
    return HEADER.read_text()


def test_members_are_those_of_the_struct(header):
    body = re.search(r"typedef struct \{(.*?)\} picture_record;", header, re.DOTALL)[1]
    members = []
    for c_type, names in re.findall(r"^\s*(\w+_t) ([^;]+);", body, re.MULTILINE):
        for name in names.split(","):
            found = re.fullmatch(r"\s*(\w+)(?:\[(\d+)\])?", name)
            size = np.dtype(TYPES[c_type]).itemsize * int(found[2] or 1)
            members.append((found[1], size))
    assert [(name, RECORD[name].itemsize) for name in RECORD.names] == members
    assert RECORD.itemsize == 48
    offsets = [RECORD.fields[name][1] for name in RECORD.names]
    assert offsets == np.cumsum([0, *(size for _, size in members)])[:-1].tolist()


def test_flags_are_those_of_the_enum(header):
    values = dict(re.findall(r"RECORD_(\w+) = (\d+)", header))
    assert {flag.name: str(flag.value) for flag in Flags} == values


def test_bytes_are_viewed_as_they_are():
    record = np.zeros(2, RECORD)
    record["order"], record["kind"], record["recovery"] = [-5, 1 << 40], [b"I", b"B"], -1
    records, references = as_arrays(record.tobytes(), np.array([3, -1], np.int32).tobytes())
    assert records["order"].tolist() == [-5, 1 << 40]
    assert records["kind"].tolist() == [b"I", b"B"]
    assert references.tolist() == [3, -1]
    assert as_arrays(b"", b"")[0].shape == (0,)
