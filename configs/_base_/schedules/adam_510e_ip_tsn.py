# The rates of CoViAR's commands for UCF101: I-frames 0.0003, residuals 0.005.
_base_ = 'adam_510e.py'
optim_wrapper = dict(
    paramwise_cfg=dict(
        custom_keys={
            'i_stream.cls_head': dict(lr_mult=0.3),
            'i_stream.backbone': dict(lr_mult=0.003),
            'cls_head': dict(lr_mult=5),
            'backbone': dict(lr_mult=0.05),
            'backbone.conv1': dict(lr_mult=0.5),
            'backbone.data_bn': dict(lr_mult=0.5)
        }))
