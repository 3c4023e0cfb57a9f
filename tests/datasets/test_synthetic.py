"""The synthetic set: no frame tells a motion, motions are what they are called, bytes repeat."""

from __future__ import annotations

import json
import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmaction.datasets import VideoDataset
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from compressedvideo import CompressedVideo
from mmcondense.datasets.synthetic import make_synthetic
from mmcondense.datasets.synthetic_scenes import (
    MOTIONS,
    SHAPES,
    TASK_CLASSES,
    Scene,
    SceneOptions,
    render,
    sample_scene,
    shape_mask,
    true_motion,
)

SMALL = SceneOptions(size=48, num_frames=17, noise=0)
TINY = {"size": 32, "num_frames": 8, "speed": (1, 2), "show_progress": False}
SHOWN_FRAMES = {"first": 0, "middle": 8, "last": 16}


def scene_of(task: str, label: int, *, seed: int = 0, options: SceneOptions = SMALL) -> Scene:
    return sample_scene(task, label, rng=np.random.default_rng([seed, label]), options=options)


@pytest.fixture(scope="module")
def motion_frames() -> tuple[dict[str, np.ndarray], np.ndarray]:
    """First, middle and last frames of 560 `motion` clips, 16x16 and flat, and the labels."""
    labels = np.arange(560) % len(MOTIONS)
    frames: dict[str, list[np.ndarray]] = {name: [] for name in SHOWN_FRAMES}
    for index, label in enumerate(labels):
        clip = render(scene_of("motion", label, seed=index))
        for name, frame in SHOWN_FRAMES.items():
            small = cv2.resize(clip[frame], (16, 16), interpolation=cv2.INTER_AREA)
            frames[name].append(small.ravel() / 255)
    return {name: np.stack(images) for name, images in frames.items()}, labels


@pytest.mark.parametrize("name", SHOWN_FRAMES)
@pytest.mark.parametrize(
    "classifier", [LogisticRegression(C=0.1, max_iter=300), KNeighborsClassifier(5)]
)
def test_a_frame_does_not_tell_the_motion(motion_frames, name: str, classifier) -> None:
    frames, labels = motion_frames
    classifier.fit(frames[name][:320], labels[:320])
    accuracy = classifier.score(frames[name][320:], labels[320:])
    assert abs(accuracy - 1 / 8) < 0.08  # 3.7 standard deviations of 240 guesses


def test_the_difference_of_frames_does(motion_frames) -> None:
    """The control: where there is something to find, such a classifier finds it."""
    frames, labels = motion_frames
    moving = np.isin(labels, [MOTIONS.index("zoom_in"), MOTIONS.index("left")])
    differences = np.abs(frames["last"] - frames["first"])[moving]
    classifier = LogisticRegression(max_iter=300).fit(differences[:100], labels[moving][:100])
    assert classifier.score(differences[100:], labels[moving][100:]) > 0.6


def test_poses_are_distributed_alike() -> None:
    """Place, angle and log scale are uniform for every motion, at the first frame and later."""
    count = 200
    bound = 1.95 / math.sqrt(count)  # Kolmogorov's statistic exceeds it once in 1,000
    for label, motion in enumerate(MOTIONS):
        clips = [scene_of("motion", label, seed=seed).layers[0].poses for seed in range(count)]
        for name, frame in SHOWN_FRAMES.items():
            x, y, angle, scale = np.stack([poses[frame] for poses in clips], axis=-1)
            turns = angle / (2 * math.pi)
            zoom = np.log(scale / 0.8) / math.log(1.35 / 0.8)
            ranked = np.sort(np.stack([x / 48 % 1, y / 48 % 1, turns % 1, zoom]), axis=1)
            steps = np.arange(count) / count
            deviation = np.maximum(ranked - steps, steps + 1 / count - ranked).max(axis=1)
            assert (deviation < bound).all(), (motion, name, deviation)


