# IP-TSN's P-stream: motion and residuals of 16 P-frames.
_base_ = '_base_/compressed.py'
modalities = ('motion', 'residual')
model = dict(
    type='Recognizer3D',
    backbone=_base_.resnet_2d3d,
    cls_head=_base_.head_3d,
    data_preprocessor=dict(
        type='StreamDataPreprocessor',
        stream=modalities,
        preprocessors=dict(
            motion=dict(_base_.vector_norm, format_shape='NCTHW'),
            residual=dict(_base_.residual_norm, format_shape='NCTHW'))))
load = dict(type='LoadCompressedVideo', modalities=modalities)
pack = [
    dict(type='FormatCompressedShape', layouts=dict(motion='NCTHW', residual='NCTHW')),
    dict(type='PackActionInputs', collect_keys=modalities)
]
train_dataloader = dict(
    dataset=dict(**_base_.dataset, pipeline=[_base_.sample_train, load, _base_.crop, _base_.resize, *pack]))
val_dataloader = dict(
    dataset=dict(**_base_.dataset, pipeline=[_base_.sample_test, load, _base_.resize, *pack]))
test_dataloader = val_dataloader
