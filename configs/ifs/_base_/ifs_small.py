# IFS for clips of 64x64: a quarter of the channels, 3 residual blocks, and the weights that let the
# appearance be learned there. The discriminator's learning rate: custom_keys in the schedule.
_base_ = 'ifs.py'
model = dict(
    condenser=dict(
        num_classes=8,
        base_channels=16,
        num_blocks=3,
        kernel_size=3,
        encoder_channels=(16, 32, 64),
        loss_weights=dict(app=1.0, cat=0.05, mot=5.0, adv=0.1, color=1.0)))
