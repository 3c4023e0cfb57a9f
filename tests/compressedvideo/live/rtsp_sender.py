"""Announce a file to an RTSP server and send it: python rtsp_sender.py FILE ADDRESS.

A process of its own: PyAV does not let go of Python's lock while it talks to the server.
"""

import sys
import time

import av


def main(path: str, address: str) -> None:
    with av.open(path) as source:
        stream = source.streams.video[0]
        while True:
            try:
                sink = av.open(address, "w", format="rtsp", options={"rtsp_transport": "tcp"})
                copy = sink.add_stream_from_template(stream)
                sink.start_encoding()
                break
            except OSError:  # nobody listens yet
                time.sleep(0.05)
        with sink:
            for packet in source.demux(stream):
                if packet.size:
                    packet.stream = copy
                    sink.mux(packet)


if __name__ == "__main__":
    main(*sys.argv[1:])