@pytest.mark.parametrize("task", TASK_CLASSES)
def test_true_motion_predicts_the_next_frame(task: str) -> None:
    options = SceneOptions(num_frames=20, noise=0)
    x, y = np.meshgrid(np.arange(112, dtype=np.float32), np.arange(112, dtype=np.float32))
    for label in range(len(TASK_CLASSES[task])):
        scene = scene_of(task, label, options=options)
        frames = render(scene).astype(np.float32)
        seen = next(t for t in range(1, 20) if scene.layers[-1].visible[[t - 1, t]].all())
        motion, valid = true_motion(scene, seen)
        moving = valid & (np.abs(motion).sum(axis=-1) > 0.5)
        source_x, source_y = x - motion[..., 0], y - motion[..., 1]
        predicted = cv2.remap(
            frames[seen - 1], source_x, source_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP
        )
        assert np.median(np.abs(predicted - frames[seen])[moving]) < 0.6  # grey levels
        assert np.mean(np.abs(frames[seen - 1] - frames[seen])[moving]) > 2


@pytest.mark.parametrize("motion", MOTIONS)
def test_motions_are_what_they_are_called(motion: str) -> None:
    scene = scene_of("motion", MOTIONS.index(motion), options=SceneOptions(num_frames=8))
    poses = scene.layers[0].poses
    growth = np.diff(np.log(poses[:, 3]))
    frame = 1 + int(np.argmax(np.abs(growth) < 0.2))  # not where the scale starts again
    field, _ = true_motion(scene, frame)
    moving = np.abs(field).sum(axis=-1) > 0
    assert 0.02 < moving.mean() < 0.7
    y, x = np.nonzero(moving)
    offset = (np.stack([x, y], axis=-1) - poses[frame, :2] + 56) % 112 - 56  # [N, 2] from centre
    vectors = field[moving]
    along = (vectors * offset).sum(axis=-1).mean()
    around = (offset[:, 0] * vectors[:, 1] - offset[:, 1] * vectors[:, 0]).mean()  # clockwise
    mean_x, mean_y = vectors.mean(axis=0)
    expected = {
        "left": mean_x < -1.4 and abs(mean_y) < 1e-4,
        "right": mean_x > 1.4 and abs(mean_y) < 1e-4,
        "up": mean_y < -1.4 and abs(mean_x) < 1e-4,
        "down": mean_y > 1.4 and abs(mean_x) < 1e-4,
        "rotate_cw": around > 1,
        "rotate_ccw": around < -1,
        "zoom_in": along > 1,
        "zoom_out": along < -1,
    }
    assert expected[motion]


@pytest.mark.parametrize(("codec", "b_frames"), [("mpeg4", 0), ("h264", 2)])
def test_the_codec_sees_the_motion(tmp_path: Path, codec: str, b_frames: int) -> None:
    """Per frame interval, vectors of P- and B-frames agree with the truth where the shape is."""
    folder = make_synthetic(
        tmp_path,
        num_train=4,  # left, right, up, down
        num_val=0,
        num_frames=24,
        codec=codec,
        b_frames=b_frames,
        show_progress=False,
    )
    options = SceneOptions(num_frames=24)
    for index in range(4):
        scene = sample_scene(
            "motion", index, rng=np.random.default_rng([0, 0, 0, index]), options=options
        )
        with CompressedVideo(folder / "videos" / f"train_{index:05d}.mp4") as video:
            assert set(video.frame_types) == ({"I", "P", "B"} if b_frames else {"I", "P"})
            inds = [t for t, kind in enumerate(video.frame_types) if kind != "I"]
            clip = video.read(inds, modalities=("motion",), per_frame=True)
        for frame, motion in zip(inds, clip.motion, strict=True):
            truth, _ = true_motion(scene, frame)
            moving = np.abs(truth).sum(axis=-1) > 0
            inside = cv2.erode(moving.astype(np.uint8), np.ones((13, 13), np.uint8)) > 0
            if inside.sum() > 200:
                error = np.abs(motion - truth)[inside]
                assert np.median(error) < 0.3, (MOTIONS[index], frame)


