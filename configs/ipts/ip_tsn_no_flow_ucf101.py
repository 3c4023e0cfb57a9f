# IP-TSN without optical flow in training: "I + MR" of the paper's Table 2.
_base_ = [
    '../_base_/models/ip_tsn_r152_r18.py', '../_base_/datasets/ucf101.py',
    '../_base_/pipelines/ip_tsn_224.py', '../_base_/schedules/adam_510e_ip_tsn.py',
    '../_base_/default_runtime.py'
]
model = dict(
    i_stream=dict(cls_head=dict(num_classes=101)), p_stream=dict(cls_head=dict(num_classes=101)))
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(
    batch_size=_base_.test_batch_size, dataset=dict(pipeline=_base_.test_pipeline))
