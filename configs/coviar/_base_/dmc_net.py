# DMC-Net's stream: a generator of motion cues before the 2D ResNet-18 that knows optical flow, stage 2
# of IP-TSN. Motion and flow by the standard deviation of the authors' code, on which the weight of
# the reconstruction depends; the network's own data_bn takes the scale out again.
_base_ = ['../../ipts/stages/_base_/distill_2d.py']
flow_2d = _base_.flow_2d
as_motion = dict(type='ActionDataPreprocessor', mean=[127.5] * 2, std=[57.63] * 2)
model = dict(
    _delete_=True,
    type='DMCRecognizer2D',
    backbone=dict(flow_2d.backbone, pretrained=None),
    cls_head=dict(flow_2d.cls_head, dropout_ratio=0.0, average_clips='score'),
    flow_block=16,
    data_preprocessor=dict(
        type='StreamDataPreprocessor',
        preprocessors=dict(
            motion=dict(as_motion, format_shape='NCHW'),
            residual=_base_.normalise['residual'],
            flow=dict(as_motion, format_shape='NCHW')),
        stream=_base_.modalities))
test_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=25, test_mode=True), *_base_.load,
    *_base_.test_geometry, *_base_.pack
]
