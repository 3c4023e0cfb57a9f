"""Real clips, encoded once per session, with known motion."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.registry import init_default_scope

import mmcondense  # noqa: F401 - registers what these tests build by its name
from compressedvideo import encode_frames

HEIGHT, WIDTH = 96, 128


def _panning_frames(
    num_frames: int, *, step: tuple[int, int] = (2, 1), height: int = HEIGHT, width: int = WIDTH
) -> np.ndarray:
    """A smooth random texture of which the view moves, so that content moves by ``-step`` a frame.

    Returns:
        [num_frames, height, width, 3] uint8.
    """
    rng = np.random.default_rng(0)
    reach_x, reach_y = abs(step[0]) * num_frames, abs(step[1]) * num_frames
    coarse = rng.integers(0, 256, ((height + reach_y) // 8 + 2, (width + reach_x) // 8 + 2, 3))
    texture = cv2.resize(coarse.astype(np.uint8), None, fx=8, fy=8, interpolation=cv2.INTER_CUBIC)
    frames = [
        texture[t * step[1] : t * step[1] + height, t * step[0] : t * step[0] + width]
        for t in range(num_frames)
    ]
    return np.stack(frames)


@pytest.fixture(autouse=True, scope="session")
def _mmaction_scope() -> None:
    """As the Runner does: mmengine's Compose and mmcv's wrappers look there for transforms."""
    init_default_scope("mmaction")


@pytest.fixture(scope="session")
def panning_frames() -> Callable[..., np.ndarray]:
    """The generator of the clips' frames."""
    return _panning_frames


@pytest.fixture(scope="session")
def make_clip(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Encode a panning clip: ``make_clip(num_frames, **settings_of_encode_frames)``, cached."""
    folder = tmp_path_factory.mktemp("clips")
    made: dict[str, Path] = {}

    def make(num_frames: int = 40, **settings) -> Path:
        name = f"{num_frames}_" + "_".join(f"{key}-{settings[key]}" for key in sorted(settings))
        if name not in made:
            path = folder / f"{name}.mp4"
            encode_frames(path, _panning_frames(num_frames), **settings)
            made[name] = path
        return made[name]

    return make
