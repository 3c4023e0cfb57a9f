"""Errors of a training in one line; trainings are those of tests/mmcondense_cli/test_train.py."""

from __future__ import annotations

import pytest
from torch.utils.data import DataLoader, Dataset

from compressedvideo import CodecError
from mmcondense.apis.train_and_test import one_line


class Broken(Dataset):
    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> None:
        raise CodecError("is damaged", path="a.mp4", frame=3)


@pytest.mark.parametrize("num_workers", [0, 1])
def test_a_worker_says_what_this_process_says(num_workers):
    with pytest.raises(CodecError) as caught:
        list(DataLoader(Broken(), num_workers=num_workers))
    assert one_line(caught.value) == "a.mp4: is damaged (frame 3)"
