# The rates of CoViAR's commands for HMDB51 (I-frames 0.0003, residuals 0.001): whole for a head,
# a tenth for a new input layer, a hundredth for layers from ImageNet. Longer keys go first.
_base_ = 'adam_300e.py'
optim_wrapper = dict(
    paramwise_cfg=dict(
        custom_keys={
            'i_stream.cls_head': dict(lr_mult=0.3),
            'i_stream.backbone': dict(lr_mult=0.003),
            'backbone': dict(lr_mult=0.01),
            'backbone.conv1': dict(lr_mult=0.1),
            'backbone.data_bn': dict(lr_mult=0.1)
        }))
