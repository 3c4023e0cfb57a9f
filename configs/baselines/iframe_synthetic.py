# The GOP's I-frame: what one picture says.
_base_ = '_base_/condense_rgb_synthetic.py'
model = dict(condenser=dict(type='FirstFrame'))
