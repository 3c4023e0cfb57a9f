# Table 5, row "2D-3D Res18, 16*1": the P-stream's network as an I-stream.
_base_ = 'i_stream_r18_hmdb51.py'
model = dict(
    type='Recognizer3D',
    backbone=dict(
        _delete_=True,
        type='ResNet2D3D',
        depth=18,
        in_channels=3,
        data_bn=False,
        pretrained='torchvision://resnet18'),
    cls_head=dict(type='I3DHead'),
    data_preprocessor=dict(preprocessors=dict(iframe=dict(format_shape='NCTHW'))))
pack = [
    dict(type='FormatCompressedShape', layouts=dict(iframe='NCTHW')),
    dict(type='PackActionInputs', collect_keys=('iframe', ))
]
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='SampleCompressedFrames', num_segments=16), *_base_.load,
            *_base_.train_geometry, *pack
        ]))
val_dataloader = dict(
    dataset=dict(
        pipeline=[_base_.test_sampling, *_base_.load, *_base_.one_crop, *pack]))
test_dataloader = val_dataloader
