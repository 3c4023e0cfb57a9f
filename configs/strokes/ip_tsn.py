# IP-TSN: I-stream and P-stream, trained side by side; scores of each, and of both.
_base_ = '_base_/compressed.py'
modalities = ('iframe', 'motion', 'residual')
layouts = dict(iframe='NCHW', motion='NCTHW', residual='NCTHW')
model = dict(
    type='IPTwoStream',
    i_stream=dict(
        type='Recognizer2D',
        backbone=dict(_base_.resnet_2d, in_channels=3, data_bn=False),
        cls_head=_base_.head_2d),
    p_stream=dict(
        type='Recognizer3D', backbone=_base_.resnet_2d3d, cls_head=_base_.head_3d),
    data_preprocessor=dict(
        type='MultiModalDataPreprocessor',
        preprocessors=dict(
            iframe=dict(_base_.rgb_norm, format_shape='NCHW'),
            motion=dict(_base_.vector_norm, format_shape='NCTHW'),
            residual=dict(_base_.residual_norm, format_shape='NCTHW'))))
load = dict(type='LoadCompressedVideo', modalities=modalities)
pack = [
    dict(type='FormatCompressedShape', layouts=layouts),
    dict(type='PackActionInputs', collect_keys=modalities)
]
train_dataloader = dict(
    dataset=dict(**_base_.dataset, pipeline=[_base_.sample_train, load, _base_.crop, _base_.resize, *pack]))
val_dataloader = dict(
    dataset=dict(**_base_.dataset, pipeline=[_base_.sample_test, load, _base_.resize, *pack]))
test_dataloader = val_dataloader
val_evaluator = [*_base_.val_evaluator, dict(type='StreamAccMetric')]
test_evaluator = val_evaluator
