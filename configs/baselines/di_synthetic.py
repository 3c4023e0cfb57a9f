# Dynamic images: approximate rank pooling.
_base_ = '_base_/condense_rgb_synthetic.py'
model = dict(condenser=dict(type='RankPooling'))
