"""Every workaround for an upstream bug; ``import mmcondense`` applies them through :func:`apply`.

=  ============================================  =====================  ===========================
#  what is wrong                                 upstream               may go when
=  ============================================  =====================  ===========================
1  mmaction2's wheel lacks ``localizers/drn``    mmaction2 #2714        a wheel on PyPI contains it
2  mmaction2 imports ``importlib_metadata``,     mmaction2 1.2.0        its metadata declares it
   which it does not declare                     (no issue found)
3  torch >= 2.6 refuses mmengine's checkpoints;  mmengine #1655         mmengine allow-lists what
   mmengine 0.11 then loads them as pickles,                            it saves, and loads no
   ``weights_only=False``                                               pickles
4  mmengine needs ``pkg_resources``, gone from   mmengine #1676,        a release of mmengine
   setuptools 82 on                              setuptools #5174       contains #1676
5  no distributed training without CUDA          mmengine 0.10.7        ``init_dist`` and
                                                 (no issue found)       ``wrap_model`` know CPUs
6  ``ColorJitter``'s hue overflows, and raises   mmaction2 1.2.0        ``adjust_hue`` computes in
   under numpy 2                                 (no issue found)       more than 8 bits
7  ``partial_bn`` freezes parameters after DDP   mmaction2 1.2.0        ``ResNet`` freezes them in
   has registered them: an error in iteration 2  (no issue found)       its constructor
8  inferencers take the name of a collate        mmengine 0.10.7        ``_init_collate`` reads
   function only, which the Runner refuses       (no issue found)       dicts, as the Runner does
9  inferencers run with weights that do not fit  mmengine 0.10.7        they load strictly, or
                                                 (no issue found)       refuse what fits nowhere
=  ============================================  =====================  ===========================

Repairs 2 and 4 are requirements of the extras in ``setup.py``; here a missing package is only named
clearly.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import pickle
import sys
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

PATCHED = (
    "mmengine.optim.scheduler.param_scheduler.OneCycleParamScheduler.state_dict",  # 3
    "mmengine.dist.utils._init_dist_pytorch",  # 5
    "mmengine.runner.runner.Runner.wrap_model",  # 5, 7
    "mmaction.datasets.transforms.processing.ColorJitter.adjust_hue",  # 6
    "mmengine.infer.infer.BaseInferencer._init_collate",  # 8
    "mmengine.infer.infer.BaseInferencer._load_weights_to_model",  # 9
)
"""All functions of MMEngine and MMAction2 that are replaced, with the number of the repair. Beside
them, 1 adds modules that are missing, and 3 adds to torch's list of what checkpoints may hold; with
mmengine 0.11, 3 also stands a namespace in for ``torch`` in ``mmengine.runner.checkpoint``."""


def apply() -> None:
    """Apply all repairs, each only where it is needed. Calling it again does no harm.

    Raises:
        ImportError: if what the extras bring is missing, as after ``pip install mmcondense``.
    """
    _require_extras()
    _stand_in_for_drn()
    _allow_mmengine_checkpoints()
    _warn_without_pkg_resources()
    _repair_distribution()
    _widen_hue()
    _repair_inferencers()


_REQUIRED = {
    "cv2": "opencv-contrib-python",
    "einops": "einops",
    "fsspec": "fsspec",
    "importlib_metadata": "importlib_metadata",  # 2
    "mmaction": "mmaction2",
    "mmengine": "mmengine",
    "rich": "rich",
    "torch": "torch",
    "mmcv": "mmcv",  # or mmcv-lite: they share this name, and overwrite each other
}
"""What importing the package needs of the extras: import names, and whose they are. The others are
imported where they are used."""


def _require_extras() -> None:
    """One line for all that is missing, instead of the first failing import among hundreds."""
    missing = {name for name in _REQUIRED if importlib.util.find_spec(name) is None}
    if not missing:
        return
    command = "pip install 'mmcondense[mmaction]'"
    if "mmcv" in missing:
        command = (
            "pip install 'mmcondense[lite]', which brings mmcv-lite, enough for every model here; "
            f"with a compiled mmcv (>=2.0.0,<2.2) of your own: {command}"
        )
    raise ImportError(
        f"mmcondense needs {', '.join(_REQUIRED[name] for name in _REQUIRED if name in missing)}: "
        f"{command}. The reader alone, compressedvideo, needs none of it."
    )


def _warn_without_pkg_resources() -> None:
    """Repair 4, for environments that were not installed from our requirements."""
    if importlib.util.find_spec("pkg_resources") is None:
        warnings.warn(
            "pkg_resources is missing (setuptools 82 removed it): configs that inherit from "
            "'mmaction::...' and mmengine's hub cannot be loaded. "
            "pip install 'setuptools>=77.0.3,<82'",
            stacklevel=2,
        )


def _stand_in_for_drn() -> None:
    """Repair 1: placeholder modules, so that ``import mmaction.models`` succeeds."""
    import mmaction

    localizers = Path(mmaction.__file__).parent / "models" / "localizers"
    package, module = "mmaction.models.localizers.drn", "mmaction.models.localizers.drn.drn"
    if (localizers / "drn").exists() or module in sys.modules:
        return

    class DRN:
        """Takes the place of the localizer that mmaction2's wheel does not contain."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            raise ImportError(
                "this mmaction2 wheel does not contain DRN (mmaction2 #2714); install mmaction2 "
                "from its source repository to use it"
            )

    drn_package, drn_module = ModuleType(package), ModuleType(module)
    drn_package.__path__ = []  # an empty search path makes it a package
    drn_package.drn = drn_module  # type: ignore[attr-defined]
    drn_module.DRN = DRN  # type: ignore[attr-defined]
    sys.modules[package], sys.modules[module] = drn_package, drn_module


