# The teacher of IP-TSN's P-stream: its architecture on optical flow, before and after inflation.
flow_2d = dict(
    type='Recognizer2D',
    backbone=dict(
        type='ResNet2D3D',
        depth=18,
        in_channels=2,
        inflate_from=None,
        pretrained='torchvision://resnet18'),
    cls_head=dict(
        type='TSNHead',
        num_classes=51,
        in_channels=512,
        dropout_ratio=0.5,
        average_clips='prob'))
flow_2d3d = dict(
    type='Recognizer3D',
    backbone=dict(type='ResNet2D3D', depth=18, in_channels=2),
    cls_head=dict(
        type='I3DHead',
        num_classes=51,
        in_channels=512,
        dropout_ratio=0.5,
        average_clips='prob'))
# flow is encoded like motion, and normalised like it
flow_nchw = dict(
    type='ActionDataPreprocessor', mean=[127.5, 127.5], std=[255, 255], format_shape='NCHW')
flow_ncthw = dict(
    type='ActionDataPreprocessor', mean=[127.5, 127.5], std=[255, 255], format_shape='NCTHW')
