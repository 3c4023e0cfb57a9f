# A GOP of 12 frames of 64x64 becomes one image: three layers of 16 channels, for a CPU. As on large
# videos, E learns from crops, and distills whole frames (condense_pipeline).
_base_ = [
    '_base_/avd.py', '../ifs/_base_/synthetic.py', '../baselines/_base_/rgb_64.py',
    '../baselines/_base_/rgb_in_clips.py', '_base_/adam_20e.py', '_base_/runtime.py'
]
model = dict(
    condenser=dict(
        strides=((3, {{'$AVD_STRIDE:2'}}), (2, 1), (2, 1)),
        channels=16,
        image_size=32,
        teacher_channels=(64, 64, 32, 16)),
    data_preprocessor=dict(_base_.rgb_in_clips, _delete_=True))
load, pack = _base_.load[:1], _base_.load[1:]
train_pipeline = [_base_.train_pipeline[0], *load, dict(type='RandomCrop', size=32), *pack]
test_pipeline = [_base_.test_pipeline[0], *load, dict(type='CenterCrop', crop_size=32), *pack]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
val_evaluator = [dict(type='CondenserMetric')]
test_evaluator = val_evaluator
optim_wrapper = dict(
    optimizer=dict(lr=4e-3), paramwise_cfg=dict(custom_keys={'teacher': dict(lr_mult=0.1)}))
param_scheduler = [
    dict(type='CosineAnnealingLR', T_max=24, by_epoch=True, convert_to_iter_based=True)
]
train_cfg = dict(max_epochs=24, val_interval=6)
