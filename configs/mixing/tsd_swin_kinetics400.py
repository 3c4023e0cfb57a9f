# TSD before MMAction2's Video Swin: all of the 64 frames, of which Swin sees every other one, become 16.
# The stock schedule gives names with `backbone` a tenth of the rate: TSD's MobileNet too, not its block.
_base_ = [
    'mmaction::recognition/swin/swin-tiny-p244-w877_in1k-pre_8xb8-amp-32x2x1-30e_kinetics400-rgb.py',
    '_base_/tsd_64.py'
]
custom_imports = dict(imports=['mmcondense'], allow_failed_imports=False)
model = dict(
    _delete_=True,
    type='CondenseRecognizer',
    condenser=dict(_base_.tsd, num_distilled=16),
    recognizer=_base_.model)
load_from = 'https://download.openmmlab.com/mmaction/v1.0/recognition/swin/swin-tiny-p244-w877_in1k-pre_8xb8-amp-32x2x1-30e_kinetics400-rgb/swin-tiny-p244-w877_in1k-pre_8xb8-amp-32x2x1-30e_kinetics400-rgb_20220930-241016b2.pth'
pipelines = [_base_.train_pipeline, _base_.val_pipeline, _base_.test_pipeline]
for pipeline in pipelines:
    pipeline[1].update(clip_len=64, frame_interval=1)  # SampleFrames
train_dataloader = dict(dataset=dict(pipeline=pipelines[0]))
val_dataloader = dict(dataset=dict(pipeline=pipelines[1]))
test_dataloader = dict(dataset=dict(pipeline=pipelines[2]))
# what is loaded is the recognizer; TSD learns
default_hooks = dict(checkpoint_fit=dict(type='CheckpointFitHook', loosely=True))
