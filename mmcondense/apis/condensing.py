"""Videos in, JPEGs of what a condenser makes of their clips out: a folder for each video."""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from mmaction.datasets import VideoDataset
from mmaction.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from torch import Tensor
from torch.utils.data import DataLoader

from compressedvideo import CodecError
from mmcondense.models.condensers import CondenserModel, as_rgb, load_condenser
from mmcondense.models.condensers.condenser_model import flatten_views
from mmcondense_preparation import Item, Made, Preparation

_VIDEOS_PER_CALL = 32  # that a GPU's loaders read ahead of
SUBSAMPLING = {
    "444": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    "422": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
    "420": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
}


class Videos(torch.utils.data.Dataset):
    """Chosen videos of a data set: packed clips, or why there are none."""

    def __init__(self, dataset: VideoDataset, indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, item: int) -> dict | CodecError:
        try:
            return self.dataset[self.indices[item]]
        except CodecError as error:
            return error


class Condensing(Preparation):
    """A video becomes a folder of JPEGs. The data of an item is its place in the data set.

    Args:
        cfg: Of a condenser.
        checkpoint, untrained: Of :func:`build_model`.
        split: Of :func:`build_dataset`.
        device: Of the model.
        quality, subsampling: Of :func:`encode_jpeg`.
        batch_size: Clips condensed at once.
        num_loaders: Processes that read videos for this one.
        on_cluster: On a Ray cluster a process takes a GPU, if that is the device, and a core for
            itself and each loader; without GPUs each core has its process, which reads itself.
        store: Address to send the folders to.
    """

    def __init__(
        self,
        cfg: Config,
        *,
        checkpoint: str,
        untrained: bool = False,
        split: str = "train",
        device: str = "cpu",
        quality: int = 95,
        subsampling: str = "444",
        batch_size: int = 32,
        num_loaders: int = 0,
        on_cluster: bool = False,
        store: str | None = None,
    ) -> None:
        self.cfg, self.checkpoint, self.untrained = cfg, checkpoint, untrained
        self.store = store
        self.split, self.device, self.batch_size = split, device, batch_size
        self.jpeg: dict[str, Any] = dict(quality=quality, subsampling=subsampling)
        self.num_loaders = num_loaders
        self._dataset: VideoDataset | None = None
        self._model: CondenserModel | None = None
        if on_cluster:
            self.gpus = float(device.startswith("cuda"))
            self.num_loaders = num_loaders if self.gpus else 0
            self.cpus = 1 + self.num_loaders
            self.items_per_call = _VIDEOS_PER_CALL if self.gpus else 1

    def __getstate__(self) -> dict[str, Any]:
        return dict(vars(self), _dataset=None, _model=None)  # built anew where it arrives

    @property
    def dataset(self) -> VideoDataset:
        """Of the split."""
        if self._dataset is None:
            self._dataset = build_dataset(self.cfg, self.split)
        return self._dataset

    def begin(self) -> None:
        """Build the model.

        Raises:
            ValueError: As :func:`build_model`.
        """
        init_default_scope(self.cfg.get("default_scope", "mmaction"))
        if self._model is None:
            model = build_model(self.cfg, self.checkpoint, untrained=self.untrained)
            self._model = model.to(self.device)

    def load(self, items: Iterable[Item]) -> Iterator[tuple[Item, Any]]:
        """The videos' clips, with the seconds that this process waited for them; or an error."""
        chosen = list(items)
        videos = Videos(self.dataset, [item.data for item in chosen])
        loader = DataLoader(videos, batch_size=None, num_workers=self.num_loaders)
        started = time.perf_counter()
        for item, packed in zip(chosen, loader, strict=True):
            seconds = time.perf_counter() - started
            yield item, packed if isinstance(packed, CodecError) else (packed, seconds)
            started = time.perf_counter()

    @torch.no_grad()
    def make(self, item: Item, path: Path | None, loaded: Any) -> Made:
        assert path is not None
        assert self._model is not None
        packed, seconds = loaded
        begun = time.perf_counter()
        torch.manual_seed(zlib.crc32(item.key.encode()))  # for random condensers
        frames, first, clip_len = condense(self._model, packed, batch_size=self.batch_size)
        condensed = time.perf_counter()
        write_folder(path, (encode_jpeg(i, **self.jpeg) for i in frames.flatten(0, 1).numpy()))
        costs = dict(
            images=frames.shape[0] * frames.shape[1],
            seconds_loader=seconds,
            seconds_network=condensed - begun,
            seconds_writing=time.perf_counter() - condensed,
            bytes_frames=len(encode_jpeg(first[0].numpy(), **self.jpeg)) * len(first) * clip_len,
            bytes_videos=os.path.getsize(item.source) if os.path.isfile(item.source) else 0,
        )
        return Made(costs=costs)


