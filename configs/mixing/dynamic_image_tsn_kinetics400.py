# MMAction2's TSN, each of whose pictures is a dynamic image of 10 frames.
_base_ = 'mmaction::recognition/tsn/tsn_imagenet-pretrained-r50_8xb32-1x1x3-100e_kinetics400-rgb.py'
custom_imports = dict(imports=['mmcondense'], allow_failed_imports=False)
model = dict(
    _delete_=True,
    type='CondenseRecognizer',
    condenser=dict(type='RankPooling'),
    recognizer=_base_.model)
pipelines = [_base_.train_pipeline, _base_.val_pipeline, _base_.test_pipeline]
for pipeline in pipelines:
    pipeline[1].update(clip_len=10)  # SampleFrames
    pipeline[-2].update(input_format='NCTHW')  # FormatShape: clips, not pictures
train_dataloader = dict(dataset=dict(pipeline=pipelines[0]))
val_dataloader = dict(dataset=dict(pipeline=pipelines[1]))
test_dataloader = dict(dataset=dict(pipeline=pipelines[2]))
