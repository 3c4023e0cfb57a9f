# Trilinear pooling without the neighbouring GOP: "TP" of Table 3.
_base_ = 'ttp_hmdb51.py'
model = dict(cls_head=dict(temporal=False))
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
