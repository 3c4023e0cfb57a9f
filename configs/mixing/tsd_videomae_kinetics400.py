# TSD before MMAction2's VideoMAE, which stays as it is: 64 frames in a row become the 16 that it takes.
# MMAction2 has this model for testing only, so the training is ours.
_base_ = [
    'mmaction::recognition/videomae/vit-base-p16_videomae-k400-pre_16x4x1_kinetics-400.py',
    '_base_/tsd_64.py'
]
custom_imports = dict(imports=['mmcondense'], allow_failed_imports=False)
model = dict(
    _delete_=True,
    type='CondenseRecognizer',
    condenser=dict(_base_.tsd, num_distilled=16),
    recognizer=_base_.model,
    freeze_recognizer=True)
load_from = 'https://download.openmmlab.com/mmaction/v1.0/recognition/videomae/vit-base-p16_videomae-k400-pre_16x4x1_kinetics-400_20221013-860a3cd3.pth'
train_pipeline = [
    dict(type='DecordInit'),
    dict(type='SampleFrames', clip_len=64, frame_interval=1, num_clips=1),
    dict(type='DecordDecode'),
    dict(type='Resize', scale=(-1, 256)),
    dict(type='RandomResizedCrop'),
    dict(type='Resize', scale=(224, 224), keep_ratio=False),
    dict(type='Flip', flip_ratio=0.5),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs')
]
test_pipeline = _base_.test_pipeline
test_pipeline[1].update(clip_len=64, frame_interval=1)  # SampleFrames
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
train_dataloader = dict(
    batch_size=8,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='VideoDataset',
        ann_file='data/kinetics400/kinetics400_train_list_videos.txt',
        data_prefix=dict(video='data/kinetics400/videos_train'),
        pipeline=train_pipeline))
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.05))
param_scheduler = [
    dict(type='CosineAnnealingLR', T_max=5, by_epoch=True, convert_to_iter_based=True)
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=5)
# what is loaded is the recognizer; TSD learns
default_hooks = dict(checkpoint_fit=dict(type='CheckpointFitHook', loosely=True))
