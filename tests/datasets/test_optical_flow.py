from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from mmcondense.datasets import optical_flow
from mmcondense.datasets.optical_flow import (
    compute_flow,
    decode_flow,
    encode_flow,
    first_number,
    flow_paths,
    read_flow,
    write_flow,
)


def moving_texture(*, right: int, down: int) -> tuple[np.ndarray, np.ndarray]:
    """Two 96x128 RGB frames; the content moves by (right, down) pixels from one to the other."""
    noise = np.random.default_rng(0).integers(0, 256, (140, 180, 3)).astype(np.uint8)
    texture = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 3), None, 0, 255, cv2.NORM_MINMAX)
    return texture[20:116, 20:148].copy(), texture[20 - down : 116 - down, 20 - right : 148 - right]


@pytest.mark.parametrize("method", ["tvl1", "dis"])
@pytest.mark.parametrize(("right", "down"), [(3, 2), (-4, 1)])
def test_flow_is_the_motion_of_the_content(method, right, down):
    flow = compute_flow(*moving_texture(right=right, down=down), method=method)
    assert flow.shape == (96, 128, 2)
    assert flow.dtype == np.float32
    inner = flow[12:-12, 12:-12]
    assert np.abs(inner - [right, down]).mean() < 0.15


def test_bytes_are_denseflows():
    # denseflow: below -20 is 0, above 20 is 255, else cvRound(255 * (v + 20) / 40)
    pixels = [-30.0, -20.0, -7.3, -0.1, 0.0, 0.1, 3.14, 20.0, 99.0]
    expected = [min(max(round(255 * (v + 20) / 40), 0), 255) for v in pixels]
    assert encode_flow(np.array(pixels)).tolist() == expected
    assert expected[4] == 128


def test_decoding_is_within_half_a_step():
    pixels = np.linspace(-20, 20, 1001)
    step = 40 / 255
    assert np.abs(decode_flow(encode_flow(pixels)) - pixels).max() <= step / 2 + 1e-5
    levels = np.arange(256, dtype=np.uint8)
    assert np.array_equal(encode_flow(decode_flow(levels)), levels)
    assert np.array_equal(encode_flow(decode_flow(levels, bound=8), bound=8), levels)


def test_files_keep_the_field(tmp_path):
    y, x = np.mgrid[0:32, 0:48]
    flow = np.stack([x / 6 - 4, 3 - y / 4], axis=-1).astype(np.float32)
    paths = flow_paths(tmp_path, 7)
    assert [path.name for path in paths] == ["flow_x_00007.jpg", "flow_y_00007.jpg"]
    write_flow(flow, paths, bound=20, quality=95)
    assert np.abs(read_flow(paths) - flow).mean() < 0.15


def test_unreadable_and_missing_files_are_named(tmp_path):
    paths = flow_paths(tmp_path, 1)
    with pytest.raises(FileNotFoundError, match="flow_x_00001"):
        read_flow(paths)
    for content in (b"", b"no jpeg"):
        paths[0].write_bytes(content)
        with pytest.raises(ValueError, match=r"flow_x_00001\.jpg is no readable image"):
            read_flow(paths)


def test_folders_count_from_0_or_1(tmp_path):
    for number, folder in ((0, tmp_path / "denseflow"), (1, tmp_path / "ours")):
        folder.mkdir()
        flow = np.full((8, 8, 2), math.pi, np.float32)
        write_flow(flow, flow_paths(folder, number), bound=20, quality=95)
        assert first_number(folder) == number


def test_opencv_without_contrib_says_what_to_install(monkeypatch):
    monkeypatch.delattr(cv2, "optflow")
    optical_flow.flow_estimator.cache_clear()
    with pytest.raises(ImportError, match="pip install opencv-contrib-python"):
        compute_flow(*moving_texture(right=1, down=0), method="tvl1")


def test_unknown_method_names_the_known_ones():
    with pytest.raises(ValueError, match=r"\('tvl1', 'dis'\), but is 'farneback'"):
        compute_flow(*moving_texture(right=1, down=0), method="farneback")
