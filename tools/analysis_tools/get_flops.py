"""Parameters and multiply-adds of a config's model for one video, as papers count them.

    python tools/analysis_tools/get_flops.py configs/ipts/ip_tsn_hmdb51.py
    python tools/analysis_tools/get_flops.py configs/ipts/ip_tsn_hmdb51.py --shape 112 112 --json

The input is a made-up clip that went through the config's own test pipeline, so segments, crops
and modalities are those of a test. Where each segment gives an I-frame and a motion field to 2D
networks, the cost per segment (per GOP in ATTP, neighbours' I-frames seen once) is counted too. A
multiply-add counts as one; mmengine adds two operations per element of a BatchNorm and one of an
average pooling, well below one percent together.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import torch
from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope
from rich.console import Console
from rich.table import Table

from mmcondense.apis.flops import Inputs, build_model, count, make_inputs, with_size


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Parameters and multiply-adds of a config's model for one video"
    )
    parser.add_argument("config", help="config file")
    parser.add_argument(
        "--shape",
        type=int,
        nargs="+",
        help="input size: SIDE or HEIGHT WIDTH in place of the test pipeline's; or, for models "
        "with one input, its whole shape without the batch: views C H W, or views C T H W",
    )
    parser.add_argument("--json", action="store_true", help="print numbers as the last line")
    parser.add_argument(
        "--cfg-options",
        nargs="+",
        action=DictAction,
        help='override config entries, key=value; lists as key="[a,b]" or key=a,b',
    )
    args = parser.parse_args()
    if args.shape and len(args.shape) not in (1, 2, 4, 5):
        parser.error(f"--shape has {len(args.shape)} numbers, but must have 1, 2, 4 or 5")
    return args


def print_table(config: str, inputs: Inputs, counts: dict[str, Any], console: Console) -> None:
    table = Table(title=config, title_justify="left")
    table.add_column("part")
    table.add_column("parameters", justify="right")
    table.add_column("multiply-adds", justify="right")
    for name, part in [*counts["parts"].items(), ("total", counts)]:
        if name == "total":
            table.add_section()
        table.add_row(name, f"{part['params'] / 1e6:.2f} M", f"{part['flops'] / 1e9:.2f} G")
    if "flops_per_gop" in counts:
        table.add_row("per GOP", "", f"{counts['flops_per_gop'] / 1e9:.2f} G")
    console.print(table)
    shapes = inputs if isinstance(inputs, dict) else {"input": inputs}
    for name, x in shapes.items():
        console.print(f"{name}: {list(x.shape)}", markup=False)


def main() -> None:
    args = parse_args()
    cfg = Config.fromfile(args.config)
    if args.cfg_options:
        cfg.merge_from_dict(args.cfg_options)
    init_default_scope(cfg.get("default_scope", "mmaction"))
    model = build_model(cfg)
    if args.shape and len(args.shape) > 2:
        inputs: Inputs = torch.zeros(1, *args.shape)
    else:
        inputs = make_inputs(cfg, model)
        if args.shape:
            inputs = with_size(inputs, args.shape)
    with torch.no_grad():
        counts = count(model, inputs)
    print_table(args.config, inputs, counts, Console())
    if args.json:
        print(json.dumps(counts))


if __name__ == "__main__":
    main()
