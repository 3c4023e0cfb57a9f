# Trilinear pooling without the neighbouring GOP: "TP" of Table 3.
_base_ = [
    '../../_base_/models/attp_small.py', '../../_base_/datasets/synthetic.py',
    '../../_base_/pipelines/gops_small.py', '../../_base_/schedules/adamw_6e.py',
    '../../_base_/default_runtime.py'
]
model = dict(cls_head=dict(temporal=False))
data_root = 'data/synthetic/both_b'
train_dataloader = dict(dataset=dict(data_root=data_root, pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(data_root=data_root, pipeline=_base_.test_pipeline))
test_dataloader = dict(dataset=dict(data_root=data_root, pipeline=_base_.test_pipeline))
val_evaluator = [dict(type='AccMetric')]
test_evaluator = val_evaluator
train_cfg = dict(max_epochs=2, val_begin=2)
param_scheduler = [
    dict(
        type='OneCycleLR',
        eta_max=2e-3,
        total_steps=2,
        by_epoch=True,
        convert_to_iter_based=True)
]
