# Single frames (INPUT=rgb) or optical flow (INPUT=flow), without AVD.
_base_ = ['_base_/frames.py', '../../ifs/_base_/kinetics400.py']
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
val_evaluator = [dict(type='AccMetric')]
test_evaluator = val_evaluator
work_dir = f'{_base_.frames_dir}_kinetics400'
