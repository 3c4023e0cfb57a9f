"""What an exported file says of itself, as ONNX can hold it: strings by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

FILE_FORMAT = "mmcondense 1"
"""Value of ``format``; another one means something else."""


def encode(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Strings as they are, all else as JSON."""
    return {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in metadata.items()
    }


def decode(properties: Mapping[str, str]) -> dict[str, Any]:
    """The inverse, for strings that are no JSON."""
    found: dict[str, Any] = {}
    for key, text in properties.items():
        try:
            found[key] = json.loads(text)
        except ValueError:
            found[key] = text
    return found
