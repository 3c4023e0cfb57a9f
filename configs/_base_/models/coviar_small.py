# CoViAR with a quarter of the channels, from scratch.
_base_ = 'coviar_r152_r18.py'
model = dict(
    i_stream=dict(
        backbone=dict(
            _delete_=True,
            type='ResNet2D3D',
            depth=18,
            in_channels=3,
            inflate_from=None,
            data_bn=False,
            base_channels=16),
        cls_head=dict(num_classes=8, in_channels=128)),
    motion_stream=dict(
        backbone=dict(base_channels=16, pretrained=None),
        cls_head=dict(num_classes=8, in_channels=128)),
    residual_stream=dict(
        backbone=dict(base_channels=16, pretrained=None),
        cls_head=dict(num_classes=8, in_channels=128)))
