# Table 3. With one task alone there is nothing to weigh it against.
_base_ = '../ifs_synthetic.py'
model = dict(condenser=dict(loss_weights=dict(app=0, mot=0, cat=1)))
