# Table 3.
_base_ = '../ifs_synthetic.py'
model = dict(condenser=dict(loss_weights=dict(app=0, cat=0)))
