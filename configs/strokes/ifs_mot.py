# Without the appearance task.
_base_ = 'ifs.py'
model = dict(condenser=dict(loss_weights=dict(app=0)))
