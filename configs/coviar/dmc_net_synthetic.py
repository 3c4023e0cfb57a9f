# DMC-Net's stream with a quarter of the channels, all of it from scratch, the adversarial loss
# included, on DIS flow of the same frames.
_base_ = ['_base_/dmc_net.py', '../ipts/stages/_base_/synthetic.py']
model = dict(
    backbone=_base_.small_backbone,
    cls_head=_base_.small_head,
    flow_block=1,
    discriminator=dict(image_size=112, channels=(8, 16, 32, 64), depth=1))
train_dataloader = dict(
    dataset=dict(pipeline=[_base_.sample_train_2d, *_base_.load_mr_dis, *_base_.pack_train]))
val_dataloader = dict(dataset=dict(pipeline=[_base_.sample_test, *_base_.load, *_base_.pack]))
test_dataloader = dict(dataset=dict(pipeline=[_base_.sample_test, *_base_.load, *_base_.pack]))
