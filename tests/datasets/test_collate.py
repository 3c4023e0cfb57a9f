"""Compact batches hold what MMEngine's hold, in fewer files."""

from __future__ import annotations

import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.dataset import pseudo_collate
from mmengine.registry import FUNCTIONS
from torch.utils.data import DataLoader, Dataset

from mmcondense.datasets.collate import compact_collate


class Samples(Dataset):
    """As PackActionInputs returns them; sizes may differ from sample to sample."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __len__(self) -> int:
        return 5

    def __getitem__(self, i: int) -> dict:
        height = 4 + i if self.kind == "sizes" else 4
        iframe = torch.full((2, 3, height, 4), i, dtype=torch.uint8)
        motion = torch.full((1, 2, 2, height, 4), -i, dtype=torch.int16)
        sample = ActionDataSample()
        if self.kind != "unlabelled":
            sample.set_gt_label(i)
        sample.set_metainfo(dict(number=i))
        inputs = iframe if self.kind == "single" else dict(iframe=iframe, motion=motion)
        return dict(inputs=inputs, data_samples=sample)


def modalities(batch: dict) -> dict[str, list[torch.Tensor]]:
    inputs = batch["inputs"]
    return inputs if isinstance(inputs, dict) else dict(inputs=inputs)


def num_storages(tensors: list[torch.Tensor]) -> int:
    return len({x.untyped_storage().data_ptr() for x in tensors})


@pytest.mark.parametrize("kind", ["equal", "sizes", "single", "unlabelled"])
def test_workers_batches_are_the_same_in_few_storages(kind):
    dataset = Samples(kind)
    assert FUNCTIONS.get("compact_collate") is compact_collate
    found = DataLoader(dataset, batch_size=3, num_workers=2, collate_fn=compact_collate)
    expected = DataLoader(dataset, batch_size=3, collate_fn=pseudo_collate)
    for batch, wanted in zip(found, expected, strict=True):
        for name, tensors in modalities(wanted).items():
            ours = modalities(batch)[name]
            assert len(ours) == len(tensors)
            for x, y in zip(ours, tensors, strict=True):
                assert x.dtype == y.dtype
                assert torch.equal(x, y)
                assert x.is_shared()
            assert num_storages(ours) == (len(tensors) if kind == "sizes" else 1)
        samples = batch["data_samples"]
        assert [s.number for s in samples] == [s.number for s in wanted["data_samples"]]
        if kind != "unlabelled":
            assert [s.gt_label.tolist() for s in samples] == [[s.number] for s in samples]
            assert num_storages([s.gt_label for s in samples]) == 1


def test_in_the_main_process_nothing_is_copied():
    samples = [Samples("equal")[i] for i in range(3)]
    batch = compact_collate(samples)
    for sample, motion in zip(samples, batch["inputs"]["motion"], strict=True):
        assert motion is sample["inputs"]["motion"]
