# IP-TSN with the optical flow of the P-frames in training, for the teacher.
_base_ = 'ip_tsn_224.py'
train_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=16),
    dict(type='LoadCompressedVideo', modalities=_base_.modalities, reference='previous'),
    dict(type='LoadFlow', video_folder='videos_mpeg4', flow_folder='flow'),
    *_base_.train_geometry,
    dict(
        type='FormatCompressedShape',
        layouts=dict(iframe='NCHW', motion='NCTHW', residual='NCTHW', flow='NCTHW')),
    dict(type='PackActionInputs', collect_keys=(*_base_.modalities, 'flow'))
]
