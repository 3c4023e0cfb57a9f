"""TSD's Table 5: parameters, multiply-adds and, if asked for, milliseconds of this implementation.

    python tools/analysis_tools/tsd_table5.py [--time cpu|cuda] [--json]

Multiply-adds are those of convolutions and matrix products, for 3 clips of 224x224 (Q = 3); client
means extractor, TSD block and Y = X P. The paper counts I3D at one rate for every frame, which is
that of a long clip, here of 64 frames. The last column counts the clips as they are: I3D halves
time three times and rounds up, so 5 frames cost more than 5 / 64 of 64.

Milliseconds are medians of the network alone for a batch of the 3 clips, float32, on one device;
the paper's, beside them, are those of a server with Titan X GPUs.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

import mmcondense  # noqa: F401  # isort: skip - first, since it repairs the import of mmaction
import torch
from mmaction.registry import MODELS
from mmengine.analysis import FlopAnalyzer
from mmengine.registry import init_default_scope
from rich.console import Console
from rich.table import Table
from torch import nn

NUM_CLIPS = 3
LONG_CLIP = 64
# T, T_s and the paper's G: I3D(T') of the same accuracy and its T', I3D+TSD, its cloud part
ROWS = (
    (20, 5, 10, 51, 34, 25),
    (40, 10, 20, 101, 69, 51),
    (80, 20, 40, 202, 137, 101),
)
PAPER_MS = {  # of the same three, by T
    20: (46.1, 39.9, 23.9),
    40: (77.9, 58.2, 43.1),
    80: (150.3, 111.0, 77.9),
}


def count(model: nn.Module, clip: torch.Tensor) -> float:
    """Multiply-adds of one clip, G, without normalisation layers, which fold into convolutions."""
    analyzer = FlopAnalyzer(model.eval(), (clip,))
    analyzer.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    counts = analyzer.by_operator()
    return sum(counts[name] for name in ("conv", "linear", "matmul", "bmm", "einsum")) / 1e9


def millions(model: nn.Module) -> float:
    return sum(p.numel() for p in model.parameters()) / 1e6


def i3d(num_frames: int) -> float:
    """G of I3D's backbone for one clip."""
    model = MODELS.build(dict(type="InceptionI3D"))
    return count(model, torch.zeros(1, 3, num_frames, 224, 224))


def make_rows() -> list[dict]:
    """The table's rows: ``method``, ``params`` (M), and G: ``paper``, ``flops``, ``exact``."""
    backbone = MODELS.build(dict(type="InceptionI3D"))
    cloud_params, per_frame = millions(backbone), i3d(LONG_CLIP) / LONG_CLIP
    rows = []
    for num_frames, num_distilled, rival, paper_rival, paper_tsd, paper_cloud in ROWS:
        client = MODELS.build(
            dict(
                type="TemporalSequenceDistillation",
                num_frames=num_frames,
                num_distilled=num_distilled,
            )
        )
        distilling = count(client, torch.zeros(1, 3, num_frames, 224, 224))
        name = f"I3D+TSD({num_frames}->{num_distilled})"
        exact_rival, exact_cloud = i3d(rival), i3d(num_distilled)
        for method, params, paper, flops, exact in (
            (f"I3D({rival})", cloud_params, paper_rival, rival * per_frame, exact_rival),
            (
                name,
                cloud_params + millions(client),
                paper_tsd,
                num_distilled * per_frame + distilling,
                exact_cloud + distilling,
            ),
            (f"{name} cloud", cloud_params, paper_cloud, num_distilled * per_frame, exact_cloud),
        ):
            rows.append(
                dict(
                    method=method,
                    params=params,
                    paper=paper,
                    flops=NUM_CLIPS * flops,
                    exact=NUM_CLIPS * exact,
                )
            )
    return rows


@torch.no_grad()
def median_ms(model: nn.Module, num_frames: int, *, device: str, runs: int = 5) -> float:
    """Median time of ``NUM_CLIPS`` clips of 224x224 in one batch, milliseconds, after a warm-up."""
    model.eval().to(device)
    clips = torch.zeros(NUM_CLIPS, 3, num_frames, 224, 224, device=device)
    times = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        model(clips)
        if device == "cuda":
            torch.cuda.synchronize()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times[1:])


def make_times(device: str) -> list[dict]:
    """``method``, ``paper`` and ``ours`` (ms), a row each; clients, which have no figure, too."""
    backbone = MODELS.build(dict(type="InceptionI3D"))
    rows = []
    for num_frames, num_distilled, rival, *_ in ROWS:
        client = MODELS.build(
            dict(
                type="TemporalSequenceDistillation",
                num_frames=num_frames,
                num_distilled=num_distilled,
            )
        )
        ms = {t: median_ms(backbone, t, device=device) for t in (rival, num_distilled)}
        client_ms = median_ms(client, num_frames, device=device)
        paper_rival, paper_whole, paper_cloud = PAPER_MS[num_frames]
        name = f"I3D+TSD({num_frames}->{num_distilled})"
        for method, paper, ours in (
            (f"I3D({rival})", paper_rival, ms[rival]),
            (name, paper_whole, client_ms + ms[num_distilled]),
            (f"{name} client", None, client_ms),
            (f"{name} cloud", paper_cloud, ms[num_distilled]),
        ):
            rows.append(dict(method=method, paper=paper, ours=ours))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description="Table 5 of TSD: parameters and multiply-adds")
    parser.add_argument("--time", choices=["cpu", "cuda"], help="print milliseconds there, instead")
    parser.add_argument("--json", action="store_true", help="print the rows as the last line")
    args = parser.parse_args()
    if args.time == "cuda" and not torch.cuda.is_available():
        parser.error("--time cuda: there is no CUDA device")
    init_default_scope("mmaction")
    if args.time:
        print_times(make_times(args.time), args)
        return
    rows = make_rows()
    table = Table(title="TSD, Table 5, 3 clips of 224x224", title_justify="left")
    table.add_column("method")
    for column in ("parameters, M", "paper, G", "measured, G", "off by", "clips as they are, G"):
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(
            row["method"],
            f"{row['params']:.1f}",
            f"{row['paper']}",
            f"{row['flops']:.1f}",
            f"{row['flops'] / row['paper'] - 1:+.1%}",
            f"{row['exact']:.1f}",
        )
    Console(width=100).print(table)
    if args.json:
        print(json.dumps(rows))


def print_times(rows: list[dict], args: argparse.Namespace) -> None:
    where = torch.cuda.get_device_name() if args.time == "cuda" else "CPU"
    table = Table(title=f"TSD, Table 5, 3 clips of 224x224, {where}", title_justify="left")
    table.add_column("method")
    for column in ("paper, ms", "measured, ms"):
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(row["method"], str(row["paper"] or ""), f"{row['ours']:.1f}")
    Console(width=100).print(table)
    if args.json:
        print(json.dumps(rows))


if __name__ == "__main__":
    main()
