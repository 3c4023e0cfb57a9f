"""Features of streams: hand-made means, and files that are written once."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import DefaultScope

from compressedvideo import encode_frames
from mmcondense.apis import CompressedActionInferencer
from mmcondense.apis.features import FeatureExtractor, average, file_names
from mmcondense.apis.inference_inputs import UsageError

ROOT = Path(__file__).resolve().parents[2]


def test_averages_are_those_by_hand() -> None:
    maps = torch.arange(24.0).reshape(1, 2, 3, 2, 2)  # [R, C, T, H, W]
    expected = [[1.5, 13.5], [5.5, 17.5], [9.5, 21.5]]
    assert average(maps).tolist() == expected
    assert average(maps[:, :, 0]).tolist() == expected[:1]
    assert average(torch.tensor([[[1.0, 2.0], [3.0, 6.0]]])).tolist() == [[2.0, 4.0]]
    assert average(torch.ones(2, 5)).shape == (2, 5)
    with pytest.raises(ValueError, match="its shape is"):
        average(torch.ones(3))


def test_names_tell_videos_apart() -> None:
    assert file_names(["a/x/1.mp4", "a/y/1.avi"]) == {"a/x/1.mp4": "x/1", "a/y/1.avi": "y/1"}
    assert file_names(["a/1.mp4"]) == {"a/1.mp4": "1"}
    with pytest.raises(UsageError, match=r"a/1\.mp4 and a/1\.avi would have one file"):
        file_names(["a/1.mp4", "a/1.avi"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Two videos, and one that is none."""
    folder = tmp_path_factory.mktemp("features")
    (folder / "videos" / "more").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in ("a.mp4", "more/b.mp4"):
        squares = rng.integers(0, 256, (14, 28, 3), np.uint8).repeat(8, 0).repeat(8, 1)
        frames = [squares[:, 2 * t : 112 + 2 * t] for t in range(40)]
        encode_frames(folder / "videos" / name, frames)
    (folder / "videos" / "broken.mp4").write_bytes(b"no video" * 99)
    return folder


def inferencer_of(config: str, folder: Path) -> CompressedActionInferencer:
    path, weights = ROOT / "configs" / config, folder / f"{Path(config).stem}.pth"
    if not weights.exists():
        torch.manual_seed(0)
        with DefaultScope.overwrite_default_scope("mmaction"):
            model = MODELS.build(Config.fromfile(path).model)
        torch.save(dict(meta={}, state_dict=model.state_dict()), weights)
    return CompressedActionInferencer(str(path), str(weights), device="cpu")


def sample_of(inferencer: CompressedActionInferencer, video: Path) -> dict:
    ((_, sample),) = inferencer.samples(
        [str(video)], None, window_seconds=None, stride_seconds=None
    )
    return sample


def test_features_are_what_the_backbones_return(folder: Path) -> None:
    inferencer = inferencer_of("ipts/ip_tsn_synthetic.py", folder)
    sample = sample_of(inferencer, folder / "videos" / "a.mp4")
    seen: dict[str, torch.Tensor] = {}
    hooks = [
        stream.backbone.register_forward_hook(lambda m, i, o, name=name: seen.update({name: o}))
        for name, stream in inferencer.model.named_children()
        if name.endswith("_stream")
    ]
    rows = FeatureExtractor(inferencer, per="segment").features(sample)
    for hook in hooks:
        hook.remove()
    assert {name: value.shape for name, value in rows.items()} == {
        "i_stream": (4, 128),  # segments
        "p_stream": (1, 128),  # its 3D network's last maps are all of the time
    }
    np.testing.assert_allclose(rows["i_stream"], seen["i_stream"].mean((2, 3)), rtol=1e-5)
    over_time = seen["p_stream"][0].mean((2, 3)).T
    np.testing.assert_allclose(rows["p_stream"], over_time, rtol=1e-5)
    clip = FeatureExtractor(inferencer).features(sample)
    np.testing.assert_allclose(clip["p_stream"], over_time.mean(0), rtol=1e-5)
    with pytest.raises(ValueError, match="per='frame'"):
        FeatureExtractor(inferencer, per="frame")