def _history_statistic(owner: type, name: str) -> Any:
    """The only ``getattr`` that a checkpoint may call: a statistics method of HistoryBuffer."""
    from mmengine.logging import HistoryBuffer

    allowed = ("min", "max", "current", "mean")
    if owner is not HistoryBuffer or name not in allowed:
        raise pickle.UnpicklingError(
            f"checkpoint asks for attribute {name!r} of {owner!r}; "
            f"only {allowed} of HistoryBuffer are allowed"
        )
    return getattr(HistoryBuffer, name)


def _allow_mmengine_checkpoints() -> None:
    """Repair 3: let ``torch.load(weights_only=True)`` read the logs that mmengine saves.

    Exactly what mmengine itself writes is allowed. ``HistoryBuffer`` pickles its statistics
    methods as ``getattr(HistoryBuffer, 'mean')``, so the name ``getattr`` is served by
    :func:`_history_statistic`, never by the builtin.
    """
    import numpy as np
    import torch
    from mmengine.logging import HistoryBuffer

    if tuple(int(part) for part in torch.__version__.split(".")[:2]) < (2, 6):
        raise ImportError(
            f"torch {torch.__version__} loads checkpoints as pickles, which may run code: "
            "mmcondense needs torch 2.6 or later"
        )
    multiarray = importlib.import_module(
        "numpy._core.multiarray"
        if np.lib.NumpyVersion(np.__version__) >= "2.0.0b1"
        else "numpy.core.multiarray"
    )
    allowed: list[Any] = [
        HistoryBuffer,
        np.ndarray,
        np.dtype,
        *{type(np.dtype(code)) for code in "?bhilqBHILQefd"},  # booleans, integers, floats
        (_history_statistic, "builtins.getattr"),
    ]
    # a checkpoint names the functions by the numpy that wrote it, not by the one that reads it
    for home in ("numpy._core.multiarray", "numpy.core.multiarray"):
        allowed += [
            (multiarray.scalar, f"{home}.scalar"),
            (multiarray._reconstruct, f"{home}._reconstruct"),
        ]
    torch.serialization.add_safe_globals(allowed)
    _save_one_cycle_without_its_function()
    from mmengine.runner import checkpoint

    _load_weights_only(checkpoint)


class _WeightsOnly(ModuleType):
    """``torch``, whose ``load`` takes no ``weights_only=False``."""

    def __init__(self, torch: ModuleType) -> None:
        super().__init__(torch.__name__)
        self._torch = torch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._torch, name)

    def load(self, *args: Any, **kwargs: Any) -> Any:
        return self._torch.load(*args, **{**kwargs, "weights_only": True})


def _load_weights_only(module: ModuleType) -> None:
    """Repair 3 for mmengine 0.11, whose loaders say ``weights_only=False``."""
    if "weights_only=False" in inspect.getsource(module):
        module.torch = _WeightsOnly(module.torch)  # type: ignore[attr-defined]


def _save_one_cycle_without_its_function() -> None:
    """A OneCycle schedule saves the function it anneals with, though its constructor sets it."""
    from mmengine.optim.scheduler.param_scheduler import OneCycleParamScheduler

    state_dict = OneCycleParamScheduler.state_dict

    @functools.wraps(state_dict)
    def state_dict_without_function(self: OneCycleParamScheduler) -> dict:
        return {key: value for key, value in state_dict(self).items() if key != "anneal_func"}

    OneCycleParamScheduler.state_dict = state_dict_without_function


