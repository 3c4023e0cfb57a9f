# Factorized bilinear pooling (MFB) of the three pairs, their scores added.
_base_ = 'tp_hmdb51.py'
model = dict(
    cls_head=dict(
        pooling=dict(
            _delete_=True,
            type='PairwisePooling',
            pooling=dict(
                type='FactorizedBilinearPooling',
                in_channels=1280,
                out_channels=512,
                factors=2))))
