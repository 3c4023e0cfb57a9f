"""Send a video file over and over at real time, as a camera would:

python demo/send_live.py FILE ADDRESS [--seconds 60] [--speed 1]

ADDRESS is udp://HOST:PORT, or tcp://HOST:PORT?listen=1 to wait for one who connects. Nothing is
encoded again; the first key frame follows the last frame.
"""

import argparse
import sys
import time

import av
from av.bitstream import BitStreamFilterContext


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("address", metavar="ADDRESS")
    parser.add_argument("--seconds", type=float, default=60, help="of video (default: 60)")
    parser.add_argument("--speed", type=float, default=1, help="times real time (default: 1)")
    args = parser.parse_args()
    with (
        av.open(args.file) as source,
        av.open(args.address, "w", format="mpegts", options={"flush_packets": "1"}) as sink,
    ):
        stream = source.streams.video[0]
        copy = sink.add_stream_from_template(stream)
        # Files have MPEG-4's headers once; who tunes in later needs them at each key frame.
        repeat = None
        if stream.codec_context.name == "mpeg4":
            repeat = BitStreamFilterContext("dump_extra", stream)
        began, offset = time.monotonic(), 0
        while True:
            end = offset
            for packet in source.demux(stream):
                if packet.dts is None or packet.pts is None:
                    continue
                first = stream.start_time or 0
                packet.pts, packet.dts = packet.pts - first + offset, packet.dts - first + offset
                end = max(end, packet.pts + (packet.duration or 1))
                seconds = float(packet.dts * packet.time_base)
                if seconds >= args.seconds:
                    return 0
                time.sleep(max(began + seconds / args.speed - time.monotonic(), 0))
                try:
                    for one in repeat.filter(packet) if repeat else [packet]:
                        one.stream = copy
                        sink.mux(one)
                except OSError as error:  # whoever listened has hung up
                    print(f"{args.address}: {error.strerror}", file=sys.stderr)
                    return 1
            offset = end
            source.seek(0, stream=stream)


if __name__ == "__main__":
    sys.exit(main())
