"""A training that was killed and resumed ends with the weights of one that was not."""

from __future__ import annotations

from typing import Any

import torch
from mmaction.registry import HOOKS
from mmengine import dist
from mmengine.hooks import CheckpointHook, Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, Runner
from torch import Tensor, nn
from torch.utils.data import BatchSampler, DataLoader

from mmcondense.datasets.seeding import ITERATION, VALIDATION, SeededDataset, seed_generators

from ..numbered_batches import EndlessBatches, NumberedBatches

PLACE = "place"
"""Key in a checkpoint's ``meta``: where in the data the training stood."""

RANK_BUFFERS = "rank_buffers"
"""Key in a checkpoint within an epoch: buffers of each rank, such as its running means."""


@HOOKS.register_module()
class ExactResumeHook(Hook):
    """Make all that is random a function of the seed and of what it is for.

    A sample depends on (seed, epoch, index), what a model draws in an iteration on (seed,
    iteration, rank). So no state of a generator is kept: a checkpoint holds none, and neither the
    number of workers nor what happened before it matter. A checkpoint of
    ``CheckpointHook(by_epoch=False)`` resumes with the next batch of its epoch, of which no
    earlier one is read.

    Every config here has it; others take it in ``custom_hooks``. What remains inexact, and why, is
    in docs/reliability.md.
    """

    priority = "VERY_HIGH"

    def __init__(self) -> None:
        self._place: dict[str, int] | None = None
        self._buffers: list[dict[str, Tensor]] | None = None
        self._batches: NumberedBatches
        self._skip = 0
        self._epoch = -1
        self._first_iter = 0

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        if runner._resume:
            self._place = checkpoint["meta"].get(PLACE, {})
            self._buffers = checkpoint.pop(RANK_BUFFERS, None)

    def before_train(self, runner: Runner) -> None:
        loop = runner.train_loop
        stock = loop.dataloader
        if not isinstance(loop, EpochBasedTrainLoop | IterBasedTrainLoop) or not isinstance(
            stock.batch_sampler, BatchSampler
        ):
            raise TypeError(
                "ExactResumeHook knows EpochBasedTrainLoop and IterBasedTrainLoop, over data with "
                f"a batch sampler, not {type(loop).__name__} over {type(stock.batch_sampler)}"
            )
        self._batches = NumberedBatches(stock.batch_sampler)
        self._go_to_place(runner)
        loop.dataloader = _loader_like(stock, self._batches, seed=runner.seed)
        if isinstance(loop, IterBasedTrainLoop):
            loop.dataloader_iterator = None  # ends the workers that it has begun
            stock._iterator = None
            loop.dataloader_iterator = EndlessBatches(
                loop.dataloader, self._batches, done=loop.iter
            )

    def _go_to_place(self, runner: Runner) -> None:
        """Set the sampler's seed, the batches to skip, and this rank's buffers."""
        place, self._place = self._place, None
        if place is None:  # not resumed
            return
        length = len(self._batches)
        if place.get("batches", length) != length or (
            place.get("world_size", dist.get_world_size()) != dist.get_world_size()
        ):
            runner.logger.warning(
                f"The checkpoint was written with {place['batches']} batches an epoch on "
                f"{place['world_size']} processes, now there are {length} on "
                f"{dist.get_world_size()}: this epoch begins anew, and the weights will not be "
                "those of an uninterrupted training."
            )
            return
        if not place:
            runner.logger.warning(
                "The checkpoint was written without ExactResumeHook: the weights will not be "
                "exactly those of an uninterrupted training."
            )
            at = runner.iter - runner.epoch * length
            place = dict(batch=at if 0 < at <= length else 0)
        if "sampler_seed" in place and hasattr(self._batches.sampler, "seed"):
            self._batches.sampler.seed = place["sampler_seed"]  # MMEngine's resume forgets it
        self._skip = place["batch"]
        if self._buffers is not None:
            own, self._buffers = self._buffers[dist.get_rank()], None
            for name, buffer in _bare(runner.model).named_buffers():
                buffer.data.copy_(own[name])

    def before_train_epoch(self, runner: Runner) -> None:
        loop = runner.train_loop
        skip, self._skip = self._skip, 0
        self._epoch, self._first_iter = runner.epoch, runner.iter - skip
        if isinstance(loop, IterBasedTrainLoop):
            return
        self._batches.begin(runner.epoch, skip=skip)
        if skip:  # the loop counts from 0, and hooks compare with the length of an epoch
            runner.logger.info(f"Goes on behind batch {skip} of {len(self._batches)}.")
            run_iter = loop.run_iter
            loop.run_iter = lambda idx, batch: run_iter(idx + skip, batch)

    def after_train_epoch(self, runner: Runner) -> None:
        vars(runner.train_loop).pop("run_iter", None)

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        _seed(ITERATION, runner.seed, runner.iter, dist.get_rank())

    def before_val_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        _seed(VALIDATION, runner.seed, runner.iter, dist.get_rank(), batch_idx)

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict | None = None
    ) -> None:
        if any(_saves_now(hook, runner) for hook in runner.hooks):
            self.gather_buffers(runner)

    def gather_buffers(self, runner: Runner) -> None:
        """Before a checkpoint within an epoch, in all ranks: only the first one writes."""
        if dist.is_distributed():
            own = {name: b.detach().cpu() for name, b in _bare(runner.model).named_buffers()}
            self._buffers = dist.all_gather_object(own)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        meta = checkpoint["meta"]
        within = meta["epoch"] == self._epoch
        meta[PLACE] = dict(
            batch=meta["iter"] - self._first_iter if within else 0,
            batches=len(self._batches),
            sampler_seed=int(getattr(self._batches.sampler, "seed", runner.seed)),
            world_size=dist.get_world_size(),
        )
        if within and self._buffers is not None and "optimizer" in checkpoint:
            checkpoint[RANK_BUFFERS], self._buffers = self._buffers, None


def _seed(*key: int) -> None:
    seed_generators(*key)
    if torch.cuda.is_available():
        torch.cuda.manual_seed(torch.initial_seed())


def _bare(model: Any) -> nn.Module:
    return model.module if is_model_wrapper(model) else model


def _saves_now(hook: Hook, runner: Runner) -> bool:
    """Whether this is a CheckpointHook that will save after this iteration."""
    if not isinstance(hook, CheckpointHook) or hook.by_epoch:
        return False
    last = hook.save_last and hook.is_last_train_iter(runner)
    return last or hook.every_n_train_iters(runner, hook.interval, hook.save_begin)


def _loader_like(stock: DataLoader, batches: NumberedBatches, *, seed: int) -> DataLoader:
    return DataLoader(
        SeededDataset(stock.dataset, seed=seed),
        batch_sampler=batches,  # type: ignore[arg-type]
        num_workers=stock.num_workers,
        collate_fn=stock.collate_fn,
        pin_memory=stock.pin_memory,
        timeout=stock.timeout,
        worker_init_fn=stock.worker_init_fn,
        multiprocessing_context=stock.multiprocessing_context,
        prefetch_factor=stock.prefetch_factor,
        persistent_workers=stock.persistent_workers,
        pin_memory_device=stock.pin_memory_device,
        generator=torch.Generator(),  # else each iterator draws from the global one
    )
