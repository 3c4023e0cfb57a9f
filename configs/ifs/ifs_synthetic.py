_base_ = [
    '_base_/ifs_small.py', '_base_/synthetic.py', '_base_/pipelines_64.py', '_base_/adam_5e.py',
    '_base_/runtime.py'
]
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
