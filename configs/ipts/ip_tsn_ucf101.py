_base_ = [
    '../_base_/models/ip_tsn_r152_r18.py', '../_base_/datasets/ucf101.py',
    '../_base_/pipelines/ip_tsn_224.py', '../_base_/schedules/adam_510e.py',
    '../_base_/default_runtime.py'
]
model = dict(
    i_stream=dict(cls_head=dict(num_classes=101)), p_stream=dict(cls_head=dict(num_classes=101)))
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))

# The rates of CoViAR's commands for UCF101: I-frames 0.0003, residuals 0.005.
optim_wrapper = dict(
    paramwise_cfg=dict(
        custom_keys={
            'i_stream.cls_head': dict(lr_mult=0.3),
            'i_stream.backbone': dict(lr_mult=0.003),
            'p_stream.cls_head': dict(lr_mult=5),
            'p_stream.backbone': dict(lr_mult=0.05),
            'p_stream.backbone.conv1': dict(lr_mult=0.5),
            'p_stream.backbone.data_bn': dict(lr_mult=0.5)
        }))
