"""The same clip from everywhere: path, bytes, file objects, MMEngine's backends, archives."""

from __future__ import annotations

import dataclasses
import os
import sys
import tarfile
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from mmengine.dataset import pseudo_collate
from mmengine.fileio import BaseStorageBackend, register_backend
from torch.utils.data import DataLoader

from compressedvideo import (
    CodecError,
    CompressedClip,
    CompressedVideo,
    VideoNotFoundError,
    VideoOpenError,
)
from mmcondense.datasets import CompressedVideoDataset, storage
from mmcondense.datasets.shards import scan_archive, write_index
from mmcondense.datasets.storage import open_video

FRAMES = [1, 5, 17, 23]
CONTENT: dict[str, bytes] = {}
"""What the backends of these tests hold."""


@register_backend("memory", prefixes="memory", force=True)
class MemoryBackend(BaseStorageBackend):
    def get(self, filepath):
        try:
            return memoryview(CONTENT[str(filepath).removeprefix("memory://")])
        except KeyError:
            raise FileNotFoundError(filepath) from None

    def get_text(self, filepath):
        raise NotImplementedError


@register_backend("process", force=True)
class ProcessBackend(MemoryBackend):
    """Is of use only to the process that made it, as an open connection would be."""

    def __init__(self) -> None:
        self.process = os.getpid()

    def get(self, filepath):
        assert self.process == os.getpid()
        return super().get(filepath)


@pytest.fixture
def fakes(monkeypatch) -> None:
    """Clients of lmdb, Petrel and memcached, on CONTENT."""

    class Database:
        def begin(self, *, write):
            return self

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def get(self, key):
            return CONTENT.get(key.decode())

        def close(self):
            pass

    def open_database(path, **settings):
        assert settings["readonly"]
        assert path == "videos.lmdb"
        return Database()

    class PetrelClient:
        def __init__(self, conf_path, enable_mc):
            assert conf_path == "petrel.conf"

        def Get(self, path):
            return CONTENT.get(path.removeprefix("s3://"))

    def get_from_cache(key, buffer):
        buffer.append(CONTENT[key])

    modules = dict(
        lmdb=dict(open=open_database),
        petrel_client=dict(client=SimpleNamespace(Client=PetrelClient)),
        mc=dict(
            MemcachedClient=SimpleNamespace(
                GetInstance=lambda *_: SimpleNamespace(Get=get_from_cache)
            ),
            pyvector=list,
            ConvertBuffer=lambda buffer: buffer[-1],
        ),
    )
    for name, members in modules.items():
        module = ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)
    storage._make_backend.cache_clear()
    yield
    storage._make_backend.cache_clear()


