# TSD's rival on synthetic `brief`: 80 frames scaled by importance in training, 5 kept in testing.
_base_ = 'tsd_synthetic.py'
model = dict(
    condenser=dict(
        _delete_=True,
        type='TemporalAttention',
        num_kept=5,
        extractor=_base_.extractor,
        extractor_channels=64,
        extractor_size=24,
        subtract_mean_frame=True))
