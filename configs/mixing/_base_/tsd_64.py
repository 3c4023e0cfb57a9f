# TSD of 64 frames; how many are left is num_distilled.
tsd = dict(
    type='TemporalSequenceDistillation',
    num_frames=64,
    extractor=dict(
        type='FeatureMapBackbone', backbone=dict(type='timm.mobilenetv1_100', pretrained=True)))
