"""Parameters and multiply-adds beside what the papers print, as a table in Markdown.

    python tools/benchmarks/faithfulness_table.py [--json] [--only IP-TSN ...]

Each row is counted on this implementation, with one crop and random weights. A figure that is
further from the paper's than its row allows ends the command with status 1.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import mmcondense  # noqa: F401  # isort: skip - first, since it repairs the import of mmaction
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

TOOLS = Path(__file__).resolve().parents[1]
CONFIGS = TOOLS.parent / "configs"


@dataclass
class Row:
    """A figure of a paper and ours."""

    method: str
    figure: str
    unit: str
    paper: float
    ours: float
    allowed: float
    """Of the relative difference; negative: ours may be anything below the paper's."""

    @property
    def is_met(self) -> bool:
        if self.allowed < 0:
            return self.ours <= self.paper
        return abs(self.ours / self.paper - 1) <= self.allowed


def load_tool(name: str) -> ModuleType:
    """A script beside this one, without running it."""
    spec = importlib.util.spec_from_file_location(name, TOOLS / "analysis_tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def count_config(name: str, *, shape: tuple[int, ...] | None = None) -> dict[str, Any]:
    """``get_flops.py``'s counts of a config, on a clip or on zeros of ``shape``."""
    get_flops = load_tool("get_flops")
    cfg = Config.fromfile(CONFIGS / name)
    model = get_flops.build_model(cfg)
    if shape is None:
        inputs = get_flops.make_inputs(cfg, model)
    else:
        inputs = torch.zeros(1, *shape)
    with torch.no_grad():
        return get_flops.count(model, inputs)


def ip_tsn() -> Iterator[Row]:
    counts = count_config("ipts/ip_tsn_no_flow_hmdb51.py")
    for stream, paper in (("i_stream", 185.6), ("p_stream", 33.9)):
        ours = counts["parts"][stream]["flops"] / 1e9
        yield Row("IP-TSN", f"{stream}, 16 frames (Table 1)", "G", paper, ours, 0.01)


def dmc_net() -> Iterator[Row]:
    """What DMC-Net adds to CoViAR in IP-TSN's Table 1: 275.6 - 243.4 G, generator and ResNet-18."""
    counts = count_config("coviar/dmc_net_hmdb51.py", shape=(16, 5, 224, 224))
    figure = "beside CoViAR, 16 frames (IP-TSN's Table 1)"
    yield Row("DMC-Net", figure, "G", 275.6 - 243.4, counts["flops"] / 1e9, 0.03)


def attp() -> Iterator[Row]:
    counts = count_config("attp/ablation/ttp_hmdb51.py")
    yield Row("ATTP", "parameters (Table 2)", "M", 23.4, counts["params"] / 1e6, 0.01)
    yield Row("ATTP", "a GOP (Table 2)", "G", 3.0, counts["flops_per_gop"] / 1e9, -1)


def ifs() -> Iterator[Row]:
    frame = count_config("ifs/classifiers/tsn_r101_kinetics400.py", shape=(1, 3, 256, 256))
    yield Row("IFS", "ResNet-101, a frame of 256 (Table 5)", "G", 10.0, frame["flops"] / 1e9, 0.03)
    clip = count_config("ifs/classifiers/ifs_3d_r101_kinetics400.py", shape=(1, 3, 8, 256, 256))
    yield Row("IFS", "IFS-3D, 8 frames of 256 (Table 5)", "G", 98.0, clip["flops"] / 1e9, 0.03)


def tsd() -> Iterator[Row]:
    for row in load_tool("tsd_table5").make_rows():
        figure = f"{row['method']} (Table 5)"
        yield Row("TSD", figure, "G", row["paper"], row["flops"], 0.05)


METHODS: dict[str, Callable[[], Iterator[Row]]] = {
    "IP-TSN": ip_tsn,
    "DMC-Net": dmc_net,
    "ATTP": attp,
    "IFS": ifs,
    "TSD": tsd,
}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=list(METHODS), default=list(METHODS))
    parser.add_argument("--json", action="store_true", help="print the rows as the last line")
    args = parser.parse_args()
    init_default_scope("mmaction")
    rows = [row for name in args.only for row in METHODS[name]()]
    print("| method | figure | paper | ours | off by |", "|---|---|---|---|---|", sep="\n")
    for row in rows:
        numbers = f"{row.paper:g} {row.unit} | {row.ours:.1f} {row.unit}"
        mark = "" if row.is_met else " (!)"
        off = f"{row.ours / row.paper - 1:+.1%}{mark}"
        print(f"| {row.method} | {row.figure} | {numbers} | {off} |")
    if args.json:
        print(json.dumps([asdict(row) for row in rows]))
    return 0 if all(row.is_met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
