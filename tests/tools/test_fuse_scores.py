from __future__ import annotations

import pickle
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from mmcondense.apis.score_dump import load_score_dump
from mmcondense.evaluation.score_arrays import write_score_arrays


@pytest.fixture(scope="module")
def tool(load_tool) -> ModuleType:
    return load_tool("analysis_tools/fuse_scores.py")


@pytest.fixture
def run(tool, monkeypatch):
    def run(*arguments) -> int:
        monkeypatch.setattr(sys, "argv", ["fuse_scores.py", *map(str, arguments)])
        return tool.main()

    return run


def write_dump(path: Path, scores, labels, **fields) -> Path:
    """The format of mmengine's DumpResults: a list of data samples as dicts."""
    samples = [
        dict(
            pred_score=torch.tensor(score),
            gt_label=torch.tensor([label]),
            img_shape=(8, 8),
            **{name: torch.tensor(values[n]) for name, values in fields.items()},
        )
        for n, (score, label) in enumerate(zip(scores, labels, strict=True))
    ]
    path.write_bytes(pickle.dumps(samples))
    return path


def complementary_streams(*, num_videos: int, seed: int):
    """Two streams of which the second is right more often, and both together more often still."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, num_videos)
    evidence = np.eye(4)[labels]
    i_scores = evidence + 1.3 * rng.standard_normal((num_videos, 4))
    p_scores = evidence + 0.7 * rng.standard_normal((num_videos, 4))
    return i_scores, p_scores, labels


def test_grid_covers_the_simplex(tool):
    grid = list(tool.weight_grid(3, num_steps=4))
    assert len(grid) == len(set(grid)) == 15  # C(4 + 2, 2)
    assert all(min(weights) >= 0 and sum(weights) == pytest.approx(1) for weights in grid)
    assert (0.25, 0.25, 0.5) in grid
    assert list(tool.weight_grid(1, num_steps=4)) == [(1.0,)]


def test_search_equals_exhaustive_loop(tool):
    i_scores, p_scores, labels = complementary_streams(num_videos=200, seed=0)
    weights = tool.search_weights([i_scores, p_scores], labels, num_steps=20)
    accuracies = {
        step: np.mean(
            [
                (step / 20 * i + (1 - step / 20) * p).argmax() == label
                for i, p, label in zip(i_scores, p_scores, labels, strict=True)
            ]
        )
        for step in range(21)
    }
    best = max(accuracies.values())
    nearest = min((s for s, a in accuracies.items() if a == best), key=lambda s: abs(s - 10))
    assert weights == pytest.approx((nearest / 20, 1 - nearest / 20))
    assert weights[1] > weights[0] > 0
    assert best > max(accuracies[0], accuracies[20])


def test_ties_go_to_equal_weights(tool):
    scores = np.array([[0.9, 0.1], [0.2, 0.8]])
    assert tool.search_weights([scores, scores], np.array([0, 1]), num_steps=10) == (0.5, 0.5)


def test_weights_come_from_validation_and_the_dump_is_fused(tool, run, tmp_path, capsys):
    paths = {}
    for split, seed in (("val", 0), ("test", 1)):
        i_scores, p_scores, labels = complementary_streams(num_videos=200, seed=seed)
        paths[f"i_{split}"] = write_dump(tmp_path / f"i_{split}.pkl", i_scores, labels)
        paths[f"p_{split}"] = write_dump(tmp_path / f"p_{split}.pkl", p_scores, labels)
        if split == "val":
            weights = tool.search_weights([i_scores, p_scores], labels, num_steps=20)
    status = run(
        "--preds", paths["i_test"], paths["p_test"],
        "--val-preds", paths["i_val"], paths["p_val"],
        "--dump", tmp_path / "fused.pkl",
    )  # fmt: skip
    assert status == 0
    assert f"fusion_weights=({weights[0]:g}, {weights[1]:g})" in capsys.readouterr().out
    fused = pickle.loads((tmp_path / "fused.pkl").read_bytes())
    expected = weights[0] * i_scores + weights[1] * p_scores
    scores = np.stack([sample["pred_score"].numpy() for sample in fused])
    np.testing.assert_allclose(scores, expected, rtol=1e-5)
    assert [int(sample["pred_label"]) for sample in fused] == expected.argmax(1).tolist()
    assert fused[0]["img_shape"] == (8, 8)


def test_fields_of_one_dump_can_be_fused(run, tmp_path, capsys):
    i_scores, p_scores, labels = complementary_streams(num_videos=50, seed=0)
    streams = dict(i_stream_score=i_scores, p_stream_score=p_scores)
    path = write_dump(tmp_path / "two.stream.pkl", i_scores, labels, **streams)
    preds = [f"{path}:{name}_stream_score" for name in "ip"]
    assert run("--preds", *preds, "--coefficients", "1", "3") == 0
    top1 = ((0.25 * i_scores + 0.75 * p_scores).argmax(1) == labels).mean()
    out = capsys.readouterr().out
    assert f"{100 * top1:.2f}" in out
    assert "fusion_weights=(1, 3)" in out


def test_softmax_tames_large_raw_scores(run, tmp_path, capsys):
    # raw: 10 against 2 * 3 for class 0; as probabilities 1 + 2 * 0.05 against 2 * 0.95
    first = write_dump(tmp_path / "a.pkl", [[10.0, 0.0]], [1])
    second = write_dump(tmp_path / "b.pkl", [[0.0, 3.0]], [1])
    for extra, top1 in (([], "0.00"), (["--apply-softmax"], "100.00")):
        assert run("--preds", first, second, "--coefficients", "1", "2", *extra) == 0
        (row,) = (line for line in capsys.readouterr().out.splitlines() if "fused" in line)
        assert row.split()[5] == top1


@pytest.mark.parametrize("stored", [False, True])
def test_logits_and_probabilities_are_not_fused(run, tmp_path, capsys, stored):
    """Whether the dump says what it holds, or only its numbers do."""
    kinds = [dict(pred_score=kind) for kind in ("logits", "probabilities")] if stored else [{}, {}]
    # the logits' sum decides alone: 6 of 0 to 10 against 0.9 of 0 to 1
    first = write_dump(tmp_path / "coviar.pkl", [[6.0, 5.9], [5.9, 6.0]], [1, 1])
    second = write_dump(tmp_path / "mr.pkl", [[0.05, 0.95], [0.1, 0.9]], [1, 1])
    for path, of_file in zip((first, second), kinds, strict=True):
        samples = [dict(s, score_kinds=of_file) for s in pickle.loads(path.read_bytes())]
        path.write_bytes(pickle.dumps(samples))
    arguments = ("--preds", first, second, "--coefficients", "1", "1")
    assert run(*arguments) == 1
    error = capsys.readouterr().err
    assert f"{first}: logits" in error
    assert f"{second}: probabilities" in error
    assert "--apply-softmax" in error

    fused = tmp_path / "fused.pkl"
    assert run(*arguments, "--apply-softmax", "--dump", fused) == 0
    samples = pickle.loads(fused.read_bytes())
    logits = np.array([[6.0, 5.9], [5.9, 6.0]])
    softmax = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    expected = (softmax + [[0.05, 0.95], [0.1, 0.9]]) / 2  # probabilities stay what they are
    scores = np.stack([sample["pred_score"].numpy() for sample in samples])
    np.testing.assert_allclose(scores, expected, rtol=1e-5)
    assert {sample["score_kinds"]["pred_score"] for sample in samples} == {"probabilities"}


def test_coviar_and_another_stream_by_two_to_one(run, tmp_path, capsys):
    """Table 2's command: 2 : 1 : 1 : 1 of logits, CoViAR's streams being fields of its dump."""
    rng = np.random.default_rng(0)
    streams = {f"{name}_score": rng.normal(size=(40, 3)) for name in ("i", "motion", "residual")}
    mr, labels = rng.normal(size=(40, 3)), rng.integers(0, 3, 40)
    coviar = write_dump(tmp_path / "coviar.pkl", streams["i_score"], labels, **streams)
    preds = [f"{coviar}:{field}" for field in streams]
    preds.append(write_dump(tmp_path / "mr.pkl", mr, labels))
    assert run("--preds", *preds, "--coefficients", "2", "1", "1", "1") == 0
    expected = 2 * streams["i_score"] + streams["motion_score"] + streams["residual_score"] + mr
    top1 = (expected.argmax(1) == labels).mean()
    assert f"{100 * top1:.2f}" in capsys.readouterr().out


def test_other_videos_are_refused(run, tmp_path, capsys):
    first = write_dump(tmp_path / "a.pkl", [[1.0, 0.0], [0.0, 1.0]], [0, 1])
    second = write_dump(tmp_path / "b.pkl", [[1.0, 0.0], [0.0, 1.0]], [1, 0])
    assert run("--preds", first, second, "--coefficients", "1", "1") == 1
    assert "other videos, or in another order" in capsys.readouterr().err
    third = write_dump(tmp_path / "c.pkl", [[1.0, 0.0]], [0])
    assert run("--preds", first, third, "--coefficients", "1", "1") == 1
    assert run("--preds", f"{first}:flow_score", "--coefficients", "1") == 1
    assert "holds no ['flow_score']" in capsys.readouterr().err


def test_dumps_without_pickle_give_the_same(run, tmp_path, capsys):
    i_scores, p_scores, labels = complementary_streams(num_videos=40, seed=2)
    pickles = [
        write_dump(tmp_path / "i.pkl", i_scores.tolist(), labels.tolist()),
        write_dump(tmp_path / "p.pkl", p_scores.tolist(), labels.tolist()),
    ]
    for path in pickles:
        write_score_arrays(path.with_suffix(".npz"), pickle.loads(path.read_bytes()))
    tables = []
    for suffix in (".pkl", ".npz"):
        preds = [f"{path.with_suffix(suffix)}:pred_score" for path in pickles]
        fused = tmp_path / f"fused{suffix}"
        assert run("--preds", *preds, "--coefficients", 1, 2, "--dump", fused) == 0
        tables.append(capsys.readouterr().out.replace(suffix, ""))
        dump = load_score_dump(fused)
        np.testing.assert_allclose(dump.scores, (i_scores + 2 * p_scores) / 3, atol=1e-6)
    assert tables[0] == tables[1]
