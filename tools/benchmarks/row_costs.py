"""What a video costs from its file to its scores, for several configs by turns, on one core.

    python tools/benchmarks/row_costs.py '{"a row": "config.py", ...}' ROUNDS [ROW ...]

prints, last, a line of JSON: by row ``read_ms`` and ``network_ms`` (CPU milliseconds, medians over
validation videos and rounds), ``bytes`` (mean of what a video's file was read), ``gmacs``,
``mparams``. Weights are random. The rows named last are exported, read by mmcondense_runtime and
run by ONNX Runtime. tools/benchmarks/real_video.py calls it.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

warnings.simplefilter("ignore")

import mmcondense  # noqa: E402, F401  # isort: skip - first, since it repairs the import of mmaction
import torch  # noqa: E402
from mmaction.registry import DATASETS  # noqa: E402
from mmengine.config import Config  # noqa: E402
from mmengine.dataset import pseudo_collate  # noqa: E402
from mmengine.registry import init_default_scope  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.progress import track  # noqa: E402

from mmcondense.apis.flops import build_model, count  # noqa: E402
from mmcondense_cli import export  # noqa: E402
from mmcondense_runtime import ExportedModel  # noqa: E402


class Measured:
    """One row: its test data set and its network."""

    def __init__(self, config: str) -> None:
        cfg = Config.fromfile(config)
        init_default_scope(cfg.get("default_scope", "mmaction"))
        self._dataset = DATASETS.build(cfg.test_dataloader.dataset)
        self._model: Any = build_model(cfg)
        self.read_ms: list[float] = []
        self.network_ms: list[float] = []
        self.bytes: list[int] = []

    def __len__(self) -> int:
        return len(self._dataset)

    @torch.no_grad()
    def step(self, index: int) -> None:
        """One video."""
        begin, bytes_before = time.process_time(), bytes_read()
        sample = self._read(index)
        middle = time.process_time()
        self.bytes.append(bytes_read() - bytes_before)
        self._predict(sample)
        self.read_ms.append(1e3 * (middle - begin))
        self.network_ms.append(1e3 * (time.process_time() - middle))

    def _read(self, index: int) -> Any:
        return self._dataset[index]

    def _predict(self, sample: Any) -> None:
        batch = self._model.data_preprocessor(pseudo_collate([sample]), False)
        self._model(**batch, mode="predict")

    def result(self) -> dict[str, float]:
        sample = pseudo_collate([self._dataset[0]])
        inputs = self._model.data_preprocessor(sample, False)["inputs"]
        counts = count(self._model, inputs)
        return dict(
            read_ms=round(statistics.median(self.read_ms), 2),
            network_ms=round(statistics.median(self.network_ms), 2),
            bytes=round(statistics.fmean(self.bytes)),
            gmacs=round(counts["flops"] / 1e9, 4),
            mparams=round(counts["params"] / 1e6, 3),
        )


class MeasuredFile(Measured):
    """A row as an exported file, without PyTorch or MMAction2's pipelines."""

    def __init__(self, config: str) -> None:
        super().__init__(config)
        with tempfile.TemporaryDirectory() as folder:
            weights, file = f"{folder}/random.pth", f"{folder}/random.onnx"
            torch.save(dict(state_dict=self._model.state_dict(), meta={}), weights)
            if export.main([config, weights, file]) != 0:
                raise RuntimeError(f"{config} cannot be exported, see above")
            self._file = ExportedModel(file, num_threads=1)

    def _read(self, index: int) -> Any:
        return self._file.inputs_of(self._dataset.get_data_info(index)["filename"])

    def _predict(self, sample: Any) -> None:
        self._file.session.run(None, sample)


def bytes_read() -> int:
    """Bytes that this process has asked files for so far, from cache or disk (Linux)."""
    for line in Path("/proc/self/io").read_text().splitlines():
        if line.startswith("rchar:"):
            return int(line.split()[1])
    raise OSError("/proc/self/io has no rchar")


def main() -> None:
    configs, rounds, exported = json.loads(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    torch.set_num_threads(1)
    rows = {
        row: (MeasuredFile if row in exported else Measured)(config)
        for row, config in configs.items()
    }
    for row in rows.values():  # caches, libraries: not counted
        row.step(0)
        for taken in (row.read_ms, row.network_ms, row.bytes):
            taken.clear()
    videos = [i for _ in range(rounds) for i in range(len(next(iter(rows.values()))))]
    for index in track(videos, "measuring", console=Console(stderr=True)):
        for row in rows.values():
            row.step(index)
    print(json.dumps({name: row.result() for name, row in rows.items()}))


if __name__ == "__main__":
    main()
