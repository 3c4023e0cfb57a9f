# TSD's rival I3D_A: 80 frames scaled by importance in training, the 20 most important in testing.
_base_ = ['./_base_/i3d.py', './_base_/kinetics400.py', './_base_/stage2.py']
model = dict(
    condenser=dict(
        _delete_=True, type='TemporalAttention', num_kept=20, extractor=_base_.mobilenet))
