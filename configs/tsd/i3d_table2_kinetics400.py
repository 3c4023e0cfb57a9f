# Any cell of Tables 2 and 3: TSD_METHOD (tsd, uniform, random, attention) makes TSD_TS frames of
# TSD_T before I3D. uniform with TSD_TS=TSD_T is I3D on TSD_T consecutive frames.
_base_ = ['./_base_/i3d.py', './_base_/kinetics400.py', './_base_/stage2.py']
num_frames = {{'$TSD_T:80'}}
num_kept = {{'$TSD_TS:20'}}
method = '{{$TSD_METHOD:tsd}}'
condensers = dict(
    tsd=dict(
        type='TemporalSequenceDistillation',
        num_frames=num_frames,
        num_distilled=num_kept,
        extractor=_base_.mobilenet),
    uniform=dict(type='UniformFrames', num_frames=num_kept),
    random=dict(type='RandomFrames', num_frames=num_kept),
    attention=dict(
        type='TemporalAttention', num_kept=num_kept, extractor=_base_.mobilenet))
model = dict(condenser=dict(condensers[method], _delete_=True))
train_pipeline = [
    dict(type='OpenCVInit'),
    dict(type='SampleFrames', clip_len=num_frames, frame_interval=1, num_clips=1),
    dict(type='OpenCVDecode'), *_base_.geometry['train']
]
test_pipeline = [
    dict(type='OpenCVInit'),
    dict(
        type='SampleFrames',
        clip_len=num_frames,
        frame_interval=1,
        num_clips={{'$TSD_Q:3'}},
        test_mode=True),
    dict(type='OpenCVDecode'), *_base_.geometry['test']
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
work_dir = f'work_dirs/tsd_table2/{method}_{num_frames}to{num_kept}'
