# AlexNet on distilled images.
_base_ = 'resnet50_ucf101.py'
model = dict(
    backbone=dict(_delete_=True, type='AlexNet', pretrained='IMAGENET1K_V1'),
    cls_head=dict(in_channels=4096, dropout_ratio=0.0))  # its own dropout is before its layers
work_dir = _base_.work_dir.replace('resnet50', 'alexnet')
