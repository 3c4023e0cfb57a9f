"""What a runner must know beside the tensors: where they come from, and what the scores mean."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.config import Config

from mmcondense.version import __version__
from mmcondense_runtime.pipeline import PipelineError, check_steps

from ..inference_inputs import config_name, fingerprint, type_name, video_pipeline


def describe(cfg: Config, weights: str, *, model: str, classes: Sequence[str]) -> dict[str, Any]:
    """Metadata of every file that is made of a config and a checkpoint.

    Returns:
        ``model``, its class; ``config`` and ``weights`` with the hashes of what is in them;
        ``classes``, names by label, empty if nobody knows them; ``pipeline``, the test pipeline's
        transforms, sampling, GOPs and motion's scale among them; ``made_by``.
    """
    return dict(
        model=model,
        config=os.path.basename(config_name(cfg)),
        weights=os.path.basename(weights),
        **fingerprint(cfg, weights),
        classes=list(classes),
        pipeline=[_plain(transform) for transform in video_pipeline(cfg)],
        made_by=f"mmcondense {__version__}",
    )


def why_not_runnable(pipeline: Sequence[Mapping[str, Any]]) -> str:
    """Why ``demo/run_exported.py`` could not prepare videos for a file; empty if it can."""
    try:
        check_steps(pipeline)
    except PipelineError as error:
        return str(error)
    return ""


def _plain(value: Any) -> Any:
    """As JSON can hold it, types by their names."""
    if isinstance(value, dict):
        return {key: type_name(value) if key == "type" else _plain(x) for key, x in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(x) for x in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