def test_both_pans_as_one() -> None:
    motion, valid = true_motion(scene_of("both", 5), 3)  # triangle, right
    assert valid.all()
    np.testing.assert_allclose(motion, np.broadcast_to(motion[0, 0], motion.shape), atol=1e-4)
    assert motion[0, 0, 0] in (2, 4)
    assert motion[0, 0, 1] == 0


@pytest.mark.parametrize("window", [8, 24])
def test_brief_moves_for_a_window(window: int) -> None:
    options = SceneOptions(num_frames=80, noise=0, window=window)
    starts = set()
    for seed in range(12):
        scene = scene_of("brief", 1, seed=seed, options=options)
        frames = render(scene)
        resting = frames[0] if not scene.layers[1].visible[0] else frames[-1]
        differs = (frames != resting).any(axis=(1, 2, 3))
        assert differs.sum() == window
        start = int(np.argmax(differs))
        assert differs[start : start + window].all()
        starts.add(start)
        for frame in range(start + 1, start + window):
            assert true_motion(scene, frame)[0][..., 0].max() >= 1.5  # right
    assert len(starts) > 6
    assert max(starts) > 40
    assert min(starts) < 30


@pytest.mark.parametrize("task", ["appearance", "both"])
def test_shapes_are_the_classes(task: str) -> None:
    masks = np.stack([shape_mask(shape, 64) for shape in SHAPES])
    assert masks.min() == 0
    assert masks.max() == 1
    areas = dict(zip(SHAPES, masks.mean(axis=(1, 2)), strict=True))
    assert areas["circle"] == pytest.approx(math.pi / 4, abs=0.05)
    assert areas["ring"] == pytest.approx(math.pi / 4 * (1 - 0.25), abs=0.05)
    assert areas["square"] == pytest.approx(0.5, abs=0.04)
    for label, name in enumerate(TASK_CLASSES[task]):
        shape = next(shape for shape in SHAPES if name == shape or name.startswith(f"{shape}_"))
        patch = scene_of(task, label).layers[0].patch
        np.testing.assert_array_equal(patch[..., 3], shape_mask(shape, patch.shape[0]))


def test_shape_and_motion_of_a_pair_tell_the_class_together_only() -> None:
    steps = dict(left=(-1, 0), right=(1, 0), up=(0, -1), down=(0, 1))
    pairs = []
    for seed in range(160):
        label = seed % 4
        layer = scene_of("paired", label, seed=seed).layers[0]
        side = layer.patch.shape[0]
        (shape,) = (
            number
            for number in range(4)
            if np.array_equal(layer.patch[..., 3], shape_mask(SHAPES[number], side))
        )
        direction = tuple(np.sign(layer.poses[1, :2] - layer.poses[0, :2]).astype(int))
        motion = MOTIONS.index(next(name for name, step in steps.items() if step == direction))
        assert (shape + motion) % 4 == label
        pairs.append((shape, motion, label))
    for part in (0, 1):  # each shape, and each motion, comes with each class: 10 of 160 on average
        counts = np.zeros((4, 4), dtype=int)
        for pair in pairs:
            counts[pair[part], pair[2]] += 1
        assert counts.min() >= 3
        assert counts.max() <= 20


def test_layout_and_annotations(tmp_path: Path) -> None:
    folder = make_synthetic(tmp_path / "set", num_train=10, num_val=3, **TINY)
    assert (folder / "classes.txt").read_text().split() == list(MOTIONS)
    lines = (folder / "train.txt").read_text().splitlines()
    assert lines[9] == "videos/train_00009.mp4 1"
    assert len(lines) == 10
    dataset = VideoDataset(
        ann_file=str(folder / "val.txt"), pipeline=[], data_prefix={"video": str(folder)}
    )
    assert [dataset.get_data_info(index)["label"] for index in range(len(dataset))] == [0, 1, 2]
    with CompressedVideo(dataset.get_data_info(2)["filename"]) as video:
        assert (video.num_frames, video.width, video.height) == (8, 32, 32)
    assert not list(folder.rglob("*.part*"))


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {clip.name: clip.read_bytes() for clip in sorted((folder / "videos").iterdir())}


