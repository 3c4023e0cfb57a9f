# TSD before a transformer, MMAction2's Video Swin: 80 frames become 16. End to end from the start.
_base_ = ['./_base_/i3d.py', './_base_/kinetics400.py', './_base_/stage2.py']
model = dict(
    condenser=dict(num_frames=80, num_distilled=16),
    recognizer=dict(
        _delete_=True,
        type='Recognizer3D',
        backbone=dict(
            type='SwinTransformer3D',
            arch='tiny',
            pretrained='https://github.com/SwinTransformer/storage/releases/download/v1.0.0/'
            'swin_tiny_patch4_window7_224.pth',
            pretrained2d=True,
            patch_size=(2, 4, 4),
            window_size=(8, 7, 7),
            drop_path_rate=0.1),
        cls_head=dict(
            type='I3DHead',
            num_classes=400,
            in_channels=768,
            dropout_ratio=0.5,
            average_clips='prob')),
    frame_mean=[123.675, 116.28, 103.53],
    frame_std=[58.395, 57.12, 57.375])
optim_wrapper = dict(optimizer=dict(_delete_=True, type='AdamW', lr=1e-4, weight_decay=0.05))
