# Table 2, first row: no regularizer.
_base_ = '../ifs_synthetic.py'
model = dict(condenser=dict(loss_weights=dict(cat=0, mot=0, adv=0, color=0)))
