# Trilinear pooling without the neighbouring GOP: "TP" of Table 3.
_base_ = [
    '../../_base_/models/attp_small.py', '../../_base_/datasets/synthetic.py',
    '../../_base_/pipelines/gops_small.py', '../../_base_/schedules/adamw_6e.py',
    '../../_base_/default_runtime.py'
]
stages = '{{$ATTP_STAGES:work_dirs/attp/synthetic}}'
iframe_network = dict(_base_.small_rgb, pretrained=f'{stages}/appearance/final.pth')
model = dict(backbones=dict(iframe=iframe_network), cls_head=dict(temporal=False))
data_root = 'data/synthetic/both_b'
train_dataloader = dict(dataset=dict(data_root=data_root, pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(data_root=data_root, pipeline=_base_.test_pipeline))
test_dataloader = dict(dataset=dict(data_root=data_root, pipeline=_base_.test_pipeline))
val_evaluator = [dict(type='AccMetric')]
test_evaluator = val_evaluator
train_cfg = dict(max_epochs=1)
param_scheduler = [
    dict(
        type='OneCycleLR',
        eta_max=2e-3,
        total_steps=1,
        by_epoch=True,
        convert_to_iter_based=True)
]
