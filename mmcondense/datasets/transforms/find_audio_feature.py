"""From a video's path to that of its audio features."""

from __future__ import annotations

from pathlib import Path

from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from .video_folder import exchange_folder


@TRANSFORMS.register_module()
class FindAudioFeature(BaseTransform):
    """Tell MMAction2's LoadAudioFeature where the features of a video's sound lie.

    Those of ``data/hmdb51/videos/wave/a.mp4`` are in ``data/hmdb51/audio_features/wave/a.npy``,
    as MMAction2's tools/data/build_audio_features.py writes them.

    Required keys: ``filename``. Added: ``audio_path``.

    Args:
        video_folder: name of the folder in the videos' paths to exchange for ``audio_folder``; of
            several of that name the last.
        audio_folder: name of the folder beside it, or an absolute path.

    Raises:
        ValueError: if there is no such folder in a video's path.
        FileNotFoundError: if a video has no features: LoadAudioFeature would make up some.
    """

    def __init__(
        self, *, video_folder: str = "videos", audio_folder: str = "audio_features"
    ) -> None:
        self.video_folder = video_folder
        self.audio_folder = audio_folder

    def transform(self, results: dict) -> dict:
        video = Path(results["filename"])
        _, _, stem = exchange_folder(video, folders={self.video_folder: self.audio_folder})
        path = stem.with_name(f"{stem.name}.npy")
        if not path.is_file():
            raise FileNotFoundError(f"no audio features of {video}: {path} does not exist")
        results["audio_path"] = str(path)
        return results

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(video_folder={self.video_folder!r}, "
            f"audio_folder={self.audio_folder!r})"
        )
