from __future__ import annotations

import pytest

from mmcondense.datasets.transforms import FindAudioFeature


def test_features_lie_beside_the_videos(tmp_path):
    (tmp_path / "videos" / "sound" / "wave").mkdir(parents=True)
    features = tmp_path / "videos" / "sound" / "wave" / "a.npy"
    features.touch()
    transform = FindAudioFeature(audio_folder="sound")
    video = tmp_path / "videos" / "videos" / "wave" / "a.mp4"  # the last of that name
    assert transform(dict(filename=str(video)))["audio_path"] == str(features)
    with pytest.raises(FileNotFoundError, match=r"no audio features of .*b\.mp4"):
        transform(dict(filename=str(video.with_name("b.mp4"))))
    with pytest.raises(ValueError, match="'clips' is not in the path"):
        FindAudioFeature(video_folder="clips")(dict(filename=str(video)))
