# A TSN on condensed frames: nothing here knows that they are no ordinary JPEGs.
_base_ = [
    '../../baselines/_base_/tsn_small.py', '_base_/rawframes_64.py',
    '../../baselines/_base_/adamw_20e.py', '../../baselines/_base_/runtime.py'
]
model = dict(
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        format_shape='NCHW'),
    **_base_.tsn_small)
custom_hooks = []
