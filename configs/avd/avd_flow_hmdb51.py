# AVD (OF): the distilled image of optical flow, RGB; real are the videos' frames.
_base_ = [
    '_base_/avd.py', '../_base_/datasets/hmdb51.py', '_base_/flow_of_32.py',
    '_base_/adam_20e.py', '_base_/runtime.py'
]
model = dict(
    condenser=dict(source='flow'),
    data_preprocessor=dict(
        _delete_=True,
        type='MultiModalDataPreprocessor',
        preprocessors=dict(
            rgb=dict(
                type='ActionDataPreprocessor',
                mean=[127.5] * 3,
                std=[127.5] * 3,
                format_shape='NCTHW'),
            flow=dict(
                type='ActionDataPreprocessor',
                mean=[127.5] * 2,
                std=[127.5] * 2,
                format_shape='NCTHW'))))
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
val_evaluator = [dict(type='CondenserMetric')]
test_evaluator = val_evaluator
