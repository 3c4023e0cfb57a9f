from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def tool(load_tool) -> ModuleType:
    return load_tool("data/unpack.py")


@pytest.fixture
def run(tool, monkeypatch, capsys):
    def run(*arguments, status: int = 0) -> str:
        monkeypatch.setattr(sys, "argv", ["unpack.py", *map(str, arguments)])
        assert tool.main() == status
        output = capsys.readouterr()
        return output.err if status else output.out.strip()

    return run


def make_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def make_fake_unrar(folder: Path, *, status: int = 0) -> None:
    """A program ``unrar`` that opens zip files named .rar, since nothing free writes real ones."""
    folder.mkdir()
    program = folder / "unrar"
    program.write_text(
        f"#!{sys.executable}\n"
        "import sys, zipfile\n"
        "*_, archive, target = sys.argv\n"
        "zipfile.ZipFile(archive).extractall(target)\n"
        f"sys.exit({status})\n"
    )
    program.chmod(0o755)


def test_archive_of_archives_as_hmdb51_is(run, tmp_path, monkeypatch):
    make_fake_unrar(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    inner = {
        f"{name}.rar": make_zip(tmp_path / "inner", {f"{name}/a.avi": name.encode()}).read_bytes()
        for name in ("wave", "brush_hair")
    }
    make_zip(tmp_path / "hmdb51_org.rar", inner)
    target = tmp_path / "data" / "videos"
    target.parent.mkdir()
    for _ in range(2):  # the second call finds everything done
        out = run(tmp_path, target, "hmdb51_org", "--suffix", ".avi")
        assert out == str(target)
    files = sorted(path.relative_to(target).as_posix() for path in target.rglob("*.*"))
    assert files == ["brush_hair/a.avi", "wave/a.avi"]
    assert (target / "wave" / "a.avi").read_bytes() == b"wave"
    assert not target.with_name("videos.part").exists()


def test_class_folders_are_found_below(run, tmp_path):
    make_zip(tmp_path / "UCF101.zip", {"UCF-101/Basketball/v_1.avi": b"", "readme.txt": b""})
    out = run(tmp_path, tmp_path / "videos", "UCF101", "UCF-101", "--suffix", ".avi")
    assert out == str(tmp_path / "videos" / "UCF-101")


def test_tar_and_half_unpacked_folder(run, tmp_path):
    (tmp_path / "list.txt").write_text("1 Basketball")
    with tarfile.open(tmp_path / "lists.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "list.txt", "lists/list.txt")
    (tmp_path / "out.part").mkdir()
    (tmp_path / "out.part" / "from_before").touch()
    assert run(tmp_path, tmp_path / "out", "lists") == str(tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").rglob("*.*")] == ["list.txt"]
    assert not (tmp_path / "out" / "from_before").exists()


def test_unpacked_folder_is_taken_as_it_is(run, tmp_path):
    (tmp_path / "UCF-101" / "Basketball").mkdir(parents=True)
    (tmp_path / "UCF-101" / "Basketball" / "v_1.avi").touch()
    out = run(tmp_path, tmp_path / "videos", "UCF101", "UCF-101", "--suffix", ".avi")
    assert out == str(tmp_path / "UCF-101")
    assert not (tmp_path / "videos").exists()


def test_rar_without_a_program_says_what_to_install(run, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    make_zip(tmp_path / "a.rar", {})
    assert "needs one of unrar, bsdtar, 7z" in run(tmp_path, tmp_path / "out", "a", status=1)
    assert not (tmp_path / "out").exists()


def test_failing_program_leaves_no_folder(run, tmp_path, monkeypatch):
    make_fake_unrar(tmp_path / "bin", status=3)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    make_zip(tmp_path / "a.rar", {"video.avi": b""})
    assert "exit status 3" in run(tmp_path, tmp_path / "out", "a", status=1)
    assert not (tmp_path / "out").exists()


def test_missing_archive_names_what_was_looked_for(run, tmp_path):
    error = run(tmp_path, tmp_path / "out", "UCF101", "UCF-101", status=1)
    assert "holds no UCF101 or UCF-101 (.rar, .zip" in error


def test_a_link_names_the_class_folders_whatever_is_around_them(load_tool, tmp_path):
    tool = load_tool("data/unpack.py")
    classes = tmp_path / "UCF-101"
    (classes / "YoYo").mkdir(parents=True)
    link = tmp_path / "data" / "videos"
    for _ in range(2):
        tool.link_to(classes, link)
        assert (link / "YoYo").is_dir()
    tool.link_to(link, link)  # unpacked there in the first place
    for other in (tmp_path / "elsewhere", tmp_path / "gone"):
        other.mkdir()
        occupied = tmp_path / f"link_{other.name}"
        occupied.symlink_to(other)
        if other.name == "gone":
            other.rmdir()
        with pytest.raises(FileExistsError, match="move it away"):
            tool.link_to(classes, occupied)


def test_archives_that_announce_too_much_are_refused(run, tmp_path):
    bomb = make_zip(tmp_path / "bomb", {"video.avi": bytes(1 << 20)})  # packed to a thousandth
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("video.avi", bytes(1 << 20))
    with tarfile.open(tmp_path / "b.tar.gz", "w:gz") as archive:
        archive.add(bomb, "video.avi")
    for name in ("a", "b"):
        out = run(tmp_path, tmp_path / "out", name, "--max-bytes", 1 << 19, status=1)
        assert "bytes or more, and 524288 are left" in out
        assert not (tmp_path / "out").exists()
        assert not (tmp_path / "out.part").exists()
        assert run(tmp_path, tmp_path / f"out_{name}", name, "--max-bytes", 1 << 21)


def test_what_is_left_counts_over_all_archives(run, tmp_path):
    inner = make_zip(tmp_path / "inner", {"a.avi": bytes(1000)}).read_bytes()
    make_zip(tmp_path / "outer.zip", {f"{n}.zip": inner for n in range(5)})
    total = 5 * (len(inner) + 1000)
    assert run(tmp_path, tmp_path / "fits", "outer", "--max-bytes", total)
    assert "are left" in run(
        tmp_path, tmp_path / "not", "outer", "--max-bytes", total - 1, status=1
    )


def test_archives_packed_again_and_again_are_refused(run, tmp_path):
    data = make_zip(tmp_path / "inner", {"a.avi": b"a"}).read_bytes()
    for level in range(3):
        data = make_zip(tmp_path / "inner", {f"{level}.zip": data}).read_bytes()
    (tmp_path / "four.zip").write_bytes(data)
    make_zip(tmp_path / "five.zip", {"3.zip": data})
    assert run(tmp_path, tmp_path / "out", "four")
    assert "packed more than 4 times" in run(tmp_path, tmp_path / "five", "five", status=1)


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tgz"])
def test_damaged_archives_are_an_error_and_no_traceback(name, run, tmp_path):
    (tmp_path / name).write_bytes(b"PK\3\4" + bytes(range(256)) * 4)
    assert f"{name} cannot be unpacked" in run(tmp_path, tmp_path / "out", "a", status=1)
    assert not (tmp_path / "out.part").exists()
