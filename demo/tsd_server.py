"""An example cloud for TSD: packets of distilled frames in, the best classes out, as JSON.

    pip install 'mmcondense[lite,deploy,serve]'
    python demo/tsd_server.py cloud.onnx --classes classes.txt

``POST /classify`` takes one packet as its body, ``GET /model`` says what it must hold. A bad
request is answered by a 4xx with a reason: 408 for one that does not arrive in time, 413 for too
many bytes, 422 for what is no packet or one of other frames; 503 if there are too many at once. A
connection without a request is closed in time, too.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import uvicorn
from fastapi import FastAPI, HTTPException, Request
from starlette.requests import ClientDisconnect
from uvicorn.protocols.http.h11_impl import H11Protocol

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


def create_app(
    cloud: TSDCloud,
    *,
    classes: Sequence[str] = (),
    top_k: int = 5,
    read_seconds: float = 10,
    threads: int = 4,
    show_schema: bool = False,
) -> FastAPI:
    """The server's application.

    Args:
        cloud: Classifies; called from several threads at once.
        classes: Names by label; without them, labels are numbers.
        top_k: Classes to answer with.
        read_seconds: For a body to arrive.
        threads: Packets that are classified at once; others wait.
        show_schema: Serve FastAPI's ``/openapi.json`` and ``/docs``.
    """
    num_frames, height, width = cloud.shape
    raw_bytes = num_frames * height * width * 3
    max_bytes = raw_bytes + raw_bytes // 8 + 4096  # the largest codec, and its heads
    limiter = anyio.CapacityLimiter(threads)
    app = FastAPI(title="TSD cloud", openapi_url="/openapi.json" if show_schema else None)

    @app.get("/model")
    def model() -> dict:
        return dict(num_frames=num_frames, height=height, width=width, max_bytes=max_bytes)

    @app.post("/classify")
    async def classify(request: Request) -> dict:
        try:
            body = read_body(request, max_bytes=max_bytes)
            packet = await asyncio.wait_for(body, timeout=read_seconds)
        except asyncio.TimeoutError as error:
            raise HTTPException(
                408,
                f"the body did not arrive within {read_seconds} seconds",
                {"Connection": "close"},
            ) from error
        except ClientDisconnect as error:  # nobody hears the answer
            raise HTTPException(400, "the client went away") from error
        try:
            scores = await anyio.to_thread.run_sync(cloud, [packet], limiter=limiter)
        except PacketError as error:
            raise HTTPException(422, str(error)) from error
        best = scores.argsort()[::-1][:top_k]
        names = [classes[i] if i < len(classes) else f"class {i}" for i in best]
        return dict(
            classes=names, labels=best.tolist(), scores=[round(float(scores[i]), 6) for i in best]
        )

    return app


class PromptProtocol(H11Protocol):
    """uvicorn's protocol, which would wait for a request's head for ever."""

    read_seconds = 10.0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._deadline: asyncio.TimerHandle | None = None
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    def _is_waiting(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _watch(self) -> None:
        if not self._is_waiting() and self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        elif self._is_waiting() and self._deadline is None:
            self._deadline = self.loop.call_later(self.read_seconds, self._close)

    def _close(self) -> None:
        self._deadline = None
        if self._is_waiting() and not self.transport.is_closing():
            self.transport.close()


def server_config(
    app: FastAPI, *, max_connections: int = 64, read_seconds: float = 10, **kwargs: Any
) -> uvicorn.Config:
    """uvicorn's settings, within limits.

    Args:
        app: The application.
        max_connections: More are answered by 503.
        read_seconds: For the head of a request to arrive.
        **kwargs: Of ``uvicorn.Config``.
    """
    protocol = type("Protocol", (PromptProtocol,), dict(read_seconds=read_seconds))
    return uvicorn.Config(
        app, http=protocol, ws="none", limit_concurrency=max_connections + 1, **kwargs
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cloud", type=Path, help="cloud.onnx")
    parser.add_argument("--classes", type=Path, help="file with a class name per line")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--max-connections", type=int, default=64, help="at once (64)")
    parser.add_argument("--threads", type=int, default=4, help="packets classified at once (4)")
    parser.add_argument(
        "--read-seconds", type=float, default=10, help="for a head or a body to arrive (10)"
    )
    parser.add_argument(
        "--show-schema", action="store_true", help="serve /docs and /openapi.json to everybody"
    )
    args = parser.parse_args()
    classes = args.classes.read_text(encoding="utf-8").splitlines() if args.classes else ()
    app = create_app(
        TSDCloud(args.cloud),
        classes=classes,
        read_seconds=args.read_seconds,
        threads=args.threads,
        show_schema=args.show_schema,
    )
    limits = dict(max_connections=args.max_connections, read_seconds=args.read_seconds)
    uvicorn.Server(server_config(app, host=args.host, port=args.port, **limits)).run()


if __name__ == "__main__":
    main()
