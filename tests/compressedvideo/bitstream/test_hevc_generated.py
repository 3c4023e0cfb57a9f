"""Streams of what encoders never write: tiles, PCM, long-term references, dependent slices, …

generated_hevc/ holds random streams of the generator in ../shared/prototypes/hevc (``gen SEED FILE
4``; ``extended``: with the range extensions, ``RX=1``). They show nothing; their motion is equal to
that of the parser there, cell by cell (test_hevc_against_prototype.py), and is kept here as a hash.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from compressedvideo.bitstream.hevc import HevcParser, ParsedPicture, is_available

pytestmark = pytest.mark.skipif(not is_available(), reason="no compiled HEVC parser")

FOLDER = Path(__file__).with_name("generated_hevc")
DIGESTS = {
    "extended_11.hevc": "66c5527f0377681d",
    "extended_18.hevc": "29995bf21d9f0179",
    "extended_22.hevc": "f788fd6ce96cdf28",
    "extended_24.hevc": "0963746741f82844",
    "extended_38.hevc": "0ea4f411b06a8f47",
    "extended_43.hevc": "32ef0ad925453525",
    "extended_49.hevc": "30d42356026ad08a",
    "extended_57.hevc": "dfaec02460ae43e1",
    "main_14.hevc": "dff4b2ff26b00bf8",
    "main_17.hevc": "9024567dd37d1839",
    "main_30.hevc": "67cf49c31d4347ce",
    "main_5.hevc": "8bf6c9945dc148d8",
    "main_51.hevc": "638a3e065d8a9570",
    "main_57.hevc": "7eb4a34dc8f6b8a1",
}
"""Of the vectors and references of all pictures, on the grid of 4x4 cells."""


def digest(pictures: list[ParsedPicture]) -> str:
    total = hashlib.sha256()
    for picture in pictures:
        assert picture.vectors is not None
        assert picture.slots is not None
        scale = picture.cell // 4
        names = np.array([*picture.pictures, *[-2] * (256 - len(picture.pictures))], "<i4")
        vectors = picture.vectors.repeat(scale, 1).repeat(scale, 2)
        total.update(np.ascontiguousarray(vectors, "<i2").tobytes())
        total.update(names[picture.slots.repeat(scale, 1).repeat(scale, 2)].tobytes())
    return total.hexdigest()[:16]


@pytest.mark.parametrize(("name", "expected"), DIGESTS.items())
def test_generated_streams(name, expected):
    stream = (FOLDER / name).read_bytes()
    pictures = HevcParser(None).parse([stream], needed=b"\1", wanted=b"\1", costs=True)
    assert len(pictures) == 4
    for picture in pictures:
        assert picture.error is None, picture
        assert picture.ends_exactly, picture.picture
    assert digest(pictures) == expected
    without_costs = HevcParser(None).parse([stream], needed=b"\1", wanted=b"\1")
    assert digest(without_costs) == expected


def test_all_streams_are_known():
    assert sorted(path.name for path in FOLDER.glob("*.hevc")) == sorted(DIGESTS)
