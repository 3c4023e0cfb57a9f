# TSD before MMAction2's SlowOnly: all of the 64 frames, of which SlowOnly sees every 16th, become 4.
_base_ = [
    'mmaction::recognition/slowonly/slowonly_imagenet-pretrained-r50_8xb16-4x16x1-steplr-150e_kinetics400-rgb.py',
    '_base_/tsd_64.py'
]
custom_imports = dict(imports=['mmcondense'], allow_failed_imports=False)
model = dict(
    _delete_=True,
    type='CondenseRecognizer',
    condenser=dict(_base_.tsd, num_distilled=4),
    recognizer=_base_.model)
load_from = 'https://download.openmmlab.com/mmaction/v1.0/recognition/slowonly/slowonly_imagenet-pretrained-r50_8xb16-4x16x1-steplr-150e_kinetics400-rgb/slowonly_imagenet-pretrained-r50_8xb16-4x16x1-steplr-150e_kinetics400-rgb_20220901-e7b65fad.pth'
pipelines = [_base_.train_pipeline, _base_.val_pipeline, _base_.test_pipeline]
for pipeline in pipelines:
    pipeline[1].update(clip_len=64, frame_interval=1)  # SampleFrames
train_dataloader = dict(dataset=dict(pipeline=pipelines[0]))
val_dataloader = dict(dataset=dict(pipeline=pipelines[1]))
test_dataloader = dict(dataset=dict(pipeline=pipelines[2]))
# what is loaded is the recognizer; TSD learns
default_hooks = dict(checkpoint_fit=dict(type='CheckpointFitHook', loosely=True))
