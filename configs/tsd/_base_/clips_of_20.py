_base_ = 'kinetics400.py'
train_pipeline = [
    dict(type='OpenCVInit'),
    dict(type='SampleFrames', clip_len=20, frame_interval=1, num_clips=1),
    dict(type='OpenCVDecode'), *_base_.geometry['train']
]
test_pipeline = [
    dict(type='OpenCVInit'),
    dict(type='SampleFrames', clip_len=20, frame_interval=1, num_clips=3, test_mode=True),
    dict(type='OpenCVDecode'), *_base_.geometry['test']
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
