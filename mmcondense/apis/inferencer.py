"""Videos in, class scores out: MMAction2's inferencer for compressed video, and for long video.

file, folder, list → windows → pipeline of the config → batches → a dict for each window
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import mmengine
import torch
from mmaction.registry import INFERENCERS
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.infer import BaseInferencer
from mmengine.logging import print_log
from mmengine.registry import init_default_scope
from torch import nn

from compressedvideo import CodecError
from mmcondense.datasets.opened_video import OpenedVideo, Window
from mmcondense.models.checkpoint_fit import check_fits
from mmcondense.models.condensers.condenser_model import CondenserModel

from .annotated_video import write_annotated_videos
from .inference_inputs import (
    InputsType,
    UsageError,
    check_class_names,
    class_names,
    config_name,
    expand_inputs,
    fingerprint,
    needs_whole_video,
    test_data_set,
    video_pipeline,
)
from .prediction_log import PredictionLog

Prediction = dict[str, Any]
"""``input``; ``window``, ``num_windows``, ``start_seconds``, ``end_seconds``; and ``pred_labels``,
``pred_scores`` (as of MMAction2's inferencer: lists of the label and of all K scores) and ``top_k``
(dicts of ``label``, ``name``, ``score``, best first), or else ``error``: what is wrong with it.
``resumed`` is True for what a log held already."""


@INFERENCERS.register_module()
class CompressedActionInferencer(BaseInferencer):
    """Action recognition in videos, with any config of this package or of MMAction2's for RGB.

    The test pipeline of the config is used as it is, but that this package's reader reads the
    frames, so that scores are those of ``tools/test.py``. At any time ``batch_size`` windows are in
    memory, and the frames of one of them; a video is opened once, whatever its number of windows.

    Arguments and results have the names of MMAction2's ActionRecogInferencer.

    Args:
        model: Config file, or a config. None: the one in ``weights``.
        weights: Checkpoint, which must fit. None: random weights, and a warning.
        device: None: a GPU where there is one.
        on_missing_motion: Of CompressedVideo, for configs that need vectors. None: what the
            config's test data set says.
        label_file: A class name per line. None: names that the checkpoint or ``classes.txt`` beside
            the config's annotation file give; else ``class 0``, ...
        scope: Of the registries.

    Raises:
        UsageError: If the checkpoint is that of another model, or the config's test pipeline reads
            no video.
        FileNotFoundError: If there is no such checkpoint or label map.
    """

    preprocess_kwargs = {"window_seconds", "stride_seconds"}  # noqa: RUF012 - MMEngine's interface
    forward_kwargs: set = set()  # noqa: RUF012
    visualize_kwargs = {"vid_out_dir"}  # noqa: RUF012
    postprocess_kwargs = {"top_k", "print_result", "pred_out_file"}  # noqa: RUF012

    def __init__(
        self,
        model: str | Config | dict | None = None,
        weights: str | None = None,
        *,
        device: str | None = None,
        label_file: str | None = None,
        on_missing_motion: str | None = None,
        scope: str = "mmaction",
    ) -> None:
        init_default_scope(scope)
        self._weights, self._label_file = weights, label_file
        self._checkpoint_meta: dict = {}
        super().__init__(
            model=model, weights=weights, device=device, scope=scope, show_progress=False
        )
        dataset = test_data_set(self.cfg)
        self.on_missing_motion = on_missing_motion or dataset.get("on_missing_motion", "raise")
        self.classes = class_names(label_file, checkpoint_meta=self._checkpoint_meta, cfg=self.cfg)

    # -- what MMEngine's constructor calls

    def _load_weights_to_model(
        self, model: nn.Module, checkpoint: dict | None, cfg: Config | None
    ) -> None:
        if checkpoint is None:  # warns
            super()._load_weights_to_model(model, checkpoint, cfg)
            return
        try:
            check_fits(model, checkpoint, path=str(self._weights))
        except ValueError as error:
            raise UsageError(str(error)) from error
        self._checkpoint_meta = checkpoint.get("meta") or {}

    def _init_model(self, cfg: Config, weights: str | None, device: str = "cpu") -> nn.Module:
        model = super()._init_model(cfg, weights, device)
        if isinstance(model, CondenserModel):
            raise UsageError(
                f"{config_name(cfg)} trains a condenser, which gives no class scores; predict with "
                "a classifier behind it, see the README beside that config"
            )
        return model

    def _init_pipeline(self, cfg: Config) -> Compose:
        pipeline = Compose(video_pipeline(cfg))
        spacings = (getattr(transform, "virtual_gop", None) for transform in pipeline.transforms)
        self._virtual_gop = next(filter(None, spacings), None)
        self._reads_vectors = type(pipeline.transforms[0]).__name__ != "OpenVideo"
        self._needs_whole_video = needs_whole_video(pipeline.transforms)
        return pipeline

    def _init_visualizer(self, cfg: Config) -> None:
        """None: ``visualize`` draws what MMAction2's visualizer does not know, motion and time."""

    # -- use

    def __call__(  # type: ignore[override]
        self,
        inputs: InputsType,
        return_datasamples: bool = False,
        batch_size: int = 1,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Predict all inputs. For many, or long ones, :meth:`stream` keeps nothing in memory.

        Args:
            inputs: A video, a folder, or a list of these.
            return_datasamples: ActionDataSamples in place of dicts; None for what is broken.
            batch_size: Windows that the model gets at once, of one video or of several.
            window_seconds, stride_seconds, top_k: See :meth:`stream`.
            pred_out_file: File for the predictions: ``.jsonl``, see :meth:`stream`, or ``.json``,
                ``.yaml``, ``.pkl`` for all of them at the end.
            vid_out_dir: Folder for copies of the videos with motion and predictions drawn in.
            print_result: Print the predictions.

        Returns:
            ``predictions``: a :data:`Prediction` for each window, in order; ``visualization``:
            paths of the annotated videos, or None.
        """
        pre, _, draw, post = self._dispatch_kwargs(**kwargs)
        log = str(post.get("pred_out_file") or "")
        streams = log.endswith(".jsonl")
        samples: list[ActionDataSample | None] = []
        predictions = []
        for prediction, sample in self._stream(
            expand_inputs(inputs),
            batch_size=batch_size,
            top_k=post.get("top_k", 5),
            log=log if streams else None,
            **pre,
        ):
            predictions.append(prediction)
            samples.append(sample if return_datasamples else None)
        results = dict(predictions=samples if return_datasamples else predictions)
        if post.get("print_result"):
            print(results)
        if log and not streams:
            mmengine.dump(dict(predictions=predictions), log)
        return {**results, "visualization": self.visualize(predictions, **draw)}

    def stream(
        self,
        inputs: InputsType,
        *,
        batch_size: int = 1,
        top_k: int = 5,
        window_seconds: float | None = None,
        stride_seconds: float | None = None,
        log: str | os.PathLike | None = None,
    ) -> Iterator[Prediction]:
        """Predictions one by one, as they come; what cannot be read is one with an ``error``.

        Args:
            inputs: A video, a folder, or a list of these.
            batch_size: Windows that the model gets at once.
            top_k: Classes to name in ``top_k``.
            window_seconds: Length of the windows. None: one window for each video.
            stride_seconds: From begin to begin. None: ``window_seconds``.
            log: File of JSON lines to append to. What is in it already, without an error, is not
                computed again, and returned from there.

        Raises:
            UsageError: For a folder without videos; numbers that are not above 0; windows where the
                config needs whole videos; a label map of other classes; a log of other predictions.
        """
        for prediction, _ in self._stream(
            expand_inputs(inputs),
            batch_size=batch_size,
            top_k=top_k,
            window_seconds=window_seconds,
            stride_seconds=stride_seconds,
            log=log,
        ):
            yield prediction

    def _stream(
        self,
        videos: Sequence[str],
        *,
        batch_size: int,
        top_k: int,
        window_seconds: float | None = None,
        stride_seconds: float | None = None,
        log: str | os.PathLike | None,
    ) -> Iterator[tuple[Prediction, ActionDataSample | None]]:
        numbers: dict[str, float | None] = dict(batch_size=batch_size, top_k=top_k)
        numbers |= dict(window_seconds=window_seconds, stride_seconds=stride_seconds)
        for name, number in numbers.items():
            if number is not None and not number > 0:
                raise UsageError(f"{name}={number} must be above 0")
        if stride_seconds is not None and window_seconds is None:
            raise UsageError(f"stride_seconds={stride_seconds} says nothing without window_seconds")
        if window_seconds is not None:
            self.check_windows("window_seconds")
        windows = dict(window_seconds=window_seconds, stride_seconds=stride_seconds)
        made_with = dict(
            config=config_name(self.cfg),
            weights=self._weights,
            **(fingerprint(self.cfg, self._weights) if log else {}),
            label_file=self._label_file,
            top_k=top_k,
            **windows,
        )
        with ExitStack() as stack:
            kept = log and stack.enter_context(PredictionLog(log, made_with=made_with))
            waiting: list[tuple[Prediction, dict | None]] = []
            shape: list[tuple] | None = None
            for prediction, sample in self.samples(videos, kept or None, **windows):
                other = sample is not None and _shapes(sample) != shape
                if len(waiting) >= batch_size or other:
                    yield from self._finish(waiting, kept or None, top_k=top_k)
                    waiting = []
                shape = _shapes(sample) if sample is not None else shape
                waiting.append((prediction, sample))
            yield from self._finish(waiting, kept or None, top_k=top_k)

    def samples(
        self,
        videos: Sequence[str],
        log: PredictionLog | None,
        *,
        window_seconds: float | None,
        stride_seconds: float | None,
    ) -> Iterator[tuple[Prediction, dict | None]]:
        """Each window with its packed sample, or None where there is an error, or a line in a log.

        Args:
            videos: Files or addresses.
            log: What is in it is returned from there, and not read.
            window_seconds, stride_seconds: See :meth:`stream`.
        """
        for video in videos:
            count = log and log.windows_of(video)
            if log and count:
                for index in range(count):
                    yield dict(log.find(video, index) or {}, resumed=True), None
                continue
            try:
                opened = OpenedVideo(
                    video,
                    virtual_gop=self._virtual_gop,
                    on_missing_motion=self.on_missing_motion if self._reads_vectors else "raise",
                )
            except (CodecError, ValueError) as error:  # ValueError: an address of an unknown kind
                yield dict(input=video, error=str(error)), None
                continue
            with opened:
                try:
                    windows = opened.windows(
                        window_seconds=window_seconds, stride_seconds=stride_seconds
                    )
                except CodecError as error:
                    yield dict(input=video, error=str(error)), None
                    continue
                for window in windows:
                    found = log and log.find(video, window.index)
                    yield (dict(found, resumed=True), None) if found else self._sample(window)

    def _sample(self, window: Window) -> tuple[Prediction, dict | None]:
        video = window.source.filename
        start, end = window.seconds
        prediction: Prediction = dict(
            input=video,
            window=window.index,
            num_windows=window.num_windows,
            start_seconds=round(start, 3),
            end_seconds=round(end, 3),
        )
        given = dict(filename=video, window=window, label=-1, start_index=0, modality="RGB")
        try:
            return prediction, self.pipeline(given)
        except CodecError as error:
            return dict(prediction, error=str(error)), None
        except Exception:  # a bug, of which the traceback does not say where to look
            print_log(f"Failed at the video {video}, {start:.2f} s", level=logging.ERROR)
            raise

    def _finish(
        self,
        waiting: list[tuple[Prediction, dict | None]],
        log: PredictionLog | None,
        *,
        top_k: int,
    ) -> Iterator[tuple[Prediction, ActionDataSample | None]]:
        batch = [sample for _, sample in waiting if sample is not None]
        samples = iter(self.forward(self.collate_fn(batch)) if batch else [])
        for prediction, data in waiting:
            sample = None
            if data is not None:
                sample = next(samples)
                prediction = {**prediction, **self.pred2dict(sample, top_k=top_k)}
            if log and "resumed" not in prediction:
                log.add(prediction)
            yield prediction, sample

    @property
    def weights(self) -> str | None:
        """The checkpoint; None: random weights."""
        return self._weights

    @property
    def virtual_gop(self) -> int | None:
        """What the config's sampler opens videos with."""
        return self._virtual_gop

    def check_windows(self, what: str) -> None:
        """Refuse windows where the config needs whole videos.

        Args:
            what: Asks for them, for the message.

        Raises:
            UsageError: If it does.
        """
        if self._needs_whole_video:
            name, reason = config_name(self.cfg), self._needs_whole_video
            raise UsageError(f"{name} does not go with {what}: {reason}")

    def predict_sample(self, results: dict, *, top_k: int = 5) -> dict[str, Any]:
        """Predict one sample, given what the config's pipeline begins with; see ``pred2dict``.

        Raises:
            CodecError: If it cannot be read.
            UsageError: For a label map of other classes.
        """
        return self.pred2dict(
            self.forward(self.collate_fn([self.pipeline(results)]))[0], top_k=top_k
        )

    def pred2dict(self, sample: ActionDataSample, *, top_k: int = 5) -> dict[str, Any]:
        """Label, scores and best classes of one sample, of plain numbers and strings.

        Raises:
            UsageError: If there are names, and not as many as scores.
        """
        scores = sample.pred_score.float().cpu()
        check_class_names(self.classes, num_classes=len(scores))
        best, labels = torch.topk(scores, min(top_k, len(scores)))
        return dict(
            pred_labels=[int(labels[0])],
            pred_scores=[float(f"{score:.6g}") for score in scores.tolist()],
            top_k=[
                dict(label=label, name=self.name_of(label), score=float(f"{score:.6g}"))
                for label, score in zip(labels.tolist(), best.tolist(), strict=True)
            ],
        )

    def name_of(self, label: int) -> str:
        return self.classes[label] if label < len(self.classes) else f"class {label}"

    def visualize(  # type: ignore[override]
        self, preds: Sequence[Prediction], *, vid_out_dir: str = ""
    ) -> list[str] | None:
        """Write a copy of each video that could be read, with motion and predictions drawn in."""
        if not vid_out_dir:
            return None
        return write_annotated_videos(
            preds, out_dir=vid_out_dir, on_missing_motion=self.on_missing_motion
        )

    def postprocess(self, preds: Any, visualization: Any, **kwargs: Any) -> dict:
        """What ``__call__`` does, since predictions are written as they come."""
        return dict(predictions=preds, visualization=visualization)


def _shapes(sample: dict) -> list[tuple]:
    """Of the packed inputs: only equal ones make a batch."""
    inputs = sample["inputs"]
    parts = inputs.values() if isinstance(inputs, dict) else [inputs]
    return [tuple(part.shape) for part in parts]
