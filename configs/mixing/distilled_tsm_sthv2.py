# MMAction2's TSM with ResNet-50, which also learns the soft labels of its TSM with ResNet-101.
_base_ = 'mmaction::recognition/tsm/tsm_imagenet-pretrained-r50_8xb16-1x1x8-50e_sthv2-rgb.py'
custom_imports = dict(imports=['mmcondense'], allow_failed_imports=False)
tsm = _base_.model
model = dict(
    type='DistilledRecognizer2D',
    teacher=dict(
        recognizer=dict(tsm, backbone=dict(tsm.backbone, depth=101, pretrained=None)),
        checkpoint='https://download.openmmlab.com/mmaction/v1.0/recognition/tsm/tsm_imagenet-pretrained-r101_8xb16-1x1x8-50e_sthv2-rgb/tsm_imagenet-pretrained-r101_8xb16-1x1x8-50e_sthv2-rgb_20230320-efcc0d1b.pth'
    ),
    teacher_input=None,  # it sees what the student sees
    soft_label_loss=dict(type='SoftLabelLoss', temperature=8.0, loss_weight=50.0))
