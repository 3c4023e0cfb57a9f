"""An exported ONNX file and what its metadata say: videos in, class scores out."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from compressedvideo import CompressedVideo

from .metadata import FILE_FORMAT, decode
from .pipeline import PipelineError, check_steps, prepare, virtual_gop
from .sampling import neighbour_rows

_RUN_BY = dict(
    client="demo/tsd_client.py or mmcondense.apis.TSDClient",
    cloud="demo/tsd_server.py or mmcondense.apis.TSDCloud",
    gop="code of your own, GOP by GOP",
)


class ExportedFileError(ValueError):
    """A file is none that can be run on videos, or does not fit one; the message says why."""


class ExportedModel:
    """A whole recognizer.

    Args:
        path: Of an ``.onnx`` file that ``mmcondense export`` wrote.
        num_threads: Of ONNX Runtime; 0: as many as there are cores.

    Raises:
        ExportedFileError: If there is none, it is of another kind, or its preprocessing is not
            known here.
        ImportError: Without ONNX Runtime.
    """

    def __init__(self, path: str | os.PathLike[str], *, num_threads: int = 0) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise ImportError("onnxruntime is missing: pip install onnxruntime") from error
        self.path = os.fspath(path)
        if not os.path.isfile(self.path):
            raise ExportedFileError(f"no file at {self.path}")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = num_threads
        try:
            self.session = onnxruntime.InferenceSession(
                self.path, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime's own kinds
            reason = " ".join(str(error).split())[:200]
            raise ExportedFileError(f"{self.path} is no ONNX file: {reason}") from error
        self.metadata = decode(self.session.get_modelmeta().custom_metadata_map)
        """``part``, ``modalities``, ``inputs``, ``pipeline``, ``classes``, ..., see
        docs/deploy.md."""
        found = self.metadata.get("format")
        if found != FILE_FORMAT:
            raise ExportedFileError(
                f"{self.path} is no file of `mmcondense export` (format {found!r}, this code reads "
                f"{FILE_FORMAT!r})"
            )
        part = self.metadata["part"]
        if part != "whole":
            raise ExportedFileError(f"{self.path} is a {part}, which is run by {_RUN_BY[part]}")
        self.steps: list[dict[str, Any]] = self.metadata.get("pipeline", [])
        """The test pipeline."""
        if not self.steps:
            raise ExportedFileError(f"{self.path} does not say how a video becomes its input")
        try:
            check_steps(self.steps)
        except PipelineError as error:
            raise ExportedFileError(f"{self.path}: {error}") from error
        self.classes: list[str] = self.metadata.get("classes", [])
        """Class names by label; may be empty."""

    def inputs_of(self, video: str | os.PathLike[str]) -> dict[str, np.ndarray]:
        """The file's inputs for a video, a batch of one.

        Raises:
            CodecError: If the video cannot be read as asked.
            ExportedFileError: If it gives other shapes than those that the file was made for.
            ImportError: If it has to be resized and there is no OpenCV.
        """
        with CompressedVideo(os.fspath(video), virtual_gop=virtual_gop(self.steps)) as opened:
            clip = prepare(opened, self.steps)
        arrays = dict(clip.arrays)
        wanted = self.metadata["inputs"]
        if "neighbours" in wanted:
            rows = len(arrays["motion"])
            gops = range(rows) if clip.gop_inds is None else clip.gop_inds.tolist()
            arrays["neighbours"] = np.array(neighbour_rows(gops, rows)[1], np.int64)
        for name, entry in wanted.items():
            found = list(arrays[name].shape)
            if found != entry["shape"][1:]:
                raise ExportedFileError(
                    f"{os.fspath(video)}: gives {name} of {found}, and {self.path} takes "
                    f"{entry['shape'][1:]}: export it anew with --video {os.fspath(video)}"
                )
        return {name: arrays[name][None] for name in wanted}

    def predict(self, video: str | os.PathLike[str]) -> np.ndarray:
        """[num_classes] float32: scores of a video; raises as :meth:`inputs_of`."""
        (scores,) = self.session.run(None, self.inputs_of(video))
        return scores[0]

    def name_of(self, label: int) -> str:
        return self.classes[label] if label < len(self.classes) else f"class {label}"
