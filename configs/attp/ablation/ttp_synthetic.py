# Trilinear pooling with the neighbouring GOP's I-frame, not aligned: "TTP" of Table 3.
_base_ = 'tp_synthetic.py'
model = dict(cls_head=dict(temporal=True))
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline_ttp))