@pytest.fixture
def server(make_clip, monkeypatch):
    """Address of a web server on the clips' folder."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = partial(Handler, directory=make_clip(40).parent)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()


@pytest.fixture
def archive(tmp_path, make_clip) -> Path:
    with tarfile.open(tmp_path / "clips.tar", "w") as tar:
        tar.add(make_clip(20), arcname="videos/other.mp4")
        tar.add(make_clip(40), arcname="videos/clip.mp4")
    return tmp_path / "clips.tar"


def assert_equal(one: CompressedClip, other: CompressedClip) -> None:
    for field in dataclasses.fields(CompressedClip):
        expected, found = getattr(one, field.name), getattr(other, field.name)
        if isinstance(expected, np.ndarray):
            assert expected.dtype == found.dtype
            assert expected.tobytes() == found.tobytes()
        else:
            assert expected == found


def read(results: dict) -> CompressedClip:
    with open_video(results) as video:
        return video.read(FRAMES)


@pytest.mark.parametrize("codec", ["mpeg4", "h264"])
def test_every_way_gives_the_same_clip(
    make_clip, archive, server, fakes, monkeypatch, tmp_path, codec
):
    path = make_clip(40) if codec == "mpeg4" else make_clip(40, codec="h264", b_frames=2)
    data = path.read_bytes()
    with CompressedVideo(path) as video:
        expected = video.read(FRAMES)
    for name in ("mkstemp", "mkdtemp", "TemporaryFile", "NamedTemporaryFile"):
        monkeypatch.setattr(tempfile, name, None)  # nobody needs one

    for source in (str(path), data, bytearray(data), BytesIO(data), path.open("rb")):
        with CompressedVideo(source) as video:
            assert_equal(video.read(FRAMES), expected)
        if hasattr(source, "close"):
            source.close()

    CONTENT["clip"] = data
    with tarfile.open(archive, "w") as tar:
        tar.add(path, arcname="videos/clip.mp4")
    cached = dict(backend="memcached", server_list_cfg=str(path), client_cfg=str(path))
    for filename, backend_args in (
        (str(path), None),
        (str(path), dict(backend="local")),
        ("memory://clip", None),
        ("clip", dict(backend="memory")),
        (f"{server}/{path.name}", None),
        ("clip", dict(backend="lmdb", db_path="videos.lmdb")),
        ("s3://clip", dict(backend="petrel", conf_path="petrel.conf")),
        (f"file://{path}", None),
        (str(path), dict(backend="fsspec")),
        (f"file://{archive}/videos/clip.mp4", dict(backend="shards")),
        ("clip", cached),
        (f"{archive}/videos/clip.mp4", dict(backend="shards")),
        (f"shards://{archive}/videos/clip.mp4", None),
    ):
        results = dict(filename=filename, backend_args=backend_args)
        assert_equal(read(results), expected)
        assert_equal(read(results), expected)  # the backend made before
    write_index(archive, scan_archive(archive))
    assert_equal(read(dict(filename=f"shards://{archive}/videos/clip.mp4")), expected)


def test_what_cannot_be_fetched_is_named(fakes, server, archive):
    CONTENT.clear()
    lmdb = dict(backend="lmdb", db_path="videos.lmdb")
    for filename, backend_args, kind, message in (
        ("memory://a", None, VideoNotFoundError, "MemoryBackend finds no such file"),
        ("a", lmdb, VideoNotFoundError, "LmdbBackend has nothing of this name"),
        (f"{server}/a.mp4", None, VideoOpenError, "HTTPBackend cannot fetch it .*404"),
        ("file:///none/a.mp4", None, VideoNotFoundError, "FsspecBackend finds no such file"),
        ("http://127.0.0.1:1/a.mp4", None, VideoOpenError, "cannot fetch it .*refused"),
        (f"{archive}/a.mp4", dict(backend="shards"), VideoNotFoundError, "clips.tar has 2 members"),
    ):
        with pytest.raises(kind, match=message) as caught:
            open_video(dict(filename=filename, backend_args=backend_args))
        assert caught.value.path == filename


def test_a_broken_video_is_named_by_where_it_lies(tmp_path):
    CONTENT["broken"] = b"no video"
    with pytest.raises(CodecError, match=r"^memory://broken: ") as caught:
        open_video(dict(filename="memory://broken"))
    assert caught.value.path == "memory://broken"
    CONTENT["empty"] = b""
    with pytest.raises(VideoOpenError, match="memory://empty: is empty"):
        open_video(dict(filename="memory://empty"))


def test_unknown_backends_are_refused():
    with pytest.raises(ValueError, match=r"there is no such backend, only.*'shards'"):
        open_video(dict(filename="a.mp4", backend_args=dict(backend="disc")))
    with pytest.raises(ValueError, match=r"gopher:// is no prefix.*'shards'"):
        open_video(dict(filename="gopher://a.mp4"))


PIPELINE = [
    dict(type="SampleCompressedFrames", num_segments=2, test_mode=True),
    dict(type="LoadCompressedVideo"),
    dict(type="FormatCompressedShape"),
    dict(type="PackActionInputs", collect_keys=("iframe", "motion", "residual")),
]


def build(tmp_path: Path, names: list[str], **arguments) -> CompressedVideoDataset:
    (tmp_path / "list.txt").write_text("".join(f"{name} {i}\n" for i, name in enumerate(names)))
    return CompressedVideoDataset(
        "list.txt", PIPELINE, **(dict(data_root=str(tmp_path), test_mode=True) | arguments)
    )


def assert_same_samples(dataset: CompressedVideoDataset, expected: CompressedVideoDataset) -> None:
    """In this process, then in forked workers, then in this process again."""
    wanted = [expected[i] for i in range(len(expected))]
    loader = DataLoader(dataset, num_workers=2, collate_fn=pseudo_collate)
    samples = [
        *(dataset[i]["inputs"] for i in range(len(dataset))),
        *({name: x[0] for name, x in batch["inputs"].items()} for batch in [*loader, *loader]),
        dataset[0]["inputs"],
    ]
    assert len(samples) == 3 * len(wanted) + 1
    for i, inputs in enumerate(samples):
        for name, array in inputs.items():
            np.testing.assert_array_equal(array, wanted[i % len(wanted)]["inputs"][name])


@pytest.mark.parametrize("indexed", [False, True])
def test_two_workers_read_archives(tmp_path, archive, make_clip, indexed):
    if indexed:
        write_index(archive, scan_archive(archive))
    members = ["clips.tar/videos/other.mp4", "clips.tar/videos/clip.mp4"]
    files = [str(make_clip(20)), str(make_clip(40))]
    expected = build(tmp_path, files)
    assert_same_samples(
        build(tmp_path, members, backend_args=dict(backend="shards")),
        expected,
    )
    prefix = dict(video=f"shards://{tmp_path}")
    at_address = dict(data_root=f"file://{tmp_path}", backend_args=dict(backend="shards"))
    assert_same_samples(build(tmp_path, members, **at_address), expected)
    dataset = build(tmp_path, members, data_prefix=prefix)
    assert dataset.get_data_info(0)["filename"] == f"shards://{tmp_path}/{members[0]}"
    np.testing.assert_array_equal(dataset[1]["inputs"]["motion"], expected[1]["inputs"]["motion"])


def test_each_process_makes_its_own_backend(tmp_path, make_clip):
    files = [make_clip(20), make_clip(40)]
    CONTENT.update({str(tmp_path / path.name): path.read_bytes() for path in files})
    names = [path.name for path in files]
    expected = build(tmp_path, [str(path) for path in files])
    assert_same_samples(build(tmp_path, names, backend_args=dict(backend="process")), expected)


def test_training_skips_what_an_archive_lacks(tmp_path, archive):
    members = ["clips.tar/videos/clip.mp4", "clips.tar/videos/none.mp4"]
    dataset = build(tmp_path, members, backend_args=dict(backend="shards"), test_mode=False)
    assert dataset[1]["data_samples"].gt_label.item() == 0
    assert dataset.skipped_files() == [str(tmp_path / members[1])]


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="tells memory on Linux only")
def test_memory_stays_flat(tmp_path, archive, make_clip):
    def resident_megabytes() -> float:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    datasets = [
        build(tmp_path, [str(make_clip(40))]),
        build(tmp_path, ["clips.tar/videos/clip.mp4"], backend_args=dict(backend="shards")),
    ]
    for reads in range(120):  # a sample is of 0.2 MB, and reading it takes more
        if reads == 20:
            before = resident_megabytes()
        for dataset in datasets:
            dataset[0]
    assert resident_megabytes() - before < 10
