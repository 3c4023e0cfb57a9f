"""Videos a second that the papers' networks train on and classify, on one GPU.

    python tools/benchmarks/gpu_throughput.py --out work_dirs/gpu.json
    python tools/benchmarks/gpu_throughput.py --device cpu --rows p_stream --batch-size 1 \\
        --seconds 1 --size 64

takes under 8 minutes on a data-centre GPU: each of ``ROWS`` with float32 and, on a GPU, with AMP
(float16 and a scaled loss, as MMEngine's ``--amp``), random weights, and the input that its
config's pipelines make of a made-up clip, repeated to a batch that stays on the device. So it is
what networks can take; what loaders give is tools/benchmarks/benchmark_loader.py's. A training
step is forward, backward and AdamW. The batch is halved until it fits. Printed are a table and,
last, the same as JSON.
"""

from __future__ import annotations

import argparse
import functools
import json
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

warnings.simplefilter("ignore")

import mmcondense  # noqa: E402, F401  # isort: skip - first, since it repairs the import of mmaction
import torch  # noqa: E402
from mmaction.structures import ActionDataSample  # noqa: E402
from mmengine.config import Config  # noqa: E402
from mmengine.dataset import Compose, pseudo_collate  # noqa: E402
from mmengine.registry import init_default_scope  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

from mmcondense.apis.flops import Inputs, build_model, count, with_size, write_clip  # noqa: E402
from mmcondense_preparation.settings import write_aside  # noqa: E402

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
ROWS = dict(
    ip_tsn="ipts/ip_tsn_no_flow_hmdb51.py",
    p_stream="ipts/stages/mr_2d3d_hmdb51.py",
    coviar="coviar/coviar_hmdb51.py",
    ttp="attp/ablation/ttp_hmdb51.py",
    tsd="tsd/tsd_i3d_80to20_kinetics400.py",
    i3d="tsd/i3d_uniform_80to20_kinetics400.py",
    ifs="ifs/ifs_hmdb51.py",
    p_stream_cells="strokes/p_stream_cells.py",
)
FIELDS = ("train_fp32", "train_amp", "test_fp32", "test_amp")


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS), metavar="ROW")
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--batch-size", type=int, default=32, help="(%(default)s)")
    parser.add_argument("--seconds", type=float, default=8, help="of each number (%(default)s)")
    parser.add_argument("--size", type=int, help="pixels; None: the config's")
    parser.add_argument("--out", type=Path, help="file for the JSON")
    args = parser.parse_args(arguments)
    if args.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: there is no CUDA device")
    return args


def inputs_of(pipeline: Sequence[dict], model: Any, clip: str, size: int | None) -> Inputs:
    """A batch of one, normalised, on the CPU."""
    sample = Compose(pipeline)(dict(filename=clip, label=0, start_index=0, modality="RGB"))
    inputs = model.data_preprocessor(pseudo_collate([sample]), False)["inputs"]
    return inputs if size is None else with_size(inputs, (size, size))


def repeated(inputs: Inputs, times: int, device: str) -> Inputs:
    if isinstance(inputs, dict):
        return {name: repeated(x, times, device) for name, x in inputs.items()}  # type: ignore[misc]
    return inputs.expand(times, *inputs.shape[1:]).contiguous().to(device)


def videos_a_second(
    step: Callable[[int], None], *, batch_size: int, seconds: float, device: str
) -> tuple[float, int]:
    """The rate of a step of so many videos, and how many videos fitted."""
    while True:
        try:
            step(batch_size)  # kernels are chosen
            _wait(device)
            begin, steps = time.perf_counter(), 0
            while time.perf_counter() - begin < seconds:
                step(batch_size)
                _wait(device)
                steps += 1
            return steps * batch_size / (time.perf_counter() - begin), batch_size
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
            if batch_size == 1:
                raise
            batch_size //= 2


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def measure(row: str, clip: str, args: argparse.Namespace) -> dict[str, Any]:
    cfg = Config.fromfile(CONFIGS / ROWS[row])
    init_default_scope(cfg.get("default_scope", "mmaction"))
    model = build_model(cfg)
    to_train = inputs_of(cfg.train_dataloader.dataset.pipeline, model, clip, args.size)
    to_test = inputs_of(cfg.test_dataloader.dataset.pipeline, model, clip, args.size)
    result: dict[str, Any] = dict(config=ROWS[row])
    model.to(args.device)
    optimizer = torch.optim.AdamW(p for p in model.parameters() if p.requires_grad)

    def train(batch_size: int, *, amp: bool) -> None:
        scaler = torch.amp.GradScaler(args.device, enabled=amp)
        samples = [ActionDataSample().set_gt_label(0) for _ in range(batch_size)]
        batch = repeated(to_train, batch_size, args.device)
        with torch.autocast(args.device, torch.float16, enabled=amp):
            losses = model(batch, [sample.to(args.device) for sample in samples], mode="loss")
            loss = sum(x.mean() for name, x in losses.items() if "loss" in name)
        optimizer.zero_grad(set_to_none=True)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()

    @torch.no_grad()
    def test(batch_size: int, *, amp: bool) -> None:
        batch = repeated(to_test, batch_size, args.device)
        samples = [ActionDataSample() for _ in range(batch_size)]
        with torch.autocast(args.device, torch.float16, enabled=amp):
            model(batch, samples, mode="predict")

    for step, mode in ((train, "train"), (test, "test")):
        if mode == "test" and row == "ifs":
            continue  # it makes frames, and predicts nothing
        model.train(mode == "train")
        for name, amp in (("fp32", False), ("amp", True)):
            if amp and args.device == "cpu":
                continue  # MMAction2's heads take no bfloat16, and CPUs are slow with float16
            rate, fitted = videos_a_second(
                functools.partial(step, amp=amp),
                batch_size=args.batch_size,
                seconds=args.seconds,
                device=args.device,
            )
            result[f"{mode}_{name}"] = round(rate, 2)
            result[f"{mode}_{name}_batch"] = fitted
    model.eval().cpu()
    result["gmacs"] = round(count(model, to_test)["flops"] / 1e9, 3)
    return result


def main(arguments: Sequence[str] | None = None) -> None:
    args = parse_args(arguments)
    device = torch.cuda.get_device_name() if args.device == "cuda" else "cpu"
    results: dict[str, Any] = dict(device=device, torch=torch.__version__, rows={})
    table = Table("row", "GMACs a test", *FIELDS, title=f"videos a second, {device}")
    with tempfile.TemporaryDirectory() as folder:
        clip = str(write_clip(Path(folder, "clip.mp4"), num_frames=120))
        for row in args.rows:
            found = results["rows"][row] = measure(row, clip, args)
            table.add_row(row, f"{found['gmacs']:.2f}", *(str(found.get(f, "")) for f in FIELDS))
            print(row, found, flush=True)
    Console().print(table)
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        write_aside(args.out, json.dumps(results, indent=1).encode())
    print(json.dumps(results))


if __name__ == "__main__":
    main()
