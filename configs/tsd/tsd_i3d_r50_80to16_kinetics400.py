# TSD before MMAction2's I3D-R50: 80 frames become 16. End to end from the start.
_base_ = ['./_base_/i3d.py', './_base_/kinetics400.py', './_base_/stage2.py']
model = dict(
    condenser=dict(num_frames=80, num_distilled=16),
    recognizer=dict(
        _delete_=True,
        type='Recognizer3D',
        backbone=dict(
            type='ResNet3d',
            depth=50,
            pretrained2d=True,
            pretrained='torchvision://resnet50',
            conv1_kernel=(5, 7, 7),
            conv1_stride_t=2,
            pool1_stride_t=2,
            inflate=((1, 1, 1), (1, 0, 1, 0), (1, 0, 1, 0, 1, 0), (0, 1, 0)),
            zero_init_residual=False,
            norm_eval=False),
        cls_head=dict(
            type='I3DHead',
            num_classes=400,
            in_channels=2048,
            dropout_ratio=0.5,
            average_clips='prob')),
    frame_mean=[123.675, 116.28, 103.53],
    frame_std=[58.395, 57.12, 57.375])
