# UCF101, split 1 (or SPLIT), from Kinetics; the last FC learns ten times as fast (section 4.2) and starts anew.
# One clip in testing (Q = 1, Table 4); the paper prints neither learning rate nor epochs. Other rows of
# Table 4: TSD_T=80 TSD_TS=40 and so on, each from its own training on Kinetics.
_base_ = ['./_base_/i3d.py', './_base_/kinetics400.py', '../_base_/default_runtime.py']
num_frames = {{'$TSD_T:80'}}
num_distilled = {{'$TSD_TS:20'}}
model = dict(
    condenser=dict(
        num_frames=num_frames,
        num_distilled=num_distilled,
        extractor=dict(backbone=dict(pretrained=False))),
    recognizer=dict(
        backbone=dict(pretrained=None), cls_head=dict(num_classes=101, pretrained=None)))
load_from = f'work_dirs/tsd_i3d_{num_frames}to{num_distilled}_kinetics400/iter_120000.pth'

train_pipeline = [
    dict(type='OpenCVInit'),
    dict(type='SampleFrames', clip_len=num_frames, frame_interval=1, num_clips=1),
    dict(type='OpenCVDecode'), *_base_.geometry['train']
]
test_pipeline = [
    dict(type='OpenCVInit'),
    dict(type='SampleFrames', clip_len=num_frames, frame_interval=1, num_clips=1, test_mode=True),
    dict(type='OpenCVDecode'), *_base_.geometry['test']
]
split = '{{$SPLIT:1}}'
data_root = 'data/ucf101'
train_dataloader = dict(
    sampler=dict(_delete_=True, type='DefaultSampler', shuffle=True),
    dataset=dict(
        data_root=data_root,
        ann_file=f'ucf101_train_split_{split}_originals.txt',
        data_prefix=dict(video='videos'),
        pipeline=train_pipeline))
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
work_dir = f'work_dirs/tsd_i3d_{num_frames}to{num_distilled}_ucf101'
