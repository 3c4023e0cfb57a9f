# What a new video costs with condensed_imagenet.py behind mean.py.
_base_ = 'mean.py'
model = _base_.behind_condenser
