from __future__ import annotations

import numpy as np
import pytest
import torch
from mmaction.registry import METRICS

from mmcondense.apis.score_dump import load_score_dump
from mmcondense.evaluation.score_arrays import read_score_arrays, write_score_arrays

SAMPLES = [
    dict(
        pred_score=torch.tensor([0.25, 0.75]),
        i_stream_score=torch.tensor([-1.0, 4.0 + n]),
        view_score=torch.tensor([[0.5, 0.5], [1.0, 0.0]]),
        gt_label=torch.tensor([n]),
        filename=f"videos/ü {n}.mp4",
    )
    for n in (1, 0, 1)
]


def test_what_is_dumped_is_read(tmp_path):
    path = tmp_path / "new" / "dump.npz"
    metric = METRICS.build(dict(type="mmaction.DumpScoreArrays", out_file_path=str(path)))
    metric.process({}, SAMPLES[:2])
    metric.process({}, SAMPLES[2:])
    assert metric.evaluate(3) == {}
    with np.load(path, allow_pickle=False) as arrays:
        assert sorted(arrays.files) == [
            *("filename", "gt_label", "i_stream_score", "pred_score", "score_kinds")
        ]
    dump = load_score_dump(path, field="i_stream_score")
    np.testing.assert_array_equal(dump.scores, [[-1, 5], [-1, 4], [-1, 5]])
    assert dump.labels.tolist() == [1, 0, 1]
    assert dump.kind == "logits"
    assert load_score_dump(path).kind == "probabilities"
    assert [sample["filename"] for sample in dump.samples] == [s["filename"] for s in SAMPLES]


def test_pickles_inside_are_not_opened(tmp_path):
    class Calls:
        def __reduce__(self) -> tuple:
            return (tmp_path.joinpath("owned").mkdir, ())

    np.savez(tmp_path / "bad.npz", pred_score=np.array([Calls()], dtype=object))
    with pytest.raises(ValueError, match=r"bad\.npz is no dump"):
        read_score_arrays(tmp_path / "bad.npz")
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 and then nothing"])
def test_damaged_files_are_named(tmp_path, content):
    path = tmp_path / "bad.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"bad\.npz is no dump"):
        load_score_dump(path)


def test_cut_file_is_named(tmp_path):
    path = tmp_path / "cut.npz"
    write_score_arrays(path, SAMPLES)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ValueError, match=r"cut\.npz is no dump"):
        load_score_dump(path)
