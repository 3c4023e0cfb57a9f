"""Exported models where there is no torch: numpy, PyAV and ONNX Runtime.

video ─► compressedvideo ─► the test pipeline's arithmetic in numpy ─► ONNX Runtime ─► class scores

A package beside ``mmcondense``, not in it, since importing anything below ``mmcondense`` loads
torch and MMAction2. What both need, such as the sampling rules, is defined here.
"""

from .exported import ExportedFileError, ExportedModel

__all__ = ["ExportedFileError", "ExportedModel"]
