# Made by: python tools/data/make_synthetic.py --task brief --size 48 --num-train 1600 --num-val 400 \
#     --out data/synthetic/brief48
# Whole clips of 80 frames. Never flipped: a flip turns left into right.
train_pipeline = [
    dict(type='OpenCVInit'),
    dict(type='SampleFrames', clip_len=80, frame_interval=1, num_clips=1),
    dict(type='OpenCVDecode'),
    dict(type='ColorJitter', brightness=0.3, contrast=0.3, saturation=0, hue=0),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs')
]
test_pipeline = [
    dict(type='OpenCVInit'),
    dict(type='SampleFrames', clip_len=80, frame_interval=1, num_clips=1, test_mode=True),
    dict(type='OpenCVDecode'),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs')
]
data_root = 'data/synthetic/brief48'
train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='VideoDataset',
        data_root=data_root,
        ann_file='train.txt',
        data_prefix=dict(video=''),
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=32,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='VideoDataset',
        data_root=data_root,
        ann_file='val.txt',
        data_prefix=dict(video=''),
        pipeline=test_pipeline,
        test_mode=True))
test_dataloader = val_dataloader
val_evaluator = [
    dict(type='AccMetric', metric_options=dict(top_k_accuracy=dict(topk=(1, ))))
]
test_evaluator = val_evaluator
