"""Fuse the scores of separately trained streams; find their weights on a validation set.

    # weights from the validation set, result on the test set
    python tools/analysis_tools/fuse_scores.py --preds i_test.npz p_test.npz \\
        --val-preds i_val.npz p_val.npz --dump fused.npz
    # given weights
    python tools/analysis_tools/fuse_scores.py --preds i_test.npz p_test.npz --coefficients 1 1

The files are dumps of tools/test.py --dump, all of the same videos in the same order: .npz, or the
pickles (.pkl) of MMAction2's tools, which may run code when they are opened.
FILE:FIELD takes other scores than pred_score: two_stream.npz:p_stream_score. Logits and
probabilities are not fused with each other: --apply-softmax makes probabilities of all.
"""

from __future__ import annotations

import argparse
import itertools
import re
import sys
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from mmengine.fileio import dump
from rich.console import Console
from rich.table import Table

from mmcondense.apis.score_dump import ScoreDump, load_score_dump, measure_accuracy
from mmcondense.evaluation.score_arrays import write_score_arrays
from mmcondense.evaluation.score_kind import LOGITS, SCORE_KINDS, common_kind, score_kind


def load_streams(arguments: Sequence[str]) -> list[ScoreDump]:
    """Dumps that must be of the same videos in the same order.

    Raises:
        ValueError: if they are not, as far as the labels tell.
    """
    streams = []
    for argument in arguments:
        named = re.fullmatch(r"(.+\.(?:pkl|pickle|npz)):(\w+)", argument)
        path, field = named.groups() if named else (argument, "pred_score")
        streams.append(load_score_dump(path, field=field))
    for stream in streams[1:]:
        if stream.scores.shape != streams[0].scores.shape:
            raise ValueError(
                f"{stream.path} holds {stream.scores.shape} scores (videos, classes), "
                f"{streams[0].path} {streams[0].scores.shape}"
            )
        if not np.array_equal(stream.labels, streams[0].labels):
            raise ValueError(
                f"{stream.path} and {streams[0].path} list other videos, or in another order: "
                "their labels differ"
            )
    return streams


def softmax(logits: np.ndarray) -> np.ndarray:
    """[N, K] probabilities of logits."""
    return torch.from_numpy(logits).softmax(dim=1).numpy()


def scores_to_fuse(streams: Sequence[ScoreDump], *, apply_softmax: bool) -> list[np.ndarray]:
    """Each stream's scores, all of one kind.

    Args:
        streams: Dumps of the same videos.
        apply_softmax: Turn logits into probabilities; probabilities stay.

    Raises:
        ValueError: if some are logits and some probabilities.
    """
    if apply_softmax:
        return [softmax(s.scores) if s.kind == LOGITS else s.scores for s in streams]
    try:
        common_kind([s.kind for s in streams], [s.path for s in streams])
    except ValueError as error:
        raise ValueError(
            f"{error}. Test all with the same average_clips in their heads ('score' gives logits, "
            "'prob' probabilities), or go on with --apply-softmax"
        ) from error
    return [s.scores for s in streams]


def fuse(scores: Sequence[np.ndarray], weights: Sequence[float]) -> np.ndarray:
    """Weighted mean of each stream's scores, [N, K] each, as in ``IPTwoStream``."""
    return np.average(np.stack(scores), axis=0, weights=weights)


def weight_grid(num_streams: int, *, num_steps: int) -> Iterator[tuple[float, ...]]:
    """All non-negative weights that are multiples of ``1 / num_steps`` and sum to 1."""
    for cuts in itertools.combinations_with_replacement(range(num_steps + 1), num_streams - 1):
        edges = (0, *cuts, num_steps)
        yield tuple((high - low) / num_steps for low, high in itertools.pairwise(edges))


def search_weights(
    scores: Sequence[np.ndarray], labels: np.ndarray, *, num_steps: int
) -> tuple[float, ...]:
    """The weights with the best top-1 accuracy; of equally good ones those nearest to equal.

    Args:
        scores: [N, K] of each stream.
        labels: [N].
        num_steps: Fineness of the grid, see :func:`weight_grid`.
    """
    equal = 1 / len(scores)

    def rank(weights: tuple[float, ...]) -> tuple[int, float]:
        num_correct = int((fuse(scores, weights).argmax(axis=1) == labels).sum())
        return num_correct, -sum((weight - equal) ** 2 for weight in weights)

    return max(weight_grid(len(scores), num_steps=num_steps), key=rank)


def fused_samples(like: ScoreDump, fused: np.ndarray) -> list[dict]:
    """The samples of a dump with other scores and the labels that follow from them."""
    return [
        dict(
            sample,
            pred_score=torch.from_numpy(score),
            pred_label=torch.tensor([int(score.argmax())]),
            score_kinds={**sample.get(SCORE_KINDS, {}), "pred_score": score_kind(fused)},
        )
        for sample, score in zip(like.samples, fused, strict=True)
    ]


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preds", nargs="+", required=True, help="dumps to fuse, one per stream")
    weights = parser.add_mutually_exclusive_group(required=True)
    weights.add_argument("--coefficients", nargs="+", type=float, help="one weight per stream")
    weights.add_argument(
        "--val-preds",
        nargs="+",
        help="dumps of a validation set, one per stream in the same order, to search weights on",
    )
    parser.add_argument(
        "--num-steps", type=int, default=20, help="steps of the search grid (%(default)s)"
    )
    parser.add_argument(
        "--apply-softmax", action="store_true", help="turn logits into probabilities first"
    )
    parser.add_argument("--dump", help="write the fused predictions to this .npz, or .pkl")
    args = parser.parse_args()
    for name in ("coefficients", "val_preds"):
        values = getattr(args, name)
        if values is not None and len(values) != len(args.preds):
            parser.error(f"--{name.replace('_', '-')} must have {len(args.preds)} entries")
    if args.coefficients and (min(args.coefficients) < 0 or sum(args.coefficients) == 0):
        parser.error("--coefficients must not be negative, nor all 0")
    if args.num_steps < 1:
        parser.error("--num-steps must be at least 1")
    return args


def main() -> int:
    args = parse_args()
    try:
        streams = load_streams(args.preds)
        val_streams = load_streams(args.val_preds) if args.val_preds else []
        scores = scores_to_fuse(streams, apply_softmax=args.apply_softmax)
        if val_streams:
            val_scores = scores_to_fuse(val_streams, apply_softmax=args.apply_softmax)
    except (ValueError, FileNotFoundError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    labels = streams[0].labels
    if val_streams:
        val_labels = val_streams[0].labels
        weights = search_weights(val_scores, val_labels, num_steps=args.num_steps)
        val_top1 = measure_accuracy(fuse(val_scores, weights), val_labels)["top1"]
        print(f"validation: top1 {100 * val_top1:.2f} with weights {weights}")
    else:
        weights = tuple(args.coefficients)
    fused = fuse(scores, weights)
    table = Table("scores", "weight", "top1", "top5", "mean1")
    rows = [*zip(args.preds, weights, scores, strict=True), ("fused", sum(weights), fused)]
    for name, weight, each in rows:
        metrics = measure_accuracy(each, labels)
        table.add_row(name, f"{weight:g}", *(f"{100 * value:.2f}" for value in metrics.values()))
    Console().print(table)
    print(f"fusion_weights=({', '.join(f'{weight:g}' for weight in weights)})")
    if args.dump:
        samples = fused_samples(streams[0], fused)
        if args.dump.endswith(".npz"):
            write_score_arrays(args.dump, samples)
        else:
            dump(samples, args.dump, file_format="pkl")
    return 0


if __name__ == "__main__":
    sys.exit(main())
