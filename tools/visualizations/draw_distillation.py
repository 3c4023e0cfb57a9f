"""Pictures of what TSD does to clips: the matrix P, frames that went in, and those that came out.

python tools/visualizations/draw_distillation.py CONFIG CHECKPOINT --out DIR [--num 8]

Above, P: a column for each of the T frames, a row for each of the T_s distilled ones, which sums to
1. Below, frames at equal distances, and the distilled frames. On the synthetic task ``brief`` the
frames that decide are framed, and how much P takes of them is printed; ``--measure`` takes all test
clips for that instead of those drawn.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Sequence
from pathlib import Path

import mmcondense  # noqa: F401  # isort: skip - first, since it repairs the import of mmaction
import numpy as np
import torch
from matplotlib.figure import Figure
from mmaction.registry import DATASETS
from mmengine.config import Config, DictAction
from mmengine.dataset import pseudo_collate
from rich.progress import track

from mmcondense.apis.checkpoint import load_recognizer
from mmcondense.datasets.synthetic import SyntheticRecipe
from mmcondense.datasets.synthetic_scenes import SceneOptions
from mmcondense.models.condensers import TemporalSequenceDistillation
from mmcondense.models.condensers.tsd import distill


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", help="config file")
    parser.add_argument("checkpoint", help="checkpoint file")
    parser.add_argument("--out", required=True, type=Path, help="folder for the pictures")
    parser.add_argument("--num", type=int, default=8, help="test clips, spread over the data set")
    parser.add_argument(
        "--measure", action="store_true", help="measure P on all test clips of `brief`"
    )
    parser.add_argument("--frames", type=int, default=10, help="input frames to show")
    parser.add_argument("--device", default="cuda:0" if torch.cuda.is_available() else "cpu")
    parser.add_argument(
        "--cfg-options", nargs="+", action=DictAction, help="override config entries, key=value"
    )
    return parser.parse_args(arguments)


def to_pictures(frames: torch.Tensor) -> np.ndarray:
    """[3, K, H, W] in [-1, 1] to [K, H, W, 3] uint8."""
    levels = ((frames.clamp(-1, 1) + 1) * 127.5).round().byte()
    return levels.permute(1, 2, 3, 0).cpu().numpy()


def deciding_window(path: Path) -> tuple[int, int] | None:
    """First and last frame of what decides a synthetic ``brief`` clip; None for any other video."""
    record = path.parent.parent / "synthetic.json"
    name = re.fullmatch(r"(train|val)_(\d+)", path.stem)
    if name is None or not record.is_file():
        return None
    settings = json.loads(record.read_text(encoding="utf-8"))
    if settings.pop("task") != "brief" or settings.pop("version") != SyntheticRecipe.version:
        return None
    options = settings.pop("scene")
    scene_options = SceneOptions(**{**options, "speed": tuple(options["speed"])})
    recipe = SyntheticRecipe(task="brief", scene=scene_options, **settings)
    scene = recipe.scene_of(name[1], int(name[2]))
    (brief,) = [layer for layer in scene.layers if not layer.visible.all()]
    frames = np.flatnonzero(brief.visible)
    return int(frames[0]), int(frames[-1])


def draw(
    transformation: np.ndarray,
    frames: np.ndarray,
    distilled: np.ndarray,
    *,
    shown: int,
    title: str,
    window: tuple[int, int] | None = None,
) -> Figure:
    """One clip.

    Args:
        transformation: P, [T, T_s].
        frames: [T, H, W, 3] uint8.
        distilled: [T_s, H, W, 3] uint8.
        shown: How many of the T frames to draw.
        title: Above all.
        window: First and last frame to mark in P.
    """
    num_frames, num_distilled = transformation.shape
    columns = np.unique(np.linspace(0, num_frames - 1, min(shown, num_frames)).round().astype(int))
    kept = np.unique(np.linspace(0, num_distilled - 1, min(20, num_distilled)).round().astype(int))
    figure = Figure(figsize=(12, 5), dpi=100, layout="constrained")
    figure.suptitle(title, fontsize=10)
    panels: np.ndarray = np.asarray(figure.subfigures(3, 1, height_ratios=[1.2, 1, 1.3]))
    top, middle, bottom = panels
    axes = top.subplots()
    image = axes.imshow(
        transformation.T, aspect="auto", cmap="viridis", vmin=0, interpolation="nearest"
    )
    if window is not None:
        axes.axvspan(window[0] - 0.5, window[1] + 0.5, fill=False, edgecolor="red", linewidth=1.5)
    axes.set_xlabel("frame", fontsize=8)
    axes.set_ylabel("distilled", fontsize=8)
    top.colorbar(image, ax=axes, label="P")
    for panel, pictures, indices, word in (
        (middle, frames, columns, "frame"),
        (bottom, distilled, kept, "distilled"),
    ):
        for axis, index in zip(
            np.atleast_1d(panel.subplots(1, len(indices))), indices, strict=True
        ):
            axis.imshow(pictures[index])
            axis.set_axis_off()
            caption = f"{word} {index}"
            if word == "distilled":
                peak = transformation[:, index].argmax()
                caption += f"\n{transformation[peak, index]:.2f} of {peak}"
            axis.set_title(caption, fontsize=7)
    return figure


def main(arguments: Sequence[str] | None = None) -> None:
    args = parse_args(arguments)
    cfg = Config.fromfile(args.config)
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    model = load_recognizer(cfg, args.checkpoint, device=args.device)
    condenser = getattr(model, "condenser", None)
    if not isinstance(condenser, TemporalSequenceDistillation):
        raise SystemExit(f"{args.config} has no TemporalSequenceDistillation")
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    args.out.mkdir(parents=True, exist_ok=True)
    indices = np.unique(np.linspace(0, len(dataset) - 1, args.num).round().astype(int))
    drawn = set(indices.tolist())
    matrices: list[np.ndarray] = []
    windows: list[tuple[int, int]] = []
    for index in track(range(len(dataset)) if args.measure else sorted(drawn)):
        info = dataset.get_data_info(index)
        window = deciding_window(Path(info["filename"]))
        if index not in drawn and window is None:
            continue
        batch = pseudo_collate([dataset[index]])
        clip = model.data_preprocessor(batch, False)["inputs"][0, :1]  # the first view
        with torch.no_grad():
            transformation = condenser.transformation(clip)
            distilled = distill(clip, transformation)
        matrix = transformation[0].cpu().numpy()
        if window is not None:
            matrices.append(matrix)
            windows.append(window)
        if index not in drawn:
            continue
        figure = draw(
            matrix,
            to_pictures(clip[0]),
            to_pictures(distilled[0]),
            shown=args.frames,
            title=f"{info['filename']}    label {info['label']}",
            window=window,
        )
        figure.savefig(args.out / f"{index:06d}_{Path(info['filename']).stem}.png")
    print(f"{len(indices)} pictures in {args.out}")
    if windows:
        print(describe(np.stack(matrices), windows))


def describe(matrices: np.ndarray, windows: Sequence[tuple[int, int]]) -> str:
    """How much P takes of the deciding frames.

    Args:
        matrices: P of each clip, [N, T, T_s].
        windows: First and last deciding frame of each clip.
    """
    frames = np.arange(matrices.shape[1])
    inside = np.stack([(frames >= first) & (frames <= last) for first, last in windows])  # [N, T]
    peaks = np.take_along_axis(inside, matrices.argmax(axis=1), axis=1)  # [N, T_s]
    mass = (matrices * inside[..., None]).sum(axis=1)  # [N, T_s]
    return (
        f"{len(windows)} clips, {matrices.shape[2]} columns each, which sum to 1 within "
        f"{abs(matrices.sum(axis=1) - 1).max():.1e}\n"
        f"highest entry in the deciding frames: {peaks.mean():.1%} of the columns, "
        f"{(peaks.sum(axis=1) >= 2).mean():.1%} of the clips have two such columns\n"
        f"weight of the deciding frames: {mass.mean():.1%}, {inside.mean():.1%} if all were equal; "
        f"highest entry of a column: {matrices.max(axis=1).mean():.2f} on average"
    )


if __name__ == "__main__":
    main()
