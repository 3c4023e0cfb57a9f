# What a new video costs with condensed_imagenet.py behind avd_online.py.
_base_ = 'avd_online.py'
model = dict(
    recognizer=dict(_delete_=True, **_base_.image_network),
    frame_mean=_base_.image_norm.mean,
    frame_std=_base_.image_norm.std)
