# TTP, ATTP without the flow network that only training needs, on Something-Something V2's own VP9
# files. A clip has about four GOPs of 12 frames; in testing each is seen at two moments.
_base_ = [
    '../_base_/models/attp_b1.py', '../_base_/datasets/sthv2.py',
    '../_base_/pipelines/gops_224.py', '../_base_/schedules/adam_50e.py',
    '../_base_/default_runtime.py'
]
model = dict(cls_head=dict(num_classes=174))
pipelines = [_base_.train_pipeline_ttp, _base_.test_pipeline]
pipelines[0][5].update(flip_label_map=_base_.flip_label_map)  # Flip
pipelines[1][0].update(num_gops=8)  # SampleGOPs
train_dataloader = dict(batch_size=16, dataset=dict(pipeline=pipelines[0]))
val_dataloader = dict(batch_size=1, dataset=dict(pipeline=pipelines[1]))
test_dataloader = val_dataloader
val_evaluator = [dict(type='AccMetric')]
test_evaluator = val_evaluator
# Networks from ImageNet at a tenth of the rate, as in ttp_hmdb51.py.
optim_wrapper = dict(
    optimizer=dict(lr=1e-3), paramwise_cfg=dict(custom_keys={'backbone': dict(lr_mult=0.1)}))
