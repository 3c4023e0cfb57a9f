"""Everything there is to say of a work dir, put into the page; what is missing is said on it."""

from __future__ import annotations

import base64
import io
import os
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

from compressedvideo import CodecError
from mmcondense.version import __version__
from mmcondense_preparation.settings import write_aside

from ..flops import build_model, count, make_inputs
from ..inference_inputs import class_names
from ..score_dump import load_score_dump
from ..training_log import config_of, environment_of, read_log
from .figures import draw_confusion, draw_reliability, draw_training, svg_of
from .looping import looping_picture
from .scored import Scored, ScoredClip, evaluate

TEMPLATE = Path(__file__).with_name("page.html.jinja")


class ReportError(ValueError):
    """Input that no page can be made of, in one line."""


@dataclass(frozen=True)
class Picture:
    """A clip, and its looping picture or why there is none."""

    clip: ScoredClip

    data_uri: str
    """Empty if there is none."""

    missing: str


def write_report(
    work_dir: Path,
    out: Path,
    *,
    scores: Path | None = None,
    label_file: str | None = None,
    with_flops: bool = True,
    num_clips: int = 4,
) -> list[str]:
    """Write the page; it appears under its name once it is complete.

    Args:
        work_dir: Of a training of MMEngine's, finished or not.
        out: File to write.
        scores: A dump of ``tools/test.py --dump``. None: the newest ``.npz`` in the work dir; a
            pickle may run code, and is opened only where it is named.
        label_file: A class name per line; None: those of the checkpoint or beside the test list.
        with_flops: Run the model once to count; seconds for large ones.
        num_clips: Best and worst clips, so many of each.

    Returns:
        What is missing on the page.

    Raises:
        ReportError: if the work dir is none, or the scores are no dump of it.
    """
    if not work_dir.is_dir():
        raise ReportError(f"no folder {work_dir}")
    config_file = config_of(work_dir)
    try:
        train, val = read_log(work_dir)
    except (FileNotFoundError, ValueError) as error:  # a line of it may be no JSON
        if config_file is None or not isinstance(error, FileNotFoundError):
            raise ReportError(f"{work_dir} is no work dir of a training: {error}") from error
        train, val = [], []
    cfg = Config() if config_file is None else _read_config(config_file)
    missing: dict[str, str] = {}
    if not train and not val:
        missing["curves"] = "nothing is logged yet"
    scored = _scored(work_dir, cfg, scores, label_file, num_clips, missing)
    video = _a_video(scored)
    flops = _flops(cfg, video, missing) if with_flops else None
    if not with_flops:
        missing["flops"] = "not asked for"
    environment = environment_of(work_dir)
    if not environment:
        missing["environment"] = "no log in the work dir says what it ran on"
    loader = _loader(train)
    if loader is None:
        missing["loader"] = "no data_time is logged: IterTimerHook does that"
    text = _template().render(
        work_dir=str(work_dir.resolve()),
        name=work_dir.resolve().name,
        made=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
        version=__version__,
        state=_state(cfg, train),
        training=svg_of(draw_training(train, val), "training curves") if train or val else "",
        scored=scored,
        confusion=_confusion(scored),
        reliability=_reliability(scored),
        best=[_picture(clip) for clip in scored.best] if scored else [],
        worst=[_picture(clip) for clip in scored.worst] if scored else [],
        flops=flops,
        flops_of=str(video or "a made-up video of 340x256"),
        loader=loader,
        environment=environment,
        config=config_file.read_text() if config_file else "",
        config_file=str(config_file or ""),
        missing=missing,
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    write_aside(out, text.encode())
    return [f"{what}: {why}" for what, why in missing.items()]


def write_pictures(work_dir: Path, scores: Path) -> dict[str, float]:
    """The page's largest figures as files of their own: ``curves.png``, ``confusion_matrix.png``.

    Returns:
        ``top1``, ``top5`` and ``mean1`` of the scores.

    Raises:
        ReportError: as :func:`write_report`.
    """
    try:
        figures = {"curves.png": draw_training(*read_log(work_dir))}
    except (FileNotFoundError, ValueError) as error:
        raise ReportError(str(error)) from error
    config_file = config_of(work_dir)
    cfg = Config() if config_file is None else _read_config(config_file)
    scored = _scored(work_dir, cfg, scores, None, 0, {})
    assert scored is not None, "they were named"
    names = [result.name for result in scored.classes]
    figures["confusion_matrix.png"] = draw_confusion(scored.confusion, names)
    for name, figure in figures.items():
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=120)
        write_aside(work_dir / name, picture.getvalue())
    return scored.metrics


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8"))


def _read_config(path: Path) -> Config:
    try:
        return Config.fromfile(path, import_custom_modules=False)
    except Exception as error:  # a config is a program
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ReportError(f"{path} cannot be read: {reason}") from error


