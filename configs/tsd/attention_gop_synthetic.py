# TSD's rival there: 12 frames scaled by importance in training, 4 kept in testing.
_base_ = 'tsd_gop_synthetic.py'
model = dict(
    condenser=dict(
        _delete_=True,
        type='TemporalAttention',
        num_kept=4,
        extractor=_base_.extractor,
        extractor_channels=64,
        extractor_size=32))
