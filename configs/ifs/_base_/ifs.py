# Eq. (7): three tasks and two regularizers, equal weights. IFS_TERMS=app_mot_adv_color and so on in
# the environment: these alone (Tables 2 and 3).
_base_ = 'preprocessor.py'
terms = '{{$IFS_TERMS:app_cat_mot_adv_color}}'
model = dict(
    type='CondenserModel',
    condenser=dict(
        type='IFS',
        clip_len=12,
        num_classes=400,
        loss_weights=dict.fromkeys(terms.split('_'), 1.0)),
    data_preprocessor=_base_.ifs_preprocessor)
