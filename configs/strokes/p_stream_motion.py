# Vectors alone, painted: nothing is decoded either.
_base_ = '_base_/compressed.py'
modalities = ('motion', )
model = dict(
    type='Recognizer3D',
    backbone=dict(_base_.resnet_2d3d, in_channels=2),
    cls_head=_base_.head_3d,
    data_preprocessor=dict(
        type='StreamDataPreprocessor',
        stream=modalities,
        preprocessors=dict(motion=dict(_base_.vector_norm, format_shape='NCTHW'))))
load = dict(type='LoadCompressedVideo', modalities=modalities)
pack = [
    dict(type='FormatCompressedShape', layouts=dict(motion='NCTHW')),
    dict(type='PackActionInputs', collect_keys=modalities)
]
train_dataloader = dict(
    dataset=dict(**_base_.dataset, pipeline=[_base_.sample_train, load, _base_.crop, _base_.resize, *pack]))
val_dataloader = dict(
    dataset=dict(**_base_.dataset, pipeline=[_base_.sample_test, load, _base_.resize, *pack]))
test_dataloader = val_dataloader
