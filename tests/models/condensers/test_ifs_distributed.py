"""IFS under DDP: two forked processes, which exchange gradients over gloo."""

from __future__ import annotations

import multiprocessing
import os
import socket
from pathlib import Path

import torch
from mmaction.structures import ActionDataSample
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from torch import Tensor

from mmcondense.models.condensers import CondenserModel

NUM_STEPS = 3  # DDP notices parameters without gradients in the second
SETTINGS = dict(
    type="mmaction.IFS",
    clip_len=3,
    num_classes=3,
    base_channels=4,
    num_blocks=1,
    encoder_channels=(4, 8),
    norm="instance",  # batches of half the size would have other statistics
)


def make_model() -> CondenserModel:
    """In double precision: in single, halves of a batch may take the other side of a kink."""
    torch.manual_seed(0)
    return CondenserModel(condenser=SETTINGS).double()


def make_batch(step: int) -> tuple[dict[str, Tensor], Tensor]:
    """Four clips, [4, 1, ...] each modality."""
    generator = torch.Generator().manual_seed(step)

    def rand(*shape: int) -> Tensor:
        return torch.rand(4, 1, *shape, generator=generator, dtype=torch.float64) * 2 - 1

    clip = dict(
        iframe=rand(3, 16, 16),
        rgb=rand(3, 2, 16, 16),
        motion=rand(2, 2, 16, 16),
        residual=rand(3, 2, 16, 16),
    )
    return clip, torch.randint(3, (4,), generator=generator)


def train(model: torch.nn.Module, *, part: slice) -> dict[str, Tensor]:
    """The logs of the last of a few steps."""
    wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.05))
    for step in range(NUM_STEPS):
        clip, labels = make_batch(step)
        samples = [ActionDataSample().set_gt_label(int(label)) for label in labels[part]]
        inputs = {name: x[part] for name, x in clip.items()}
        logs = model.train_step(dict(inputs=inputs, data_samples=samples), wrapper)
    return logs


def run_rank(rank: int, port: str, folder: Path) -> None:
    torch.set_num_threads(1)  # the parent's threads do not survive a fork
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=port)
    torch.distributed.init_process_group("gloo", rank=rank, world_size=2)
    model = MMDistributedDataParallel(make_model(), broadcast_buffers=False)
    logs = train(model, part=slice(2 * rank, 2 * rank + 2))
    torch.save(dict(weights=model.module.state_dict(), logs=logs), folder / f"rank{rank}.pth")
    torch.distributed.barrier()
    os._exit(0)


def test_two_processes_learn_what_one_does(tmp_path: Path) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = str(server.getsockname()[1])
    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=run_rank, args=(rank, port, tmp_path)) for rank in (0, 1)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0]

    alone = make_model()
    train(alone, part=slice(None))
    first, second = (torch.load(tmp_path / f"rank{rank}.pth") for rank in (0, 1))
    start = make_model().state_dict()
    for name, value in alone.state_dict().items():
        assert torch.equal(first["weights"][name], second["weights"][name]), name
        torch.testing.assert_close(first["weights"][name], value, rtol=1e-3, atol=1e-5, msg=name)
        assert not torch.equal(value, start[name]), name
    assert all(torch.isfinite(torch.as_tensor(value)).all() for value in first["logs"].values())
