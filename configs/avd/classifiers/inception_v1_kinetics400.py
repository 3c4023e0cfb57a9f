# Inception-V1 (GoogLeNet) on distilled images; timm has none.
_base_ = 'resnet50_kinetics400.py'
model = dict(
    backbone=dict(
        _delete_=True, type='torchvision.googlenet', weights='IMAGENET1K_V1', aux_logits=False),
    cls_head=dict(in_channels=1024))
work_dir = _base_.work_dir.replace('resnet50', 'inception_v1')
