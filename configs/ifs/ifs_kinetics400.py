# 8 GPUs with 16 clips each.
_base_ = [
    '_base_/ifs.py', '_base_/kinetics400.py', '_base_/pipelines_224.py', '_base_/adam_64e.py',
    '_base_/runtime.py'
]
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
