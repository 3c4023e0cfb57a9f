# Compact bilinear pooling of the three pairs, their scores added: "BP" of Table 3.
_base_ = 'tp_synthetic.py'
model = dict(
    cls_head=dict(
        pooling=dict(
            _delete_=True,
            type='PairwisePooling',
            pooling=dict(type='CompactBilinearPooling', in_channels=128, out_channels=1024))))
