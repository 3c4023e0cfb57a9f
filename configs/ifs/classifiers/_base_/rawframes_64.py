# Condensed frames as JPEGs, made by tools/condense_dataset.py; read by MMAction2 alone.
data_root = '{{$CONDENSED:data/synthetic/motion_gop/ifs}}'
train_pipeline = [
    dict(type='SampleFrames', clip_len=1, frame_interval=1, num_clips=1),
    dict(type='RawFrameDecode'),
    dict(type='FormatShape', input_format='NCHW'),
    dict(type='PackActionInputs')
]
test_pipeline = [
    dict(type='SampleFrames', clip_len=1, frame_interval=1, num_clips=1, test_mode=True),
    dict(type='RawFrameDecode'),
    dict(type='FormatShape', input_format='NCHW'),
    dict(type='PackActionInputs')
]
train_dataloader = dict(
    batch_size=32,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='RawframeDataset',
        data_root=data_root,
        ann_file='train.txt',
        data_prefix=dict(img='frames'),
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=50,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='RawframeDataset',
        data_root=data_root,
        ann_file='val.txt',
        data_prefix=dict(img='frames'),
        pipeline=test_pipeline,
        test_mode=True))
test_dataloader = val_dataloader
