# ATTP without a teacher, which is TTP, from scratch: of each GOP an I-frame, its neighbour's, and a
# moment's motion and residual; four GOPs of a video in training, sixteen in testing.
_base_ = '_base_/networks.py'
modalities = ('iframe', 'motion', 'residual')
pooling = dict(type='TrilinearPooling', in_channels=128, out_channels=512, factors=2)
model = dict(
    type='ATTP',
    backbones=dict(
        iframe=dict(_base_.resnet_2d, in_channels=3, data_bn=False),
        motion=dict(_base_.resnet_2d, in_channels=2),
        residual=dict(_base_.resnet_2d, in_channels=3)),
    cls_head=dict(
        type='TemporalPoolingHead',
        num_classes=_base_.num_classes,
        in_channels=128,
        pooling=pooling,
        dropout_ratio=0.0,
        scale=10.0,
        topk=(1, )),
    data_preprocessor=dict(
        type='MultiModalDataPreprocessor',
        preprocessors=dict(
            iframe=dict(_base_.rgb_norm, format_shape='NCHW'),
            motion=dict(_base_.vector_norm, format_shape='NCHW'),
            residual=dict(_base_.residual_norm, format_shape='NCHW'))))
read = dict(type='LoadCompressedVideo', modalities=modalities, per_frame=True)
pack = [
    dict(
        type='FormatCompressedShape', layouts=dict(iframe='NCHW', motion='NCHW', residual='NCHW')),
    dict(type='PackActionInputs', collect_keys=modalities, meta_keys=('img_shape', 'gop_inds'))
]
train_pipeline = [
    dict(type='SampleGOPs', num_gops=4, neighbours=True), read, _base_.crop, _base_.resize, *pack
]
test_pipeline = [
    dict(type='SampleGOPs', num_gops=_base_.num_segments, test_mode=True), read, _base_.resize,
    *pack
]
train_dataloader = dict(dataset=dict(**_base_.dataset, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(**_base_.dataset, pipeline=test_pipeline))
test_dataloader = val_dataloader
