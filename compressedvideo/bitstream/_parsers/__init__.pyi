"""The compiled half of this folder: csrc/, a module for each codec."""

from . import av1 as av1
from . import h264 as h264
from . import mpeg4 as mpeg4
from . import vp8 as vp8
from . import vp9 as vp9
