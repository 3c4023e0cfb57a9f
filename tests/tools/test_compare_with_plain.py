"""compare_with_plain.py: sound clips pass, and each check finds what was tampered with."""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from types import ModuleType, SimpleNamespace

import av
import numpy as np
import pytest

from compressedvideo import CodecError, CompressedVideo, CorruptVideoError, encode_frames
from compressedvideo.motion.fields import warp
from tests.compressedvideo.slow_reference import translating_frames

FOLDER = Path(__file__).resolve().parents[2] / "tools" / "benchmarks"
NUM_FRAMES = 14


@pytest.fixture(scope="module")
def tools() -> Iterator[Callable[[str], ModuleType]]:
    """Imports a module of tools/benchmarks."""
    sys.path.insert(0, str(FOLDER))
    yield importlib.import_module
    sys.path.remove(str(FOLDER))


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("clips")
    frames = translating_frames(NUM_FRAMES, step=(1.5, -0.75), height=48, width=64)
    paths = {}
    for name, codec, suffix, b_frames in (
        ("mpeg4", "mpeg4", "mp4", 0),
        ("mpeg4-b", "mpeg4", "avi", 2),
        ("h264-b", "h264", "mp4", 2),
        ("hevc", "hevc", "mkv", 2),
    ):
        paths[name] = str(folder / f"{name}.{suffix}")
        encode_frames(paths[name], frames, codec=codec, gop_size=6, b_frames=b_frames)
    return paths


@pytest.mark.parametrize("name", ["mpeg4", "mpeg4-b", "h264-b", "hevc"])
@pytest.mark.parametrize("seed", [0, 1])
def test_sound_clips_are_right_and_every_check_was_made(tools, clips, name, seed) -> None:
    comparison = tools("comparison")
    report = comparison.compare(clips[name], seed=seed, fresh_share=1)
    assert report.verdict == "right"
    assert not report.doubts
    assert (report.frames, report.read_alone) == (NUM_FRAMES, NUM_FRAMES)
    assert report.keyframes == 3
    assert report.has_b_frames == (name != "mpeg4")
    made = {check for check, counted in report.checks.items() if counted.passed}
    assert made == set(tools("comparison_report").CHECKS) - {"open"}
    assert report.checks["invariant"].passed >= NUM_FRAMES


def test_a_folder_gives_a_table_a_summary_and_json(run_tool, clips, tmp_path) -> None:
    (tmp_path / "list.txt").write_text(clips["mpeg4"] + "\n")
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "broken.mp4").write_bytes(b"no video")
    (tmp_path / "videos" / "readme.txt").write_text("not looked at")
    tool = FOLDER / "compare_with_plain.py"
    output = run_tool(
        *("python", tool, tmp_path / "videos", "--list", tmp_path / "list.txt", "--json")
    ).stdout
    *text, last = output.splitlines()
    rows = json.loads(last)
    assert [row["verdict"] for row in rows] == ["refused", "right"]
    assert "VideoOpenError" in next(iter(rows[0]["refusals"]))
    assert text[-1].startswith("2 files: 1 right, 1 refused, 0 wrong; 14 frames")


# -- what a reader could do wrong


class Tampered(CompressedVideo):
    """A reader that is right but for what a test puts in its place."""

    def __init__(self, path: str, **changes: Callable) -> None:
        self.changes = changes
        self.reads = 0
        super().__init__(path)

    def _changed(self, name: str, value):
        return self.changes.get(name, lambda value: value)(value)

    @property
    def num_frames(self):
        return self._changed("num_frames", super().num_frames)

    @property
    def height(self):
        return self._changed("height", super().height)

    @property
    def keyframes(self):
        return self._changed("keyframes", super().keyframes)

    @property
    def iframe_inds(self):
        return self._changed("iframe_inds", super().iframe_inds)

    @property
    def frame_types(self):
        return self._changed("frame_types", super().frame_types)

    def gop_frame_types(self, gop):
        return self._changed("gop_frame_types", super().gop_frame_types(gop))

    def read(self, frame_inds, **request):
        self.reads += 1
        clip = super().read(frame_inds, **request)
        clip.reads, clip.frames_read = self.reads, list(frame_inds)
        return self._changed("clip", clip)


