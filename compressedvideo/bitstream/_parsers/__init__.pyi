"""The compiled half of this folder: csrc/, a module for each codec."""

from . import h264 as h264
from . import mpeg4 as mpeg4
