"""Each repair of ``mmcondense._compat``, and that what it repairs is still broken upstream."""

from __future__ import annotations

import importlib
import io
import os
import pickle
import subprocess
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path

import cv2
import mmaction
import numpy as np
import pytest
import torch
from mmaction.datasets.transforms import ColorJitter
from mmengine.config import Config
from mmengine.logging import HistoryBuffer
from mmengine.optim.scheduler import lr_scheduler

from mmcondense import _compat

WHEEL_HAS_DRN = (Path(mmaction.__file__).parent / "models" / "localizers" / "drn").exists()


def run_python(code: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **env}
    )


# 1: the localizer that the wheel lacks


@pytest.mark.skipif(WHEEL_HAS_DRN, reason="this mmaction2 contains DRN")
def test_models_import_only_with_the_placeholder() -> None:
    broken = run_python("import mmaction.models")
    assert "No module named 'mmaction.models.localizers.drn'" in broken.stderr
    from mmaction.models.localizers import DRN

    with pytest.raises(ImportError, match="2714"):
        DRN()


def test_no_placeholder_where_drn_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models" / "localizers" / "drn").mkdir(parents=True)
    monkeypatch.setattr(mmaction, "__file__", str(tmp_path / "__init__.py"))
    for name in ("mmaction.models.localizers.drn", "mmaction.models.localizers.drn.drn"):
        monkeypatch.delitem(sys.modules, name)
    _compat._stand_in_for_drn()
    assert "mmaction.models.localizers.drn" not in sys.modules


# 2 and 4: requirements that upstream does not declare; test_package.py finds them in the wheel


def test_missing_importlib_metadata_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "importlib_metadata", None)
    with pytest.raises(
        ImportError, match=r"needs importlib_metadata: .*'mmcondense\[mmaction\]'\."
    ):
        _compat.apply()


def test_missing_pkg_resources_warns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pkg_resources", None)
    with pytest.warns(UserWarning, match="setuptools>=77.0.3,<82"):
        _compat.apply()


def test_configs_of_mmaction_can_be_inherited(tmp_path: Path) -> None:
    config = tmp_path / "inherits.py"
    config.write_text("_base_ = 'mmaction::_base_/default_runtime.py'\n")
    assert Config.fromfile(config).default_scope == "mmaction"


# what the extras bring


def without(*names: str) -> str:
    """The last line that ``import mmcondense`` says where these cannot be imported."""
    missing = f"sys.modules.update(dict.fromkeys({names!r}))"
    result = run_python(f"import sys; {missing}; import mmcondense")
    assert result.returncode == 1
    return result.stderr.splitlines()[-1]


def test_missing_mmcv_is_named() -> None:
    line = without("mmcv")
    assert line.startswith("ImportError: mmcondense needs mmcv: pip install 'mmcondense[lite]'")
    assert "compiled mmcv (>=2.0.0,<2.2) of your own: pip install 'mmcondense[mmaction]'" in line


def test_everything_that_is_missing_is_named_in_one_line() -> None:
    line = without("torch", "mmaction", "cv2")
    assert line.startswith("ImportError: mmcondense needs opencv-contrib-python, mmaction2, torch:")
    assert "pip install 'mmcondense[mmaction]'. The reader alone" in line
    assert "[lite]" not in line  # there is an mmcv: mmcv-lite would overwrite it


# 3: checkpoints


def save(content: object) -> io.BytesIO:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    buffer.seek(0)
    return buffer


def mmengine_logs() -> dict:
    history = HistoryBuffer([0.5, 0.25], [1, 1])
    return {"message_hub": {"log_scalars": OrderedDict(loss=history)}, "best": np.float64(0.75)}


@pytest.mark.parametrize("home", ["numpy.core.multiarray", "numpy._core.multiarray"])
def test_reads_the_logs_of_mmengine_from_any_numpy(home: str) -> None:
    written = save(mmengine_logs())
    rewritten = io.BytesIO()
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(rewritten, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            for other in (b"cnumpy.core.multiarray\n", b"cnumpy._core.multiarray\n"):
                data = data.replace(other, f"c{home}\n".encode())
            assert not name.endswith("data.pkl") or f"c{home}\n".encode() in data
            target.writestr(name, data)
    rewritten.seek(0)
    loaded = torch.load(rewritten, weights_only=True)
    history = loaded["message_hub"]["log_scalars"]["loss"]
    np.testing.assert_array_equal(history.data[0], [0.5, 0.25])
    assert history.statistics("mean") == 0.375
    assert loaded["best"] == 0.75


def test_checkpoints_are_still_unreadable_without_the_repair() -> None:
    allowed = torch.serialization.get_safe_globals()
    torch.serialization.clear_safe_globals()
    try:
        with pytest.raises(pickle.UnpicklingError, match="HistoryBuffer"):
            torch.load(save(mmengine_logs()), weights_only=True)
    finally:  # other tests of this process load checkpoints
        torch.serialization.add_safe_globals(allowed)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("CosineAnnealingLR", {"T_max": 3}),
        ("CosineRestartLR", {"periods": [3], "eta_min": 0}),
        ("LinearLR", {}),
        ("MultiStepLR", {"milestones": [1, 2]}),
        ("OneCycleLR", {"eta_max": 0.1, "total_steps": 5}),
        ("PolyLR", {}),
        ("ReduceOnPlateauLR", {"monitor": "loss"}),
    ],
)
def test_schedules_resume(name: str, arguments: dict) -> None:
    def make() -> tuple[torch.optim.Optimizer, object]:
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
        return optimizer, getattr(lr_scheduler, name)(optimizer, **arguments)

    optimizer, schedule = make()
    schedule.step(*([{"loss": 1.0}] if name == "ReduceOnPlateauLR" else []))
    state = save({"schedule": schedule.state_dict(), "optimizer": optimizer.state_dict()})
    state = torch.load(state, weights_only=True)
    resumed_optimizer, resumed = make()
    resumed.load_state_dict(state["schedule"])
    resumed_optimizer.load_state_dict(state["optimizer"])
    for each in (schedule, resumed):
        each.step(*([{"loss": 1.0}] if name == "ReduceOnPlateauLR" else []))
    assert resumed_optimizer.param_groups[0]["lr"] == optimizer.param_groups[0]["lr"]


