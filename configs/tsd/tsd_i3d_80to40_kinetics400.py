# 80 frames become 40. Second stage, end to end, from what the first one left.
_base_ = ['./_base_/i3d.py', './_base_/kinetics400.py', './_base_/stage2.py']
model = dict(
    condenser=dict(
        num_frames=80, num_distilled=40, extractor=dict(backbone=dict(pretrained=False))),
    recognizer=dict(backbone=dict(pretrained=None), cls_head=dict(pretrained=None)))
load_from = 'work_dirs/tsd_i3d_80to40_stage1_kinetics400/final.pth'
