"""What a user names in, the videos to predict and the pipeline for them out."""

from __future__ import annotations

import copy
import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.fileio import list_from_file

from compressedvideo.container.folders import is_video
from mmcondense_preparation.places import as_place, files_of

InputType = str | os.PathLike
InputsType = InputType | Sequence[InputType]

_OPENERS = ("DecordInit", "OpenCVInit", "PyAVInit", "PIMSInit")
_READERS = ("DecordDecode", "OpenCVDecode", "PyAVDecode", "PIMSDecode", "RawFrameDecode")
_OUR_SAMPLERS = ("SampleCompressedFrames", "SampleGOPs", "SampleGOPClips")


class UsageError(ValueError):
    """What is asked for cannot be done, and no traceback says more than the message."""


def expand_inputs(inputs: InputsType) -> list[str]:
    """Videos by name: a file, a folder with all videos below it, their addresses, or a list.

    An address that ends with a slash is a folder's, of what fsspec knows. Whether a file exists and
    is a video is found when it is opened, so that one that is not stops no others.

    Raises:
        UsageError: For a folder without a video, or an empty list.
        ValueError: For an address that cannot be listed.
    """
    if isinstance(inputs, (str, os.PathLike)):
        inputs = [inputs]
    videos = []
    for given in [str(os.fspath(one)) for one in inputs]:
        if not os.path.isdir(given) and not ("://" in given and given.endswith("/")):
            videos.append(given)
            continue
        found = [path for name, path in files_of(as_place(given)) if is_video(Path(name))]
        if not found:
            raise UsageError(f"{given}: there is no video in this folder, nor below it")
        videos += found
    if not videos:
        raise UsageError("there are no inputs")
    return videos


def video_pipeline(cfg: Config) -> list[dict]:
    """The transforms of a config's test data set, for a dict with ``filename`` and ``window``.

    Ours stay as they are. In stock ones this package's reader takes the place of decord, OpenCV or
    PyAV, or of folders of frames, so that all of them read windows, and name what is broken.

    Raises:
        UsageError: If the config has no test data, or reads something else than video: poses,
            sound, condensed frames.
    """
    pipeline = copy.deepcopy(list(test_data_set(cfg).get("pipeline") or []))
    names = [type_name(transform) for transform in pipeline]
    ours = "mmcondense" in (cfg.get("custom_imports") or {}).get("imports", [])
    if ours and "RawFrameDecode" in names:
        raise UsageError(
            f"{config_name(cfg)} classifies frames that tools/condense_dataset.py has made, and "
            "would take a video's frames for such; use an end_to_end config"
        )
    reads_rgb = [name for name in names if name in _READERS]
    adapted = [dict(type="OpenVideo")] if reads_rgb else []
    for name, transform in zip(names, pipeline, strict=True):
        if name in _READERS:
            adapted.append(dict(type="ReadFrames"))
        elif name not in _OPENERS:
            adapted.append(transform)
    if not adapted or type_name(adapted[0]) not in ("OpenVideo", *_OUR_SAMPLERS):
        raise UsageError(
            f"{config_name(cfg)}: its test pipeline ({', '.join(names) or 'empty'}) reads no "
            f"video; it must have one of {', '.join((*_OUR_SAMPLERS, *_READERS))}"
        )
    return adapted


def test_data_set(cfg: Config) -> dict:
    """A config's test data set; of one that wraps another, the inner one.

    Raises:
        UsageError: If there is none.
    """
    loader = cfg.get("test_dataloader")
    if not loader:
        raise UsageError(f"{config_name(cfg)} has no test_dataloader, whose pipeline reads a video")
    dataset = loader["dataset"]
    while not dataset.get("pipeline") and dataset.get("dataset"):
        dataset = dataset["dataset"]
    return dataset


def needs_whole_video(transforms: Sequence[Any]) -> str:
    """What in a pipeline goes wrong in windows, for a message; empty if nothing does."""
    for transform in transforms:
        name = type(transform).__name__
        if name == "FindAudioFeature" or (name == "LoadFlow" and transform.method == "files"):
            return f"{name} reads files that were made of the whole video"
        if "previous_rgb" in getattr(transform, "modalities", ()):
            return "optical flow is computed from the frame before, which may lie outside a window"
    return ""


def config_name(cfg: Config) -> str:
    """Its file, for messages and logs."""
    return str(getattr(cfg, "filename", None) or "the config in the checkpoint")


def type_name(transform: dict) -> str:
    """``DecordInit``, whether the config has the class, its name or ``mmaction.DecordInit``."""
    kind: Any = transform["type"]
    return str(getattr(kind, "__name__", kind)).rpartition(".")[-1]


def class_names(label_file: str | None, *, checkpoint_meta: dict, cfg: Config) -> list[str]:
    """Class names by label, from the first place that has them; else none.

    Args:
        label_file: A name per line. None: those that the checkpoint holds (of a data set whose
            list has them), else ``classes.txt`` beside the config's test annotation file.

    Raises:
        FileNotFoundError: If ``label_file`` is not there.
    """
    if label_file is not None:
        if "://" not in label_file and not os.path.isfile(label_file):
            raise FileNotFoundError(f"no label map at {label_file}: a file with a name per line")
        return [name.strip() for name in list_from_file(label_file) if name.strip()]
    kept = (checkpoint_meta.get("dataset_meta") or {}).get("classes")
    if kept:
        return list(kept)
    dataset = cfg.get("test_dataloader", {}).get("dataset", {})
    if dataset.get("ann_file"):
        beside = Path(dataset.get("data_root") or "", dataset["ann_file"]).parent / "classes.txt"
        if beside.is_file():
            return beside.read_text(encoding="utf-8").splitlines()
    return []


def fingerprint(cfg: Config, weights: str | None) -> dict[str, str]:
    """What tells predictions of a config and a checkpoint from others', whatever their names.

    Args:
        weights: Path or address; of the latter only the name counts.

    Returns:
        ``config_sha256``, and ``weights_sha256`` for a file.
    """
    found = dict(config_sha256=hashlib.sha256(repr(cfg.to_dict()).encode()).hexdigest()[:16])
    if weights is not None and os.path.isfile(weights):
        digest = hashlib.sha256()
        with open(weights, "rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                digest.update(block)
        found["weights_sha256"] = digest.hexdigest()[:16]
    return found


def check_class_names(names: Iterable[str], *, num_classes: int) -> None:
    """Refuse a label map of another data set.

    Raises:
        UsageError: If there are names, and not as many as classes.
    """
    count = len(list(names))
    if count not in (0, num_classes):
        raise UsageError(
            f"the label map has {count} names, and the model {num_classes} classes: it is that of "
            "another data set"
        )
