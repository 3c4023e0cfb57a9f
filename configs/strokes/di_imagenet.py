# What a new video costs with condensed_imagenet.py behind di.py.
_base_ = 'di.py'
model = _base_.behind_condenser
