"""The compiled half of this folder: csrc/, a module for each codec."""

from . import hevc as hevc
from . import mpeg4 as mpeg4