def adds(name: str, value, *, where: Callable = lambda clip: True) -> Callable:
    """Adds to a clip's array."""

    def change(clip):
        array = getattr(clip, name)
        if array is not None and where(clip):
            array += np.asarray(value, array.dtype)
        return clip

    return change


def changes_one_value(name: str, frame: int) -> Callable:
    """Of one frame, in its last pixel."""

    def change(clip):
        array = getattr(clip, name)
        if array is not None:
            for i in np.flatnonzero(clip.frame_inds == frame):
                array[i, -1, -1, 0] ^= 1
        return clip

    return change


def shows_the_next(clip):
    if clip.rgb is not None and len(clip.frame_inds) > 1:
        clip.rgb[:] = np.roll(clip.rgb, -1, axis=0)
    return clip


def with_types(clip):
    return replace_types(clip, ["P" if kind == "B" else kind for kind in clip.frame_types])


def replace_types(clip, types):
    clip.frame_types = types
    return clip


def raises(error: Exception) -> Callable:
    def change(*args, **kwargs):
        raise error

    return change


def no_quarters(clip):
    if clip.motion is not None and clip.motion.dtype == np.float32:
        clip.motion[clip.motion != 0] += np.float32(0.1)
    return clip


def with_other_cells(clip):
    """Consistent in itself: all vectors are a quarter pixel longer, and so is what follows."""
    if clip.cells is None or clip.precision == "integer":
        return clip
    for cells in filter(None, clip.cells):
        cells.vectors = cells.vectors + np.where(cells.slots == 255, 0, 1)[..., None].astype("i2")
    return clip


def residual_of_an_iframe(clip):
    if clip.residual is not None:
        clip.residual[clip.frame_inds == 6, 0, 0, 0] = 1
    return clip


@pytest.mark.parametrize(
    ("check", "tampered", "message"),
    [
        ("number", {"num_frames": lambda n: n - 1}, "13 frames, 14 are right"),
        ("number", {"clip": adds("frame_inds", 1)}, "for"),
        ("size", {"height": lambda h: h + 2}, "(50, 64)"),
        ("types", {"frame_types": lambda t: [*t[:3], "B", *t[4:]]}, "frame 3: B for P"),
        ("types", {"gop_frame_types": lambda t: [*t[:-1], "I"]}, "I for"),
        ("types", {"gop_frame_types": lambda t: t[:-1]}, "GOP"),
        ("types", {"clip": with_types}, "P for B"),
        ("keyframes", {"keyframes": lambda k: np.array([0, 5, 12])}, "frame 5: a P-frame"),
        ("keyframes", {"keyframes": lambda k: k[::-1]}, "do not ascend"),
        ("keyframes", {"keyframes": lambda k: k[1:]}, "do not ascend"),
        ("keyframes", {"iframe_inds": lambda k: k[:-1]}, "others"),
        ("pixels", {"clip": changes_one_value("rgb", 7)}, "frame 7: 1 of 3072 pixels differ"),
        ("pixels", {"clip": shows_the_next}, "it is frame"),
        ("pixels", {"clip": raises(KeyError("110"))}, "KeyError"),
        ("iframes", {"clip": adds("iframes", 1)}, "pixels differ"),
        ("iframes", {"clip": adds("iframe_inds", 1)}, "I-frame"),
        ("iframes", {"clip": adds("gop_inds", 1)}, "GOP"),
        ("times", {"clip": adds("pts_seconds", 0.04)}, "0.0400 s for 0.0000"),
        ("vectors", {"clip": with_other_cells}, "vectors differ"),
        ("invariant", {"clip": adds("motion_past", 0.25)}, "motion_past differs from its cells"),
        ("invariant", {"clip": adds("motion_future", 0.25)}, "motion_future differs from its"),
        ("invariant", {"clip": adds("residual", 1)}, "prediction + residual differs in 3072"),
        ("invariant", {"clip": changes_one_value("residual", 8)}, "frame 8: prediction + residual"),
        ("invariant", {"clip": residual_of_an_iframe}, "frame 6"),
        ("invariant", {"clip": no_quarters}, "no quarter pixels"),
        ("invariant", {"clip": adds("reference_distance", 1)}, "frame"),
        ("invariant", {"clip": adds("motion", 4)}, "frame"),
        (
            "history",
            {"clip": adds("motion", 1, where=lambda clip: clip.residual is None)},
            "motion changed",
        ),
        (
            "history",
            {"clip": adds("motion_future", 1, where=lambda clip: clip.reads % 2)},
            "motion_future changed",
        ),
    ],
)
def test_every_check_finds_what_is_wrong(tools, clips, check, tampered, message) -> None:
    report = tools("comparison").compare(
        clips["h264-b"], fresh_share=0.5, open_video=lambda path: Tampered(path, **tampered)
    )
    assert check in report.faults
    assert report.is_wrong
    assert message in report.checks[check].first


