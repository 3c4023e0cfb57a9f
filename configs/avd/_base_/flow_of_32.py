# Flow of 32 P-frames, one of each 32nd part of the video, and these frames for the teacher.
modalities = ('rgb', 'flow')
load = [
    dict(type='LoadCompressedVideo', modalities=('rgb', )),
    dict(
        type='LoadFlow',
        folders=dict(
            videos_mpeg4='flow', videos_train_mpeg4='flow_train', videos_val_mpeg4='flow_val'))
]
pack = [
    dict(type='FormatCompressedShape', layouts=dict(rgb='NCTHW', flow='NCTHW')),
    dict(type='PackActionInputs', collect_keys=modalities)
]
train_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=32), *load,
    dict(type='RandomRescale', scale_range=(256, 340)),
    dict(type='RandomCrop', size=112),
    dict(type='Flip', flip_ratio=0.5), *pack
]
test_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=32, test_mode=True), *load,
    dict(type='Resize', scale=(-1, 256)),
    dict(type='CenterCrop', crop_size=112), *pack
]
# One image of a video.
condense_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=32, test_mode=True), *load,
    dict(type='Resize', scale=(-1, 256)),
    dict(type='CropToMultiple', divisor=4), *pack
]
