"""A task, a label and a random generator in; a scene of moving textured shapes, rendered, out.

Why no single frame tells a motion: the plane is a torus, so a shape that leaves on one side comes
back on the other, and every shape starts at a uniform place and angle and at a log-uniform scale.
Translation and rotation leave those distributions as they are, and zooming does too, because its
scale starts again at the far end of the same range when it leaves it. So place, angle and scale at
frame t are distributed alike for all labels and all t; appearance never depends on the motion.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

MOTIONS = ("left", "right", "up", "down", "rotate_cw", "rotate_ccw", "zoom_in", "zoom_out")
"""As seen on the screen: ``rotate_cw`` turns clockwise, ``zoom_in`` makes the shape grow."""
SHAPES = ("circle", "triangle", "cross", "ring", "square", "star", "half_circle", "bar")
TRANSLATIONS = MOTIONS[:4]

TASK_CLASSES: dict[str, tuple[str, ...]] = {
    "motion": MOTIONS,
    "appearance": SHAPES,
    "both": tuple(f"{shape}_{motion}" for shape in SHAPES[:4] for motion in TRANSLATIONS),
    "paired": tuple(f"pairs_{number}" for number in range(4)),
    "brief": TRANSLATIONS,
}
"""Class names of each task, in label order.

- ``motion``: one shape moves over a background at rest. The motion is the class.
- ``appearance``: the same clips, but the shape is the class.
- ``both``: shape and motion make the class. Here the camera pans, shape and background move as
  one, by an even number of pixels per frame (exactly predictable in 4:2:0), so that vectors and
  residuals hardly show the outline: only fusion sees both halves.
- ``paired``: the clips of ``both`` in four classes. Shape i with motion j is in class (i + j) mod
  4, so that neither alone says anything, and no sum of what each says: only products do.
- ``brief``: a second shape crosses the scene for a few frames at a random time; its motion is the
  class.
"""
_SCALES = (0.8, 1.35)


@dataclass(frozen=True)
class SceneOptions:
    """What all clips of a data set have in common.

    Attributes:
        size: height and width of the frames, pixels, even.
        num_frames: frames of a clip.
        speed: slowest and fastest motion, pixels per frame (rotation: at the rim of the shape;
            zoom: half of it at the rim).
        smoothness: standard deviation of the blur that makes texture from white noise, pixels.
        noise: standard deviation of the sensor noise, grey levels of 255.
        window: frames for which the second shape of ``brief`` is there.
    """

    size: int = 112
    num_frames: int = 48
    speed: tuple[float, float] = (1.5, 4.0)
    smoothness: float = 2.5
    noise: float = 2.0
    window: int = 8

    def __post_init__(self) -> None:
        if self.size < 32 or self.size % 2:
            raise ValueError(f"size={self.size}, allowed are even numbers from 32 up")
        if not 1 <= self.window <= self.num_frames:
            raise ValueError(
                f"window={self.window}, num_frames={self.num_frames}, allowed are "
                "1 <= window <= num_frames"
            )
        if not 0 < self.speed[0] <= self.speed[1] <= self.size / 8:
            raise ValueError(f"speed={self.speed}, allowed are 0 < slowest <= fastest <= size / 8")
        if self.smoothness <= 0:
            raise ValueError(f"smoothness={self.smoothness}, allowed are numbers above 0")
        if self.noise < 0:
            raise ValueError(f"noise={self.noise}, allowed are numbers from 0 up")


@dataclass(frozen=True)
class Layer:
    """A textured shape on its way over the torus."""

    patch: np.ndarray
    """[P, P, 4] float32: RGB premultiplied by alpha, 0 to 255, and alpha, 0 to 1."""
    poses: np.ndarray
    """[T, 4] float64: x, y of the centre (pixels, not wrapped), clockwise radians, scale."""
    visible: np.ndarray
    """[T] bool."""

    def to_image(self, frame: int) -> np.ndarray:
        """[2, 3] affine map from patch to image coordinates, (x, y) in pixels."""
        x, y, angle, scale = self.poses[frame]
        rotation = scale * np.array(
            [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
        )
        centre = np.full(2, (self.patch.shape[0] - 1) / 2)
        return np.column_stack([rotation, np.array([x, y]) - rotation @ centre])


@dataclass(frozen=True)
class Scene:
    """All there is to know about a clip before it is rendered."""

    label: int
    size: int
    background: np.ndarray
    """[size, size, 3] float32, periodic in both directions."""
    background_shift: np.ndarray
    """[T, 2] float64: where the background's origin lies, (x, y) in pixels."""
    layers: tuple[Layer, ...]
    """From back to front."""
    noise: np.ndarray
    """[T, size, size, 3] view of float32 sensor noise, or [0] for none."""

    @property
    def num_frames(self) -> int:
        return len(self.background_shift)


