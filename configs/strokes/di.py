# Dynamic images.
_base_ = '_base_/condensed.py'
model = dict(condenser=dict(type='RankPooling'))
