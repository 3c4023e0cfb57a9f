# The P-stream's own network, on RGB.
_base_ = '_base_/rgb.py'
model = dict(
    **_base_.rgb_2d3d, data_preprocessor=dict(_base_.rgb_norm, format_shape='NCTHW'))
