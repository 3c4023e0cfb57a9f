"""A training video is read as each encoder wrote it, as often as the others."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from mmcondense.datasets.transforms import MixedEncodings


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name in ("videos/wave/a.b.avi", "h264/wave/a.b.mp4", "elsewhere/wave/a.b.mp4"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    return tmp_path


def draw(transform: MixedEncodings, video: Path, times: int = 300) -> Counter[str]:
    np.random.seed(0)  # noqa: NPY002 - the generator that mmengine seeds
    return Counter(transform(dict(filename=str(video)))["filename"] for _ in range(times))


def test_each_encoding_is_drawn_as_often_as_the_others(data):
    video = data / "videos/wave/a.b.avi"
    drawn = draw(MixedEncodings(["h264", str(data / "elsewhere")]), video)
    expected = {str(video), str(data / "h264/wave/a.b.mp4"), str(data / "elsewhere/wave/a.b.mp4")}
    assert set(drawn) == expected
    assert all(80 < times < 120 for times in drawn.values())
    alone = draw(MixedEncodings(["h264"], with_original=False), video)
    assert set(alone) == {str(data / "h264/wave/a.b.mp4")}


def test_a_missing_file_is_named_with_the_command_that_makes_it(data):
    transform = MixedEncodings(["hevc"], with_original=False)
    with pytest.raises(FileNotFoundError) as caught:
        transform(dict(filename=str(data / "videos/wave/a.b.avi")))
    assert f"no {data}/hevc/wave/a.b.mp4" in str(caught.value)
    assert str(caught.value).endswith(f"reencode.py {data}/videos {data}/hevc`")


@pytest.mark.parametrize("folders", ["h264", []])
def test_wrong_folders(folders):
    with pytest.raises(ValueError, match="must be names of one or more folders"):
        MixedEncodings(folders)


def test_another_folder_in_the_path(data):
    with pytest.raises(ValueError, match="video_folder='clips' is not in the path"):
        MixedEncodings(["h264"], video_folder="clips", with_original=False)(
            dict(filename=str(data / "videos/wave/a.b.avi"))
        )
