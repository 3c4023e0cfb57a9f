# What a new video costs whose condensed pictures the P-stream's network sees as a clip. Which
# condenser is for a row to say; what trains is condensed.py, on pictures that were made before.
_base_ = 'networks.py'
rgb_in_clips = dict(
    type='StreamDataPreprocessor',
    stream=('rgb', ),
    preprocessors=dict(
        rgb=dict(
            type='ActionDataPreprocessor',
            mean=[127.5] * 3,
            std=[127.5] * 3,
            format_shape='NCTHW')))
model = dict(**_base_.on_pictures, data_preprocessor=rgb_in_clips)
gop = dict(type='SampleGOPClips', clip_len=12, with_first=True)
read = dict(type='LoadCompressedVideo', modalities=('rgb', ))
pack = [
    dict(type='FormatCompressedShape', layouts=dict(rgb='NCTHW'), encoding='raw'),
    dict(type='PackActionInputs', collect_keys=('rgb', ))
]
condense_pipeline = [dict(gop, num_clips=None), read, _base_.resize, *pack]
gops = dict(gop, num_clips=_base_.num_pictures, test_mode=True)  # in training, too: in order
train_pipeline = [gops, read, _base_.crop, _base_.resize, *pack]
online_pipeline = [gops, read, _base_.resize, *pack]
train_dataloader = dict(dataset=dict(**_base_.dataset, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(**_base_.dataset, pipeline=online_pipeline))
test_dataloader = val_dataloader
