"""Test a recognizer, with the arguments and outputs of MMAction2's script of the same name."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmcondense.apis.cli import add_runner_arguments, check_inputs, load_config, stop
from mmcondense.datasets.annotations import AnnotationError
from mmcondense.engine.hooks import CheckpointFitHook, check_test_videos


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Test and evaluate a recognizer")
    add_runner_arguments(parser)
    parser.add_argument("checkpoint", help="checkpoint file")
    parser.add_argument(
        "--dump",
        help="file for the predictions, to evaluate them offline: .npz, or .pkl for MMAction2's "
        "tools, a pickle, which may run code when it is opened",
    )
    parser.add_argument("--show-dir", help="folder for the pictures of the visualization hook")
    parser.add_argument("--show", action="store_true", help="show predictions in a window")
    parser.add_argument("--interval", type=int, default=1, help="visualize every n-th sample")
    parser.add_argument("--wait-time", type=float, default=2, help="seconds per window")
    parser.add_argument(
        "--allow-training-videos",
        action="store_true",
        help="test on videos that the checkpoint was trained on, which is refused otherwise",
    )
    args = parser.parse_args()
    if "://" not in args.checkpoint and not Path(args.checkpoint).is_file():
        parser.error(f"no checkpoint at {args.checkpoint}")
    if args.dump is not None and not args.dump.endswith((".npz", ".pkl", ".pickle")):
        parser.error(f"--dump writes a .npz, .pkl or .pickle file, got {args.dump}")
    return args


def merge_args(cfg: Config, args: argparse.Namespace) -> None:
    """Apply the testing arguments to ``cfg``; ``--cfg-options`` have the last word.

    Raises:
        SystemExit: if ``--show`` or ``--show-dir`` meets a config without a visualization hook.
    """
    cfg.load_from = args.checkpoint
    if args.show or args.show_dir is not None:
        if "visualization" not in cfg.get("default_hooks", {}):
            raise SystemExit(
                "--show and --show-dir need a hook default_hooks.visualization in the config. "
                "MMAction2's own VisualizationHook draws no batch of a recognizer; for pictures of "
                "the inputs with predictions: python tools/visualizations/browse_dataset.py "
                "CONFIG --checkpoint CHECKPOINT"
            )
        cfg.default_hooks.visualization.update(
            enable=True,
            show=args.show,
            wait_time=args.wait_time,
            out_dir=args.show_dir,
            interval=args.interval,
        )
    if args.dump is not None:
        evaluators = cfg.test_evaluator
        if not isinstance(evaluators, list | tuple):
            evaluators = [evaluators]
        dump = "DumpScoreArrays" if args.dump.endswith(".npz") else "DumpScores"
        cfg.test_evaluator = [*evaluators, {"type": dump, "out_file_path": args.dump}]
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)


class CheckCheckpoint(Hook):
    """Ends the test before it begins if its result would mean nothing."""

    def __init__(self, *, allow_training_videos: bool) -> None:
        self.allow_training_videos = allow_training_videos

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        if not self.allow_training_videos:
            try:
                check_test_videos(checkpoint, runner.test_dataloader.dataset)
            except ValueError as error:
                stop(f"error: {error}")


def main() -> None:
    args = parse_args()
    cfg = load_config(args)
    merge_args(cfg, args)
    check_inputs(cfg, args, loaders=("test_dataloader",))
    runner = Runner.from_cfg(cfg)
    if not any(isinstance(hook, CheckpointFitHook) for hook in runner.hooks):  # a stock config
        runner.register_hook(CheckpointFitHook())
    runner.register_hook(CheckCheckpoint(allow_training_videos=args.allow_training_videos))
    try:
        runner.test()
    except AnnotationError as error:
        stop(f"error: {error}")


if __name__ == "__main__":
    main()
