"""What CoViAR's own loader returns for the same file, vector by vector."""

from __future__ import annotations

import numpy as np
import pytest

from compressedvideo import CompressedVideo

FRAMES = (1, 5, 11, 17, 40, 71)


@pytest.mark.parametrize("reference", ["previous", "iframe"])
def test_vectors_and_residuals_equal_coviars(shared_data, reference):
    golden = np.load(shared_data / "golden" / "coviar_kinetics_demo.npz")
    with CompressedVideo(shared_data / "golden" / "coviar_kinetics_demo.mp4") as video:
        clip = video.read(FRAMES, reference=reference, precision="integer")
    assert clip.motion.dtype == clip.residual.dtype == np.int16
    for i, frame in enumerate(FRAMES):
        np.testing.assert_array_equal(clip.motion[i], golden[f"motion_{reference}_{frame}"])
        difference = clip.residual[i] - golden[f"residual_{reference}_{frame}"]
        assert np.abs(difference).max() <= 2
