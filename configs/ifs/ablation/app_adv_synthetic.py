# Table 2, second row.
_base_ = '../ifs_synthetic.py'
model = dict(condenser=dict(loss_weights=dict(cat=0, mot=0, color=0)))
