"""Pictures of what condensers make of clips, like Figures 4 and 5 of the IFS paper.

Figure 5: what IFS keeps in one frame. A row for each clip, and below it what the decoders tell:

    python tools/visualizations/draw_condensed.py decoded --out ifs.png \\
        --model IFS configs/ifs/ifs_synthetic.py work_dirs/ifs_synthetic/final.pth

Figure 4: one clip a row, one condenser a column (CHECKPOINT none: it learns nothing):

    python tools/visualizations/draw_condensed.py grid --out grid.png \\
        --model DI configs/baselines/di_synthetic.py none \\
        --model IFS configs/ifs/ifs_synthetic.py work_dirs/ifs_synthetic/final.pth
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import mmcondense  # noqa: F401  # isort: skip - first, since it repairs the import of mmaction
import numpy as np
import torch
from matplotlib.figure import Figure
from mmengine.config import Config, DictAction
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from torch import Tensor

from mmcondense.apis.clip_picture import flow_colours
from mmcondense.apis.condensing import build_dataset, build_model
from mmcondense.models.condensers.condenser_model import flatten_views


@dataclass
class Condensed:
    """One clip, and what a condenser makes of it; pictures are [H, W, 3] uint8."""

    frames: list[np.ndarray]
    """First, middle and last frame of the clip."""
    condensed: np.ndarray
    """The synthetic frame."""
    rows: dict[str, list[np.ndarray]]
    """For condensers that decode: true and estimated I-frame, motion and residuals."""


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("figure", choices=["decoded", "grid"])
    parser.add_argument(
        "--model",
        nargs=3,
        action="append",
        required=True,
        metavar=("NAME", "CONFIG", "CHECKPOINT"),
        help="one for decoded, one a column for grid",
    )
    parser.add_argument("--num", type=int, default=4, help="clips, spread over the test set")
    parser.add_argument("--out", type=Path, required=True, help="picture to write")
    parser.add_argument(
        "--cfg-options", nargs="+", action=DictAction, help="override config keys of all: key=value"
    )
    args = parser.parse_args(arguments)
    if args.figure == "decoded" and len(args.model) != 1:
        parser.error("decoded takes one --model")
    for _, config, checkpoint in args.model:
        for path in (config, checkpoint):
            if path != "none" and not Path(path).is_file():
                parser.error(f"no file {path}")
    return args


@torch.no_grad()
def condense_clips(
    config: str, checkpoint: str, *, num: int, cfg_options: dict | None = None
) -> list[Condensed]:
    """Run a config's condenser on evenly spread clips of its test set, read as for condensing.

    Raises:
        ValueError: if the config condenses nothing, or its condenser lacks a checkpoint.
    """
    cfg = Config.fromfile(config)
    cfg.merge_from_dict(cfg_options or {})
    init_default_scope(cfg.get("default_scope", "mmaction"))
    dataset, model = build_dataset(cfg, "test"), build_model(cfg, checkpoint, whole=True)
    clips = []
    for index in np.unique(np.linspace(0, len(dataset) - 1, num).round().astype(int)):
        batch = pseudo_collate([dataset[int(index)]])
        clip, _ = flatten_views(model.data_preprocessor(batch)["inputs"])
        frame = model.condenser(clip)[:1, :, 0]
        rows = {}
        if isinstance(clip, dict):
            rgb = torch.cat([clip["iframe"][0].unsqueeze(1), clip["rgb"][0]], dim=1)
            if hasattr(model.condenser, "decode"):
                rows = _compare(clip, model.condenser.decode(frame))
        else:
            rgb = clip[0]  # [3, T, H, W]
        shown = [rgb[:, t] for t in (0, rgb.shape[1] // 2, rgb.shape[1] - 1)]
        clips.append(Condensed([_picture(f) for f in shown], _picture(frame[0]), rows))
    return clips


def _compare(clip: dict[str, Tensor], decoded: dict[str, Tensor]) -> dict[str, list[np.ndarray]]:
    """True and estimated pictures: the I-frame, and motion and residuals of three P-frames."""
    rows: dict[str, list[np.ndarray]] = {}
    steps = np.linspace(0, clip["motion"].shape[2] - 1, 3).round().astype(int)
    if "iframe" in decoded:
        rows["I-frame"] = [_picture(clip["iframe"][0]), _picture(decoded["iframe"][0])]
    if "motion" in decoded:
        fields = torch.cat([clip["motion"][0][:, steps], decoded["motion"][0][:, steps]], dim=1)
        rows["motion"] = list(flow_colours(fields.permute(1, 2, 3, 0).numpy())[0])
        maps = torch.cat([clip["residual"][0][:, steps], decoded["residual"][0][:, steps]], dim=1)
        rows["residual"] = [_picture(2 * image) for image in maps.unbind(1)]
    return rows


def _picture(frame: Tensor) -> np.ndarray:
    """[3, H, W] in [-1, 1] to [H, W, 3] uint8."""
    pixels = ((frame + 1) * 127.5).round().clamp(0, 255)
    return pixels.permute(1, 2, 0).to(torch.uint8).cpu().numpy()


def draw_decoded(clips: Sequence[Condensed]) -> Figure:
    """Clip, synthetic frame, and each true picture beside its estimate."""
    columns: list[tuple[str, list[np.ndarray]]] = []
    for place, name in enumerate(("first frame", "middle", "last")):
        columns.append((name, [clip.frames[place] for clip in clips]))
    columns.append(("synthetic frame", [clip.condensed for clip in clips]))
    for name in clips[0].rows:
        count = len(clips[0].rows[name]) // 2
        for half, title in enumerate((name, f"{name}, decoded")):
            for step in range(count):
                images = [clip.rows[name][half * count + step] for clip in clips]
                columns.append((title if step == 0 else "", images))
    return _draw(columns)


def draw_grid(names: Sequence[str], models: Sequence[Sequence[Condensed]]) -> Figure:
    """First and last frame, then what each model makes of the clip."""
    columns = [
        ("first frame", [clip.frames[0] for clip in models[0]]),
        ("last frame", [clip.frames[-1] for clip in models[0]]),
    ]
    for name, clips in zip(names, models, strict=True):
        columns.append((name, [clip.condensed for clip in clips]))
    return _draw(columns)


def _draw(columns: Sequence[tuple[str, list[np.ndarray]]]) -> Figure:
    num_rows = len(columns[0][1])
    # Tiles of 240 pixels.
    figure = Figure(figsize=(1.1 * len(columns), 1.1 * num_rows + 0.3), dpi=240 / 1.1)
    axes = figure.subplots(num_rows, len(columns), squeeze=False)
    for column, (name, images) in enumerate(columns):
        axes[0, column].set_title(name, fontsize=7, loc="left")
        for row, image in enumerate(images):
            axes[row, column].imshow(image, interpolation="nearest")
            axes[row, column].set_axis_off()
    figure.subplots_adjust(0.01, 0.01, 0.99, 1 - 0.3 / (1.1 * num_rows + 0.3), 0.04, 0.04)
    return figure


def main(arguments: Sequence[str] | None = None) -> int:
    args = parse_args(arguments)
    names = [name for name, _, _ in args.model]
    try:
        models = [
            condense_clips(cfg, weights, num=args.num, cfg_options=args.cfg_options)
            for _, cfg, weights in args.model
        ]
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    figure = draw_decoded(models[0]) if args.figure == "decoded" else draw_grid(names, models)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(args.out)
    print(args.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
