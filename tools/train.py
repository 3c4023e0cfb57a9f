"""Train a recognizer, with the arguments and outputs of MMAction2's script of the same name."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmengine.config import Config
from mmengine.device import get_device
from mmengine.runner import Runner

from mmcondense.apis.cli import add_runner_arguments, check_inputs, load_config, stop
from mmcondense.apis.learning_rate import scale_peaks
from mmcondense.datasets.annotations import AnnotationError
from mmcondense.engine.hooks import CheckpointFitHook, TrainingListHook
from mmcondense.engine.sound_checkpoint import damage_of, newest_sound_checkpoint


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train a recognizer")
    add_runner_arguments(parser)
    parser.add_argument(
        "--resume",
        nargs="?",
        const="auto",
        help="go on from this checkpoint; without a path: from the latest in the work dir, if any",
    )
    parser.add_argument("--amp", action="store_true", help="train in mixed precision (CUDA only)")
    parser.add_argument("--no-validate", action="store_true", help="skip validation")
    parser.add_argument(
        "--auto-scale-lr",
        action="store_true",
        help="scale the learning rate by actual over original batch size",
    )
    parser.add_argument("--seed", type=int, help="random seed")
    parser.add_argument(
        "--diff-rank-seed", action="store_true", help="give each rank a seed of its own"
    )
    parser.add_argument(
        "--deterministic", action="store_true", help="use deterministic CUDNN algorithms"
    )
    args = parser.parse_args()
    if args.amp and get_device() == "cpu":
        parser.error("--amp needs a CUDA device: mmengine's AmpOptimWrapper does not run on a CPU")
    local = args.resume not in (None, "auto") and "://" not in args.resume
    if local and not Path(args.resume).is_file():
        parser.error(f"--resume: no checkpoint at {args.resume}")
    if local and (damage := damage_of(Path(args.resume))):
        parser.error(
            f"--resume: {args.resume} is damaged: {damage}; without a path, the newest sound "
            "checkpoint in the work dir is taken"
        )
    return args


def merge_args(cfg: Config, args: argparse.Namespace) -> None:
    """Apply the training arguments to ``cfg``; ``--cfg-options`` have the last word.

    Raises:
        SystemExit: if the config has no place for what an argument asks for.
    """
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.amp:
        wrapper = cfg.optim_wrapper.get("type", "OptimWrapper")
        if wrapper not in ("OptimWrapper", "AmpOptimWrapper"):
            raise SystemExit(f"--amp replaces OptimWrapper; the config has {wrapper}")
        cfg.optim_wrapper.type = "AmpOptimWrapper"
        cfg.optim_wrapper.setdefault("loss_scale", "dynamic")
    if args.resume == "auto":
        try:
            newest = newest_sound_checkpoint(cfg.work_dir)
        except ValueError as error:
            stop(f"error: {error}")
        # without a checkpoint MMEngine would forget load_from and start from random weights
        if newest is not None:
            cfg.resume, cfg.load_from = True, newest
    elif args.resume is not None:
        cfg.resume, cfg.load_from = True, args.resume
    if args.auto_scale_lr:
        if "base_batch_size" not in cfg.get("auto_scale_lr", {}):
            raise SystemExit("--auto-scale-lr: the config has no auto_scale_lr.base_batch_size")
        cfg.auto_scale_lr.enable = True

    randomness = cfg.get("randomness") or {"seed": None}
    if args.seed is not None:
        randomness["seed"] = args.seed
    if args.diff_rank_seed:
        randomness["diff_rank_seed"] = True
    if args.deterministic:
        randomness["deterministic"] = True
    cfg.randomness = randomness

    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)


def main() -> None:
    args = parse_args()
    cfg = load_config(args)
    merge_args(cfg, args)
    check_inputs(cfg, args, loaders=("train_dataloader", "val_dataloader"))
    runner = Runner.from_cfg(cfg)
    for hook_type in (TrainingListHook, CheckpointFitHook):
        if not any(isinstance(hook, hook_type) for hook in runner.hooks):  # a stock config
            runner.register_hook(hook_type())
    scale_peaks(runner)
    try:
        runner.train()
    except AnnotationError as error:
        stop(f"error: {error}")
    except FloatingPointError as error:  # of FiniteLossHook
        raise SystemExit(f"error: {error}") from None


if __name__ == "__main__":
    main()
