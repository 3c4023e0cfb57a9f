"""tools/analysis_tools/report.py: the page's numbers against hand computed ones, and its build.

A training from its first epoch to its page is tests/mmcondense_cli/test_train.py.
"""

from __future__ import annotations

import base64
import io
import json
import pickle
import re
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from compressedvideo import encode_frames
from mmcondense.evaluation.score_arrays import write_score_arrays

CLASSES = ("cut & fold", "pay $5 or $6", "<b>wave")
# Scores and labels of seven videos: predicted are 0 0 1 1 1 2 0.
SCORES = np.array(
    [
        *([0.88, 0.06, 0.06], [0.58, 0.32, 0.1], [0.2, 0.68, 0.12], [0.05, 0.88, 0.07]),
        *([0.2, 0.75, 0.05], [0.1, 0.32, 0.58], [0.55, 0.25, 0.2]),
    ],
    np.float32,
)
LABELS = (0, 0, 1, 0, 1, 1, 1)
# right are 0, 1, 2, 4: by confidence, 0.5 to 0.6: 0.58 right, 0.58 and 0.55 wrong; 0.6 to 0.7: 0.68
# right; 0.7 to 0.8: 0.75 right; 0.8 to 0.9: 0.88 right and 0.88 wrong
ECE = (abs(1 - 1.71) + abs(1 - 0.68) + abs(1 - 0.75) + abs(1 - 1.76)) / 7
ENVIRONMENT = f"System environment:\n    PyTorch: 2.14.1\n{'-' * 60}\n"