def _state(cfg: Config, train: Sequence[dict]) -> str:
    """How far the training is."""
    loop = cfg.get("train_cfg") or {}
    whole, unit = (loop.get("max_epochs"), "epoch") if loop.get("by_epoch", True) else (None, "")
    if whole is None:
        whole, unit = loop.get("max_iters"), "iter"
    if not train:
        return "not begun, or nothing logged yet"
    done = train[-1].get(unit or "iter")
    if whole is None or done is None:
        return f"at iteration {train[-1].get('iter')}"
    last = f"{'epoch' if unit == 'epoch' else 'iteration'} {done} of {whole}"
    return f"at {last}" if done < whole else f"{last}, the last"


def _scored(
    work_dir: Path,
    cfg: Config,
    scores: Path | None,
    label_file: str | None,
    num_clips: int,
    missing: dict[str, str],
) -> Scored | None:
    found = sorted(work_dir.glob("*.npz"), key=lambda path: path.stat().st_mtime_ns)
    if scores is None and found:
        scores = found[-1]
    checkpoint = _last_checkpoint(work_dir)
    if scores is None:
        pickles = sorted(str(p) for p in work_dir.glob("*.pkl"))
        config = next(iter(sorted(work_dir.glob("*.py"))), Path("CONFIG"))
        command = f"python tools/test.py {config} {checkpoint or 'CHECKPOINT'} --dump"
        missing["scores"] = (
            f"no scores in the work dir; {command} {work_dir / 'scores.npz'} makes them"
            + (
                f"; or name the pickle, which may run code: --scores {pickles[0]}"
                if pickles
                else ""
            )
        )
        return None
    if not scores.is_file():
        raise ReportError(f"no scores at {scores}: tools/test.py --dump {scores} writes them")
    if scores.suffix not in (".npz", ".pkl", ".pickle"):
        raise ReportError(f"--scores {scores}: a .npz, .pkl or .pickle of tools/test.py --dump")
    meta = {} if label_file is not None or checkpoint is None else _meta(checkpoint, missing)
    try:
        names = class_names(label_file, checkpoint_meta=meta, cfg=cfg)
        return evaluate(load_score_dump(scores), names, num_clips=num_clips)
    except (ValueError, OSError) as error:
        raise ReportError(str(error)) from error
    except Exception as error:  # whatever unpickling may raise
        raise ReportError(f"{scores} is no dump of tools/test.py --dump: {error}") from error


def _meta(checkpoint: Path, missing: dict[str, str]) -> dict:
    try:
        return torch.load(checkpoint, map_location="cpu", mmap=True, weights_only=True)["meta"]
    except Exception as error:  # whatever unpickling may raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        missing["names"] = f"{checkpoint}, which may have names of classes, is damaged: {reason}"
        return {}


def _last_checkpoint(work_dir: Path) -> Path | None:
    note = work_dir / "last_checkpoint"
    if not note.is_file():
        return None
    named = Path(note.read_text().strip())
    return next((p for p in (named, work_dir / named.name) if p.is_file()), None)


def _a_video(scored: Scored | None) -> Path | None:
    """A video that was tested, if one is there."""
    clips = [*scored.best, *scored.worst] if scored else []
    return next((Path(clip.file) for clip in clips if os.path.isfile(clip.file)), None)


def _flops(cfg: Config, video: Path | None, missing: dict[str, str]) -> dict[str, Any] | None:
    try:
        with DefaultScope.overwrite_default_scope(cfg.get("default_scope", "mmaction")):
            model = build_model(cfg)
            with torch.no_grad():
                return count(model, make_inputs(cfg, model, video=video))
    except Exception as error:  # any network and any pipeline may refuse a made-up clip
        reason = str(error).splitlines()[0] if str(error) else ""
        missing["flops"] = (
            f"not counted ({type(error).__name__}: {reason}); "
            "tools/analysis_tools/get_flops.py takes --shape"
        )
        return None


def _loader(train: Sequence[dict]) -> dict[str, float] | None:
    """Medians over the log: seconds of an iteration, and those that it waits for data."""
    timed = [entry for entry in train if "data_time" in entry and "time" in entry]
    if not timed:
        return None
    data, whole = (
        statistics.median(entry[key] for entry in timed) for key in ("data_time", "time")
    )
    return dict(data=data, time=whole, share=data / whole if whole else 0.0)


def _confusion(scored: Scored | None) -> str:
    if scored is None:
        return ""
    names = [result.name for result in scored.classes]
    return svg_of(draw_confusion(scored.confusion, names), "confusion matrix")


def _reliability(scored: Scored | None) -> str:
    return "" if scored is None else svg_of(draw_reliability(scored.calibration), "reliability")


def _picture(clip: ScoredClip) -> Picture:
    if not clip.file:
        return Picture(clip, "", "the scores do not say which file this is")
    if not os.path.isfile(clip.file):
        return Picture(clip, "", "no video at this path any more, seen from here")
    try:
        data = looping_picture(clip.file)
    except CodecError as error:
        return Picture(clip, "", str(error))
    return Picture(clip, f"data:image/webp;base64,{base64.b64encode(data).decode()}", "")