def test_what_is_refused_is_a_codec_error_with_the_path(tools, clips) -> None:
    compare = tools("comparison").compare
    path = clips["mpeg4"]

    def refusing(**where) -> Callable:
        def change(clip):
            if 5 in clip.frames_read:
                raise CorruptVideoError("is lost", frame=5, **where)
            return clip

        return lambda path: Tampered(path, clip=change)

    report = compare(path, open_video=refusing(path=path))
    assert report.verdict == "refused"
    assert not report.is_wrong
    assert report.refused_pictures == 1
    assert list(report.refusals) == ["CorruptVideoError: is lost"]
    report.may_refuse = "vectors"
    assert report.verdict == "wrong: refuses pixels"

    report = compare(path, open_video=refusing())
    assert "pixels" in report.faults
    assert "with the path None" in report.checks["pixels"].first


def test_refused_vectors_are_told_from_refused_pictures(tools, clips) -> None:
    path = clips["mpeg4"]

    def change(clip):
        if clip.motion is not None or clip.motion_past is not None:
            raise CorruptVideoError("has no vectors", path=path)
        return clip

    report = tools("comparison").compare(path, open_video=lambda p: Tampered(p, clip=change))
    assert report.refuses == "vectors"
    assert report.refused_pictures == 0
    report.may_refuse = "vectors"
    assert report.verdict == "refused"
    report.may_refuse = ""
    assert report.verdict == "wrong: refuses vectors"


def test_a_reader_that_cannot_be_opened(tools, clips) -> None:
    compare, path = tools("comparison").compare, clips["mpeg4"]
    report = compare(path, open_video=raises(OSError("no")))
    assert report.verdict == "wrong: open"
    report = compare(path, open_video=raises(CodecError("no", path=path)))
    assert report.verdict == "refused"
    assert report.refused_pictures == NUM_FRAMES


def test_what_a_plain_decode_cannot_read_must_be_refused(tools, clips, tmp_path) -> None:
    path = tmp_path / "text.mp4"
    path.write_text("no video")
    report = tools("comparison").compare(str(path))
    assert (report.verdict, report.frames) == ("refused", 0)
    report = tools("comparison").compare(
        str(path), open_video=lambda path: CompressedVideo(clips["mpeg4"])
    )
    assert report.verdict == "wrong: open"


def test_wrong_colours_are_found(tools, clips, monkeypatch) -> None:
    plain_video = tools("plain_video")
    right = plain_video.ColourConverter.rgb
    monkeypatch.setattr(
        plain_video.ColourConverter, "rgb", lambda self, frame, **k: right(self, frame, **k) ^ 1
    )
    report = tools("comparison").compare(clips["mpeg4"])
    assert "colours" in report.faults


# -- a process of its own


def test_a_crash_is_one_files_verdict(tools) -> None:
    apart = tools("compare_with_plain").compare_apart
    report = apart("x", seconds=60, comparing=lambda *_, **__: os.kill(os.getpid(), signal.SIGSEGV))
    assert report.verdict == "died (SIGSEGV)"
    assert report.is_wrong


