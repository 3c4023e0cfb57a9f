_base_ = [
    '../_base_/models/coviar_r152_r18.py', '../_base_/datasets/ucf101.py',
    '../_base_/pipelines/coviar_224.py', '../_base_/schedules/adam_510e.py',
    '../_base_/default_runtime.py'
]
model = dict(
    i_stream=dict(cls_head=dict(num_classes=101)),
    motion_stream=dict(cls_head=dict(num_classes=101)),
    residual_stream=dict(cls_head=dict(num_classes=101)))
train_dataloader = dict(batch_size=40, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(
    batch_size=_base_.test_batch_size, dataset=dict(pipeline=_base_.test_pipeline))

# The authors' rates for UCF101: I-frames 0.0003, motion 0.01, residuals 0.005.
optim_wrapper = dict(
    paramwise_cfg=dict(
        custom_keys={
            'i_stream.cls_head': dict(lr_mult=0.3),
            'i_stream.backbone': dict(lr_mult=0.003),
            'motion_stream.cls_head': dict(lr_mult=10),
            'motion_stream.backbone': dict(lr_mult=0.1),
            'motion_stream.backbone.conv1': dict(lr_mult=1),
            'motion_stream.backbone.data_bn': dict(lr_mult=1),
            'residual_stream.cls_head': dict(lr_mult=5),
            'residual_stream.backbone': dict(lr_mult=0.05),
            'residual_stream.backbone.conv1': dict(lr_mult=0.5),
            'residual_stream.backbone.data_bn': dict(lr_mult=0.5)
        }))
