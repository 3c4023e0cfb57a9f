# What a new video costs with condensed_imagenet.py behind avd_online.py.
_base_ = 'avd_online.py'
model = _base_.behind_condenser
