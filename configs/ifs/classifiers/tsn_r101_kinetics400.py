# ResNet-101 on synthetic frames. For IFS-mot: CONDENSED=... of its frames.
_base_ = [
    '_base_/tsn_r101.py', '_base_/condensed_kinetics400.py', '_base_/rawframes_2d.py',
    '_base_/sgd_256e.py', '_base_/runtime.py'
]
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
work_dir = f'work_dirs/{_base_.condensed}/tsn_r101_kinetics400'
