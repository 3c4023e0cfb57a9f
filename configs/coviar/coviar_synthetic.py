_base_ = [
    '../_base_/models/coviar_small.py', '../_base_/datasets/synthetic.py',
    '../_base_/pipelines/coviar_112.py', '../_base_/schedules/adamw_6e.py',
    '../_base_/default_runtime.py'
]
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
