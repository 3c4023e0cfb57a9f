# 4 frames drawn at random; their scores are averaged.
_base_ = '_base_/condense_rgb_synthetic.py'
model = dict(condenser=dict(type='RandomFrames', num_frames=4))
