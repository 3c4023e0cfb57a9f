# Eq. (7): three tasks and two regularizers, equal weights.
_base_ = 'preprocessor.py'
model = dict(
    type='CondenserModel',
    condenser=dict(
        type='IFS',
        clip_len=12,
        num_classes=400,
        loss_weights=dict(app=1.0, cat=1.0, mot=1.0, adv=1.0, color=1.0)),
    data_preprocessor=_base_.ifs_preprocessor)
