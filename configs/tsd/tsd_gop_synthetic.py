# Synthetic `motion` with the data, classifier and schedule of configs/baselines: 12 frames become 4.
_base_ = [
    '../baselines/_base_/condense_rgb_synthetic.py', './_base_/small_extractor.py'
]
model = dict(
    condenser=dict(
        type='TemporalSequenceDistillation',
        num_frames=12,
        num_distilled=4,
        extractor=_base_.extractor,
        extractor_channels=64,
        extractor_size=32,
        embed_channels=64,
        kernel=(3, 1, 1),
        # the paper's 0.01 is for kernels of 4096 weights, these have 192
        init_std=0.08))
