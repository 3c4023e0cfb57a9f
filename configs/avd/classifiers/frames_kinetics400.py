# Table 1's baselines, without AVD: single frames (INPUT=rgb) or optical flow (INPUT=flow).
_base_ = ['_base_/frames.py', '../../ifs/_base_/kinetics400.py']
model = dict(cls_head=dict(num_classes=400))
pipelines = dict(train=_base_.train_pipeline, val=_base_.test_pipeline)
for part, pipeline in pipelines.items():
    if _base_.modality == 'flow':
        pipeline[1].update(video_folder=f'videos_{part}_mpeg4', flow_folder=f'flow_{part}')
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=pipelines['train']))
val_dataloader = dict(dataset=dict(pipeline=pipelines['val']))
test_dataloader = dict(dataset=dict(pipeline=pipelines['val']))
val_evaluator = [dict(type='AccMetric')]
test_evaluator = val_evaluator
work_dir = f'work_dirs/avd_frames/{_base_.modality}_kinetics400'
