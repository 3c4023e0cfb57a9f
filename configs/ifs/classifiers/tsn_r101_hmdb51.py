# ResNet-101 on synthetic frames, fine-tuned from Kinetics-400:
# BatchNorm frozen but the first, dropout 0.9 (section 4.7).
_base_ = [
    '_base_/tsn_r101.py', '_base_/condensed_hmdb51.py', '_base_/rawframes_2d.py',
    '_base_/sgd_256e.py', '_base_/runtime.py'
]
model = dict(
    backbone=dict(partial_bn=True, pretrained=None),
    cls_head=dict(num_classes=51, dropout_ratio=0.9))
pretrained = '{{$PRETRAINED:none}}'
load_from = (
    f'work_dirs/{_base_.condensed}/tsn_r101_kinetics400/final.pth'
    if pretrained == 'none' else pretrained)
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
work_dir = f'work_dirs/{_base_.condensed}/tsn_r101_hmdb51_split{_base_.split}'
default_hooks = dict(checkpoint_fit=dict(loosely=True))  # a head for other classes