def test_a_file_may_take_too_long(tools) -> None:
    apart = tools("compare_with_plain").compare_apart
    start = time.monotonic()
    report = apart("x", seconds=0.3, comparing=lambda *_, **__: time.sleep(60))
    assert report.verdict == "took more than 0.3 s"
    assert time.monotonic() - start < 20


def test_a_fault_of_the_tool_is_no_verdict_on_the_reader(tools) -> None:
    apart = tools("compare_with_plain").compare_apart
    report = apart("x", seconds=60, comparing=raises(ZeroDivisionError("oh")))
    assert "the comparison failed" in report.verdict
    assert "oh" in report.verdict
    assert report.faults == ["broke"]


def test_progress_and_options_pass_through(tools, clips) -> None:
    done: list[float] = []
    report = tools("compare_with_plain").compare_apart(
        clips["h264-b"], seconds=60, seed=3, fresh_share=0, on_progress=done.append
    )
    assert report.verdict == "right"
    assert done == sorted(done)


def test_frames_are_left_out_where_time_runs_out(tools, clips) -> None:
    report = tools("comparison").compare(clips["mpeg4"], seconds=0)
    assert report.read_alone == 0
    assert report.checks["pixels"].passed  # all together


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no videos"),
        (["x.mp4", "--seconds", "0"], "more than 0"),
        (["x.mp4", "--fresh", "2"], "0 to 1"),
        (["x.mp4", "--limit", "0"], "at least 1"),
        (["--list", "missing.txt"], "missing.txt"),
        (["--matrix", "betamax*"], "no clip has such a name"),
    ],
)
def test_wrong_arguments_are_named(tools, arguments, message, capsys) -> None:
    with pytest.raises(SystemExit):
        tools("compare_with_plain").parse_args(arguments)
    assert message in capsys.readouterr().err


# -- what is right


@pytest.mark.parametrize(
    ("matrix", "filters"),
    [
        ((1, 0, 0, 1), []),
        ((0, 1, -1, 0), [("transpose", "clock")]),
        ((-1, 0, 0, -1), [("hflip", None), ("vflip", None)]),
        ((0, -1, 1, 0), [("transpose", "cclock")]),
        ((-1, 0, 0, 1), [("hflip", None)]),
        ((1, 0, 0, -1), [("vflip", None)]),
        ((0, 1, 1, 0), [("transpose", "cclock_flip")]),
        ((0, -1, -1, 0), [("transpose", "clock_flip")]),
        ((0, 0, 0, 0), []),
    ],
)
def test_pictures_are_turned_as_ffmpegs_filters_do(tools, matrix, filters) -> None:
    orientation = tools("orientation")
    a, b, c, d = (65536 * value for value in matrix)
    found = orientation.orientation_of(np.array([a, b, 0, c, d, 0, 0, 0, 1 << 30], "i4").tobytes())
    picture = np.random.default_rng(0).integers(0, 256, (18, 32, 3), dtype=np.uint8)
    graph = av.filter.Graph()
    nodes = [graph.add_buffer(width=32, height=18, format="rgb24", time_base=Fraction(1, 25))]
    nodes += [graph.add(name, argument) for name, argument in filters]
    nodes.append(graph.add("buffersink"))
    graph.link_nodes(*nodes).configure()
    graph.push(av.VideoFrame.from_ndarray(picture, format="rgb24"))
    np.testing.assert_array_equal(found.turn(picture), graph.pull().to_ndarray(format="rgb24"))

    # Warping commutes with turning.
    vectors = np.random.default_rng(1).integers(-30, 30, (18, 32, 2))
    turned = warp(np.ascontiguousarray(found.turn(picture)), found.turn_vectors(vectors))
    np.testing.assert_array_equal(turned, found.turn(warp(picture, vectors)))


def test_other_angles_are_none(tools) -> None:
    matrix = np.array([46341, 46341, 0, -46341, 46341, 0, 0, 0, 1 << 30], "i4").tobytes()
    assert tools("orientation").orientation_of(matrix) is None


