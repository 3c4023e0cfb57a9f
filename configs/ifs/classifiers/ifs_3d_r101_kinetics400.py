# ResNet-101 with temporal convolutions on clips of 8 synthetic frames. For IFS-mot: CONDENSED=... of its frames.
_base_ = [
    '_base_/temporal_r101.py', '_base_/condensed_kinetics400.py', '_base_/rawframes_3d.py',
    '_base_/sgd_256e.py', '_base_/runtime.py'
]
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
work_dir = f'work_dirs/{_base_.condensed}/ifs_3d_r101_kinetics400'