@pytest.mark.parametrize("codec", ["mpeg4", "h264"])
def test_sample_i_is_always_sample_i(tmp_path: Path, codec: str) -> None:
    one = make_synthetic(tmp_path / "1", num_train=3, num_val=2, codec=codec, **TINY)
    two = make_synthetic(tmp_path / "2", num_train=5, num_val=2, codec=codec, workers=2, **TINY)
    first, second = bytes_of(one), bytes_of(two)
    assert first.items() <= second.items()
    assert len(set(second.values())) == 7
    other = make_synthetic(tmp_path / "3", num_train=3, num_val=2, seed=1, codec=codec, **TINY)
    assert not set(first.values()) & set(bytes_of(other).values())


def test_goes_on_where_it_was_cut(tmp_path: Path) -> None:
    make_synthetic(tmp_path, num_train=4, num_val=1, **TINY)
    before = bytes_of(tmp_path)
    videos = tmp_path / "videos"
    (videos / "train_00001.mp4").rename(videos / "train_00001.part.mp4")  # killed while writing
    untouched = (videos / "train_00000.mp4").stat().st_mtime_ns
    make_synthetic(tmp_path, num_train=4, num_val=1, **TINY)
    assert bytes_of(tmp_path) == before
    assert (videos / "train_00000.mp4").stat().st_mtime_ns == untouched


def test_clips_from_before_an_option_have_its_default(tmp_path: Path) -> None:
    make_synthetic(tmp_path, num_train=1, num_val=1, **TINY)
    record = json.loads((tmp_path / "synthetic.json").read_text())
    del record["scene"]["window"]
    (tmp_path / "synthetic.json").write_text(json.dumps(record))
    make_synthetic(tmp_path, num_train=2, num_val=1, **TINY)
    assert len(bytes_of(tmp_path)) == 3
    with pytest.raises(ValueError, match="window=8, asked for 7"):
        make_synthetic(tmp_path, num_train=2, num_val=1, window=7, **TINY)


def test_other_parameters_need_another_folder(tmp_path: Path) -> None:
    make_synthetic(tmp_path, num_train=2, num_val=1, **TINY)
    before = bytes_of(tmp_path)
    with pytest.raises(ValueError, match=r"noise=2\.0, asked for 0\); choose another folder"):
        make_synthetic(tmp_path, num_train=2, num_val=1, noise=0, **TINY)
    assert bytes_of(tmp_path) == before
    make_synthetic(tmp_path, num_train=1, num_val=1, noise=0, overwrite=True, **TINY)
    assert len(bytes_of(tmp_path)) == 2
    assert not set(before.values()) & set(bytes_of(tmp_path).values())
    assert json.loads((tmp_path / "synthetic.json").read_text())["scene"]["noise"] == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"task": "dance"}, r"task='dance', allowed are \['appearance', 'both', 'brief', 'motion'"),
        ({"workers": 0}, "workers=0"),
        ({"size": 33}, "size=33, allowed are even numbers"),
        ({"num_frames": 7}, "window=8, num_frames=7, allowed are 1 <= window"),
        ({"speed": (4, 1)}, "allowed are 0 < slowest <= fastest"),
        ({"noise": -1}, "noise=-1, allowed"),
        ({"smoothness": 0}, "smoothness=0, allowed"),
        ({"codec": "av1"}, "codec='av1', allowed"),
        ({"b_frames": 12}, "b_frames=12, allowed are 0 to 11"),
    ],
)
def test_wrong_arguments(tmp_path: Path, settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_synthetic(tmp_path / "set", **settings)
    assert not (tmp_path / "set").exists()


def test_wrong_label() -> None:
    with pytest.raises(ValueError, match="label=8, allowed are 0 to 7"):
        scene_of("motion", 8)
