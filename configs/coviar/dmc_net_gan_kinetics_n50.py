# DMC-Net, second stage: goes on with a discriminator, and with flow as fine as it is. First:
# python tools/train.py configs/coviar/dmc_net_kinetics_n50.py
_base_ = 'dmc_net_kinetics_n50.py'
model = dict(flow_block=1, discriminator=dict(image_size=224))
train_dataloader = dict(batch_size=30)
auto_scale_lr = dict(base_batch_size=30)
weights_made_by = 'python tools/train.py configs/coviar/dmc_net_kinetics_n50.py'
load_from = f'{_base_.stages}/dmc_net/final.pth'
work_dir = f'{_base_.stages}/dmc_net_gan'
