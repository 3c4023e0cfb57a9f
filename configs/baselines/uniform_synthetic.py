# 4 frames, evenly spaced; their scores are averaged.
_base_ = '_base_/condense_rgb_synthetic.py'
model = dict(condenser=dict(type='UniformFrames', num_frames=4))