def _repair_distribution() -> None:
    """Repairs 5 and 7: what ``--launcher pytorch`` does, also without CUDA, over gloo."""
    import torch
    import torch.distributed
    from mmengine.dist import utils as dist_utils
    from mmengine.model import is_model_wrapper
    from mmengine.registry import MODEL_WRAPPERS
    from mmengine.runner import Runner

    init_with_accelerator = dist_utils._init_dist_pytorch
    wrap_on_accelerator = Runner.wrap_model

    @functools.wraps(init_with_accelerator)
    def init_dist_pytorch(backend: str, init_backend: str = "torch", **kwargs: Any) -> None:
        if not _on_cpu() or init_backend != "torch":
            return init_with_accelerator(backend, init_backend=init_backend, **kwargs)
        # NCCL is mmengine's default, and needs CUDA
        torch.distributed.init_process_group("gloo" if backend == "nccl" else backend, **kwargs)

    @functools.wraps(wrap_on_accelerator)
    def wrap_model(self: Runner, model_wrapper_cfg: dict | None, model: Any) -> Any:
        if self.distributed and not is_model_wrapper(model):
            model.train()  # repair 7: here stock networks freeze what they will freeze
        if _on_cpu() and self.distributed and not is_model_wrapper(model):
            if model_wrapper_cfg is None:  # mmengine's defaults
                model_wrapper_cfg = {
                    "broadcast_buffers": False,
                    "find_unused_parameters": self.cfg.get("find_unused_parameters", False),
                }
            model_wrapper_cfg.setdefault("type", "MMDistributedDataParallel")
            wrapper = MODEL_WRAPPERS.get(model_wrapper_cfg["type"])
            if issubclass(wrapper, torch.nn.parallel.DistributedDataParallel):
                # the only value that DistributedDataParallel takes for a model on the CPU
                model_wrapper_cfg["device_ids"] = None
        return wrap_on_accelerator(self, model_wrapper_cfg, model)

    dist_utils._init_dist_pytorch = init_dist_pytorch
    Runner.wrap_model = wrap_model


def _on_cpu() -> bool:
    from mmengine.device import get_device

    return get_device() == "cpu"


def _widen_hue() -> None:
    """Repair 6: hue plus offset leaves uint8; numpy 2 raises below 0, all wrap silently above."""
    import cv2
    import numpy as np
    from mmaction.datasets.transforms import ColorJitter

    magenta = np.array([[[255, 0, 170]]], np.uint8)
    if ColorJitter.adjust_hue(magenta, 0.4)[0, 0, 1] == 255:  # turned to a green: no overflow
        return

    def adjust_hue(img: np.ndarray, factor: float) -> np.ndarray:
        hsv = cv2.cvtColor(np.clip(img, 0, 255).astype(np.uint8), cv2.COLOR_RGB2HSV)
        hsv[..., 0] = (hsv[..., 0].astype(np.int16) + int(factor * 255)) % 180
        return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB).astype(np.float32)

    ColorJitter.adjust_hue = staticmethod(adjust_hue)


def _repair_inferencers() -> None:
    """Repairs 8 and 9: MMAction2's inferencer on configs of ours, and with weights that fit."""
    from mmengine.infer import BaseInferencer
    from mmengine.registry import FUNCTIONS

    init_stock_collate = BaseInferencer._init_collate
    load_stock_weights = BaseInferencer._load_weights_to_model

    @functools.wraps(init_stock_collate)
    def init_collate(self: BaseInferencer, cfg: Any) -> Any:
        given = (cfg.get("test_dataloader") or {}).get("collate_fn")
        if not isinstance(given, dict):
            return init_stock_collate(self, cfg)
        arguments = dict(given)
        return functools.partial(FUNCTIONS.get(arguments.pop("type")), **arguments)

    @functools.wraps(load_stock_weights)
    def load_weights_to_model(
        self: BaseInferencer, model: Any, checkpoint: dict | None, cfg: Any
    ) -> None:
        ours = "mmcondense" in ((cfg or {}).get("custom_imports") or {}).get("imports", [])
        if ours and checkpoint is not None:
            from mmcondense.models.checkpoint_fit import check_fits

            check_fits(model, checkpoint, path="the checkpoint")
        load_stock_weights(self, model, checkpoint, cfg)

    BaseInferencer._init_collate = init_collate
    BaseInferencer._load_weights_to_model = load_weights_to_model
