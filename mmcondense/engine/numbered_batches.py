"""Batches of indices that know their epoch, and that may begin in the middle of one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmengine.dataset import InfiniteSampler
from torch.utils.data import BatchSampler, DataLoader

from mmcondense.datasets.seeding import Draw


class NumberedBatches:
    """A batch sampler that yields :class:`Draw` where another yields indices.

    Args:
        batches: The other one. Those over MMEngine's InfiniteSampler never end: there an epoch
            has passed whenever all ranks together have drawn as many samples as there are.
    """

    def __init__(self, batches: BatchSampler) -> None:
        self.batches = batches
        self.sampler = batches.sampler
        self.batch_size = getattr(batches, "batch_size", None)
        self.drop_last = getattr(batches, "drop_last", False)
        self.is_endless = isinstance(self.sampler, InfiniteSampler)
        self._epoch = 0
        self._skip = 0

    def __len__(self) -> int:
        return len(self.batches)

    def begin(self, epoch: int, *, skip: int = 0) -> None:
        """What the next iteration begins with.

        Args:
            epoch: Of the sampler; 0 if it never ends.
            skip: Batches to pass over, unread.
        """
        self._epoch, self._skip = epoch, skip
        if isinstance(self.sampler, InfiniteSampler):
            self.sampler.indices = self.sampler._indices_of_rank()  # others may have drawn from it
        elif hasattr(self.sampler, "set_epoch"):
            self.sampler.set_epoch(epoch)

    def __iter__(self) -> Iterator[list[Draw]]:
        epoch, skip = self._epoch, self._skip
        self._skip = 0
        drawn = 0
        for number, batch in enumerate(self.batches):
            if number >= skip:
                yield [Draw(self._epoch_of(drawn + n, epoch), i) for n, i in enumerate(batch)]
            drawn += len(batch)

    def _epoch_of(self, drawn: int, epoch: int) -> int:
        if not isinstance(self.sampler, InfiniteSampler):
            return epoch
        return (drawn * self.sampler.world_size + self.sampler.rank) // self.sampler.size


class EndlessBatches:
    """What MMEngine's iteration-based loop draws from, begun after so many iterations.

    Args:
        loader: Over ``batches``.
        batches: Its batch sampler.
        done: Iterations that the loop will pass over by asking for their batches: it gets None.
    """

    def __init__(self, loader: DataLoader, batches: NumberedBatches, *, done: int) -> None:
        self._loader = loader
        self._batches = batches
        self._passed_over = done
        self._epoch, skip = (0, done) if batches.is_endless else divmod(done, len(batches))
        self._batches.begin(self._epoch, skip=skip)
        self._iterator = iter(loader)

    def __iter__(self) -> EndlessBatches:
        return self

    def __next__(self) -> Any:
        if self._passed_over > 0:
            self._passed_over -= 1
            return None
        batch = next(self._iterator, None)
        if batch is None:
            self._epoch += 1
            self._batches.begin(self._epoch)
            self._iterator = iter(self._loader)
            batch = next(self._iterator)
        return batch