def test_each_cell_is_predicted_from_its_own_reference(tools) -> None:
    invariant = tools("invariant")
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (10, 12, 3), dtype=np.uint8) for _ in range(4)]
    vectors = np.zeros((2, 3, 3, 2), np.int16)
    slots = np.full((2, 3, 3), 255, np.uint8)
    slots[0, 0, 0] = 1  # from picture 3
    slots[0, 0, 1], slots[1, 0, 1] = 0, 1  # the mean of 0 and 3
    slots[1, 1, 1] = 0  # the second prediction alone
    vectors[0, 0, 0] = 8, -4  # two pixels to the right, one up
    vectors[1, 1, 1] = 2, 0  # half a pixel to the right
    cells = SimpleNamespace(vectors=vectors, slots=slots, pictures=(0, 3), cell=4)
    past, future = invariant.predictions_of_cells(cells, height=10, width=12, otherwise=2)
    found = invariant.predict(past, future, pictures)
    np.testing.assert_array_equal(found[0:4, 2:4], pictures[3][1:5, 0:2])
    mean = (pictures[0][0:4, 4:8].astype(int) + pictures[3][0:4, 4:8] + 1) >> 1
    np.testing.assert_array_equal(found[0:4, 4:8], mean)
    half = (pictures[0][4:8, 3:7].astype(int) + pictures[0][4:8, 4:8] + 1) >> 1
    np.testing.assert_array_equal(found[4:8, 4:8], half)
    np.testing.assert_array_equal(found[8:], pictures[2][8:])


def test_vectors_into_hidden_pictures_do_not_move_pixels(tools) -> None:
    """No frame shows them, so what they were is not known."""
    pictures = [np.random.default_rng(0).integers(0, 256, (4, 8, 3), dtype=np.uint8)] * 2
    vectors = np.zeros((2, 1, 2, 2), np.int16)
    vectors[0] = 4, 0
    slots = np.full((2, 1, 2), 255, np.uint8)
    slots[0] = 0, 1
    cells = SimpleNamespace(vectors=vectors, slots=slots, pictures=(0, -1), cell=4)
    past, future = tools("invariant").predictions_of_cells(cells, height=4, width=8, otherwise=1)
    found = tools("invariant").predict(past, future, pictures)
    np.testing.assert_array_equal(found[:, 1:4], pictures[0][:, 0:3])
    np.testing.assert_array_equal(found[:, 4:], pictures[1][:, 4:])


def test_directions_must_say_what_the_cells_say(tools) -> None:
    """One prediction from picture 0, one from picture 3, of picture 2."""
    invariant = tools("invariant")
    vectors = np.zeros((2, 2, 2, 2), np.int16)
    slots = np.full((2, 2, 2), 255, np.uint8)
    slots[0, 0, 0], vectors[0, 0, 0] = 0, (4, 8)
    slots[1, 0, 0], vectors[1, 0, 0] = 1, (-4, 2)
    slots[0, 1, 1], vectors[0, 1, 1] = 1, (6, 0)  # list 0 into the future
    cells = SimpleNamespace(vectors=vectors, slots=slots, pictures=(0, 3), cell=4)
    predictions = invariant.predictions_of_cells(cells, height=8, width=8, otherwise=0)
    past, future = np.zeros((2, 8, 8, 2), np.float32)
    past[:4, :4], future[:4, :4], future[4:, 4:] = (1, 2), (-1, 0.5), (1.5, 0)

    def fault(past=past, future=future, valid=None) -> str | None:
        clip = SimpleNamespace(
            frame_inds=[2],
            precision="subpixel",
            motion_past=past[None],
            motion_future=future[None],
            valid_past=past.any(-1)[None] if valid is None else valid,
            valid_future=future.any(-1)[None],
        )
        return invariant.direction_fault(clip, 0, predictions)

    assert fault() is None
    assert "motion_past differs" in str(fault(past=past * 2))
    assert "motion_future differs" in str(fault(future=future * 2))
    assert "other pixels" in str(fault(valid=np.ones((1, 8, 8), bool)))
    assert "other pixels" in str(fault(future=np.zeros_like(future)))


