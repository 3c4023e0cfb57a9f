# ATTP on sixteen classes, shape and motion, of H.264 clips with B-frames. Made by:
# python tools/data/make_synthetic.py --task both --codec h264 --b-frames 2 --size 48 \
#     --num-frames 36 --num-train 2000 --num-val 400 --out data/synthetic/both_b
# Two networks come first: python tools/train.py configs/attp/appearance_synthetic.py, and
# python tools/train.py configs/attp/flow_synthetic.py
_base_ = 'ablation/ttp_synthetic.py'
stages = '{{$ATTP_STAGES:work_dirs/attp/synthetic}}'
model = dict(
    alignment=dict(
        type='FlowAlignmentLoss',
        loss_weight=1.0,
        teacher=dict(
            recognizer=dict(
                type='Recognizer2D',
                backbone=_base_.small_motion,
                cls_head=dict(type='TSNHead', num_classes=16, in_channels=128)),
            checkpoint=f'{stages}/flow/final.pth',
            made_by='python tools/train.py configs/attp/flow_synthetic.py')),
    data_preprocessor=dict(
        preprocessors=dict(flow=_base_.model.data_preprocessor.preprocessors.motion)))
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline_attp))
