# Table 2, third row, and Table 3, first row.
_base_ = '../ifs_synthetic.py'
model = dict(condenser=dict(loss_weights=dict(cat=0, mot=0)))
