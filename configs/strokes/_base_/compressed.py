# What a row reads with LoadCompressedVideo is for the row to say.
_base_ = 'networks.py'
sample_train = dict(type='SampleCompressedFrames', num_segments=_base_.num_segments)
sample_test = dict(sample_train, test_mode=True)