class Page(HTMLParser):
    """What a browser makes of a page: its resources, its texts by id, and whether tags match."""

    VOID = ("meta", "img", "br", "link", "input", "hr")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[tuple[str, str]] = []
        self.resources: list[str] = []
        self.texts: dict[str, str] = {}
        self.feed(text)
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list) -> None:
        given = dict(attrs)
        self.resources += [given[key] for key in ("src", "href", "xlink:href") if key in given]
        assert tag not in ("script", "link", "iframe")
        if tag not in self.VOID:
            self.open.append((tag, given.get("id") or ""))

    def handle_startendtag(self, tag: str, attrs: list) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        for _, name in self.open:
            if name:
                self.texts[name] = f"{self.texts.get(name, '')} {data.strip()}"

    def words(self, name: str) -> str:
        return " ".join(self.texts[name].split())


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Seven videos: the sixth is damaged, the last is not there."""
    folder = tmp_path_factory.mktemp("clips")
    noise = np.random.default_rng(0).integers(0, 256, (6, 16, 3), np.uint8)
    picture = noise.repeat(8, axis=0).repeat(8, axis=1)
    paths = [folder / f"{index}.mp4" for index in range(7)]
    for path in paths[:5]:
        encode_frames(path, [picture[:, 2 * t : 2 * t + 64] for t in range(20)], gop_size=10)
    paths[5].write_bytes(b"no video" * 99)
    return paths


@pytest.fixture
def work_dir(clips: list[Path], tmp_path: Path) -> Path:
    """As MMEngine leaves it after the second of three epochs of a small model."""
    run = tmp_path / "work" / "20260101_000000"
    (run / "vis_data").mkdir(parents=True)
    (run / "20260101_000000.log").write_text(ENVIRONMENT)
    entries: list[dict] = []
    for epoch, data_time in ((1, 0.1), (2, 0.3)):
        step = 10 * epoch
        train = dict(lr=0.1, loss=2 / epoch, time=0.5, data_time=data_time)
        entries.append({**train, "epoch": epoch, "iter": step, "step": step})
        entries.append({"acc/top1": 0.25 * epoch, "step": epoch})
    lines = [json.dumps(entry) + "\n" for entry in entries]
    (run / "vis_data" / "scalars.json").write_text("".join(lines) + '{"lr": 0.1, "lo')
    (run / "vis_data" / "config.py").write_text(
        "train_cfg = dict(by_epoch=True, max_epochs=3)\n"
        "pipeline = [dict(type='OpenVideo'), dict(type='SampleFrames', clip_len=1, num_clips=2),\n"
        "    dict(type='ReadFrames'), dict(type='FormatShape', input_format='NCHW'),\n"
        "    dict(type='PackActionInputs')]\n"
        "test_dataloader = dict(dataset=dict(pipeline=pipeline))\n"
        "model = dict(type='Recognizer2D', backbone=dict(type='ResNet', depth=18),\n"
        "    data_preprocessor=dict(type='ActionDataPreprocessor'),\n"
        "    cls_head=dict(type='TSNHead', num_classes=3, in_channels=512))\n"
    )
    (tmp_path / "names.txt").write_text("\n".join(CLASSES))
    samples = [
        dict(pred_score=score, gt_label=np.array([label]), filename=str(path))
        for score, label, path in zip(SCORES, LABELS, clips, strict=True)
    ]
    write_score_arrays(tmp_path / "work" / "scores.npz", samples)
    return tmp_path / "work"


@pytest.fixture
def report(load_tool: Callable[[str], ModuleType], capsys) -> Callable[..., tuple[int, str, str]]:
    tool = load_tool("analysis_tools/report.py")

    def run(*arguments: object) -> tuple[int, str, str]:
        code = tool.main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return run


def test_numbers_are_those_computed_by_hand(report, work_dir: Path, clips: list[Path]):
    code, said, _ = report(work_dir, "--label-map", work_dir.parent / "names.txt", "--clips", 3)
    assert code == 0
    assert said.startswith(f"{work_dir / 'report.html'}: ")
    assert [path.name for path in work_dir.glob("report*")] == ["report.html"]
    text = (work_dir / "report.html").read_text()
    page = Page(text)
    assert "Training at epoch 2 of 3." in text
    # four of seven; two of three, two of four, and the third class counts, too, since it was
    # predicted, as AccMetric has it
    assert page.words("summary").startswith(
        f"Top-1 57.1 % , mean of classes 38.9 %, calibration error (ECE) {ECE:.3f}; 7 videos"
    )
    assert page.words("classes").endswith(
        "cut & fold 2 3 66.7 pay $5 or $6 (1) "
        "pay $5 or $6 2 4 50.0 cut & fold (1) "  # and as often for the third
        "<b>wave 0 0 none"
    )
    assert page.words("bins").endswith(
        "0.5 to 0.6 3 0.570 0.333 0.6 to 0.7 1 0.680 1.000 "
        "0.7 to 0.8 1 0.750 1.000 0.8 to 0.9 2 0.880 0.500"
    )
    # names, and counts of the matrix row by row, as far as they are not 0
    matrix = page.words("confusion")
    assert "cut & fold pay $5 or $6 <b>wave predicted" in matrix
    assert re.findall(r"(?<!\S)\d(?!\S)", matrix) == ["2", "1", "1", "2", "1"]
    assert page.words("loader").startswith("An iteration takes 0.500 s, of which it waits 0.200 s")
    assert page.words("environment") == "PyTorch 2.14.1"
    assert "max_epochs=3" in text
    # 512 weights and a bias a class, and ResNet-18's
    assert f"{(11_176_512 + 3 * 513) / 1e6:.2f} M" in page.words("flops")
    # worst first: of the right class 0.05, 0.25, 0.32; best: 0.88, 0.75, 0.68
    captions = re.findall(r"<figcaption><code>(.*?)</code>", text)
    assert captions == [str(clips[i]) for i in (3, 6, 5, 0, 4, 2)]
    assert text.count('<p class="missing">') == 2
    assert "no video at this path any more" in text
    assert "is no video" in text


def test_the_page_stands_alone(report, work_dir: Path, tmp_path: Path):
    out = tmp_path / "new" / "page.html"
    assert report(work_dir, "--out", out, "--no-flops")[0] == 0
    text = out.read_text()
    assert len(text) < 3e6
    assert "://" not in text
    page = Page(text)
    assert all(resource.startswith(("data:image/", "#")) for resource in page.resources)
    pictures = re.findall(r'<img src="data:image/webp;base64,([^"]+)"', text)
    assert len(pictures) == 1 + 4  # two of the worst cannot be shown
    for picture in pictures:
        image = Image.open(io.BytesIO(base64.b64decode(picture, validate=True)))
        assert (image.format, image.n_frames, image.info["loop"]) == ("WEBP", 10, 0)
        assert max(image.size) == 240
    assert "class 2" in page.words("classes")  # without names
    assert "loss" in page.words("curves")
    assert "data_time" in page.words("curves")


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (apt-get install chromium)")
def test_a_browser_shows_the_page_without_complaint(report, work_dir: Path, tmp_path: Path):
    """What it logs of the page (errors, resources that are missing) goes to its CONSOLE lines."""
    assert report(work_dir, "--no-flops")[0] == 0
    seen = {}
    for name, page in dict(ours=work_dir / "report.html", broken=tmp_path / "broken.html").items():
        if name == "broken":  # that a complaint would be seen
            page.write_text("<img src=no.png><script>console.error('seen'); nothing()</script>")
        picture = tmp_path / f"{name}.png"
        done = subprocess.run(
            [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
            + [f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1000,1400"]
            + [f"--screenshot={picture}", page.as_uri()],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        seen[name] = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        image = np.asarray(Image.open(picture).convert("L"))
        assert image.shape == (1400, 1000)
        if name == "ours":
            inked = (image < 200).mean(axis=1) > 0  # rows with something on them
            assert inked[:700].mean() > 0.2
            assert inked[700:].mean() > 0.2
    assert seen["ours"] == []
    assert len(seen["broken"]) >= 2


def test_what_is_missing_is_said(report, work_dir: Path):
    scores = work_dir / "scores.npz"
    scores.rename(work_dir / "elsewhere")
    (work_dir / "tested.pkl").write_bytes(pickle.dumps([]))
    (work_dir / "20260101_000000" / "20260101_000000.log").unlink()
    config = work_dir / "20260101_000000" / "vis_data" / "config.py"
    config.write_text("model = dict(type='NoSuchModel')\n")
    scalars = config.with_name("scalars.json")
    scalars.write_text('{"lr": 0.1, "loss": 1.0, "epoch": 1, "iter": 1, "step": 1}\n')
    code, said, _ = report(work_dir)
    assert code == 0
    text = (work_dir / "report.html").read_text()
    Page(text)
    for line in (
        f"python tools/test.py CONFIG CHECKPOINT --dump {scores} makes them",
        f"--scores {work_dir / 'tested.pkl'}",
        "not counted (KeyError",
        "no data_time is logged",
        "no log in the work dir says",
    ):
        assert line in said
        assert line in text
    assert "<img" not in text
    assert not (work_dir / "report.html.part").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{tmp}/nowhere"], "no folder {tmp}/nowhere"),
        (["{tmp}"], "{tmp} is no work dir of a training: no */vis_data/scalars.json"),
        (["{tmp}/work", "--scores", "{tmp}/no.npz"], "no scores at {tmp}/no.npz"),
        (["{tmp}/work", "--scores", "{tmp}/names.txt"], "a .npz, .pkl or .pickle of"),
        (["{tmp}/work", "--scores", "{tmp}/bad.npz"], "{tmp}/bad.npz is no dump of"),
        (["{tmp}/work", "--scores", "{tmp}/bad.pkl"], "{tmp}/bad.pkl is no dump of"),
        (["{tmp}/work", "--label-map", "{tmp}/two.txt"], "has 3 classes, and there are 2 names"),
        (["{tmp}/work", "--label-map", "{tmp}/no.txt"], "no label map at {tmp}/no.txt"),
    ],
)
def test_wrong_input_is_one_line(report, work_dir: Path, arguments, message):
    tmp = work_dir.parent
    (tmp / "bad.npz").write_bytes(b"PK nothing")
    (tmp / "bad.pkl").write_bytes(b"nothing")
    (tmp / "two.txt").write_text("a\nb")
    code, _, said = report(*(argument.format(tmp=tmp) for argument in arguments))
    assert code == 1
    assert said.startswith("error: ")
    assert message.format(tmp=tmp) in said
    assert said.count("\n") == 1
    assert not (work_dir / "report.html").exists()
