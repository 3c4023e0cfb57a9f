# flow.py as it is used on a new video: two frames decoded for each field, and DIS between them.
_base_ = 'flow.py'
compute = [
    dict(type='LoadCompressedVideo', modalities=('rgb', 'previous_rgb')),
    dict(type='LoadFlow', method='dis')
]
train_dataloader = dict(
    dataset=dict(pipeline=[_base_.sample_train, *compute, _base_.crop, *_base_.pack]))
val_dataloader = dict(dataset=dict(pipeline=[_base_.sample_test, *compute, *_base_.pack]))
test_dataloader = val_dataloader
