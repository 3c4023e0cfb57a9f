"""From samples to a batch that leaves its worker in few pieces."""

from __future__ import annotations

from collections.abc import Sequence

from mmaction.structures import ActionDataSample
from mmengine.dataset import pseudo_collate
from mmengine.registry import FUNCTIONS
from torch import Tensor
from torch.utils.data import default_collate, get_worker_info


@FUNCTIONS.register_module()
def compact_collate(batch: Sequence[dict]) -> dict:
    """MMEngine's ``pseudo_collate``, with each modality in one block of shared memory.

    The batch is the same: lists with a tensor per sample. A worker passes every tensor on as a
    file of its own, with a connection for each, which takes longer than reading a small clip; here
    the tensors of a modality are views into one, and so are the labels. In the main process
    nothing has to be passed on, and nothing is done.

    Args:
        batch: N samples of PackActionInputs.
    """
    data = pseudo_collate(batch)
    if get_worker_info() is None:
        return data
    inputs = data["inputs"]
    if isinstance(inputs, dict):
        data["inputs"] = {name: _in_one_block(tensors) for name, tensors in inputs.items()}
    else:
        data["inputs"] = _in_one_block(inputs)
    samples: list[ActionDataSample] = data["data_samples"]
    if all("gt_label" in sample for sample in samples):
        labels = _in_one_block([sample.gt_label for sample in samples])
        for sample, label in zip(samples, labels, strict=True):
            sample.set_field(label, "gt_label", dtype=Tensor)
    return data


def _in_one_block(tensors: Sequence[Tensor]) -> Sequence[Tensor]:
    """The same tensors as views into one in shared memory, if they are of one shape and type."""
    first = tensors[0]
    if any(x.shape != first.shape or x.dtype != first.dtype for x in tensors):
        return tensors
    return list(default_collate(list(tensors)).unbind(0))
