"""Models to files that run without PyTorch: ONNX, OpenVINO; and TorchScript."""

from .export import Exported, check_target, export, export_gops, export_halves

__all__ = ["Exported", "check_target", "export", "export_gops", "export_halves"]
