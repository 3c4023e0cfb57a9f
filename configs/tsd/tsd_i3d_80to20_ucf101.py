# UCF101, split 1 (or SPLIT), from Kinetics; the last FC learns ten times as fast (section 4.2) and starts anew.
# One clip in testing (Q = 1, Table 4); the paper prints neither learning rate nor epochs. Other rows of
# Table 4 by the environment: see _base_/any_lengths.py. Rows with TSD start from their own training on
# Kinetics, I3D alone from the weights that these started from.
_base_ = ['./_base_/any_lengths.py', '../_base_/default_runtime.py']
learned = _base_.method in ('tsd', 'attention')
model = dict(
    _base_.no_weights if learned else {},
    recognizer=dict(
        backbone=dict(pretrained=None if learned else _base_.checkpoint),
        cls_head=dict(num_classes=101, pretrained=None)))
load_from = f'work_dirs/{_base_.name}_kinetics400/final.pth' if learned else None
weights_made_by = (
    f'TSD_METHOD={_base_.method} TSD_T={_base_.num_frames} TSD_TS={_base_.num_kept} '
    'python tools/train.py configs/tsd/i3d_table2_kinetics400.py')

split = '{{$SPLIT:1}}'
data_root = 'data/ucf101'
data_made_by = 'bash tools/data/ucf101/prepare.sh ARCHIVES data/ucf101'
train_dataloader = dict(
    sampler=dict(_delete_=True, type='DefaultSampler', shuffle=True),
    dataset=dict(
        data_root=data_root,
        ann_file=f'ucf101_train_split_{split}_originals.txt',
        data_prefix=dict(video='videos')))
test_pipeline = [
    dict(transform, num_clips=1) if transform['type'] == 'SampleFrames' else transform
    for transform in _base_.test_pipeline
]
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        ann_file=f'ucf101_val_split_{split}_originals.txt',
        data_prefix=dict(video='videos'),
        pipeline=test_pipeline))
test_dataloader = val_dataloader

optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=1e-3, momentum=0.9, weight_decay=1e-4),
    paramwise_cfg=dict(custom_keys={'recognizer.cls_head': dict(lr_mult=10)}))
param_scheduler = [dict(type='MultiStepLR', milestones=[20, 35], gamma=0.1)]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=40, val_interval=5)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(enable=False, base_batch_size=64)
default_hooks = dict(checkpoint_fit=dict(loosely=True))  # a head for other classes
work_dir = f'work_dirs/{_base_.name}_ucf101' + ('' if split == '1' else f'_split{split}')