class Calls:
    """Pickles as a call of ``function`` with ``arguments``, as malicious checkpoints do."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple:
        return self.call


@pytest.mark.parametrize(
    "attack",
    [
        Calls(os.mkdir, "{marker}"),
        Calls(eval, "__import__('os').mkdir('{marker}')"),
        Calls(getattr, Path, "mkdir"),
        Calls(getattr, HistoryBuffer, "__init__"),
        Calls(getattr, HistoryBuffer, "register_statistics"),
        Calls(getattr, np.ndarray, "tofile"),
    ],
    ids=lambda attack: "-".join(str(part) for part in attack.call[1])[-20:],
)
def test_malicious_checkpoints_are_refused(
    attack: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = tmp_path / "owned"
    function, arguments = attack.call
    arguments = tuple(
        part.format(marker=marker) if isinstance(part, str) else part for part in arguments
    )
    with pytest.raises(pickle.UnpicklingError):
        torch.load(save({"state_dict": Calls(function, *arguments)}), weights_only=True)
    assert not marker.exists()


def test_mmengine_0_11_is_kept_from_loading_pickles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = "import torch\ndef load(file):\n    return torch.load(file, weights_only=False)\n"
    (tmp_path / "loaders_of_0_11.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    loaders = importlib.import_module("loaders_of_0_11")
    marker = tmp_path / "owned"
    attack = dict(state_dict=Calls(os.mkdir, str(marker)))
    loaders.load(save(attack))
    assert marker.exists()  # what 0.11 does
    marker.rmdir()
    _compat._load_weights_only(loaders)
    with pytest.raises(pickle.UnpicklingError):
        loaders.load(save(attack))
    assert not marker.exists()
    assert loaders.load(save(mmengine_logs()))["best"] == 0.75
    assert loaders.torch.Tensor is torch.Tensor


# 5: distributed on the CPU (two real processes: tests/tools/test_dist.py)


def test_cuda_and_other_backends_are_left_to_mmengine(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list = []
    monkeypatch.setattr(_compat, "_on_cpu", lambda: True)
    monkeypatch.setattr(
        torch.distributed, "init_process_group", lambda backend, **kw: calls.append((backend, kw))
    )
    from mmengine.dist import utils

    utils._init_dist_pytorch("nccl", timeout=3)
    utils._init_dist_pytorch("mpi")
    assert calls == [("gloo", {"timeout": 3}), ("mpi", {})]

    monkeypatch.setattr(_compat, "_on_cpu", lambda: False)
    monkeypatch.setattr(torch.cuda, "set_device", lambda rank: calls.append(rank))
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("LOCAL_RANK", "1")
    utils._init_dist_pytorch("nccl")
    assert calls[2:] == [1, ("nccl", {})]


# 6: hue


def test_hue_is_turned_without_overflow() -> None:
    # a factor of -0.1 turns OpenCV's hue, half degrees, by int(-25.5): 0 to 155, i.e. 310 degrees
    turned = ColorJitter.adjust_hue(np.array([[[255, 0, 0]]], np.uint8), -0.1)
    np.testing.assert_allclose(turned, [[[255, 0, 212.5]]], atol=0.5)
    # 160 + int(102.0) wraps around 180 to 82, i.e. 164 degrees
    turned = ColorJitter.adjust_hue(np.array([[[255, 0, 170]]], np.uint8), 0.4)
    np.testing.assert_allclose(turned, [[[0, 255, 187]]], atol=0.5)


@pytest.mark.parametrize("factor", [-0.5, -0.02, 0.02, 0.5])
def test_hue_turns_every_pixel_alike(factor: float) -> None:
    hues = np.arange(0, 180, dtype=np.uint8)
    hsv = np.stack([hues, np.full(180, 255, np.uint8), np.full(180, 255, np.uint8)], axis=-1)[None]
    turned = ColorJitter.adjust_hue(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), factor)
    expected = [[[(int(hue) + int(factor * 255)) % 180, 255, 255] for hue in hues]]
    np.testing.assert_allclose(
        turned, cv2.cvtColor(np.array(expected, np.uint8), cv2.COLOR_HSV2RGB), atol=6
    )
