# The same with half the channels.
_base_ = 'p_stream_cells.py'
model = dict(backbone=dict(base_channels=8), cls_head=dict(in_channels=64))
