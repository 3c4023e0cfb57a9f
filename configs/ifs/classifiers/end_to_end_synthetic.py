# The synthetic frames as floating-point numbers, not as JPEGs: Table 2's column "end-to-end".
_base_ = [
    '../../baselines/_base_/tsn_small.py', '../_base_/ifs_small.py', '../_base_/synthetic.py',
    '../_base_/pipelines_64.py', '../../baselines/_base_/adamw_20e.py',
    '../../baselines/_base_/runtime.py'
]
model = dict(
    _delete_=True,
    type='CondenseRecognizer',
    condenser=dict(_base_.model.condenser, loss_weights=dict()),  # the generator alone
    condenser_checkpoint='{{$IFS_CHECKPOINT:work_dirs/ifs_synthetic/final.pth}}',
    freeze_condenser=True,
    recognizer=_base_.tsn_small,
    data_preprocessor=_base_.model.data_preprocessor)
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
