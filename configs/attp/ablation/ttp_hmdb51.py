# Trilinear pooling with the neighbouring GOP's I-frame, not aligned: "TTP" of Table 3. The videos
# are the originals, Xvid and DivX with B-frames and few key frames.
_base_ = [
    '../../_base_/models/attp_b1.py', '../../_base_/datasets/hmdb51.py',
    '../../_base_/pipelines/gops_224.py', '../../_base_/schedules/adam_300e.py',
    '../../_base_/default_runtime.py'
]
train_videos = dict(
    data_prefix=dict(video='videos'),
    ann_file=f'hmdb51_train_split_{_base_.split}_originals.txt')
val_videos = dict(
    data_prefix=dict(video='videos'), ann_file=f'hmdb51_val_split_{_base_.split}_originals.txt')
train_dataloader = dict(
    batch_size=16, dataset=dict(train_videos, pipeline=_base_.train_pipeline_ttp))
val_dataloader = dict(batch_size=1, dataset=dict(val_videos, pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
val_evaluator = [dict(type='AccMetric')]
test_evaluator = val_evaluator
# Networks from ImageNet at a tenth of the rate, as nothing is printed.
optim_wrapper = dict(
    optimizer=dict(lr=1e-3), paramwise_cfg=dict(custom_keys={'backbone': dict(lr_mult=0.1)}))
