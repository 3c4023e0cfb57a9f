# AVD's encoder, decoder and teacher, learned from crops of GOPs; what it condenses are whole
# pictures.
_base_ = '_base_/condensed.py'
encoder = dict(
    type='AVD',
    strides=((3, 2), (2, 1), (2, 1)),
    channels=32,
    image_size=32,
    teacher_channels=(64, 64, 32, 16),
    reconstruction_weight=0.999)
model = dict(
    _delete_=True,
    type='CondenserModel',
    condenser=encoder,
    data_preprocessor=_base_.rgb_in_clips)
train_pipeline = [
    _base_.gop, _base_.read, _base_.resize,
    dict(type='RandomCrop', size=32), *_base_.pack
]
test_pipeline = [
    dict(_base_.gop, test_mode=True), _base_.read, _base_.resize,
    dict(type='CenterCrop', crop_size=32), *_base_.pack
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = [dict(type='CondenserMetric')]
test_evaluator = val_evaluator
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='Adam', lr=2e-3, betas=(0.5, 0.999)),
    paramwise_cfg=dict(custom_keys={'teacher': dict(lr_mult=0.1)}))