@pytest.mark.parametrize(
    ("config", "names"),
    [
        ("attp/attp_synthetic.py", ["iframe", "motion", "neighbour", "residual"]),
        ("coviar/coviar_synthetic.py", ["i_stream", "motion_stream", "residual_stream"]),
        ("baselines/di_synthetic.py", ["features"]),
        ("tsd/tsd_synthetic.py", ["features"]),
    ],
)
def test_other_models(config: str, names: list[str], folder: Path) -> None:
    inferencer = inferencer_of(config, folder)
    sample = sample_of(inferencer, folder / "videos" / "a.mp4")
    features = FeatureExtractor(inferencer).features(sample)
    assert sorted(features) == names
    for feature in features.values():
        assert feature.ndim == 1
        assert feature.std() > 0


def test_files_and_their_index(folder: Path, load_misc, capsys) -> None:
    config = ROOT / "configs/ipts/ip_tsn_synthetic.py"
    inferencer = inferencer_of("ipts/ip_tsn_synthetic.py", folder)
    out = folder / "out"
    arguments = [folder / "videos", config, folder / "ip_tsn_synthetic.pth", "--out", out]
    assert load_misc(*arguments) == 1
    said = capsys.readouterr()
    assert said.out.endswith(f"{out}/index.jsonl: 2 files, 0 of them there before\n")
    assert "broken.mp4" in said.err
    lines = [json.loads(line) for line in (out / "index.jsonl").read_text().splitlines()]
    files = {line["input"]: line["file"] for line in lines if "file" in line}
    assert sorted(files.values()) == ["a.npz", "more/b.npz"]
    sample = sample_of(inferencer, folder / "videos" / "a.mp4")
    expected = FeatureExtractor(inferencer).features(sample)
    with np.load(out / "a.npz") as found:
        assert sorted(found) == sorted(expected)
        for name in found:
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-5)
    # Again: what is there stays.
    times = {path: path.stat().st_mtime_ns for path in out.rglob("*.npz")}
    assert load_misc(*arguments) == 1
    assert "2 files, 2 of them there before" in capsys.readouterr().out
    assert times == {path: path.stat().st_mtime_ns for path in out.rglob("*.npz")}
    assert load_misc(*arguments, "--per", "segment") == 1
    assert "'per': 'clip'" in capsys.readouterr().err
    # To and from addresses it is the same.
    store = folder / "store"
    addresses = [f"file://{folder}/videos/", *arguments[1:4], f"file://{store}"]
    assert load_misc(*addresses, "--state", folder / "state") == 1
    assert f"file://{store}/index.jsonl: 2 files, 0 of them" in capsys.readouterr().out
    stored = (store / "index.jsonl").read_text().replace("file://", "").splitlines()
    assert stored[:2] == (out / "index.jsonl").read_text().splitlines()[:2]
    assert json.loads(stored[2])["error"].startswith(f"{folder}/videos/broken.mp4: ")
    assert {p.relative_to(out) for p in out.rglob("*.*")} - {
        p.relative_to(store) for p in store.rglob("*.*")
    } == {Path("manifest.jsonl"), Path("manifest.failed.jsonl")}
    for name in ("a.npz", "more/b.npz", "features.json"):
        assert (store / name).read_bytes() == (out / name).read_bytes()
    assert len((folder / "state/manifest.jsonl").read_text().splitlines()) == 2
    # Windows have a file each.
    windows = [folder / "videos" / "a.mp4", *arguments[1:4], folder / "windows"]
    assert load_misc(*windows, "--window-seconds", 0.8) == 0
    made = sorted(path.name for path in (folder / "windows").glob("*.npz"))
    assert made == ["a_00000.npz", "a_00001.npz"]


@pytest.fixture
def load_misc(monkeypatch):
    import importlib.util

    path = ROOT / "tools" / "misc" / "extract_features.py"
    spec = importlib.util.spec_from_file_location("extract_features", path)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)

    def main(*arguments: object) -> int:
        monkeypatch.setattr(sys, "argv", ["extract_features.py", *map(str, arguments)])
        return tool.main()

    return main
