# Eq. (7) as printed: all weights 1. The discriminator learns at the generator's rate.
_base_ = '../ifs_synthetic.py'
model = dict(condenser=dict(loss_weights=dict(app=1, cat=1, mot=1, adv=1, color=1)))
optim_wrapper = dict(paramwise_cfg=dict(_delete_=True))
