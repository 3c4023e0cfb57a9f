# TSD_METHOD (tsd, uniform, random, attention) makes TSD_TS frames of TSD_T before I3D; uniform with
# TSD_TS=TSD_T is I3D on TSD_T consecutive frames. TSD_Q clips in testing.
_base_ = ['./i3d.py', './kinetics400.py']
num_frames = {{'$TSD_T:80'}}
num_kept = {{'$TSD_TS:20'}}
method = '{{$TSD_METHOD:tsd}}'
model = dict(
    condenser=dict(
        dict(
            tsd=dict(
                type='TemporalSequenceDistillation',
                num_frames=num_frames,
                num_distilled=num_kept,
                extractor=_base_.mobilenet),
            uniform=dict(type='UniformFrames', num_frames=num_kept),
            random=dict(type='RandomFrames', num_frames=num_kept),
            attention=dict(
                type='TemporalAttention', num_kept=num_kept, extractor=_base_.mobilenet))[method],
        _delete_=True))
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
# Where a checkpoint of the whole brings them
no_weights = dict(
    condenser=dict(extractor=dict(backbone=dict(pretrained=False))),
    recognizer=dict(backbone=dict(pretrained=None), cls_head=dict(pretrained=None)))
# Those of tsd_i3d_*_kinetics400.py for the methods and lengths that they have.
name = f'{dict(tsd="tsd_i3d").get(method, "i3d_" + method)}_{num_frames}to{num_kept}'
