_base_ = [
    '../_base_/models/coviar_r152_r18.py', '../_base_/datasets/hmdb51.py',
    '../_base_/pipelines/coviar_224.py', '../_base_/schedules/adam_300e.py',
    '../_base_/default_runtime.py'
]
train_dataloader = dict(batch_size=40, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(
    batch_size=_base_.test_batch_size, dataset=dict(pipeline=_base_.test_pipeline))

# The authors' rates for HMDB51: I-frames 0.0003, motion 0.005, residuals 0.001; whole for a head,
# a tenth for a new input layer, a hundredth for layers from ImageNet.
optim_wrapper = dict(
    paramwise_cfg=dict(
        custom_keys={
            'i_stream.cls_head': dict(lr_mult=0.3),
            'i_stream.backbone': dict(lr_mult=0.003),
            'motion_stream.cls_head': dict(lr_mult=5),
            'motion_stream.backbone': dict(lr_mult=0.05),
            'motion_stream.backbone.conv1': dict(lr_mult=0.5),
            'motion_stream.backbone.data_bn': dict(lr_mult=0.5),
            'residual_stream.backbone': dict(lr_mult=0.01),
            'residual_stream.backbone.conv1': dict(lr_mult=0.1),
            'residual_stream.backbone.data_bn': dict(lr_mult=0.1)
        }))
