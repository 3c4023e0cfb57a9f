# What TSD and attention look at small frames with, on synthetic clips.
extractor = dict(
    type='ResNet2D3D',
    depth=18,
    in_channels=3,
    inflate_from=None,
    data_bn=False,
    base_channels=8)
