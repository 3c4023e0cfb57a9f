"""An example cloud for TSD: packets of distilled frames in, the best classes out, as JSON.

    pip install 'mmcondense[lite,deploy,serve]'
    python demo/tsd_server.py cloud.onnx --classes classes.txt

``POST /classify`` takes one packet as its body, ``GET /model`` says what it must hold. A bad
request is answered by a 4xx with a reason: 413 for too many bytes, 422 for what is no packet or one
of other frames.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import uvicorn
from fastapi import FastAPI, HTTPException, Request
from starlette.concurrency import run_in_threadpool

from mmcondense.apis.tsd_packet import PacketError
from mmcondense.apis.tsd_split import TSDCloud


async def read_body(request: Request, *, max_bytes: int) -> bytes:
    """The body, never more of it in memory than allowed, whatever its head claims."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise HTTPException(413, f"more than {max_bytes} bytes")
    return bytes(body)


def create_app(cloud: TSDCloud, *, classes: Sequence[str] = (), top_k: int = 5) -> FastAPI:
    """The server's application.

    Args:
        cloud: Classifies; called from several threads at once.
        classes: Names by label; without them, labels are numbers.
        top_k: Classes to answer with.
    """
    num_frames, height, width = cloud.shape
    raw_bytes = num_frames * height * width * 3
    max_bytes = raw_bytes + raw_bytes // 8 + 4096  # the largest codec, and its heads
    app = FastAPI(title="TSD cloud", docs_url=None, redoc_url=None)

    @app.get("/model")
    def model() -> dict:
        return dict(num_frames=num_frames, height=height, width=width, max_bytes=max_bytes)

    @app.post("/classify")
    async def classify(request: Request) -> dict:
        packet = await read_body(request, max_bytes=max_bytes)
        try:
            scores = await run_in_threadpool(cloud, [packet])
        except PacketError as error:
            raise HTTPException(422, str(error)) from error
        best = scores.argsort()[::-1][:top_k]
        names = [classes[i] if i < len(classes) else f"class {i}" for i in best]
        return dict(
            classes=names, labels=best.tolist(), scores=[round(float(scores[i]), 6) for i in best]
        )

    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cloud", type=Path, help="cloud.onnx")
    parser.add_argument("--classes", type=Path, help="file with a class name per line")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    args = parser.parse_args()
    classes = args.classes.read_text(encoding="utf-8").splitlines() if args.classes else ()
    app = create_app(TSDCloud(args.cloud), classes=classes)
    uvicorn.run(app, host=args.host, port=args.port)


if __name__ == "__main__":
    main()