def build_model(
    cfg: Config, checkpoint: str, *, untrained: bool = False, whole: bool = False
) -> CondenserModel:
    """The config's model for testing, its condenser filled from ``checkpoint``, or from ``none``.

    Args:
        untrained: Random weights will do.
        whole: Keep what only training needs, such as decoders: they are drawn.

    Raises:
        ValueError: if it has no condenser, or one with parameters and no checkpoint is given.
    """
    model_cfg = cfg.model.to_dict()
    if model_cfg.get("type") == "CondenseRecognizer":  # its recognizer takes no part
        model_cfg = dict(
            type="CondenserModel",
            condenser=model_cfg["condenser"],
            data_preprocessor=model_cfg.get("data_preprocessor"),
        )
    if "condenser" not in model_cfg:
        raise ValueError(f"{cfg.filename}: {model_cfg['type']} has no condenser")
    if not whole:
        model_cfg["condenser"] = condenser_cfg(cfg)
    model = MODELS.build(model_cfg)
    if checkpoint != "none":
        load_condenser(model.condenser, checkpoint)
    elif untrained:
        torch.manual_seed(0)
        model.init_weights()
    elif any(True for _ in model.condenser.parameters()):
        raise ValueError(f"{type(model.condenser).__name__} has parameters: give its checkpoint")
    return model.eval()


def condenser_cfg(cfg: Config) -> dict:
    """The config's condenser without decoders and the like, so that weights of any tasks fit."""
    condenser = cfg.model.condenser.to_dict()
    return MODELS.get(condenser["type"]).config_for_use(condenser)


def build_dataset(cfg: Config, split: str) -> VideoDataset:
    """The split's data set with the config's ``condense_pipeline``; broken videos raise.

    Raises:
        ValueError: if the config has no such pipeline.
    """
    if "condense_pipeline" not in cfg:
        raise ValueError(
            f"{cfg.filename} has no condense_pipeline: the test pipeline with "
            "SampleGOPClips(num_clips=None), without crops and flips"
        )
    dataset_cfg = cfg[f"{split}_dataloader"].dataset.to_dict()
    dataset_cfg.update(pipeline=cfg.condense_pipeline, test_mode=True)
    return DATASETS.build(dataset_cfg)


@torch.no_grad()
def condense(model: CondenserModel, packed: dict, *, batch_size: int) -> tuple[Tensor, Tensor, int]:
    """All clips of a video.

    Returns:
        [N, K, H, W, 3] uint8 RGB, condensed; [N, H, W, 3] uint8, the clips' first frames; and T.
    """
    inputs = model.data_preprocessor(pseudo_collate([packed]), False)["inputs"]
    clip, num_clips = flatten_views(inputs)
    if isinstance(clip, dict) and "iframe" in clip:
        first, clip_len = clip["iframe"], 1 + max(x.shape[2] for x in clip.values() if x.ndim == 5)
    else:
        first, clip_len = as_rgb(clip)[:, :, 0], as_rgb(clip).shape[2]
    frames = []
    for start in range(0, num_clips, batch_size):
        part = slice(start, start + batch_size)
        piece = clip[part] if isinstance(clip, Tensor) else {k: v[part] for k, v in clip.items()}
        frames.append(model.condenser(piece))
    condensed = torch.cat(frames).permute(0, 2, 3, 4, 1)
    return _to_uint8(condensed), _to_uint8(first.permute(0, 2, 3, 1)), clip_len


def _to_uint8(frames: Tensor) -> Tensor:
    return ((frames.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).cpu()


def encode_jpeg(image: np.ndarray, *, quality: int, subsampling: str) -> bytes:
    """[H, W, 3] uint8 RGB as a JPEG; ``subsampling`` is one of SUBSAMPLING.

    Raises:
        OSError: if OpenCV does not write it.
    """
    settings = {
        cv2.IMWRITE_JPEG_QUALITY: quality,
        cv2.IMWRITE_JPEG_OPTIMIZE: 1,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR: SUBSAMPLING[subsampling],
    }
    arguments = [number for pair in settings.items() for number in pair]
    done, data = cv2.imencode(".jpg", image[..., ::-1], arguments)
    if not done:
        raise OSError(f"OpenCV could not encode an image of {image.shape} as JPEG")
    return data.tobytes()


def write_folder(folder: Path, images: Iterable[bytes]) -> None:
    """Write img_00001.jpg, ... into a new folder."""
    folder.mkdir()
    for number, data in enumerate(images, start=1):
        (folder / f"img_{number:05}.jpg").write_bytes(data)
