"""Pictures of what the reader reads. Needs Pillow, which the reader itself does not."""

try:
    import PIL  # noqa: F401
except ImportError as error:
    raise ImportError(
        "drawing needs Pillow: pip install 'mmcondense[draw]' "
        "(in a clone: pip install -e '.[draw]')"
    ) from error
