# The distilled images as floating-point numbers, not as JPEGs.
_base_ = '../../baselines/_base_/condense_rgb_synthetic.py'
model = dict(
    condenser=dict(
        type='AVD',
        strides=((3, {{'$AVD_STRIDE:2'}}), (2, 1), (2, 1)),
        channels=16,
        image_size=64,
        reconstruction_weight=None),  # the encoder alone
    condenser_checkpoint='{{$AVD_CHECKPOINT:work_dirs/avd_synthetic/final.pth}}',
    freeze_condenser=True)