def sample_scene(
    task: str, label: int, *, rng: np.random.Generator, options: SceneOptions
) -> Scene:
    """Draw everything about a clip that its label does not fix.

    Raises:
        ValueError: for an unknown task or a label outside its classes.
    """
    if task not in TASK_CLASSES:
        raise ValueError(f"task={task!r}, allowed are {sorted(TASK_CLASSES)}")
    if not 0 <= label < len(TASK_CLASSES[task]):
        raise ValueError(f"label={label}, allowed are 0 to {len(TASK_CLASSES[task]) - 1}")
    shape, motion = str(rng.choice(SHAPES)), str(rng.choice(MOTIONS))
    if task == "motion":
        motion = MOTIONS[label]
    elif task == "appearance":
        shape = SHAPES[label]
    elif task == "both":
        shape, motion = SHAPES[label // len(TRANSLATIONS)], MOTIONS[label % len(TRANSLATIONS)]
    elif task == "paired":
        number = rng.integers(len(TRANSLATIONS))
        shape, motion = SHAPES[number], TRANSLATIONS[(label - number) % len(TRANSLATIONS)]
    else:
        motion = MOTIONS[label]

    pans = task in ("both", "paired")
    num_frames, size = options.num_frames, options.size
    background_colour, *colours = _distinct_colours(3, rng)
    background = background_colour + _texture(size, rng, options, contrast=12)
    poses = _sample_poses(motion, rng, options, whole_pixels=pans)
    always = np.ones(num_frames, dtype=bool)
    shift = np.zeros((num_frames, 2))
    if pans:
        shift = poses[:, :2] - poses[0, :2] + rng.uniform(0, size, 2)
    layers = [Layer(_patch(shape, colours[0], rng, options), poses, always)]
    if task == "brief":
        resting = np.tile(_sample_poses("still", rng, options)[:1], (num_frames, 1))
        clutter = Layer(_patch(str(rng.choice(SHAPES)), colours[1], rng, options), resting, always)
        start = rng.integers(0, num_frames - options.window + 1)
        window = np.zeros(num_frames, dtype=bool)
        window[start : start + options.window] = True
        layers = [clutter, Layer(layers[0].patch, poses, window)]
    return Scene(label, size, background, shift, tuple(layers), _noise(rng, options))


def render(scene: Scene) -> np.ndarray:
    """Draw all frames.

    Returns:
        [T, size, size, 3] uint8 RGB.
    """
    size = scene.size
    frames = np.empty((scene.num_frames, size, size, 3), dtype=np.uint8)
    moving = np.ptp(scene.background_shift, axis=0).any()
    for index in range(scene.num_frames):
        image = scene.background.copy()
        if moving:
            image = _roll(image, scene.background_shift[index])
        for layer in scene.layers:
            if layer.visible[index]:
                for to_image, (x0, y0, x1, y1) in _copies(layer, index, size):
                    window = to_image - [[0, 0, x0], [0, 0, y0]]
                    rgba = cv2.warpAffine(layer.patch, window, (x1 - x0, y1 - y0))
                    target = image[y0:y1, x0:x1]
                    target *= 1 - rgba[..., 3:]
                    target += rgba[..., :3]
        if len(scene.noise):
            image += scene.noise[index]
        np.clip(np.rint(image, out=image), 0, 255, out=image)
        frames[index] = image
    return frames


def true_motion(
    scene: Scene, frame: int, *, reference: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Displacement of the content of each pixel since a reference frame, from the scene's geometry.

    Args:
        frame, reference: frame indices; the default reference is the frame before.

    Returns:
        motion: [size, size, 2] float32, pixels, destination minus source, x right, y down.
        valid: [size, size] bool, False where the content is absent from the reference frame.
    """
    reference = frame - 1 if reference is None else reference
    size = scene.size
    shift = scene.background_shift[frame] - scene.background_shift[reference]
    motion = np.tile(shift.astype(np.float32), (size, size, 1))
    valid = np.ones((size, size), dtype=bool)
    for layer in scene.layers:
        if not layer.visible[frame]:
            continue
        alpha = np.ascontiguousarray(layer.patch[..., 3])
        for to_image, (x0, y0, x1, y1) in _copies(layer, frame, size):
            window = to_image - [[0, 0, x0], [0, 0, y0]]
            covered = cv2.warpAffine(alpha, window, (x1 - x0, y1 - y0)) > 0.5
            from_image = cv2.invertAffineTransform(to_image)
            then = layer.to_image(reference)
            then[:, 2] += to_image[:, 2] - layer.to_image(frame)[:, 2]  # the same copy
            x, y = np.meshgrid(np.arange(x0, x1), np.arange(y0, y1))
            points = np.stack([x, y], axis=-1).astype(np.float64)
            on_patch = points @ from_image[:, :2].T + from_image[:, 2]
            displacement = points - (on_patch @ then[:, :2].T + then[:, 2])
            motion[y0:y1, x0:x1][covered] = displacement[covered]
            valid[y0:y1, x0:x1][covered] = layer.visible[reference]
    return motion, valid


def _copies(
    layer: Layer, frame: int, size: int
) -> list[tuple[np.ndarray, tuple[int, int, int, int]]]:
    """The appearances of a shape on the torus: map to the image, box (x0, y0, x1, y1) in it."""
    to_image = layer.to_image(frame)
    x, y, _, scale = layer.poses[frame]
    radius = scale * layer.patch.shape[0] / 2 + 1
    copies = []
    for offset_x in (-size, 0, size):
        for offset_y in (-size, 0, size):
            centre_x, centre_y = x % size + offset_x, y % size + offset_y
            x0, x1 = max(math.floor(centre_x - radius), 0), min(math.ceil(centre_x + radius), size)
            y0, y1 = max(math.floor(centre_y - radius), 0), min(math.ceil(centre_y + radius), size)
            if x0 < x1 and y0 < y1:
                moved = to_image + [[0, 0, centre_x - x], [0, 0, centre_y - y]]
                copies.append((moved, (x0, y0, x1, y1)))
    return copies


def _sample_poses(
    motion: str, rng: np.random.Generator, options: SceneOptions, *, whole_pixels: bool = False
) -> np.ndarray:
    """[T, 4] x, y, angle, scale: a random start, and the motion from there."""
    low, high = np.log(_SCALES)
    x, y = rng.uniform(0, options.size, 2)
    angle, log_scale = rng.uniform(0, 2 * math.pi), rng.uniform(low, high)
    speed = rng.uniform(*options.speed)
    if whole_pixels:
        speed = 2 * max(round(speed / 2), 1)
    steps = speed * np.arange(options.num_frames)  # [T], pixels
    turns = steps / _radius(options.size)  # [T], radians
    poses = np.tile([x, y, angle, log_scale], (options.num_frames, 1))
    if motion in ("left", "right"):
        poses[:, 0] += steps if motion == "right" else -steps
    elif motion in ("up", "down"):
        poses[:, 1] += steps if motion == "down" else -steps
    elif motion in ("rotate_cw", "rotate_ccw"):
        poses[:, 2] += turns if motion == "rotate_cw" else -turns
    elif motion in ("zoom_in", "zoom_out"):
        grown = log_scale - low + (turns if motion == "zoom_in" else -turns) / 2
        poses[:, 3] = low + grown % (high - low)
    poses[:, 3] = np.exp(poses[:, 3])
    return poses


def _radius(size: int) -> float:
    """Of a shape at scale 1, pixels."""
    return 0.32 * size


def _patch(
    shape: str, colour: np.ndarray, rng: np.random.Generator, options: SceneOptions
) -> np.ndarray:
    alpha = shape_mask(shape, 2 * round(_radius(options.size)))[..., None]
    texture = colour + _texture(alpha.shape[0], rng, options, contrast=16)
    return np.concatenate([texture * alpha, alpha], axis=-1)


def shape_mask(shape: str, side: int) -> np.ndarray:
    """[side, side] float32 coverage of a shape that fits the circle inscribed in the square."""
    oversampling = 4
    radius = side * oversampling / 2
    corners = _corners(shape) * (radius - oversampling) + radius - 0.5
    mask = np.zeros((side * oversampling,) * 2, dtype=np.float32)
    cv2.fillPoly(mask, [np.rint(corners).astype(np.int32)], 1.0)
    if shape == "ring":
        centre = round(radius - 0.5)
        cv2.circle(mask, (centre, centre), round(0.5 * radius), 0.0, cv2.FILLED)
    return cv2.resize(mask, (side, side), interpolation=cv2.INTER_AREA)


def _corners(shape: str) -> np.ndarray:
    """[N, 2] outline in the unit circle."""
    if shape in ("circle", "ring"):
        return _polar(np.arange(64) / 64)
    if shape == "half_circle":
        return _polar(np.arange(33) / 64) - [0, 0.4]
    if shape == "triangle":
        return _polar(np.arange(3) / 3)
    if shape == "square":
        return _polar(np.arange(4) / 4)
    if shape == "star":
        return _polar(np.arange(10) / 10) * np.where(np.arange(10) % 2, 0.42, 1)[:, None]
    if shape == "bar":
        return np.array([[-0.94, -0.3], [0.94, -0.3], [0.94, 0.3], [-0.94, 0.3]])
    if shape == "cross":
        arm = np.array([[0.28, 0.95], [0.28, 0.28], [0.95, 0.28]])
        quarter_turn = np.array([[0, -1], [1, 0]])
        return np.concatenate([arm @ np.linalg.matrix_power(quarter_turn, k) for k in range(4)])
    raise ValueError(f"shape={shape!r}, allowed are {SHAPES}")


def _polar(turns: np.ndarray) -> np.ndarray:
    return np.stack([np.cos(2 * math.pi * turns), np.sin(2 * math.pi * turns)], axis=-1)


def _texture(
    side: int, rng: np.random.Generator, options: SceneOptions, *, contrast: float
) -> np.ndarray:
    """[side, side, 3] float32 around 0: white noise blurred on the torus, grey with some colour."""
    noise = rng.standard_normal((side, side, 3), dtype=np.float32)
    frequencies = np.fft.fftfreq(side)[:, None] ** 2 + np.fft.rfftfreq(side)[None] ** 2
    blur = np.exp(-2 * (math.pi * options.smoothness) ** 2 * frequencies)[..., None]
    smooth = np.fft.irfft2(np.fft.rfft2(noise, axes=(0, 1)) * blur, s=(side, side), axes=(0, 1))
    smooth = smooth + smooth.mean(axis=-1, keepdims=True)
    return (smooth * (contrast / smooth.std())).astype(np.float32)


def _distinct_colours(count: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Mean colours far enough from each other for an outline to show."""
    colours: list[np.ndarray] = []
    while len(colours) < count:
        colour = rng.uniform(40, 215, 3).astype(np.float32)
        if all(np.linalg.norm(colour - other) > 120 for other in colours):
            colours.append(colour)
    return colours


def _roll(image: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Shift a periodic image by a sub-pixel (x, y)."""
    size = image.shape[0]
    to_image = np.array([[1, 0, shift[0] % size], [0, 1, shift[1] % size]])
    return cv2.warpAffine(image, to_image, (size, size), borderMode=cv2.BORDER_WRAP)


def _noise(rng: np.random.Generator, options: SceneOptions) -> np.ndarray:
    """Cut the noise of all frames from one tile: drawing it anew takes longer than rendering."""
    if options.noise == 0:
        return np.empty(0, dtype=np.float32)
    size = options.size
    tile = rng.standard_normal((2 * size, 2 * size, 3), dtype=np.float32) * options.noise
    corners = rng.integers(0, size, (options.num_frames, 2))
    windows = np.lib.stride_tricks.sliding_window_view(tile, (size, size), axis=(0, 1))
    return np.moveaxis(windows[corners[:, 0], corners[:, 1]], 1, -1)
