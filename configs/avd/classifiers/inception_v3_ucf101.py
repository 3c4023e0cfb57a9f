# Inception-V3 of timm on distilled images.
_base_ = 'resnet50_ucf101.py'
model = dict(
    backbone=dict(_delete_=True, type='timm.inception_v3', pretrained=True),
    data_preprocessor=dict(mean=[127.5] * 3, std=[127.5] * 3))
work_dir = _base_.work_dir.replace('resnet50', 'inception_v3')
