_base_ = [
    '../_base_/models/ip_tsn_r152_r18.py', '../_base_/datasets/hmdb51.py',
    '../_base_/pipelines/ip_tsn_224.py', '../_base_/schedules/adam_300e.py',
    '../_base_/default_runtime.py'
]
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))

# The rates of CoViAR's commands for HMDB51 (I-frames 0.0003, residuals 0.001): whole for a head,
# a tenth for a new input layer, a hundredth for layers from ImageNet.
optim_wrapper = dict(
    paramwise_cfg=dict(
        custom_keys={
            'i_stream.cls_head': dict(lr_mult=0.3),
            'i_stream.backbone': dict(lr_mult=0.003),
            'p_stream.backbone': dict(lr_mult=0.01),
            'p_stream.backbone.conv1': dict(lr_mult=0.1),
            'p_stream.backbone.data_bn': dict(lr_mult=0.1)
        }))
