# Without the appearance task: what the frame shows beyond its I-frame.
_base_ = 'ifs_synthetic.py'
model = dict(condenser=dict(loss_weights=dict(app=0)))
