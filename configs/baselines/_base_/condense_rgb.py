# A condenser that learns nothing, on RGB, in front of the small TSN.
_base_ = ['tsn_small.py', 'rgb_in_clips.py']
model = dict(
    type='CondenseRecognizer',
    recognizer=_base_.tsn_small,
    data_preprocessor=_base_.rgb_in_clips)
