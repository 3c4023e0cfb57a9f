# First row, on the fights set: the P-stream without a teacher, from scratch.
_base_ = '../stages/mr_2d3d_synthetic.py'
model = dict(
    backbone=dict(pretrained=None),
    cls_head=dict(num_classes=2, dropout_ratio=0.5, topk=(1, )))
data_root = 'data/fights_160x120'  # made by tools/benchmarks/distillation_table.sh
data_prefix = dict(video='videos')
train_geometry_small = [
    dict(type='Resize', scale=(128, 96), keep_ratio=False),
    dict(type='RandomCrop', size=80),
    dict(type='Flip', flip_ratio=0.5)
]
test_geometry_small = [dict(type='Resize', scale=(128, 96), keep_ratio=False)]
train_dataloader = dict(
    drop_last=True,
    dataset=dict(
        data_root=data_root,
        data_prefix=data_prefix,
        pipeline=[_base_.sample_train_3d, *_base_.load, *train_geometry_small, *_base_.pack]))
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        data_prefix=data_prefix,
        pipeline=[_base_.sample_test, *_base_.load, *test_geometry_small, *_base_.pack]))
test_dataloader = val_dataloader
val_evaluator = [
    dict(type='AccMetric', metric_options=dict(top_k_accuracy=dict(topk=(1, ))))
]
test_evaluator = val_evaluator
train_cfg = dict(max_epochs=8, val_begin=8)
param_scheduler = [
    dict(
        type='OneCycleLR',
        eta_max=2e-3,
        total_steps=8,
        by_epoch=True,
        convert_to_iter_based=True)
]
default_hooks = dict(checkpoint=dict(interval=4, save_best=None))
work_dir = f'{_base_.stages}/p_stream'
