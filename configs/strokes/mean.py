# Each GOP's mean frame.
_base_ = '_base_/condensed.py'
model = dict(condenser=dict(type='MeanFrame'))
