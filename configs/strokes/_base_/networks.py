# The networks of the rows: from scratch, a quarter of ResNet-18's channels each; and one from ImageNet.
_base_ = 'strokes.py'
resnet_2d = dict(type='ResNet2D3D', depth=18, base_channels=16, inflate_from=None)
resnet_2d3d = dict(type='ResNet2D3D', depth=18, base_channels=16)  # the P-stream's
head_2d = dict(
    type='TSNHead',
    num_classes=_base_.num_classes,
    in_channels=128,
    dropout_ratio=0.0,
    average_clips='prob',
    topk=(1, ))
head_3d = dict(
    type='I3DHead',
    num_classes=_base_.num_classes,
    in_channels=128,
    dropout_ratio=0.0,
    average_clips='prob',
    topk=(1, ))
rgb_2d3d = dict(
    type='Recognizer3D',
    backbone=dict(resnet_2d3d, in_channels=3, data_bn=False),
    cls_head=head_3d)
num_pictures = 8  # of a video, each a GOP of 12 frames condensed, the GOPs spread evenly
on_pictures = dict(type='CondenseRecognizer', recognizer=rgb_2d3d, clips_per_view=num_pictures)
rgb_norm = dict(
    type='ActionDataPreprocessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375])
vector_norm = dict(type='ActionDataPreprocessor', mean=[127.5] * 2, std=[255] * 2)
residual_norm = dict(
    type='ActionDataPreprocessor', mean=[127.5] * 3, std=[58.395, 57.12, 57.375])
bits_norm = dict(type='ActionDataPreprocessor', mean=[64] * 2, std=[64] * 2)
# EfficientNet-lite0 with ImageNet's weights, a file of tools/benchmarks/imagenet_weights.py, tuned
# more gently than what learns from scratch.
image_network = dict(
    type='Recognizer2D',
    backbone=dict(type='timm.tf_efficientnet_lite0'),
    cls_head=dict(head_2d, in_channels=1280))
image_norm = dict(
    type='ActionDataPreprocessor', mean=[127.0] * 3, std=[128.0] * 3, format_shape='NCHW')
behind_condenser = dict(
    recognizer=dict(_delete_=True, **image_network),
    frame_mean=image_norm['mean'],
    frame_std=image_norm['std'])
image_weights = '{{$STROKES_IMAGENET:work_dirs/real_video/strokes/efficientnet_lite0.pth}}'
image_lr = 5e-4
