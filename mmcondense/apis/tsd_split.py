"""TSD in two halves that run apart, by ONNX Runtime alone: a client and a cloud.

frames ─► TSDClient ─► packet of distilled frames ─► TSDCloud ─► class scores

Both need the extra ``deploy``. ``mmcondense export --split halves`` writes the files.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from .tsd_packet import dequantise, pack, quantise, unpack


def open_session(path: str | os.PathLike[str], *, num_threads: int = 0) -> Any:
    """An ONNX Runtime session on the CPU.

    Args:
        path: The ``.onnx`` file.
        num_threads: Of one run; 0: as many as there are cores.

    Raises:
        ImportError: without onnxruntime; the message says how to get it.
        FileNotFoundError: if there is no such file.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise ImportError(
            "TSDClient and TSDCloud need onnxruntime: pip install 'mmcondense[deploy]'"
        ) from error
    if not os.path.isfile(path):
        raise FileNotFoundError(f"no network at {path}: mmcondense export --split halves writes it")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = num_threads
    return onnxruntime.InferenceSession(
        os.fspath(path), options, providers=["CPUExecutionProvider"]
    )


class TSDClient:
    """Distils clips and packs the frames that are left.

    Args:
        path: ``client.onnx``.
        codec, quality: Of the packets, see :func:`~mmcondense.apis.tsd_packet.pack`.
        num_threads: See :func:`open_session`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        codec: str = "jpeg",
        quality: int = 90,
        num_threads: int = 0,
    ) -> None:
        self.session = open_session(path, num_threads=num_threads)
        self.codec = codec
        self.quality = quality
        self.num_frames, self.height, self.width = self.session.get_inputs()[0].shape[2:]

    def distil(self, frames: np.ndarray) -> np.ndarray:
        """[T, H, W, 3] uint8, RGB, to [T_s, H, W, 3] uint8.

        Raises:
            ValueError: if the clip has another shape or type than the network takes.
        """
        expected = (self.num_frames, self.height, self.width, 3)
        if frames.shape != expected or frames.dtype != np.uint8:
            raise ValueError(
                f"the clip is {frames.dtype} {frames.shape}, but must be uint8 {expected}"
            )
        (distilled,) = self.session.run(None, {"frames": dequantise(frames)[None]})
        return quantise(distilled[0])

    def __call__(self, frames: np.ndarray) -> bytes:
        """[T, H, W, 3] uint8, RGB, to the packet to send."""
        return pack(self.distil(frames), codec=self.codec, quality=self.quality)


class TSDCloud:
    """Classifies packets; may be called from several threads at once.

    Args:
        path: ``cloud.onnx``.
        num_threads: See :func:`open_session`.
    """

    def __init__(self, path: str | os.PathLike[str], *, num_threads: int = 0) -> None:
        self.session = open_session(path, num_threads=num_threads)
        num_frames, height, width = self.session.get_inputs()[0].shape[2:]
        self.shape: tuple[int, int, int] = (num_frames, height, width)
        """(T_s, H, W) of each packet."""
        self.average_clips: str = self.session.get_modelmeta().custom_metadata_map["average_clips"]
        """``'prob'``: the mean of the clips' probabilities; ``'score'``: of their logits."""

    def classify(self, clips: np.ndarray) -> np.ndarray:
        """[Q, T_s, H, W, 3] uint8, the Q distilled clips of one video, to [num_classes] scores.

        Raises:
            ValueError: if the clips have another shape or type than the network takes.
        """
        if clips.ndim != 5 or clips.shape[1:] != (*self.shape, 3) or clips.dtype != np.uint8:
            raise ValueError(
                f"the clips are {clips.dtype} {clips.shape}, must be uint8 [Q, *{self.shape}, 3]"
            )
        (logits,) = self.session.run(None, {"frames": dequantise(clips)})  # [Q, num_classes]
        if self.average_clips == "prob":
            exponential = np.exp(logits - logits.max(axis=1, keepdims=True))
            logits = exponential / exponential.sum(axis=1, keepdims=True)
        return logits.mean(axis=0)

    def __call__(self, packets: Sequence[bytes]) -> np.ndarray:
        """Packets of one video's clips to [num_classes] scores.

        Raises:
            PacketError: if one is broken or of other frames.
            ValueError: if there is none.
        """
        if not packets:
            raise ValueError("no packet to classify")
        return self.classify(np.stack([unpack(packet, shape=self.shape) for packet in packets]))
