# IP-TSN's I-stream alone: TSN over the I-frames of 16 segments.
_base_ = '_base_/compressed.py'
modalities = ('iframe', )
model = dict(
    type='Recognizer2D',
    backbone=dict(_base_.resnet_2d, in_channels=3, data_bn=False),
    cls_head=_base_.head_2d,
    data_preprocessor=dict(
        type='StreamDataPreprocessor',
        stream=modalities,
        preprocessors=dict(iframe=dict(_base_.rgb_norm, format_shape='NCHW'))))
load = dict(type='LoadCompressedVideo', modalities=modalities)
pack = [
    dict(type='FormatCompressedShape', layouts=dict(iframe='NCHW')),
    dict(type='PackActionInputs', collect_keys=modalities)
]
train_dataloader = dict(
    dataset=dict(**_base_.dataset, pipeline=[_base_.sample_train, load, _base_.crop, _base_.resize, *pack]))
val_dataloader = dict(
    dataset=dict(**_base_.dataset, pipeline=[_base_.sample_test, load, _base_.resize, *pack]))
test_dataloader = val_dataloader
