# CoViAR: three 2D streams; motion and residuals accumulated to the I-frame.
_base_ = '_base_/compressed.py'
modalities = ('iframe', 'motion', 'residual')
model = dict(
    type='CoViAR',
    i_stream=dict(
        type='Recognizer2D',
        backbone=dict(_base_.resnet_2d, in_channels=3, data_bn=False),
        cls_head=dict(_base_.head_2d, average_clips='score')),
    motion_stream=dict(
        type='Recognizer2D',
        backbone=dict(_base_.resnet_2d, in_channels=2),
        cls_head=dict(_base_.head_2d, average_clips='score')),
    residual_stream=dict(
        type='Recognizer2D',
        backbone=dict(_base_.resnet_2d, in_channels=3),
        cls_head=dict(_base_.head_2d, average_clips='score')),
    data_preprocessor=dict(
        type='MultiModalDataPreprocessor',
        preprocessors=dict(
            iframe=dict(_base_.rgb_norm, format_shape='NCHW'),
            motion=dict(_base_.vector_norm, format_shape='NCHW'),
            residual=dict(_base_.residual_norm, format_shape='NCHW'))))
load = dict(type='LoadCompressedVideo', modalities=modalities, reference='iframe')
pack = [
    dict(
        type='FormatCompressedShape',
        layouts=dict(iframe='NCHW', motion='NCHW', residual='NCHW')),
    dict(type='PackActionInputs', collect_keys=modalities)
]
train_dataloader = dict(
    dataset=dict(**_base_.dataset, pipeline=[_base_.sample_train, load, _base_.crop, _base_.resize, *pack]))
val_dataloader = dict(
    dataset=dict(**_base_.dataset, pipeline=[_base_.sample_test, load, _base_.resize, *pack]))
test_dataloader = val_dataloader
val_evaluator = [*_base_.val_evaluator, dict(type='StreamAccMetric')]
test_evaluator = val_evaluator
