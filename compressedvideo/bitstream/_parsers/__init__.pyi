"""The compiled half of this folder: csrc/, a module for each codec."""

from . import av1 as av1
from . import ffv1 as ffv1
from . import flv1 as flv1
from . import h263 as h263
from . import h263i as h263i
from . import h264 as h264
from . import hevc as hevc
from . import intra as intra
from . import mpeg4 as mpeg4
from . import mpeg12 as mpeg12
from . import msmpeg4 as msmpeg4
from . import msmpeg4v1 as msmpeg4v1
from . import vp8 as vp8
from . import vp9 as vp9
from . import wmv2 as wmv2
