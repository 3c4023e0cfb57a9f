"""What happens in a live stream: a table of its last windows, and a summary at the end.

Where the output is no terminal, or with --lines, it is a line for each window as it comes.

SOURCE is an address (rtsp://, udp://, tcp://, rtp://, http://, https://, rtmp://) or a camera
(/dev/video0). Ctrl-C ends it.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any, TextIO

from .live_display import display_for
from .live_show import Closed, NoDisplayError, ShownFrame
from .starting import import_plugin, load_config, missing_file, not_weights, stop

if TYPE_CHECKING:
    from compressedvideo.live import LiveCompressedVideo


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="mmcondense live",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", metavar="SOURCE", help="address or camera")
    parser.add_argument("config", metavar="CONFIG", help="config file, of this package or stock")
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="that was trained with it")
    parser.add_argument("--window-gops", type=int, help="GOPs of a window (default: 1)")
    parser.add_argument("--window-seconds", type=float, help="windows of seconds instead")
    parser.add_argument(
        "--stride", type=float, help="GOPs or seconds from window to window; default: no overlap"
    )
    parser.add_argument("--lines", action="store_true", help="lines on a terminal, too")
    parser.add_argument(
        "--show",
        action="store_true",
        help="the newest frame, its motion and class in a window of the desktop; q ends it",
    )
    parser.add_argument("--log", metavar="FILE", type=Path, help="JSON lines to append to")
    parser.add_argument("--seconds", type=float, help="end after so long; default: never")
    parser.add_argument(
        "--max-waiting",
        type=int,
        default=2,
        help="complete windows that may wait; the oldest are dropped (default: 2)",
    )
    parser.add_argument(
        "--reconnects", type=int, default=10, help="tries after the stream broke off (default: 10)"
    )
    parser.add_argument(
        "--timeout", type=float, default=5.0, help="seconds without a packet (default: 5)"
    )
    parser.add_argument(
        "--ffmpeg-options",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        help="for the source, such as rtsp_transport=tcp",
    )
    parser.add_argument("--label-map", metavar="FILE", help="class name per line")
    parser.add_argument("--device", help="such as cpu or cuda:0; default: a GPU if there is one")
    parser.add_argument("--topk", type=int, default=5, help="classes to name (default: 5)")
    parser.add_argument("--cfg-options", nargs="+", default=[], help="override config, key=value")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if it was ended by hand or in time, 1 for an error; what was predicted stays."""
    args = parse_args(arguments)
    missing = missing_file(args)
    if missing:
        return stop(missing)
    wrong = [option for option in args.ffmpeg_options if "=" not in option]
    if wrong:
        return stop(f"--ffmpeg-options {wrong[0]} must be KEY=VALUE")
    try:
        import_plugin()
    except ImportError as error:  # in the base install, with all that is missing and how to get it
        return stop(str(error))
    from compressedvideo import CodecError
    from mmcondense.apis.inference_inputs import UsageError
    from mmcondense.apis.inferencer import CompressedActionInferencer
    from mmcondense.apis.live_prediction import open_live

    try:
        shown = ShownFrame() if args.show else None
        inferencer = CompressedActionInferencer(
            load_config(args.config, args.cfg_options),
            args.checkpoint,
            device=args.device,
            label_file=args.label_map,
        )
        with ExitStack() as stack:
            log = stack.enter_context(open(args.log, "a")) if args.log is not None else None
            live = stack.enter_context(
                open_live(
                    inferencer,
                    args.source,
                    window_gops=args.window_gops,
                    window_seconds=args.window_seconds,
                    stride=args.stride,
                    max_waiting=args.max_waiting,
                    reconnects=args.reconnects,
                    timeout_seconds=args.timeout,
                    options=dict(option.split("=", 1) for option in args.ffmpeg_options),
                )
            )
            return _watch(args, inferencer, live, log, shown)
    except (CodecError, FileNotFoundError, NoDisplayError, UsageError) as error:
        return stop(str(error))
    except UnpicklingError:
        return stop(not_weights(args.checkpoint))


def _watch(
    args: argparse.Namespace,
    inferencer: Any,
    live: LiveCompressedVideo,
    log: TextIO | None,
    shown: ShownFrame | None,
) -> int:
    from rich.console import Console

    from compressedvideo import CodecError
    from mmcondense.apis.live_prediction import predict_live

    display = display_for(Console(), source=args.source, as_lines=args.lines)
    began = time.monotonic()
    latencies: list[float] = []
    status = 0
    try:
        with display:
            # on standard error as it is now, so that warnings stand above a table
            logging.basicConfig(format="%(message)s", level=logging.WARNING)
            for prediction in predict_live(inferencer, live, top_k=args.topk, on_window=shown):
                display.add(prediction)
                if "error" not in prediction:
                    latencies.append(prediction["latency_seconds"])
                _write(log, prediction)
                if args.seconds is not None and time.monotonic() - began >= args.seconds:
                    break
    except Closed:
        pass
    except KeyboardInterrupt:
        print()
    except CodecError as error:
        status = stop(str(error))
    found = summary(latencies, live, seconds=time.monotonic() - began)
    _write(log, dict(summary=found))
    print(sentence_of(found))
    return status


def _write(log: TextIO | None, record: dict) -> None:
    if log is not None:
        log.write(json.dumps(record, ensure_ascii=False) + "\n")
        log.flush()


def summary(
    latencies: Sequence[float], live: LiveCompressedVideo, *, seconds: float
) -> dict[str, Any]:
    """What to know at the end: seconds, counts, latencies and memory."""
    import numpy as np

    counts = live.counts
    median, late = np.percentile(latencies, [50, 95]) if latencies else (None, None)
    return dict(
        seconds=round(seconds, 1),
        predictions=len(latencies),
        latency_median_seconds=None if median is None else round(float(median), 4),
        latency_95_seconds=None if late is None else round(float(late), 4),
        **vars(counts),
        peak_memory_mb=peak_memory_mb(),
    )


def peak_memory_mb() -> int | None:
    """What this process had at most; None on Windows, which does not say it this way."""
    try:
        import resource
    except ImportError:
        return None
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit)


def sentence_of(found: dict[str, Any]) -> str:
    """The summary as people read it."""
    parts = [f"{found['predictions']} windows in {found['seconds']:.0f} s"]
    if found["latency_median_seconds"] is not None:
        median, late = found["latency_median_seconds"], found["latency_95_seconds"]
        parts.append(f"latency {1000 * median:.0f} ms (median), {1000 * late:.0f} ms (95 %)")
    parts.append(f"dropped {found['dropped_windows']} windows ({found['dropped_gops']} GOPs)")
    if found["interruptions"]:
        parts.append(
            f"{found['interruptions']} interruptions, {found['reconnections']} reconnections"
        )
    if found["peak_memory_mb"] is not None:
        parts.append(f"{found['peak_memory_mb']} MB at most")
    return "; ".join(parts)


if __name__ == "__main__":
    sys.exit(main())
