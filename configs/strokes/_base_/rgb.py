# RGB as MMAction2 reads it: decord, one frame in the middle of each of 16 segments (in training at
# random in it, with other colours each time). DECODER=PyAV for the other one.
_base_ = 'networks.py'
decoder = '{{$DECODER:Decord}}'
train_pipeline = [
    dict(type=f'{decoder}Init'),
    dict(type='UniformSample', clip_len=_base_.num_segments),
    dict(type=f'{decoder}Decode'), _base_.crop, _base_.resize,
    dict(type='ColorJitter', brightness=0.3, contrast=0.3, saturation=0.3, hue=0.1),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs')
]
test_pipeline = [
    dict(type=f'{decoder}Init'),
    dict(type='UniformSample', clip_len=_base_.num_segments, test_mode=True),
    dict(type=f'{decoder}Decode'), _base_.resize,
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs')
]
train_dataloader = dict(dataset=dict(**_base_.stock_dataset, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(**_base_.stock_dataset, pipeline=test_pipeline))
test_dataloader = val_dataloader
