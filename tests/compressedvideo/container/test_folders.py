"""Which files below a folder are looked at."""

from __future__ import annotations

from pathlib import Path

from compressedvideo.container.folders import VIDEO_SUFFIXES, files_below, is_video


def test_files_behind_links_each_once(tmp_path: Path):
    videos, elsewhere = tmp_path / "videos", tmp_path / "elsewhere"
    for folder in (videos / "b", elsewhere):
        folder.mkdir(parents=True)
    for path in (videos / "z.mp4", videos / "b" / "a.mp4", elsewhere / "c.avi"):
        path.touch()
    (videos / "a_link").symlink_to(elsewhere, target_is_directory=True)
    (videos / "b" / "loop").symlink_to(videos, target_is_directory=True)
    (videos / "file_link.mkv").symlink_to(elsewhere / "c.avi")
    found = [path.relative_to(videos).as_posix() for path in files_below(videos)]
    assert found == ["file_link.mkv", "z.mp4", "a_link/c.avi", "b/a.mp4"]


def test_what_is_a_video_by_its_name():
    assert all(suffix == suffix.lower() and suffix[0] == "." for suffix in VIDEO_SUFFIXES)
    named = ("a.MTS", "a.b.h264", "a.part.mp4", "a.txt", "mp4", ".mp4")
    assert [is_video(Path(name)) for name in named] == [True, True, False, False, False, False]
