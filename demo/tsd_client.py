"""An example client for TSD: distils the middle of a video, sends a few frames, prints the answer.

python demo/tsd_client.py client.onnx video.mp4 --server http://127.0.0.1:8000
"""

from __future__ import annotations

import argparse
import json
import urllib.error
import urllib.request
from pathlib import Path

import cv2
import numpy as np

from compressedvideo import CompressedVideo
from mmcondense.apis.tsd_packet import CODECS
from mmcondense.apis.tsd_split import TSDClient


def middle_clip(path: Path, *, num_frames: int, height: int, width: int) -> np.ndarray:
    """[T, H, W, 3] uint8: consecutive frames, shorter videos repeated, a centre crop, resized."""
    with CompressedVideo(path) as video:
        start = max(video.num_frames - num_frames, 0) // 2
        frame_inds = (start + np.arange(num_frames)) % video.num_frames
        wanted, back = np.unique(frame_inds, return_inverse=True)
        frames = video.read(wanted, modalities=("rgb",)).rgb
    assert frames is not None
    scale = min(frames.shape[1] / height, frames.shape[2] / width)
    crop_height, crop_width = round(height * scale), round(width * scale)
    y, x = (frames.shape[1] - crop_height) // 2, (frames.shape[2] - crop_width) // 2
    crop = frames[:, y : y + crop_height, x : x + crop_width]
    return np.stack([cv2.resize(frame, (width, height)) for frame in crop])[back]


def send(server: str, packet: bytes, *, timeout_seconds: float = 30) -> dict:
    """The server's answer.

    Raises:
        RuntimeError: if it refuses the packet; the message is its reason.
    """
    request = urllib.request.Request(f"{server}/classify", data=packet, method="POST")
    request.add_header("Content-Type", "application/octet-stream")
    try:
        with urllib.request.urlopen(request, timeout=timeout_seconds) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        reason = error.read().decode(errors="replace")
        raise RuntimeError(f"{server} answered {error.code}: {reason}") from error


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("client", type=Path, help="client.onnx")
    parser.add_argument("video", type=Path)
    parser.add_argument("--server", default="http://127.0.0.1:8000")
    parser.add_argument("--codec", choices=CODECS, default="jpeg")
    parser.add_argument("--quality", type=int, default=90)
    args = parser.parse_args()
    client = TSDClient(args.client, codec=args.codec, quality=args.quality)
    clip = middle_clip(
        args.video, num_frames=client.num_frames, height=client.height, width=client.width
    )
    packet = client(clip)
    print(f"{len(clip)} frames became {len(packet)} bytes")
    answer = send(args.server, packet)
    for name, score in zip(answer["classes"], answer["scores"], strict=True):
        print(f"{score:.3f}  {name}")


if __name__ == "__main__":
    main()
