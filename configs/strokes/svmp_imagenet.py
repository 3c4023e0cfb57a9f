# What a new video costs with condensed_imagenet.py behind svmp.py.
_base_ = 'svmp.py'
model = _base_.behind_condenser
