# Table 5, row "ResNet 18, 16*10": the I-stream alone, tested with ten crops. To be fused offline.
_base_ = [
    '../../_base_/models/ip_tsn_r152_r18.py', '../../_base_/datasets/hmdb51.py',
    '../../_base_/pipelines/geometry_224.py', '../../_base_/schedules/adam_300e.py',
    '../../_base_/default_runtime.py'
]
model = dict(
    _delete_=True,
    type='Recognizer2D',
    backbone=dict(type='ResNet', depth=18, pretrained='torchvision://resnet18'),
    cls_head=dict(_base_.model.i_stream.cls_head, in_channels=512),
    data_preprocessor=dict(
        type='StreamDataPreprocessor',
        preprocessors=dict(iframe=_base_.model.data_preprocessor.preprocessors.iframe),
        stream=('iframe', )))
load = [dict(type='LoadCompressedVideo', modalities=('iframe', ))]
pack = [
    dict(type='FormatCompressedShape', layouts=dict(iframe='NCHW')),
    dict(type='PackActionInputs', collect_keys=('iframe', ))
]
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='SampleCompressedFrames', num_segments=16), *load, *_base_.train_geometry,
            *pack
        ]))
test_sampling = dict(type='SampleCompressedFrames', num_segments=16, test_mode=True)
val_dataloader = dict(
    dataset=dict(pipeline=[test_sampling, *load, *_base_.one_crop, *pack]))
test_dataloader = dict(
    batch_size=1, dataset=dict(pipeline=[test_sampling, *load, *_base_.ten_crops, *pack]))
val_evaluator = [dict(type='AccMetric')]
test_evaluator = val_evaluator
optim_wrapper = dict(
    optimizer=dict(lr=3e-4), paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.01))))