def test_residuals_are_held_against_the_cells_of_a_reader_that_has_them(tools, clips) -> None:
    """The same P-frame, its only reference named by cells, rightly and wrongly."""
    invariant, plain = tools("invariant"), tools("plain_video").decode_plainly(clips["mpeg4"])
    with CompressedVideo(clips["mpeg4"]) as video:
        clip = video.read([3], modalities=("residual", "motion_past", "motion_future"))
        whole = video.read(
            [3], modalities=("residual", "motion_past", "motion_future"), precision="integer"
        )
    vectors = np.zeros((2, 6, 8, 2), np.int16)
    vectors[0] = clip.motion_past[0, ::8, ::8] * 4
    slots = np.where([clip.valid_past[0, ::8, ::8], np.zeros((6, 8), bool)], 0, 255)
    pictures = [frame.rgb for frame in plain.frames]
    where = {"stored_size": (48, 64), "orientation": tools("orientation").UPRIGHT}
    for read in (clip, whole):
        for reference, right in ((2, True), (1, False)):
            read.cells = [
                SimpleNamespace(vectors=vectors, slots=slots, pictures=(reference,), cell=8)
            ]
            fault = invariant.fault_against_previous(read, 0, pictures, **where)
            assert (fault is None) == right, fault


def test_lost_pictures_may_be_counted_and_must_be_refused_then(tools, clips, tmp_path) -> None:
    path = tmp_path / "damaged.mp4"
    data = bytearray(Path(clips["h264-b"]).read_bytes())
    with av.open(clips["h264-b"]) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    lost = next(p for p in packets[1:] if p.pts is not None and p.size < 200)  # a B-frame
    place = sorted(p.pts for p in packets).index(lost.pts)
    data[lost.pos : lost.pos + 4] = b"\x7f\xff\xff\xff"  # the length of its NAL unit
    path.write_bytes(data)
    plain = tools("plain_video").decode_plainly(str(path))
    assert len(plain) == NUM_FRAMES - 1
    assert plain.lost == [place]
    assert any("refuses a packet" in complaint for complaint in plain.damage)
    plain.follow(NUM_FRAMES)
    assert len(plain) == NUM_FRAMES
    assert not plain.frames[place].rgb.size
    assert np.isnan(plain.seconds[place])
    assert plain.seconds[-1] == pytest.approx((NUM_FRAMES - 1) / 25)


def test_places_of_lost_pictures_are_told_by_time(tools) -> None:
    places = tools("plain_video")._lost_places
    assert places([0, 3, 1, 2, 4], [0, 1, 3]) == [2, 3]
    assert places([0, 1, 2], [0, 1, 2]) == []
    assert places([0, 1, 1, 2], [0, 1]) == []  # equal times tell nothing
    assert places([0, None, 2], [0, 2]) == []
    assert places([0, 1, 2], [1, 0]) == []


def test_what_the_decoder_calls_corrupt_may_look_otherwise(tools, clips) -> None:
    plain = tools("plain_video").decode_plainly(clips["mpeg4"])
    report = tools("comparison_report").Report(clips["mpeg4"])
    examiner = tools("examination").Examiner(plain, report)
    plain.frames[4].is_corrupt = True
    with CompressedVideo(clips["mpeg4"]) as video:
        clip = video.read([4, 5], modalities=("rgb",))
        clip.rgb[:, 0, 0] ^= 1
        for i in range(2):
            examiner.examine(clip, i, {}, keyframes=video.keyframes)
    assert str(report.checks["pixels"]) == "1 of 2 wrong: frame 5: 1 of 3072 pixels differ"
    assert plain.doubts[-1].startswith("frame 4, which the decoder calls corrupt")


def test_the_video_is_no_attached_picture(tools, tmp_path) -> None:
    recipes = tools("clip_recipes")
    path = tmp_path / "cover.mp4"
    recipes.write_with_cover(path, recipes.Recipe("mpeg4", ".mp4", num_frames=3))
    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_context.name == "mjpeg"
    plain = tools("plain_video").decode_plainly(str(path))
    assert (plain.codec, len(plain)) == ("mpeg4", 3)
