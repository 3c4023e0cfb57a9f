# TSN: the scores of 16 frames, averaged.
_base_ = '_base_/rgb.py'
model = dict(
    type='Recognizer2D',
    backbone=dict(_base_.resnet_2d, in_channels=3, data_bn=False),
    cls_head=_base_.head_2d,
    data_preprocessor=dict(_base_.rgb_norm, format_shape='NCHW'))
pack = [dict(type='FormatShape', input_format='NCHW'), dict(type='PackActionInputs')]
train_dataloader = dict(dataset=dict(pipeline=[*_base_.train_pipeline[:6], *pack]))
val_dataloader = dict(dataset=dict(pipeline=[*_base_.test_pipeline[:4], *pack]))
test_dataloader = val_dataloader
