# What a new video costs with condensed_imagenet.py behind ifs_online.py.
_base_ = 'ifs_online.py'
model = _base_.behind_condenser
