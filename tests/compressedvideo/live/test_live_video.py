"""Windows of live streams are what the reader makes of the same file."""

from __future__ import annotations

import threading
import time
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest

from compressedvideo import CompressedVideo, CorruptVideoError, VideoOpenError
from compressedvideo.live import LiveCompressedVideo

from .clips import (
    GOP,
    NUM_FRAMES,
    assert_same_as_file,
    clip,
    frames,
    packets_of,
    push_all,
    windows_of,
)

CODECS = {
    "h264": ("ts", dict(codec="h264")),
    "h264_b": ("ts", dict(codec="h264", b_frames=2)),
    "h264_open_gop": (
        "ts",
        dict(codec="h264", b_frames=2, options={"x264-params": "open-gop=1", "flags": "-cgop"}),
    ),
    "h264_avcc": ("mkv", dict(codec="h264", b_frames=1)),
    "hevc_b": ("ts", dict(codec="hevc", b_frames=2)),
    "hevc_open_gop": (
        "ts",
        dict(
            codec="hevc",
            b_frames=2,
            options={
                "flags": "-cgop",
                "x265-params": "open-gop=1:scenecut=0:pools=none:frame-threads=1:log-level=none",
            },
        ),
    ),
    "mpeg4": ("ts", dict(codec="mpeg4")),
    "mpeg4_open_gop": ("avi", dict(codec="mpeg4", b_frames=2, options={"flags": "-cgop"})),
    "mpeg2_open_gop": ("ts", dict(codec="mpeg2", b_frames=2, options={"flags": "-cgop"})),
    "vp9": ("mkv", dict(codec="vp9")),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("clips")
    return {
        name: clip(folder / f"{name}.{ending}", **options)
        for name, (ending, options) in CODECS.items()
    }


@pytest.mark.parametrize("name", CODECS)
def test_windows_of_gops_tile_the_file(made, name) -> None:
    with CompressedVideo(made[name]) as video, LiveCompressedVideo() as live:
        windows = windows_of(live, made[name])
        seen = [assert_same_as_file(window, video) for window in windows]
        num_gops = len(video.keyframes)
    assert np.concatenate(seen).tolist() == list(range(NUM_FRAMES))
    assert len(seen) == live.counts.windows == live.counts.gops == num_gops == 5
    assert live.counts.packets == NUM_FRAMES
    assert live.is_ended
    # Open GOPs bring the next one's key frame, which is none of theirs.
    assert [w.num_frames - w.stop for w in windows] == 4 * [int("open_gop" in name)] + [0]


@pytest.mark.parametrize("name", ["h264_b", "hevc_open_gop", "mpeg4_open_gop", "vp9"])
def test_windows_of_seconds_begin_and_end_anywhere(made, name) -> None:
    with (
        CompressedVideo(made[name]) as video,
        LiveCompressedVideo(window_seconds=0.6, stride=0.32) as live,
    ):
        windows = windows_of(live, made[name])
        seen = [assert_same_as_file(window, video).tolist() for window in windows]
    # 25 frames a second: 15 of them from every 8th on, and the rest
    expected = [list(range(begin, begin + 15)) for begin in range(0, 36, 8)]
    assert seen[: len(expected)] == expected
    assert seen[len(expected) :] == [list(range(40, NUM_FRAMES))]
    for window in windows:  # bring their I-frame, and nothing before it
        assert window.frame_types[0] == "I"
        assert window.start < GOP


def test_sliding_windows_of_gops(made) -> None:
    path = made["h264_b"]
    with (
        CompressedVideo(path) as video,
        LiveCompressedVideo(window_gops=3, stride=1) as live,
    ):
        windows = windows_of(live, path)
        for window in windows:
            assert_same_as_file(window, video)
    assert [window.gops for window in windows] == [range(0, 3), range(1, 4), range(2, 5)]
    assert [window.number for window in windows] == [0, 1, 2]
    assert [window.is_first for window in windows] == [True, False, False]


def test_a_stride_longer_than_windows_skips_gops(made) -> None:
    with LiveCompressedVideo(window_gops=1, stride=2) as live:
        windows = windows_of(live, made["h264"])
    assert [window.gops.start for window in windows] == [0, 2, 4]
    assert live.counts.dropped_gops == 0  # nobody wanted them


def test_whoever_is_slow_misses_the_oldest_gops(made) -> None:
    with (
        CompressedVideo(made["h264"]) as video,
        LiveCompressedVideo(window_gops=2, stride=1, max_waiting=2) as live,
    ):
        with packets_of(made["h264"]) as packets:
            for packet in packets:
                live.push(packet)
        live.end()
        windows = list(live)
        for window in windows:
            assert_same_as_file(window, video)
    assert [window.gops for window in windows] == [range(2, 4), range(3, 5)]
    counts = live.counts
    assert (counts.windows, counts.dropped_windows, counts.dropped_gops) == (2, 2, 2)


def test_a_dropped_window_whose_gops_others_have_drops_none(made) -> None:
    with (
        packets_of(made["h264"]) as packets,
        LiveCompressedVideo(window_gops=3, stride=1, max_waiting=1) as live,
    ):
        fetched = []
        for number, packet in enumerate(packets):
            live.push(packet)
            if number == 36:  # the key frame that completes GOPs 0 to 2
                fetched.append(live.get(0))
        live.end()
        fetched += list(live)
    assert [window.gops for window in fetched] == [range(0, 3), range(2, 5)]
    assert (live.counts.dropped_windows, live.counts.dropped_gops) == (1, 0)


def test_packets_before_the_first_key_frame_are_skipped(made) -> None:
    with (
        CompressedVideo(made["h264_b"]) as video,
        packets_of(made["h264_b"]) as packets,
        LiveCompressedVideo() as live,
    ):
        windows = list(push_all(live, packets[5:]))
        for window, start in zip(windows, video.keyframes[1:], strict=True):
            ours = window.read(range(window.num_frames), modalities=("motion",)).motion
            theirs = video.read(range(start, start + len(ours)), modalities=("motion",)).motion
            np.testing.assert_array_equal(ours, theirs)
    assert live.counts.skipped_packets == GOP - 5


@pytest.mark.parametrize("codec", ["h264", "hevc", "mpeg4", "mpeg2", "vp9"])
def test_a_new_size_ends_a_window(tmp_path, codec) -> None:
    """As where a camera's encoder is set up anew: one stream, other headers in it."""
    sizes = [(128, 96), (160, 112)]
    ending = "mkv" if codec == "vp9" else "ts"
    paths = [
        clip(tmp_path / f"{w}.{ending}", codec=codec, width=w, height=h, num_frames=18)
        for w, h in sizes
    ]
    with av.open(paths[0]) as container, LiveCompressedVideo(window_gops=2) as live:
        stream = container.streams.video[0]
        packets = []
        for path in paths:
            with packets_of(path) as some:
                packets += some
        for number, packet in enumerate(packets):
            same = av.Packet(bytes(packet))
            same.pts = same.dts = number * 3600
            same.time_base, same.stream = Fraction(1, 90000), stream
            same.is_keyframe = packet.is_keyframe
            live.push(same)
        live.end()
        windows = list(live)
        assert [(w.width, w.height, w.num_frames) for w in windows] == [
            (*size, 18) for size in sizes
        ]
        assert [window.gops for window in windows] == [range(0, 2), range(2, 4)]
        assert live.counts.interruptions == 1
        for window, path in zip(windows, paths, strict=True):
            with CompressedVideo(path) as video:
                ours = window.read(range(18), modalities=("rgb", "motion"))
                theirs = video.read(range(18), modalities=("rgb", "motion"))
            np.testing.assert_array_equal(ours.rgb, theirs.rgb)
            np.testing.assert_array_equal(ours.motion, theirs.motion)


def test_headers_that_the_container_sends_anew_end_a_window(tmp_path) -> None:
    """FLV, and so RTMP, has H.264's parameter sets in packets of its own."""
    sizes = [(128, 96), (160, 112)]
    paths = [
        Path(clip(tmp_path / f"{w}.flv", codec="h264", width=w, height=h, num_frames=18))
        for w, h in sizes
    ]
    first, second = (path.read_bytes() for path in paths)
    stream = BytesIO(first + second[13:])  # but for the header of the file
    with (
        av.open(stream, format="flv") as container,
        LiveCompressedVideo(container, window_gops=9, waits_if_full=True) as live,
    ):
        windows = list(live)
        assert live.counts.interruptions == 1
    assert [(w.width, w.height, w.num_frames) for w in windows] == [(*size, 18) for size in sizes]
    for window, path in zip(windows, paths, strict=True):
        with CompressedVideo(path) as video:
            ours = window.read(range(18), modalities=("rgb", "motion"))
            theirs = video.read(range(18), modalities=("rgb", "motion"))
        np.testing.assert_array_equal(ours.rgb, theirs.rgb)
        np.testing.assert_array_equal(ours.motion, theirs.motion)


def test_times_that_go_back_end_a_window(made) -> None:
    """A sender that starts over, behind a socket that does not notice."""
    with av.open(made["h264"]) as container, LiveCompressedVideo(window_gops=2) as live:
        stream = container.streams.video[0]
        for _ in range(2):
            with packets_of(made["h264"]) as packets:
                for packet in packets[: GOP + 6]:
                    packet.stream = stream
                    live.push(packet)
        live.end()
        windows = list(live)
    assert [(w.num_frames, w.is_first) for w in windows] == [(18, True), (18, True)]
    assert live.counts.interruptions == 1


def test_packets_of_an_encoder(tmp_path) -> None:
    """No file in between: what an encoder hands on is pushed as it is."""
    path = str(tmp_path / "same.ts")
    with av.open(path, "w") as container, LiveCompressedVideo() as live:
        options = {"x264-params": "keyint=8:scenecut=0:bframes=2"}
        stream = container.add_stream("libx264", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        encoded = []
        for image in [*frames(24), None]:
            frame = None if image is None else av.VideoFrame.from_ndarray(image, format="rgb24")
            encoded += stream.encode(frame)
        windows = list(push_all(live, encoded))
        container.mux(encoded)
    with CompressedVideo(path) as video:
        seen = [assert_same_as_file(window, video) for window in windows]
    assert np.concatenate(seen).tolist() == list(range(24))
    assert len(windows) == 3


def test_arrival_times_are_the_packets(made) -> None:
    with packets_of(made["h264_b"]) as packets, LiveCompressedVideo() as live:
        for number, packet in enumerate(packets):
            live.push(packet, arrived=1e9 + number)
        window = live.get(0)
    # In display order: I0 B2 B3 P1 …, by their place in the stream
    assert (window.arrival_seconds[:4] - 1e9).tolist() == [0, 2, 3, 1]


def test_lost_packets_are_told_in_the_window_they_concern(made) -> None:
    """A P-frame is lost: what follows in its GOP rests on it, the next GOP is sound."""
    with (
        CompressedVideo(made["h264"]) as video,
        packets_of(made["h264"]) as packets,
        LiveCompressedVideo() as live,
    ):
        del packets[GOP + 4]
        windows = list(push_all(live, packets))
        clips = [w.read(range(w.num_frames), modalities=("rgb", "motion")) for w in windows]
        assert [clip.damaged.any() for clip in clips] == [False, True, False, False, False]
        assert not clips[1].damaged[:4].any()
        assert clips[1].damaged[4:].all()
        assert_same_as_file(windows[2], video)


def test_damage_is_an_error_of_the_window_where_it_is_to_be_one(made) -> None:
    with packets_of(made["h264"]) as packets, LiveCompressedVideo(on_damage="raise") as live:
        del packets[GOP + 4]
        sound = []
        for window in push_all(live, packets):
            try:
                sound.append(len(window.read(range(window.num_frames)).frame_inds))
            except CorruptVideoError:
                sound.append(0)
    assert sound == [12, 0, 12, 12, 2]


def test_windows_of_seconds_need_times(made) -> None:
    with packets_of(made["h264"]) as packets, LiveCompressedVideo(window_seconds=1) as live:
        for packet in packets:
            packet.pts = packet.dts = None
        with pytest.raises(CorruptVideoError, match="no times, so that there are no windows"):
            list(push_all(live, packets))


def test_decoding_times_are_not_believed(made) -> None:
    """Those of RTSP go back, and its first picture has no time at all."""
    with (
        CompressedVideo(made["h264_b"]) as video,
        packets_of(made["h264_b"]) as packets,
        LiveCompressedVideo(window_seconds=0.4) as live,
    ):
        packets[0].pts = None
        for packet in packets:
            packet.dts = None
        windows = list(push_all(live, packets))
        for window in windows:
            own = np.arange(window.start, window.stop)
            in_file = own + video.keyframes[window.gops.start + 1]
            ours = window.read(own, modalities=("motion",)).motion
            np.testing.assert_array_equal(ours, video.read(in_file, modalities=("motion",)).motion)
    assert [w.stop - w.start for w in windows] == [10, 10, 10, 8]
    assert live.counts.skipped_packets == GOP


def test_a_gop_without_an_end_is_let_go(made, caplog) -> None:
    with LiveCompressedVideo(window_gops=2, max_bytes=20_000) as live:
        with packets_of(made["h264"]) as packets:
            sizes = [packet.size for packet in packets]
        assert sum(sizes[: 2 * GOP]) > 20_000
        windows = windows_of(live, made["h264"])
    assert [window.gops for window in windows] == [range(4, 5)]  # the two frames at the end
    assert live.counts.dropped_gops == 4
    assert "max_bytes" in caplog.text


def test_a_container_that_pyav_opened_and_no_thread_is_left(made) -> None:
    before = threading.active_count()
    with CompressedVideo(made["h264_b"]) as video, av.open(made["h264_b"]) as container:
        with LiveCompressedVideo(container, waits_if_full=True, max_waiting=1) as live:
            seen = [assert_same_as_file(window, video) for window in live]
        assert np.concatenate(seen).tolist() == list(range(NUM_FRAMES))
        assert threading.active_count() == before
        container.seek(0)  # it stays open


def test_close_while_the_thread_waits_for_a_consumer(made) -> None:
    with av.open(made["h264"]) as container:
        live = LiveCompressedVideo(container, waits_if_full=True, max_waiting=1)
        window = live.get(10)
        began = time.monotonic()
        live.close()
        assert time.monotonic() - began < 5
        assert live.get(0) is None
        assert window.read([3], modalities=("motion",)).motion.any()  # what was fetched stays


def test_push_with_waits_if_full_says_so(made) -> None:
    with (
        packets_of(made["h264"]) as packets,
        LiveCompressedVideo(waits_if_full=True, max_waiting=1) as live,
    ):
        for packet in packets[: GOP + 1]:
            live.push(packet)
        refused = packets[GOP + 1]
        with pytest.raises(BlockingIOError, match="1 windows wait"):
            live.push(refused)
        live.get(0)
        live.push(refused)
        assert live.counts.packets == GOP + 2


def test_sound_alone_is_refused(tmp_path) -> None:
    path = str(tmp_path / "sound.wav")
    with av.open(path, "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
    with av.open(path) as container, pytest.raises(VideoOpenError, match="only audio"):
        LiveCompressedVideo(container)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(window_gops=0), "window_gops=0 must be a whole number above 0"),
        (dict(window_gops=1, window_seconds=2), "and not both"),
        (dict(window_gops=2, stride=0.5), "stride=0.5 must be a whole number"),
        (dict(window_seconds=-1), "window_seconds=-1 must be a number above 0"),
        (dict(max_waiting=0), "max_waiting=0"),
        (dict(on_damage="ignore"), "on_damage='ignore'"),
        (dict(reconnects=-1), "reconnects=-1"),
        (dict(virtual_gop=0), "virtual_gop=0"),
    ],
)
def test_arguments_that_cannot_be(arguments, message) -> None:
    with pytest.raises(ValueError, match=message):
        LiveCompressedVideo(**arguments)


def test_push_takes_packets_of_videos_only(made) -> None:
    with LiveCompressedVideo() as live, pytest.raises(ValueError, match="packet of a video"):
        live.push(av.Packet(b"abc"))
    with packets_of(made["h264"]) as packets, pytest.raises(ValueError, match="has ended"):
        live.push(packets[0])
    with LiveCompressedVideo() as live, pytest.raises(ValueError, match="container is closed"):
        live.push(packets[0])
