# IP-TSN without optical flow in training: "I + MR" of the paper's Table 2.
_base_ = [
    '../_base_/models/ip_tsn_r152_r18.py', '../_base_/datasets/hmdb51.py',
    '../_base_/pipelines/ip_tsn_224.py', '../_base_/schedules/adam_300e_ip_tsn.py',
    '../_base_/default_runtime.py'
]
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(
    batch_size=_base_.test_batch_size, dataset=dict(pipeline=_base_.test_pipeline))
