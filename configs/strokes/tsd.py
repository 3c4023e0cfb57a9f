# TSD and the P-stream's network, end to end: 64 frames of a video, spread evenly, become 16.
_base_ = ['_base_/rgb.py', '../tsd/_base_/small_extractor.py']
sample = dict(type='UniformSample', clip_len=64)
train_pipeline = [_base_.train_pipeline[0], sample, *_base_.train_pipeline[2:]]
test_pipeline = [
    _base_.test_pipeline[0],
    dict(sample, test_mode=True), *_base_.test_pipeline[2:]
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
model = dict(
    type='CondenseRecognizer',
    condenser=dict(
        type='TemporalSequenceDistillation',
        num_frames=64,
        num_distilled=_base_.num_segments,
        extractor=_base_.extractor,
        extractor_channels=64,
        extractor_size=32,
        embed_channels=64,
        kernel=(3, 1, 1),
        init_std=0.08),  # the paper's 0.01 is for kernels of 4096 weights, these have 192
    recognizer=dict(_base_.rgb_2d3d, data_preprocessor=_base_.rgb_norm))
