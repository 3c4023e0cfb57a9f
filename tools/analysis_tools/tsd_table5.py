"""TSD's Table 5, its columns of parameters and multiply-adds, measured on this implementation.

    python tools/analysis_tools/tsd_table5.py [--json]

Multiply-adds are those of convolutions and matrix products, for 3 clips of 224x224 (Q = 3); client
means extractor, TSD block and Y = X P. The paper counts I3D at one rate for every frame, which is
that of a long clip, here of 64 frames. The last column counts the clips as they are: I3D halves
time three times and rounds up, so 5 frames cost more than 5 / 64 of 64.
"""

from __future__ import annotations

import argparse
import json

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


def main() -> None:
    parser = argparse.ArgumentParser(description="Table 5 of TSD: parameters and multiply-adds")
    parser.add_argument("--json", action="store_true", help="print the rows as the last line")
    args = parser.parse_args()
    init_default_scope("mmaction")
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


if __name__ == "__main__":
    main()
